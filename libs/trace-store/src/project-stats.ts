import { countCalls } from './calls/read.ts';
import type { ClickHouse } from './clickhouse.ts';
import type { RowReader } from './row-binary.ts';

/** Bytes of content, each thing once however often it was sent; what is deleted does not count. */
export interface ProjectStats {
  /** Attributes, inputs, output and summary of calls, those made of spans included. */
  readonly traceBytes: number;
  readonly objectBytes: number;
  readonly tableBytes: number;
  readonly fileBytes: number;
}
export type StorageKind = keyof ProjectStats;

/** A project that has calls. */
export interface ProjectActivity {
  readonly projectId: string;
  /** Calls that started within 24 hours before now, deleted ones included. */
  readonly recentCalls: number;
  readonly latestCallAtUs: number;
}

export interface ProjectReads {
  /** Projects with calls, the one with the latest first. Reads the start of every call: 8 bytes for each. */
  projects(options: { readonly limit: number }, signal?: AbortSignal): Promise<readonly ProjectActivity[]>;
  /** The kinds that are not asked for are 0. */
  projectStats(projectId: string, kinds: readonly StorageKind[]): Promise<ProjectStats>;
}

/** Of rows that are there several times until they are merged, one counts. Each binds `{project:String}`. */
const SIZES: Record<Exclude<StorageKind, 'traceBytes'>, string> = {
  objectBytes: `SELECT toInt64(sum(size)) FROM (
  SELECT max(length(val)) AS size FROM object_versions WHERE project_id = {project:String}
  GROUP BY object_id, kind, digest HAVING max(last_created_at) > max(deleted_at))`,
  tableBytes: `SELECT toInt64(sum(size)) FROM (
  SELECT max(size) AS size FROM (
    SELECT digest, toUInt64(size_bytes) AS size FROM table_row_values WHERE project_id = {project:String}
    UNION ALL SELECT digest, length(val) FROM table_rows WHERE project_id = {project:String})
  GROUP BY digest)`,
  // Where a file is both in chunks here and a blob, its bytes count once.
  fileBytes: `SELECT toInt64(sum(size)) FROM (
  SELECT greatest(sum(chunk), max(blob)) AS size FROM (
    SELECT digest, max(length(bytes)) AS chunk, max(size_bytes) AS blob FROM files
    WHERE project_id = {project:String} GROUP BY digest, chunk_index)
  GROUP BY digest)`,
};

export function listProjects(
  db: ClickHouse,
  { limit }: { readonly limit: number },
  signal?: AbortSignal,
): Promise<readonly ProjectActivity[]> {
  const sql = `SELECT project_id, toInt64(uniqIf(id, started_at > now() - INTERVAL 1 DAY)), toInt64(toUnixTimestamp64Micro(max(started_at))) AS latest
FROM calls WHERE started_at > '1900-01-01'
GROUP BY project_id ORDER BY latest DESC LIMIT {limit:UInt32}`;
  const read = (row: RowReader) => ({
    projectId: row.text(),
    recentCalls: row.int64(),
    latestCallAtUs: row.int64(),
  });
  return db.all({ sql, params: { limit } }, read, { signal });
}

export const projectStats = async (
  db: ClickHouse,
  projectId: string,
  kinds: readonly StorageKind[],
): Promise<ProjectStats> => {
  const size = async (kind: StorageKind): Promise<number> => {
    if (!kinds.includes(kind)) return 0;
    if (kind === 'traceBytes') {
      const { totalStorageSizeBytes } = await countCalls(db, {
        projectId,
        filter: {},
        totalStorageSize: true,
      });
      return totalStorageSizeBytes ?? 0;
    }
    const [bytes] = await db.all({ sql: SIZES[kind], params: { project: projectId } }, (row) => row.int64());
    return bytes ?? 0;
  };
  const [traceBytes, objectBytes, tableBytes, fileBytes] = await Promise.all([
    size('traceBytes'),
    size('objectBytes'),
    size('tableBytes'),
    size('fileBytes'),
  ]);
  return { traceBytes, objectBytes, tableBytes, fileBytes };
};
