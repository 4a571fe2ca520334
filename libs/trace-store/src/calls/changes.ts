import type { ClickHouse } from '../clickhouse.ts';
import type { RowReader } from '../row-binary.ts';
import { NO_INSTANT } from './columns.ts';

/** A row of a call that was stored lately. */
export interface CallChange {
  readonly id: string;
  readonly startedAtUs: number;
  /** Names the row: a call that changes gets another. */
  readonly row: string;
}

export interface ChangeReads {
  /**
   * Calls of which something was stored within the last seconds: started, ended or renamed; the latest first. Deletes are not
   * among them. Costs an index of 8 bytes per 4096 calls of the project, and the rows behind what it says.
   */
  changedCalls(
    query: { readonly projectId: string; readonly withinSeconds: number; readonly limit: number },
    signal?: AbortSignal,
  ): Promise<readonly CallChange[]>;
}

export function readChanges(
  db: ClickHouse,
  { projectId, withinSeconds, limit }: Parameters<ChangeReads['changedCalls']>[0],
  signal?: AbortSignal,
): Promise<readonly CallChange[]> {
  return db.all(
    {
      sql: `SELECT id, toUnixTimestamp64Micro(started_at), concat(id, ' ', toString(ver)) FROM calls
WHERE project_id = {project:String} AND started_at > ${NO_INSTANT} AND stored_at >= now() - {within:UInt32}
ORDER BY stored_at DESC LIMIT {limit:UInt32}`,
      params: { project: projectId, within: withinSeconds, limit },
    },
    (row: RowReader) => ({ id: row.text(), startedAtUs: row.int64(), row: row.text() }),
    { signal },
  );
}
