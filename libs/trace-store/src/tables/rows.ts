import type { ClickHouse, Param, ReadOptions } from '../clickhouse.ts';

/** Digests per query: more of them make the query's text the cost. */
const DIGESTS_PER_QUERY = 20_000;
/** Rows per block of an answer: values may be large. */
const BLOCK_ROWS = 1024;

/** A row as it was found; a value that is longer than asked for is not there. */
export interface FoundRow {
  readonly sizeBytes: number;
  readonly val: Uint8Array | null;
}

/** Which rows: by their digests, or all of some chunks. */
export type Wanted = { readonly digests: readonly string[] } | { readonly chunks: readonly string[] };

const OF_DIGESTS = 'digest IN {digests:Array(String)}';
const OF_CHUNKS = `digest IN (
  SELECT arrayJoin(row_digests) FROM table_chunks WHERE project_id = {project:String} AND digest IN {chunks:Array(String)}
)`;

/**
 * The rows of the project `{project}` that are wanted. Those from before `table_row_values` are in `table_rows`: looked
 * for in vain that costs little where digests are given, and half of the time and memory where a query has to find them.
 */
export function rowsSql(
  columns: 'val' | 'size_bytes' | 'size_bytes, val',
  where: string,
  withOld: boolean,
): string {
  const rows = `SELECT digest, ${columns} FROM table_row_values WHERE project_id = {project:String} AND ${where}`;
  if (!withOld) return rows;
  const before = columns.replace('size_bytes', 'toUInt32(length(val)) AS size_bytes');
  return `${rows}
UNION ALL SELECT digest, ${before} FROM table_rows WHERE project_id = {project:String} AND ${where}`;
}

/** Whether the project has rows from before `table_row_values`. */
export async function hasOldRows(
  db: ClickHouse,
  projectId: string,
  options: ReadOptions = {},
): Promise<boolean> {
  const sql = 'SELECT toUInt8(1) FROM table_rows WHERE project_id = {project:String} LIMIT 1';
  return (await db.all({ sql, params: { project: projectId } }, (row) => row.uint8(), options)).length > 0;
}

/** By digest. Copies of a row are equal, so that any of them will do. @param maxValueBytes longer values stay where they are */
export async function findRows(
  db: ClickHouse,
  projectId: string,
  wanted: Wanted,
  maxValueBytes: number,
  options: ReadOptions = {},
): Promise<Map<string, FoundRow>> {
  const found = new Map<string, FoundRow>();
  const read = async (where: string, withOld: boolean, param: Record<string, Param>): Promise<void> => {
    const pages = db.stream(
      {
        sql: `SELECT digest, size_bytes, if(size_bytes <= {max:Int64}, val, '') FROM (${rowsSql('size_bytes, val', where, withOld)}) LIMIT 1 BY digest`,
        params: { project: projectId, max: maxValueBytes, ...param },
      },
      (row) => [row.text(), row.uint32(), row.bytes()] as const,
      { ...options, settings: { max_block_size: String(BLOCK_ROWS) } },
    );
    for await (const page of pages)
      for (const [digest, sizeBytes, val] of page)
        found.set(digest, { sizeBytes, val: sizeBytes > maxValueBytes ? null : val });
  };
  if ('chunks' in wanted) {
    await read(OF_CHUNKS, await hasOldRows(db, projectId, options), { chunks: wanted.chunks });
  } else {
    const digests = [...new Set(wanted.digests)];
    for (let from = 0; from < digests.length; from += DIGESTS_PER_QUERY)
      await read(OF_DIGESTS, true, { digests: digests.slice(from, from + DIGESTS_PER_QUERY) });
  }
  return found;
}

/** See `TableReads.tableRows`. */
export async function rowVals(
  db: ClickHouse,
  projectId: string,
  digests: readonly string[],
): Promise<Map<string, Uint8Array>> {
  const rows = await findRows(db, projectId, { digests }, Number.MAX_SAFE_INTEGER);
  return new Map([...rows].map(([digest, { val }]) => [digest, val!]));
}

/** Bytes of all rows of each chunk, repeated ones as often as they are there. */
export async function chunkSizes(
  db: ClickHouse,
  projectId: string,
  chunks: readonly string[],
): Promise<Map<string, number>> {
  const withOld = await hasOldRows(db, projectId);
  const sizes = await db.all(
    {
      sql: `SELECT chunk, toInt64(sum(size_bytes)) FROM (
  SELECT chunk, arrayJoin(row_digests) AS digest FROM (
    SELECT digest AS chunk, row_digests FROM table_chunks
    WHERE project_id = {project:String} AND table_chunks.digest IN {chunks:Array(String)} LIMIT 1 BY chunk
  )
) AS places
INNER JOIN (SELECT digest, size_bytes FROM (${rowsSql('size_bytes', OF_CHUNKS, withOld)}) LIMIT 1 BY digest) AS rows USING digest
GROUP BY chunk`,
      params: { project: projectId, chunks },
    },
    (row) => [row.text(), row.int64()] as const,
  );
  return new Map(sizes);
}
