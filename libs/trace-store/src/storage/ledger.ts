import type { ClickHouse, Param } from '../clickhouse.ts';
import type { RowReader } from '../row-binary.ts';
import { CLAIM_BYTES, CLAIM_DIGEST } from './references.ts';
import type { LedgerQuery, ProjectLedger, Stored } from './types.ts';

const NONE: Stored = { count: 0, bytes: 0 };

const isAsked = ({ projectId }: LedgerQuery) =>
  projectId === undefined ? '1' : 'project_id = {project:String}';

/** Rows of a file are there several times until they are merged: of each chunk one counts. */
const files = (query: LedgerQuery) => `SELECT project_id,
  toInt64(countIf(is_blob)), toInt64(sumIf(blob, is_blob)), toInt64(countIf(is_here)), toInt64(sumIf(here, is_here))
FROM (
  SELECT project_id, digest, max(is_blob) AS is_blob, max(blob) AS blob, max(is_here) AS is_here, sum(here) AS here
  FROM (
    SELECT project_id, digest, max(notEmpty(uri)) AS is_blob, max(size_bytes) AS blob,
      max(empty(uri)) AS is_here, max(length(bytes)) AS here
    FROM files WHERE ${isAsked(query)} GROUP BY project_id, digest, chunk_index)
  GROUP BY project_id, digest)
GROUP BY project_id`;

const payloads = (query: LedgerQuery) => `SELECT project_id, toInt64(count()), toInt64(sum(size)) FROM (
  SELECT project_id, ${CLAIM_DIGEST} AS digest, max(${CLAIM_BYTES}) AS size
  FROM calls ARRAY JOIN claimed AS claim
  WHERE notEmpty(claimed) AND ${isAsked(query)}
    AND (project_id, id) NOT IN (SELECT project_id, id FROM call_deletes WHERE ${isAsked(query)})
  GROUP BY project_id, digest)
GROUP BY project_id`;

/** See `StorageReads.storageLedger`. */
export async function storageLedger(
  db: ClickHouse,
  query: LedgerQuery,
  signal?: AbortSignal,
): Promise<readonly ProjectLedger[]> {
  const params: Record<string, Param> = query.projectId === undefined ? {} : { project: query.projectId };
  const [ofFiles, ofPayloads] = await Promise.all([
    db.all({ sql: files(query), params }, readFiles, { signal }),
    db.all({ sql: payloads(query), params }, readPayloads, { signal }),
  ]);
  const byProject = new Map<string, ProjectLedger>();
  for (const line of [...ofFiles, ...ofPayloads]) {
    const known = byProject.get(line.projectId) ?? { blobFiles: NONE, tableFiles: NONE, payloads: NONE };
    byProject.set(line.projectId, { ...known, ...line });
  }
  return [...byProject.values()].sort((a, b) => blobBytes(b) - blobBytes(a)).slice(0, query.limit);
}

const readStored = (row: RowReader): Stored => ({ count: row.int64(), bytes: row.int64() });
const readFiles = (row: RowReader) => ({
  projectId: row.text(),
  blobFiles: readStored(row),
  tableFiles: readStored(row),
});
const readPayloads = (row: RowReader) => ({ projectId: row.text(), payloads: readStored(row) });

function blobBytes({ blobFiles, payloads: { bytes } }: ProjectLedger): number {
  return blobFiles.bytes + bytes;
}
