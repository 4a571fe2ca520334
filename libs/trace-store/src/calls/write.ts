import type { CallPart } from '@weft/model';
import { AppError, nowUs, timeOfId } from '@weft/model';
import type { ClickHouse } from '../clickhouse.ts';
import { insertRows, type Refused, type Table } from '../insert.ts';
import { column } from '../native.ts';
import type { CallCache, KnownCall, StoredRow } from './cache.ts';
import {
  fold,
  foldVersions,
  NO_VERSIONS,
  rowVersion,
  versionsOf,
  type CallState,
  type CallVersions,
} from './fold.ts';
import { callKey, lookUp, readHorizon, readStates, type Wanted } from './lookup.ts';
import { CALL_COLUMNS, estimateBytes, startedAtOf, toCallRow, type CallRow } from './row.ts';

interface Mark {
  readonly projectId: string;
  readonly id: string;
  readonly ver: bigint;
  readonly startedAtUs: number;
  readonly atUs: number;
}

const CALLS: Table<CallRow> = { name: 'calls', columns: CALL_COLUMNS, estimateBytes };
const SUPERSEDED: Table<Mark> = {
  name: 'calls_superseded',
  columns: [
    column.text('project_id', (m) => m.projectId),
    column.uint128('ver', (m) => m.ver),
    column.text('id', (m) => m.id),
    column.instant('started_at', (m) => m.startedAtUs),
    column.instant('at', (m) => m.atUs),
  ],
  estimateBytes: () => 128,
};

interface Grouped extends Wanted {
  /** Places of its parts in the batch. */
  readonly indexes: number[];
}

interface Plan extends Grouped {
  readonly stored: readonly StoredRow[];
  readonly content: CallState | undefined;
  /** Versions of the row that holds everything known. */
  readonly versions: CallVersions;
  readonly ver: bigint;
  readonly isStored: boolean;
  readonly needsContent: boolean;
}

/**
 * Folds the parts with what is stored and writes one whole row per call that has grown; then marks the rows it replaces.
 * In this order, because reads leave marked rows out: a crash between the two shows an old row beside the new one for as
 * long as it takes to deliver the batch again, and never none.
 * @returns parts that can never be stored.
 */
export async function writeCalls(
  db: ClickHouse,
  cache: CallCache,
  parts: readonly CallPart[],
): Promise<Refused[]> {
  if (parts.length === 0) return [];
  const grouped = group(parts);
  try {
    const plans = await plan(db, cache, grouped);
    const rows = await build(db, plans);
    const refused = await insertRows(
      db,
      CALLS,
      rows.map((r) => r.row),
    );
    const lost = new Set(refused.map((r) => rows[r.index]!.plan.key));
    await insertRows(db, SUPERSEDED, marks(plans, lost));
    const written = new Map(rows.map((r) => [r.plan.key, r.row]));
    for (const p of plans) {
      if (!lost.has(p.key)) cache.set(p.key, known(p, written.get(p.key)), latestUs(p));
    }
    return refused.flatMap((r) => rows[r.index]!.plan.indexes.map((index) => ({ index, reason: r.reason })));
  } catch (error) {
    // What was stored of the batch is not known: ask the store next time.
    cache.clear();
    throw error;
  }
}

function group(parts: readonly CallPart[]): Grouped[] {
  const calls = new Map<string, { -readonly [K in keyof Grouped]: Grouped[K] }>();
  parts.forEach((part, index) => {
    const key = callKey(part.projectId, part.id);
    const { start, end, rename } = part;
    const call = calls.get(key);
    if (call === undefined) {
      calls.set(key, {
        key,
        projectId: part.projectId,
        id: part.id,
        incoming: { start, end, rename },
        indexes: [index],
      });
      return;
    }
    call.incoming = fold(call.incoming, { start, end, rename });
    call.indexes.push(index);
  });
  return [...calls.values()];
}

