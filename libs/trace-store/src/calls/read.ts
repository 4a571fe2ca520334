import type { ClickHouse, Param } from '../clickhouse.ts';
import { NO_INSTANT_US } from '../native.ts';
import type { RowReader } from '../row-binary.ts';
import type { CallPayload, CallsQuery, StoredCall, TraceReader } from '../trace-store.ts';
import { compileLimit, compileSort, compileWhere, DISPLAY_NAME, isKeyOrder } from './compile.ts';
import { stepOrNull } from './row.ts';

const PAYLOADS: readonly CallPayload[] = ['attributes', 'inputs', 'output', 'summary'];

/** Columns in the order of `readCall`. `otel_dump` is what attributes are rendered from, so it comes with them. */
function select(payloads: ReadonlySet<CallPayload>): string {
  const payload = (name: CallPayload, from: string) => (payloads.has(name) ? from : "''");
  return [
    'id, trace_id, parent_id, thread_id, turn_id, op_name',
    DISPLAY_NAME,
    'toUnixTimestamp64Micro(started_at), toUnixTimestamp64Micro(ended_at), exception, user_id, run_id, run_step, run_step_end, size_bytes',
    ...PAYLOADS.map((name) => payload(name, name)),
    payload('attributes', 'otel_dump'),
  ].join(', ');
}

function callReader(projectId: string, storageSize: boolean): (row: RowReader) => StoredCall {
  return (row) => ({
    projectId,
    id: row.text(),
    traceId: row.text(),
    parentId: row.textOrNull(),
    threadId: row.textOrNull(),
    turnId: row.textOrNull(),
    opName: row.text(),
    displayName: row.textOrNull(),
    startedAtUs: row.int64(),
    endedAtUs: instantOrNull(row.int64()),
    exception: row.textOrNull(),
    userId: row.textOrNull(),
    runId: row.textOrNull(),
    runStep: stepOrNull(row.int64()),
    runStepEnd: stepOrNull(row.int64()),
    storageSizeBytes: sizeOrNull(row.uint32(), storageSize),
    attributes: row.bytes(),
    inputs: row.bytes(),
    output: row.bytes(),
    summary: row.bytes(),
    otelDump: row.bytes(),
    totalStorageSizeBytes: null,
  });
}

export async function* streamCalls(
  db: ClickHouse,
  query: CallsQuery,
  signal?: AbortSignal,
): AsyncGenerator<readonly StoredCall[]> {
  const where = compileWhere(query.projectId, query.filter);
  const params: Record<string, Param> = { ...where.params };
  // A reader of everything would make ClickHouse remember every id; in key order copies of a row are neighbours.
  const all = query.limit === undefined && !query.offset && isKeyOrder(query.sort);
  const sql = `SELECT ${select(new Set(query.payloads))}
FROM calls
WHERE ${where.sql}
ORDER BY ${compileSort(query.sort)}
${all ? '' : 'LIMIT 1 BY id'} ${compileLimit(query.limit, query.offset, params)}`;
  let lastId = '';
  for await (const page of db.stream(
    { sql, params },
    callReader(query.projectId, query.storageSize === true),
    { signal },
  )) {
    const calls = all ? page.filter((call) => call.id !== lastId && ((lastId = call.id), true)) : page;
    yield query.totalStorageSize === true ? await withTotals(db, query.projectId, calls, signal) : calls;
  }
}

async function withTotals(
  db: ClickHouse,
  projectId: string,
  calls: readonly StoredCall[],
  signal?: AbortSignal,
): Promise<StoredCall[]> {
  const traceIds = [...new Set(calls.filter((call) => call.parentId === null).map((call) => call.traceId))];
  if (traceIds.length === 0) return [...calls];
  const where = compileWhere(projectId, { traceIds });
  const totals = new Map(
    await db.all(
      {
        sql: `SELECT trace_id, toInt64(sum(size_bytes)) FROM calls WHERE ${where.sql} GROUP BY trace_id`,
        params: where.params,
      },
      (row) => [row.text(), row.int64()] as const,
      { signal },
    ),
  );
  return calls.map((call) =>
    call.parentId === null ? { ...call, totalStorageSizeBytes: totals.get(call.traceId) ?? null } : call,
  );
}

export const countCalls = async (
  db: ClickHouse,
  query: Parameters<TraceReader['countCalls']>[0],
): ReturnType<TraceReader['countCalls']> => {
  const where = compileWhere(query.projectId, query.filter);
  const params: Record<string, Param> = { ...where.params };
  const total = query.totalStorageSize === true;
  const rows = `SELECT ${total ? 'size_bytes' : '0 AS size_bytes'} FROM calls WHERE ${where.sql} ${compileLimit(query.limit, undefined, params)}`;
  const [result] = await db.all(
    { sql: `SELECT toInt64(count()), toInt64(sum(size_bytes)) FROM (${rows})`, params },
    (row) => ({
      count: row.int64(),
      totalStorageSizeBytes: row.int64(),
    }),
  );
  return {
    count: result?.count ?? 0,
    totalStorageSizeBytes: total ? (result?.totalStorageSizeBytes ?? 0) : null,
  };
};

export const descendants = async (
  db: ClickHouse,
  projectId: string,
  ids: readonly string[],
): Promise<string[]> => {
  if (ids.length === 0) return [];
  const roots = compileWhere(projectId, { callIds: ids });
  const inTraces = compileWhere(projectId, {});
  const rows = await db.all(
    {
      sql: `SELECT DISTINCT id, parent_id FROM calls
WHERE ${inTraces.sql} AND trace_id IN (SELECT trace_id FROM calls WHERE ${roots.sql})`,
      params: { ...inTraces.params, ...roots.params },
    },
    (row) => [row.text(), row.text()] as const,
  );
  return below(rows, ids);
};

/** The given ids that exist and everything under them, each once; parents in a circle end the walk. */
function below(rows: readonly (readonly [id: string, parentId: string])[], ids: readonly string[]): string[] {
  const children = new Map<string, string[]>();
  const exists = new Set<string>();
  for (const [id, parentId] of rows) {
    exists.add(id);
    const siblings = children.get(parentId);
    if (siblings === undefined) children.set(parentId, [id]);
    else siblings.push(id);
  }
  const found = new Set(ids.filter((id) => exists.has(id)));
  for (const id of found) for (const child of children.get(id) ?? []) found.add(child);
  return [...found];
}

function instantOrNull(us: number): number | null {
  return us === NO_INSTANT_US ? null : us;
}

function sizeOrNull(bytes: number, asked: boolean): number | null {
  return asked ? bytes : null;
}
