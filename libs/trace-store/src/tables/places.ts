import { compileSortKeys, parseFieldPath } from '@weft/query-language';
import type { ClickHouse, Param, ReadOptions } from '../clickhouse.ts';
import type { Places } from './order.ts';
import { hasOldRows, rowsSql } from './rows.ts';
import type { TableQuery } from './types.ts';

/** Beyond it ClickHouse sorts on disk. */
const MAX_SORT_BYTES = 128 * 1024 * 1024;

/**
 * Every place of the table as (row digest, position). A chunk may be in a table more than once; a table without chunks is
 * as one that begins at 0.
 */
const PLACES = `SELECT row_digest AS digest, start + n AS position FROM (
  SELECT row_digests, toInt64(0) AS start FROM tables
  WHERE project_id = {project:String} AND digest = {table:String} AND empty(chunk_digests) LIMIT 1
  UNION ALL
  SELECT row_digests, start FROM (
    SELECT digest, start FROM (
      SELECT chunk_digests, arrayMap((end, size) -> toInt64(end - size), arrayCumSum(chunk_sizes), chunk_sizes) AS starts
      FROM tables WHERE project_id = {project:String} AND digest = {table:String} LIMIT 1
    ) ARRAY JOIN chunk_digests AS digest, starts AS start
  ) AS refs
  INNER JOIN (
    SELECT digest, row_digests FROM table_chunks WHERE project_id = {project:String} AND digest IN (
      SELECT arrayJoin(chunk_digests) FROM tables WHERE project_id = {project:String} AND digest = {table:String}
    ) LIMIT 1 BY digest
  ) AS chunks USING digest
) ARRAY JOIN row_digests AS row_digest, range(length(row_digests)) AS n`;

/** The places of some rows, in table order. */
export async function* filteredPlaces(
  db: ClickHouse,
  query: TableQuery & { readonly rowDigests: readonly string[] },
  options: ReadOptions,
): AsyncGenerator<Places> {
  const sql = `SELECT digest, position FROM (${PLACES}) WHERE digest IN {digests:Array(String)} ORDER BY position${pageOf(query)}`;
  yield* readPlacesBy(db, { sql, params: { ...paramsOf(query), digests: query.rowDigests } }, options);
}

/** The places of the rows that exist, sorted by values inside of the rows. */
export async function* sortedPlaces(
  db: ClickHouse,
  query: TableQuery & { readonly sort: NonNullable<TableQuery['sort']> },
  options: ReadOptions,
): AsyncGenerator<Places> {
  const { rowDigests = [], sort } = query;
  const params: Record<string, Param> = {
    ...paramsOf(query),
    ...(rowDigests.length > 0 && { digests: rowDigests }),
  };
  const keys = sort.map(({ field, direction }, i) => {
    const compiled = compileSortKeys(
      { kind: 'json', column: 'val', path: parseFieldPath(field) },
      direction,
      {
        column: () => 'val',
        json: () => ({ sql: 'val' }),
        prefix: `sort${'abcdefghijklmnopqrstuvwxyz'[i]}`,
      },
    );
    Object.assign(params, compiled.params);
    return compiled.sql;
  });
  const filter = rowDigests.length > 0 ? ' WHERE digest IN {digests:Array(String)}' : '';
  const places = `SELECT digest, position FROM (${PLACES})${filter}`;
  const withOld = await hasOldRows(db, query.projectId, options);
  const rows = rowsSql('val', `digest IN (SELECT digest FROM (${places}))`, withOld);
  // Rows stream past the places, which are kept by hashes: of a million rows that is a tenth of their digests and values.
  const sql = `SELECT digest, position FROM (
  SELECT digest, val, sipHash128(digest) AS hash FROM (${rows}) LIMIT 1 BY hash
) AS rows
INNER JOIN (SELECT sipHash128(digest) AS hash, position FROM (${places})) AS places USING hash
ORDER BY ${keys.join(', ')}, position${pageOf(query)}`;
  yield* readPlacesBy(db, { sql, params }, options);
}

function paramsOf({ projectId, digest, limit, offset }: TableQuery): Record<string, Param> {
  return { project: projectId, table: digest, limit: limit ?? 0, offset: offset ?? 0 };
}

function pageOf({ limit, offset }: TableQuery): string {
  return `${limit === undefined ? '' : '\nLIMIT {limit:UInt64}'}${offset === undefined ? '' : '\nOFFSET {offset:UInt64}'}`;
}

async function* readPlacesBy(
  db: ClickHouse,
  statement: { readonly sql: string; readonly params: Readonly<Record<string, Param>> },
  options: ReadOptions,
): AsyncGenerator<Places> {
  const read = db.stream(statement, (row) => ({ digest: row.text(), originalIndex: row.int64() }), {
    ...options,
    settings: {
      max_bytes_before_external_sort: String(MAX_SORT_BYTES),
      // Blocks of values and what is taken out of them, per thread.
      max_block_size: '8192',
      max_threads: 2,
    },
  });
  for await (const places of read) yield { places, chunk: null };
}
