import { formatInstant, nowUs, timeOfId } from '@weft/model';
import { quote, type ClickHouse, type RawParam } from '../clickhouse.ts';
import { INSTANT_TYPE } from '../native.ts';
import { DAY_US, type CallCache, type StoredRow } from './cache.ts';
import { fold, type CallState } from './fold.ts';
import { ORPHAN_US, readState, startedAtOf, STATE_SELECT, type CallIdentity } from './row.ts';

/** A call that a batch speaks of, and what the batch says. */
export interface Wanted extends CallIdentity {
  readonly key: string;
  readonly incoming: CallState;
  /** Its start does not tell where its rows lie. */
  readonly hasMoved: boolean;
}

/** Rows of a call that are not superseded. */
export interface StoredRows {
  readonly projectId: string;
  readonly id: string;
  readonly rows: readonly StoredRow[];
}
export type FoundCall = CallIdentity & StoredRows;

/** Names a call among all projects: ids hold no control characters. */
export function callKey({ projectId, id, spanTraceId }: CallIdentity): string {
  return spanTraceId === '' ? `${projectId}\0${id}` : `${projectId}\0${id}\0${spanTraceId}`;
}

/**
 * True for a rename that may be one of spans: it names an id only, so it is for every call that has it. Ids that tell their
 * time are never span ids.
 */
export function mayRenameSpans({ id, spanTraceId, incoming }: Wanted): boolean {
  return incoming.rename !== undefined && spanTraceId === '' && timeOfId(id) === undefined;
}

/** An instant as ClickHouse reads it. */
export function instantText(us: number): string {
  return formatInstant(us).slice(0, -1).replace('T', ' ');
}

const KEYS = "Array(Tuple(String, DateTime64(6, 'UTC'), String))";

function keysParam(
  keys: readonly (readonly [projectId: string, startedAtUs: number, id: string])[],
): RawParam {
  return {
    members: keys.map(([p, us, id]) => `(${quote(p)},'${instantText(us)}',${quote(id)})`),
  };
}

/**
 * Rows of the wanted calls that are not superseded, by key: usually none or one, more after a crash.
 * Calls with a time-ordered id are found by it wherever their rows lie; so are those that come without a start. Others
 * are found by the start they claim, log records by the trace and id of their span. What else has the same id is found along with them: the spans a rename is for, the
 * rename a span has to take.
 */
export async function lookUp(db: ClickHouse, wanted: readonly Wanted[]): Promise<Map<string, FoundCall>> {
  const found = new Map<string, CallIdentity & { readonly rows: StoredRow[] }>();
  if (wanted.length === 0) return found;
  const byId: Wanted[] = [];
  const byKey: Wanted[] = [];
  const byTrace: Wanted[] = [];
  for (const call of wanted) {
    if (isLogOnly(call)) byTrace.push(call);
    else (isFoundById(call) ? byId : byKey).push(call);
  }
  const orphanKey = (call: Wanted) => [call.projectId, ORPHAN_US, call.id] as const;
  const keys = [
    ...byKey.flatMap((call) => [
      [call.projectId, startedAtOf(call.incoming), call.id] as const,
      orphanKey(call),
    ]),
    ...byTrace.map(orphanKey),
  ];
  const conditions = [
    ...(byId.length > 0 ? ['id IN {ids:Array(String)}'] : []),
    ...(keys.length > 0 ? [`(project_id, started_at, id) IN {keys:${KEYS}}`] : []),
    // Both have an index: together they leave out nearly all granules.
    ...(byTrace.length > 0
      ? [
          'trace_id IN {traces:Array(String)} AND id IN {logged:Array(String)} AND span_trace_id IN {traces:Array(String)}',
        ]
      : []),
  ];
  const sql = conditions
    .map(
      (
        condition,
      ) => `SELECT project_id, id, span_trace_id, toUnixTimestamp64Micro(started_at), start_ver, end_ver, rename_ver, log_hashes, ver
FROM calls WHERE project_id IN {projects:Array(String)} AND ${condition}
AND ver NOT IN (SELECT ver FROM calls_superseded WHERE project_id IN {projects:Array(String)})`,
    )
    .join('\nUNION ALL\n');
  const params = {
    projects: [...new Set(wanted.map((call) => call.projectId))],
    ...(byId.length > 0 ? { ids: byId.map((call) => call.id) } : {}),
    ...(keys.length > 0 ? { keys: keysParam(keys) } : {}),
    ...(byTrace.length > 0
      ? {
          traces: [...new Set(byTrace.map((call) => call.spanTraceId))],
          logged: byTrace.map((call) => call.id),
        }
      : {}),
  };
  const rows = await db.all({ sql, params }, (row) => ({
    identity: { projectId: row.text(), id: row.text(), spanTraceId: row.text() },
    stored: {
      startedAtUs: row.int64(),
      versions: { start: row.uint128(), end: row.uint128(), rename: row.uint128(), logs: row.uint64s() },
      ver: row.uint128(),
    },
  }));
  for (const { identity, stored } of rows) {
    const key = callKey(identity);
    const others = found.get(key)?.rows;
    // Two copies of one row are one row: the same insert was repeated.
    if (others === undefined) found.set(key, { ...identity, rows: [stored] });
    else if (!others.some((other) => other.ver === stored.ver && other.startedAtUs === stored.startedAtUs))
      others.push(stored);
  }
  return found;
}

