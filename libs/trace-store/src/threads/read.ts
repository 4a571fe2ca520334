import { compileWhere, HAS_ENDED } from '../calls/compile.ts';
import type { ClickHouse, Param } from '../clickhouse.ts';
import type { StoredThread, ThreadsQuery, ThreadSortField } from './types.ts';

const SORT: Record<ThreadSortField, string> = {
  thread_id: 'thread_id',
  turn_count: 'turn_count',
  start_time: 'start_us',
  last_updated: 'updated_us',
  p50_turn_duration_ms: 'p50',
  p99_turn_duration_ms: 'p99',
};

export function streamThreads(
  db: ClickHouse,
  { projectId, threadIds, afterUs, beforeUs, sort, limit, offset }: ThreadsQuery,
  signal?: AbortSignal,
): AsyncGenerator<StoredThread[]> {
  const filter = threadIds === undefined || threadIds.length === 0 ? {} : { threadIds };
  const where = compileWhere(projectId, filter);
  const params: Record<string, Param> = { ...where.params };
  const conditions = [where.sql, "thread_id != ''", 'turn_id = id'];
  const bound = (name: string, sql: string, value: number | undefined): void => {
    if (value === undefined) return;
    params[name] = value;
    conditions.push(sql);
  };
  bound('after_us', "started_at > fromUnixTimestamp64Micro({after_us:Int64}, 'UTC')", afterUs);
  bound('before_us', "started_at < fromUnixTimestamp64Micro({before_us:Int64}, 'UTC')", beforeUs);
  const keys = sort.length === 0 ? [{ field: 'last_updated', direction: 'desc' } as const] : sort;
  const order = keys.map(
    ({ field, direction }) => `${SORT[field]} ${direction === 'asc' ? 'ASC' : 'DESC'} NULLS LAST`,
  );
  if (limit !== undefined) params.limit = limit;
  if (offset !== undefined) params.offset = offset;
  return db.stream(
    {
      // The newest row of each turn: its thread and turn are what its start said, so a running row and the ended one of
      // a call are both here.
      sql: `SELECT thread_id, toInt64(count()) AS turn_count, min(start) AS start_us,
  if(countIf(ended) > 0, maxIf(end, ended), max(start)) AS updated_us,
  argMin(id, (start, id)), argMax(id, (ended, end, start, id)),
  quantileExactInclusiveOrNullIf(0.5)(ms, ended) AS p50, quantileExactInclusiveOrNullIf(0.99)(ms, ended) AS p99
FROM (
  SELECT thread_id, id, toUnixTimestamp64Micro(started_at) AS start, toUnixTimestamp64Micro(ended_at) AS end, ${HAS_ENDED} AS ended,
    toFloat64(intDiv(end - start, 1000)) AS ms
  FROM calls WHERE ${conditions.join('\n  AND ')}
  ORDER BY ver DESC LIMIT 1 BY id, span_trace_id
)
GROUP BY thread_id
ORDER BY ${order.join(', ')}, thread_id
${limit === undefined ? '' : 'LIMIT {limit:UInt64}'} ${offset === undefined ? '' : 'OFFSET {offset:UInt64}'}`,
      params,
    },
    (row) => {
      const number = () => (row.uint8() === 1 ? null : row.float64());
      return {
        threadId: row.text(),
        turnCount: row.int64(),
        startUs: row.int64(),
        lastUpdatedUs: row.int64(),
        firstTurnId: row.text(),
        lastTurnId: row.text(),
        p50TurnMs: number(),
        p99TurnMs: number(),
      };
    },
    { signal },
  );
}
