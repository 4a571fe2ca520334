import { readClaim } from '@weft/model';
import { hydrate, type LoadClaimed, type OpenClaim, type WholePayloads } from '../claimed.ts';
import { quote, type ClickHouse, type Param, type ReadOptions } from '../clickhouse.ts';
import { NO_INSTANT_US } from '../native.ts';
import type { RowReader } from '../row-binary.ts';
import type { CallPayload, CallsQuery, StoredCall, TraceReader } from '../trace-store.ts';
import { DISPLAY_NAME } from './columns.ts';
import {
  compileLimit,
  compileWhere,
  excludedRows,
  HAS_ENDED,
  IS_EXCLUDED,
  NOT_OUTRUN,
  OUTRUN,
  RUNNING,
  STILL_RUNS,
  type Exclusions,
} from './compile.ts';
import { instantText } from './lookup.ts';
import { NewestOfNeighbours, type Key } from './newest.ts';
import { planCalls, type CallsPlan } from './plan.ts';
import { EXCEPTION, stepOrNull } from './row.ts';

const PAYLOADS: readonly CallPayload[] = ['attributes', 'inputs', 'output', 'summary'];

/** Columns in the order of `versionedCallReader`. What attributes are rendered from, the span, comes with them. */
function select(query: CallsQuery): string {
  const payload = (name: CallPayload, from: string) => (query.payloads.includes(name) ? from : "''");
  return [
    'ver, span_trace_id, id, trace_id, parent_id, thread_id, turn_id, op_name',
    DISPLAY_NAME,
    'toUnixTimestamp64Micro(started_at), toUnixTimestamp64Micro(ended_at)',
    EXCEPTION,
    'user_id, run_id, run_step, run_step_end, size_bytes',
    ...PAYLOADS.map((name) => payload(name, name)),
    payload('attributes', 'otel_dump'),
    query.payloads.includes('attributes') ? 'otel_logs' : "CAST([], 'Array(String)')",
    query.payloads.length > 0 ? 'claimed' : "CAST([], 'Array(String)')",
  ].join(', ');
}

function versionedCallReader(query: CallsQuery): (row: RowReader) => VersionedCall {
  const { projectId, storageSize } = query;
  const isAskedFor = ({ column }: OpenClaim) =>
    query.payloads.includes(column === 'otel_dump' ? 'attributes' : column);
  return (row) => {
    const ver = row.uint128();
    const spanTraceId = row.text();
    const call: StoredCall = {
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
      exception: row.nullableText(),
      userId: row.textOrNull(),
      runId: row.textOrNull(),
      runStep: stepOrNull(row.int64()),
      runStepEnd: stepOrNull(row.int64()),
      storageSizeBytes: sizeOrNull(row.uint32(), storageSize === true),
      attributes: row.bytes(),
      inputs: row.bytes(),
      output: row.bytes(),
      summary: row.bytes(),
      otelDump: row.bytes(),
      otelLogs: row.list(() => row.bytes()),
      claims: row.texts().map(readClaim).filter(isAskedFor),
      isSpan: spanTraceId !== '',
      totalStorageSizeBytes: null,
    };
    return { ver, spanTraceId, id: call.id, startedAtUs: call.startedAtUs, call };
  };
}

interface VersionedCall extends Key {
  readonly call: StoredCall;
}

/** Calls whose content (found by their keys first) or trace sizes are fetched at once. */
const KEYS_PER_QUERY = 500;
/** Rows asked for beyond the limit, because a call may have superseded rows that are still on disk. */
const SPARE_ROWS = 10;

const KEY_ORDER: ReadOptions['settings'] = { query_plan_max_limit_for_lazy_materialization: '10000' };

/** @param load of payloads that are blobs. */
export function streamCalls(
  db: ClickHouse,
  query: CallsQuery,
  load: LoadClaimed | undefined,
  signal?: AbortSignal,
): AsyncGenerator<readonly StoredCall[]> {
  const { projectId, wholeUpTo = Infinity } = query;
  const claimsOf = (call: StoredCall) => call.claims;
  return hydrate(
    (either) => streamHeads(db, query, either),
    { projectId, load, wholeUpTo, claimsOf, complete },
    signal,
  );
}

