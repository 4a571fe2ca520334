import { AppError } from '@weft/model';
import type { ClickHouse } from '../clickhouse.ts';
import { FILE_CHUNK_BYTES } from './write-files.ts';

export interface StoredFile {
  /** File name as it was sent. */
  readonly name: string;
  /** Bytes. */
  readonly sizeBytes: number;
  /** The store that has the bytes (`BlobStore.uri`); undefined = they are here: `streamFileBytes`. */
  readonly uri: string | undefined;
}

/** Bytes from `start` up to, without, `end`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export interface FileReads {
  /** Null when it, or a part of it, is not there. What is both here and a blob is given as here. */
  findFile(projectId: string, digest: string, signal?: AbortSignal): Promise<StoredFile | null>;
  /**
   * Bytes of a file that `findFile` found here, with flat memory. No query stays open while the consumer is slow.
   * @throws AppError `store_unavailable`, also when a part is gone.
   */
  streamFileBytes(
    projectId: string,
    digest: string,
    range?: ByteRange,
    signal?: AbortSignal,
  ): AsyncIterable<Uint8Array>;
}

/** Read at one time. */
const CHUNKS = 4;

export const findFile = async (
  db: ClickHouse,
  projectId: string,
  digest: string,
  signal?: AbortSignal,
): Promise<StoredFile | null> => {
  const rows = await db.all(
    {
      sql: `SELECT chunk_count, name, uri, toInt64(size_bytes) FROM files
WHERE project_id = {project:String} AND digest = {digest:String}
ORDER BY chunk_index, created_at DESC LIMIT 1 BY chunk_index`,
      params: { project: projectId, digest },
    },
    (row) => ({ count: row.uint32(), name: row.text(), uri: row.text(), sizeBytes: row.int64() }),
    { ...(signal && { signal }) },
  );
  const chunks = rows.filter(({ uri }) => uri === '');
  const [first] = chunks;
  if (first !== undefined && chunks.length === first.count) {
    const sizeBytes = (first.count - 1) * FILE_CHUNK_BYTES + (await lastBytes(db, projectId, digest, first.count, signal)); // prettier-ignore
    return { name: first.name, sizeBytes, uri: undefined };
  }
  const blob = rows.find(({ uri }) => uri !== '');
  return blob === undefined ? null : { name: blob.name, sizeBytes: blob.sizeBytes, uri: blob.uri };
};

async function lastBytes(
  db: ClickHouse,
  projectId: string,
  digest: string,
  count: number,
  signal: AbortSignal | undefined,
): Promise<number> {
  const [bytes = 0] = await db.all(
    {
      sql: `SELECT toInt64(length(bytes)) FROM files
WHERE project_id = {project:String} AND digest = {digest:String} AND chunk_index = {last:UInt32}
LIMIT 1`,
      params: { project: projectId, digest, last: count - 1 },
    },
    (row) => row.int64(),
    { ...(signal && { signal }) },
  );
  return bytes;
}

export async function* streamFileBytes(
  db: ClickHouse,
  projectId: string,
  digest: string,
  range: ByteRange = { start: 0, end: Infinity },
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  let count = Infinity;
  const last = Math.ceil(range.end / FILE_CHUNK_BYTES);
  for (let from = Math.floor(range.start / FILE_CHUNK_BYTES); from < Math.min(count, last);) {
    const to = Math.min(from + CHUNKS, last);
    const chunks = await db.all(
      {
        sql: `SELECT chunk_index, chunk_count, bytes FROM files
WHERE project_id = {project:String} AND digest = {digest:String} AND chunk_index >= {from:UInt32} AND chunk_index < {to:UInt32}
ORDER BY chunk_index, created_at DESC LIMIT 1 BY chunk_index`,
        params: { project: projectId, digest, from, to },
      },
      (row) => ({ index: row.uint32(), count: row.uint32(), bytes: row.bytes() }),
      { ...(signal && { signal }) },
    );
    count = chunks[0]?.count ?? count;
    if (chunks.length === 0 || chunks.length < Math.min(to, count) - from)
      throw new AppError('store_unavailable', `file ${digest}: a part of it is gone`);
    for (const { index, bytes } of chunks) {
      const at = index * FILE_CHUNK_BYTES;
      const part = bytes.subarray(Math.max(0, range.start - at), Math.min(bytes.length, range.end - at));
      if (part.length > 0) yield part;
    }
    from = to;
  }
}
