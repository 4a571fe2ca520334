import { readExclusions } from '../calls/read.ts';
import type { ClickHouse } from '../clickhouse.ts';

/** Of an entry of `claimed`: `<column> <bytes> <digest> <store>`. */
export const CLAIM_BYTES = "toUInt64OrZero(splitByChar(' ', claim)[2])";
export const CLAIM_DIGEST = "splitByChar(' ', claim)[3]";

/** See `StorageReads.isKnownProject`. */
export async function isKnownProject(
  db: ClickHouse,
  projectId: string,
  signal?: AbortSignal,
): Promise<boolean> {
  const any = (table: string) => `SELECT 1 FROM ${table} WHERE project_id = {project:String} LIMIT 1`;
  const sql = ['calls', 'files', 'call_deletes'].map(any).join('\nUNION ALL\n');
  const found = await db.all({ sql, params: { project: projectId } }, (row) => row.uint8(), { signal });
  return found.length > 0;
}

/** See `StorageReads.referencedFiles`. */
export async function referencedFiles(
  db: ClickHouse,
  projectId: string,
  digests: readonly string[],
  signal?: AbortSignal,
): Promise<ReadonlySet<string>> {
  if (digests.length === 0) return new Set();
  const sql = `SELECT DISTINCT digest FROM files
WHERE project_id = {project:String} AND digest IN {digests:Array(String)}`;
  return new Set(
    await db.all({ sql, params: { project: projectId, digests } }, (row) => row.text(), { signal }),
  );
}

/** See `StorageReads.referencedPayloads`. */
export async function referencedPayloads(
  db: ClickHouse,
  projectId: string,
  digests: readonly string[],
  signal?: AbortSignal,
): Promise<ReadonlySet<string>> {
  if (digests.length === 0) return new Set();
  const { deleted } = await readExclusions(db, projectId);
  const sql = `SELECT DISTINCT ${CLAIM_DIGEST} AS digest FROM calls ARRAY JOIN claimed AS claim
WHERE project_id = {project:String} AND notEmpty(claimed) AND digest IN {digests:Array(String)}
${deleted ? 'AND id NOT IN (SELECT id FROM call_deletes WHERE project_id = {project:String})' : ''}`;
  return new Set(
    await db.all({ sql, params: { project: projectId, digests } }, (row) => row.text(), { signal }),
  );
}