function complete(call: StoredCall, whole: WholePayloads, left: readonly OpenClaim[]): StoredCall {
  return {
    ...call,
    attributes: whole.get('attributes') ?? call.attributes,
    inputs: whole.get('inputs') ?? call.inputs,
    output: whole.get('output') ?? call.output,
    summary: whole.get('summary') ?? call.summary,
    otelDump: whole.get('otel_dump') ?? call.otelDump,
    claims: left,
  };
}

async function* streamHeads(
  db: ClickHouse,
  query: CallsQuery,
  signal?: AbortSignal,
): AsyncGenerator<readonly StoredCall[]> {
  if (query.limit === 0) return;
  const plan = await planCalls(db, query, signal);
  const isDirect = plan.isKeyOrder && !plan.hasJoins && !query.offset;
  const pages = isDirect ? inKeyOrder(db, plan, query, signal) : byKeys(db, plan, query, signal);
  let held: StoredCall[] = [];
  for await (const page of pages) {
    if (query.totalStorageSize !== true) {
      if (page.length > 0) yield page;
      continue;
    }
    held.push(...page);
    if (held.length < KEYS_PER_QUERY) continue;
    yield await withTotals(db, query.projectId, held, signal);
    held = [];
  }
  if (held.length > 0) yield await withTotals(db, query.projectId, held, signal);
}

/** Reads content as it goes. */
async function* inKeyOrder(
  db: ClickHouse,
  plan: CallsPlan,
  query: CallsQuery,
  signal?: AbortSignal,
): AsyncGenerator<StoredCall[]> {
  const rows = { columns: select(query), read: versionedCallReader(query) };
  for await (const page of newestInKeyOrder(db, plan, query, rows, query.limit ?? Infinity, signal)) {
    yield page.map((v) => v.call);
  }
}

/**
 * Up to `wanted` calls. Versions of a call come side by side and the newest counts; where that one is left out, so are they
 * all: its call lies elsewhere, or is deleted. @param behind where to go on, in the order of the query.
 */
export async function* newestInKeyOrder<T extends Key>(
  db: ClickHouse,
  plan: CallsPlan,
  query: Pick<CallsQuery, 'filter' | 'sort'>,
  rows: {
    readonly columns: string;
    readonly read: (row: RowReader) => T;
  },
  wanted: number,
  signal?: AbortSignal,
  behind?: Omit<Key, 'ver'>,
): AsyncGenerator<T[]> {
  const isAscending = query.sort.length === 0 || query.sort[0]!.direction === 'asc';
  let left = wanted;
  let after = behind;
  for (let round = 0; left > 0; round++) {
    // Where the first round shows that many calls have two rows, most of the next have. The growing spare gets past any
    // number of copies of one row.
    const asked = left === Infinity ? undefined : (round === 0 ? left : 2 * left) + SPARE_ROWS * 8 ** round;
    // Hardly any of a few rows is left out: told with the row, that costs no column of all the rows looked through.
    // Where one round was not enough, many may be, and their content is not worth reading.
    const isTold = round === 0 && (asked !== undefined || isNarrow(query.filter));
    const params: Record<string, Param> = { ...plan.params };
    const conditions = [
      plan.where({ superseded: !isTold, deleted: !isTold }),
      ...(isTold && plan.isOfTheStart ? [] : [NOT_OUTRUN]),
      ...(after === undefined ? [] : [compileAfter(after, isAscending, params)]),
    ];
    const sql = `SELECT ${rows.columns}, ${isTold ? IS_EXCLUDED : '0'}
FROM ${plan.from} WHERE ${conditions.join('\n  AND ')} ORDER BY ${plan.order} ${compileLimit(asked, params)}`;
    const read = (row: RowReader) => ({ ...rows.read(row), isExcluded: row.uint8() === 1 });
    const newest = new NewestOfNeighbours<T & { isExcluded: boolean }>();
    let got = 0;
    for await (const page of db.stream({ sql, params }, read, { settings: KEY_ORDER, signal })) {
      got += page.length;
      const items = newest
        .push(page)
        .filter((item) => !item.isExcluded)
        .slice(0, left);
      left -= items.length;
      yield items;
      if (left === 0) return;
    }
    if (asked === undefined || got < asked) return yield newest.end().filter((item) => !item.isExcluded);
    // All of the spare rows were left out, or the last call is cut: go on behind the last whole one.
    after = newest.lastWhole ?? after;
  }
}

