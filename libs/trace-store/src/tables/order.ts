import { AppError, type ChunkRef } from '@weft/model';
import type { ClickHouse, ReadOptions } from '../clickhouse.ts';
import type { StoredChunk, TableStats } from './types.ts';

/** A row's place in its table. */
export interface Place {
  readonly digest: string;
  readonly originalIndex: number;
}

/** Some places in order, all of one chunk where there is one. */
export interface Places {
  readonly places: readonly Place[];
  readonly chunk: string | null;
}

/** Where the order of a table is: in its own row, or in chunks. */
export interface OrderHead {
  readonly count: number;
  /** Empty = in its own row. */
  readonly chunks: readonly ChunkRef[];
}

const OF_TABLE = 'FROM tables WHERE project_id = {project:String} AND digest = {digest:String} LIMIT 1';
const OF_CHUNKS =
  'FROM table_chunks WHERE project_id = {project:String} AND digest IN {chunks:Array(String)} LIMIT 1 BY digest';

/** Chunks read at once: 3 MB of digests. */
export const CHUNKS_PER_READ = 32;

export async function readHead(db: ClickHouse, projectId: string, digest: string): Promise<OrderHead | null> {
  const [head] = await db.all(
    {
      sql: `SELECT toInt64(length(row_digests)), chunk_digests, chunk_sizes ${OF_TABLE}`,
      params: { project: projectId, digest },
    },
    (row) => ({ own: row.int64(), digests: row.texts(), sizes: row.list(() => row.uint32()) }),
  );
  if (head === undefined) return null;
  const chunks = head.digests.map((chunk, i) => ({ digest: chunk, rowCount: head.sizes[i]! }));
  return { count: head.own + head.sizes.reduce((sum, size) => sum + size, 0), chunks };
}

/** Places `from` up to `to` (exclusive) of the table, in order. */
export async function* readPlaces(
  db: ClickHouse,
  projectId: string,
  digest: string,
  range: { readonly from: number; readonly to: number },
  options: ReadOptions,
): AsyncGenerator<Places> {
  const head = await readHead(db, projectId, digest);
  const to = Math.min(range.to, head?.count ?? 0);
  if (head === null || range.from >= to) return;
  if (head.chunks.length === 0) {
    yield { places: await ownPlaces(db, projectId, digest, { from: range.from, to }, options), chunk: null };
    return;
  }
  let start = 0;
  const wanted = head.chunks
    .map((chunk) => ({ chunk, start: (start += chunk.rowCount) - chunk.rowCount }))
    .filter((at) => at.start < to && at.start + at.chunk.rowCount > range.from);
  for (let at = 0; at < wanted.length; at += CHUNKS_PER_READ) {
    const some = wanted.slice(at, at + CHUNKS_PER_READ);
    const rows = await readChunks(
      db,
      projectId,
      some.map(({ chunk }) => chunk),
      options,
    );
    for (const { chunk, start: first } of some) {
      const digests = rows.get(chunk.digest)!;
      const begin = Math.max(0, range.from - first);
      const places = digests
        .slice(begin, to - first)
        .map((rowDigest, i) => ({ digest: rowDigest, originalIndex: first + begin + i }));
      yield { places, chunk: chunk.digest };
    }
  }
}

async function ownPlaces(
  db: ClickHouse,
  projectId: string,
  digest: string,
  { from, to }: { readonly from: number; readonly to: number },
  options: ReadOptions,
): Promise<Place[]> {
  const [digests = []] = await db.all(
    {
      sql: `SELECT arraySlice(row_digests, {from:Int64}, {count:Int64}) ${OF_TABLE}`,
      params: { project: projectId, digest, from: from + 1, count: to - from },
    },
    (row) => row.texts(),
    options,
  );
  return digests.map((rowDigest, i) => ({ digest: rowDigest, originalIndex: from + i }));
}

/** @throws AppError `store_unavailable` for one that is not there: it is stored with or before the table. */
async function readChunks(
  db: ClickHouse,
  projectId: string,
  chunks: readonly ChunkRef[],
  options: ReadOptions,
): Promise<Map<string, string[]>> {
  const digests = [...new Set(chunks.map((chunk) => chunk.digest))];
  const found = await db.all(
    { sql: `SELECT digest, row_digests ${OF_CHUNKS}`, params: { project: projectId, chunks: digests } },
    (row) => [row.text(), row.texts()] as const,
    options,
  );
  if (found.length < digests.length) throw missingPiece();
  return new Map(found);
}

function missingPiece(): AppError {
  return new AppError('store_unavailable', 'a piece of the table cannot be read yet; try again');
}

/** See `TableReads.tableOrder`. */
export async function readOrder(
  db: ClickHouse,
  projectId: string,
  digest: string,
): Promise<StoredChunk[] | null> {
  const head = await readHead(db, projectId, digest);
  if (head === null) return null;
  const params = { project: projectId };
  if (head.chunks.length === 0) {
    const sql = `SELECT arrayStringConcat(row_digests, '\\n') ${OF_TABLE}`;
    const [text] = await db.all({ sql, params: { ...params, digest } }, (row) => row.bytes());
    return [{ digest: null, rowCount: head.count, text: text! }];
  }
  const texts = new Map<string, Uint8Array>();
  const digests = [...new Set(head.chunks.map((chunk) => chunk.digest))];
  for (let at = 0; at < digests.length; at += CHUNKS_PER_READ) {
    const sql = `SELECT digest, arrayStringConcat(row_digests, '\\n') ${OF_CHUNKS}`;
    const chunks = digests.slice(at, at + CHUNKS_PER_READ);
    const rows = db.stream(
      { sql, params: { ...params, chunks } },
      (row) => [row.text(), row.bytes()] as const,
    );
    for await (const page of rows) for (const [name, text] of page) texts.set(name, text);
  }
  return head.chunks.map((chunk) => {
    const text = texts.get(chunk.digest);
    if (text === undefined) throw missingPiece();
    return { ...chunk, text };
  });
}

/** See `TableReads.tableStats`, without the sizes. */
export async function readCounts(
  db: ClickHouse,
  projectId: string,
  digests: readonly string[],
): Promise<TableStats[]> {
  if (digests.length === 0) return [];
  const rows = await db.all(
    {
      sql: `SELECT digest, toInt64(length(row_digests) + arraySum(chunk_sizes)) FROM tables
WHERE project_id = {project:String} AND digest IN {digests:Array(String)} LIMIT 1 BY digest`,
      params: { project: projectId, digests },
    },
    (row) => [row.text(), row.int64()] as const,
  );
  const counts = new Map(rows);
  return [...new Set(digests)].flatMap((digest) => {
    const count = counts.get(digest);
    return count === undefined ? [] : [{ digest, count, storageSizeBytes: null }];
  });
}