async function plan(db: ClickHouse, cache: CallCache, grouped: readonly Grouped[]): Promise<Plan[]> {
  const cached = new Map<string, KnownCall>();
  for (const { key } of grouped) {
    const call = cache.get(key);
    if (call !== undefined) cached.set(key, call);
  }
  cache.horizonUs ??= await readHorizon(db);
  const horizonUs = cache.horizonUs;
  const unknown = grouped.filter((call) => !cached.has(call.key) && !isNew(call, horizonUs));
  const found = await lookUp(db, unknown);
  return grouped.map((call) => {
    const hit = cached.get(call.key);
    const stored = hit === undefined ? (found.get(call.key) ?? []) : [hit.row];
    const before = stored.reduce<CallVersions>((all, row) => foldVersions(all, row.versions), NO_VERSIONS);
    const incoming = versionsOf(call.incoming);
    const versions = foldVersions(before, incoming);
    const ver = rowVersion(versions);
    const isStored = stored.some((row) => row.ver === ver);
    const storedWins =
      before.start > incoming.start || before.end > incoming.end || before.rename > incoming.rename;
    return {
      ...call,
      stored,
      content: hit?.state,
      versions,
      ver,
      isStored,
      needsContent: !isStored && storedWins && hit?.state === undefined,
    };
  });
}

/**
 * True for a call that cannot be stored: it has begun, and its id was made, after everything that is not in the cache.
 * Instants to come prove nothing, whoever invented them may have done so before.
 */
function isNew(call: Grouped, horizonUs: number): boolean {
  const { start } = call.incoming;
  if (start === undefined) return false;
  const idMs = timeOfId(call.id);
  const [first, last] =
    idMs === undefined ? [start.startedAtUs, start.startedAtUs] : minMax(start.startedAtUs, idMs * 1000);
  return first > horizonUs && last <= nowUs();
}

/** No later start or id can have been claimed by what is stored of the call. */
function latestUs(call: Grouped): number {
  const { start, end, rename } = call.incoming;
  const idUs = (timeOfId(call.id) ?? 0) * 1000;
  if (start !== undefined) return Math.max(start.startedAtUs, idUs);
  // Its start is still to come, or was stored before: it began before it ended.
  return rename === undefined && end !== undefined ? Math.max(end.endedAtUs, idUs) : nowUs();
}

function minMax(a: number, b: number): [number, number] {
  return a < b ? [a, b] : [b, a];
}

async function build(db: ClickHouse, plans: readonly Plan[]): Promise<{ plan: Plan; row: CallRow }[]> {
  const states = await readStates(
    db,
    plans.filter((p) => p.needsContent).map((p) => ({ projectId: p.projectId, id: p.id, rows: p.stored })),
  );
  const rows = [];
  for (const p of plans) {
    if (p.isStored) continue;
    const row = toCallRow(p.projectId, p.id, fold(states.get(p.key) ?? p.content ?? {}, p.incoming));
    // Content that cannot be read any more (another writer swept it) would be lost by this row: ask again.
    if (row.ver < p.ver) throw new AppError('store_unavailable', 'a call changed while it was read');
    rows.push({ plan: p, row });
  }
  return rows;
}

function marks(plans: readonly Plan[], lost: ReadonlySet<string>): Mark[] {
  const atUs = nowUs();
  return plans
    .filter((p) => !lost.has(p.key))
    .flatMap((p) =>
      p.stored
        .filter((row) => needsMark(row, p))
        .map(({ ver, startedAtUs }) => ({ projectId: p.projectId, id: p.id, ver, startedAtUs, atUs })),
    );
}

/**
 * A running call's row that now has its end needs no mark: it has the key of the new row, and readers know to look for it
 * because it says that it runs (see read.ts). Neither does a row without a start: nobody reads it. That leaves renames and
 * contradictions, which are rare, so that the set of marks stays small.
 */
function needsMark(row: StoredRow, p: Plan): boolean {
  if (row.ver === p.ver || row.versions.start === 0n) return false;
  return !(row.versions.end === 0n && p.versions.end > 0n && row.versions.start === p.versions.start);
}

function known(p: Plan, row: CallRow | undefined): KnownCall {
  if (row === undefined) {
    const kept = p.stored.find((stored) => stored.ver === p.ver)!;
    return { row: kept, state: p.content };
  }
  const stored = { startedAtUs: startedAtOf(row.state), versions: row.versions, ver: row.ver };
  const isWhole = row.state.start !== undefined && row.state.end !== undefined;
  return isWhole ? { row: stored } : { row: stored, state: detach(row.state) };
}

/** Payloads are views of what a whole batch came in: keeping one would keep all of it. */
function detach(state: CallState): CallState {
  const { start, end, rename } = state;
  return {
    start: start && {
      ...start,
      attributes: new Uint8Array(start.attributes),
      inputs: new Uint8Array(start.inputs),
      otelDump: start.otelDump && new Uint8Array(start.otelDump),
    },
    end: end && { ...end, output: new Uint8Array(end.output), summary: new Uint8Array(end.summary) },
    rename,
  };
}