/** Asks for few calls, whatever the project holds. */
function isNarrow({ traceIds = [], callIds = [] }: CallsQuery['filter']): boolean {
  return traceIds.length > 0 || callIds.length > 0;
}

/** Finds the keys first: for orders that are not the table's own, and for pages that start further down. */
async function* byKeys(
  db: ClickHouse,
  plan: CallsPlan,
  query: CallsQuery,
  signal?: AbortSignal,
): AsyncGenerator<StoredCall[]> {
  const end = (query.offset ?? 0) + (query.limit ?? Infinity);
  const found = plan.isKeyOrder
    ? newestInKeyOrder(db, plan, query, { columns: KEY_COLUMNS, read: readKey }, end, signal)
    : keysInOrder(db, plan, end, signal);
  let skip = query.offset ?? 0;
  let wanted: Key[] = [];
  for await (const keys of found) {
    wanted.push(...keys.slice(skip));
    skip -= Math.min(skip, keys.length);
    for (; wanted.length >= KEYS_PER_QUERY; wanted = wanted.slice(KEYS_PER_QUERY)) {
      yield await readByKeys(db, query, wanted.slice(0, KEYS_PER_QUERY), signal);
    }
  }
  if (wanted.length > 0) yield await readByKeys(db, query, wanted, signal);
}

/** The first `end` keys. Of equal keys the newest is kept. */
async function* keysInOrder(
  db: ClickHouse,
  plan: CallsPlan,
  end: number,
  signal?: AbortSignal,
): AsyncGenerator<Key[]> {
  const params: Record<string, Param> = { ...plan.params };
  // All rows are looked at: what is known to leave out none is a column less of each.
  const exclusions = await readExclusions(db, plan.projectId);
  const sql = `SELECT ${KEY_COLUMNS} FROM ${plan.from}
WHERE ${plan.where(exclusions)} ${exclusions.running ? `AND ${NOT_OUTRUN}` : ''}
ORDER BY ${plan.order} ${compileLimit(end === Infinity ? undefined : end, params)}`;
  const newest = new NewestOfNeighbours<Key>();
  for await (const page of db.stream({ sql, params }, readKey, { signal })) yield newest.push(page);
  yield newest.end();
}

const KEY_COLUMNS = 'toUnixTimestamp64Micro(started_at), id, span_trace_id, ver';

function readKey(row: RowReader): Key {
  return { startedAtUs: row.int64(), id: row.text(), spanTraceId: row.text(), ver: row.uint128() };
}

/** In the order of the keys. A call that has been replaced meanwhile comes as it is now. */
async function readByKeys(
  db: ClickHouse,
  query: CallsQuery,
  keys: readonly Key[],
  signal?: AbortSignal,
): Promise<StoredCall[]> {
  const tuples = keys.map((key) => `('${instantText(key.startedAtUs)}',${quote(key.id)})`);
  const rows = await db.all(
    {
      sql: `SELECT ${select(query)} FROM calls
WHERE project_id = {project:String} AND (started_at, id) IN {keys:Array(Tuple(DateTime64(6, 'UTC'), String))}`,
      params: { project: query.projectId, keys: { members: tuples } },
    },
    versionedCallReader(query),
    { signal },
  );
  const newest = new Map<string, VersionedCall>();
  for (const row of rows) {
    const key = nameOf(row);
    const other = newest.get(key);
    if (other === undefined || other.ver < row.ver) newest.set(key, row);
  }
  return keys.flatMap((key) => newest.get(nameOf(key))?.call ?? []);
}