/** Log records, of which only the span's trace and id are known. */
function isLogOnly({ spanTraceId, incoming }: Wanted): boolean {
  const { start, rename, logs } = incoming;
  return spanTraceId !== '' && start === undefined && rename === undefined && logs !== undefined;
}

function isFoundById(call: Wanted): boolean {
  return (
    call.hasMoved ||
    call.incoming.start === undefined ||
    timeOfId(call.id) !== undefined ||
    mayRenameSpans(call)
  );
}

/**
 * Nothing that is stored now began later, clocks that run ahead by up to a day included. (What claims to begin later
 * still would only make the writer look up every call from then on.) It is not before now: a call whose end is stored
 * without its start does not say when it began.
 */
async function readHorizon(db: ClickHouse): Promise<number> {
  const [latest = 0] = await db.all(
    {
      sql: "SELECT toUnixTimestamp64Micro(max(started_at)) FROM calls WHERE started_at <= {limit:DateTime64(6, 'UTC')}",
      params: { limit: instantText(nowUs() + DAY_US) },
    },
    (row) => row.int64(),
  );
  return Math.max(latest, nowUs());
}

/** Tells the cache what it has to look up: all that may be stored. */
export async function readWhatIsStored(db: ClickHouse, cache: CallCache): Promise<void> {
  const [horizonUs, waiting] = await Promise.all([readHorizon(db), readWaitingLogs(db)]);
  for (const { projectId, storedAtUs } of waiting) cache.logsWait(projectId, storedAtUs);
  cache.horizonUs = horizonUs;
}

/** Projects with log records whose span may still be to come, and when the last of them was stored, in whole seconds rounded up. */
async function readWaitingLogs(db: ClickHouse): Promise<{ projectId: string; storedAtUs: number }[]> {
  return await db.all(
    {
      sql: `SELECT project_id, toInt64(toUnixTimestamp(max(stored_at))) + 1 FROM calls
WHERE started_at = {none:${INSTANT_TYPE}} AND notEmpty(log_hashes) GROUP BY project_id`,
      params: { none: instantText(ORPHAN_US) },
    },
    (row) => ({ projectId: row.text(), storedAtUs: row.int64() * 1_000_000 }),
  );
}

/** Content of stored rows, folded per call. */
export async function readStates(
  db: ClickHouse,
  calls: readonly StoredRows[],
): Promise<Map<string, CallState>> {
  const states = new Map<string, CallState>();
  if (calls.length === 0) return states;
  const keys = calls.flatMap((call) =>
    call.rows.map((row) => [call.projectId, row.startedAtUs, call.id] as const),
  );
  const rows = await db.all(
    {
      sql: `SELECT ${STATE_SELECT} FROM calls WHERE (project_id, started_at, id) IN {keys:${KEYS}}`,
      params: { keys: keysParam(keys) },
    },
    readState,
  );
  for (const { state, ...identity } of rows) {
    const key = callKey(identity);
    states.set(key, fold(states.get(key) ?? {}, state));
  }
  return states;
}