/** Ids hold no control characters. */
function nameOf({ id, spanTraceId }: Key): string {
  return `${id}\0${spanTraceId}`;
}

function compileAfter(key: Omit<Key, 'ver'>, isAscending: boolean, params: Record<string, Param>): string {
  params.after_time = instantText(key.startedAtUs);
  params.after_id = key.id;
  params.after_trace = key.spanTraceId;
  // The first condition says nothing new, but lets the table skip what lies before.
  return `started_at ${isAscending ? '>=' : '<='} {after_time:DateTime64(6, 'UTC')}
    AND (started_at, id, span_trace_id) ${isAscending ? '>' : '<'} ({after_time:DateTime64(6, 'UTC')}, {after_id:String}, {after_trace:String})`;
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
  const newest = `SELECT trace_id, size_bytes FROM calls WHERE ${where.sql} ORDER BY ver DESC LIMIT 1 BY id, span_trace_id`;
  const totals = new Map(
    await db.all(
      {
        sql: `SELECT trace_id, toInt64(sum(size_bytes)) FROM (${newest}) GROUP BY trace_id`,
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

export async function readExclusions(
  db: ClickHouse,
  projectId: string,
): Promise<Exclusions & { readonly running: boolean }> {
  const exists = (table: string, condition = '1') =>
    `EXISTS (SELECT 1 FROM ${table} WHERE project_id = {project:String} AND ${condition} LIMIT 1)`;
  const [exclusions] = await db.all(
    {
      sql: `SELECT ${exists('calls_superseded')}, ${exists('call_deletes')}, ${exists('calls', RUNNING)}`,
      params: { project: projectId },
    },
    (row) => ({ superseded: row.uint8() === 1, deleted: row.uint8() === 1, running: row.uint8() === 1 }),
  );
  return exclusions!;
}

export const countCalls = async (
  db: ClickHouse,
  query: Parameters<TraceReader['countCalls']>[0],
  signal?: AbortSignal,
): ReturnType<TraceReader['countCalls']> => {
  const plan = await planCalls(db, { ...query, sort: [] }, signal);
  const exclusions = await readExclusions(db, query.projectId);
  const where = plan.where(exclusions);
  const params: Record<string, Param> = { ...plan.params };
  const total = query.totalStorageSize === true;
  const size = total ? 'size_bytes' : '0 AS size_bytes';
  const rows = (state: string) => `SELECT ${size} FROM ${plan.from} WHERE ${where} AND ${state}`;
  const sums = (sign: string) =>
    `SELECT ${sign}toInt64(count()), ${total ? `${sign}toInt64(sum(size_bytes))` : 'toInt64(0)'} FROM`;
  const all = plan.where({ superseded: false, deleted: false });
  const except = [
    ...excludedRows(exclusions).map((which) => `${all} AND ${which}`),
    ...(exclusions.running ? [`${where} AND ${OUTRUN}`] : []),
  ];
  // A limit may be reached early. Else all rows are counted, a whole project by its index alone, less those that do not count.
  const sql =
    query.limit === undefined
      ? [
          `${sums('')} ${plan.from} WHERE ${all}`,
          ...except.map((which) => `${sums('-')} ${plan.from} WHERE ${which}`),
        ].join('\nUNION ALL ')
      : `${sums('')} (SELECT size_bytes FROM (${rows(HAS_ENDED)} UNION ALL ${rows(STILL_RUNS)}) ${compileLimit(query.limit, params)})`;
  const parts = await db.all({ sql, params }, (row) => ({ count: row.int64(), sizeBytes: row.int64() }), {
    signal,
  });
  return {
    count: parts.reduce((sum, part) => sum + part.count, 0),
    totalStorageSizeBytes: total ? parts.reduce((sum, part) => sum + part.sizeBytes, 0) : null,
  };
};

function instantOrNull(us: number): number | null {
  return us === NO_INSTANT_US ? null : us;
}

function sizeOrNull(bytes: number, asked: boolean): number | null {
  return asked ? bytes : null;
}
