import type { CallPart } from '@weft/model';
import { AppError, nowUs, timeOfId } from '@weft/model';
import { createTurns } from '@weft/runtime';
import type { ClickHouse } from '../clickhouse.ts';
import { insertRows, type Refused, type Table } from '../insert.ts';
import { column } from '../native.ts';
import type { CallCache, StoredRow } from './cache.ts';
import {
  fold,
  foldVersions,
  NO_VERSIONS,
  rowVersion,
  versionsOf,
  type CallState,
  type CallVersions,
} from './fold.ts';
import {
  lookUp,
  mayRenameSpans,
  readHorizon,
  readStates,
  type FoundCall,
  type StoredRows,
} from './lookup.ts';
import { shareRenames } from './renames.ts';
import { CALL_COLUMNS, estimateBytes, startedAtOf, toCallRow, type CallRow } from './row.ts';
import { group, type Work } from './work.ts';

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
  try {
    const byKey = group(parts);
    const found = await recall(db, cache, byKey);
    await shareRenames(db, cache, byKey, found);
    const calls = [...byKey.values()];
    await build(db, calls);
    const grown = calls.filter((call) => call.row !== undefined);
    const rows = grown.map((call) => call.row!);
    const refused = await insertRows(db, CALLS, rows);
    const lost = new Set(refused.map(({ index }) => grown[index]!));
    const kept = lost.size === 0 ? calls : calls.filter((call) => !lost.has(call));
    await insertRows(db, SUPERSEDED, marks(kept));
    for (const call of kept) remember(cache, call);
    return refused.flatMap(({ index, reason }) =>
      grown[index]!.indexes.map((part) => ({ index: part, reason })),
    );
  } catch (error) {
    // What was stored of the batch is not known: ask the store next time.
    cache.clear();
    throw error;
  }
}

/**
 * Fills in what is stored of the calls: from memory, by knowing that nothing can be, or by asking.
 * @returns what was found by asking.
 */
async function recall(
  db: ClickHouse,
  cache: CallCache,
  calls: ReadonlyMap<string, Work>,
): Promise<ReadonlyMap<string, FoundCall>> {
  cache.horizonUs ??= await readHorizon(db);
  const unknown: Work[] = [];
  const now = nowUs();
  for (const call of calls.values()) {
    const hit = cache.get(call.key);
    if (hit !== undefined) {
      call.stored = [hit.row];
      call.content = hit.state;
    }
    if (hit === undefined ? !isNew(call, cache.horizonUs, now) : mayRenameSpans(call)) unknown.push(call);
  }
  const found = await lookUp(db, unknown);
  for (const call of unknown) if (call.stored.length === 0) call.stored = found.get(call.key)?.rows ?? [];
  return found;
}

/**
 * True for a call that cannot be stored: it has begun, and its id was made, after everything that is not in the cache.
 * Instants to come prove nothing, whoever invented them may have done so before.
 */
function isNew(call: Work, horizonUs: number, now: number): boolean {
  const { start } = call.incoming;
  if (start === undefined || start.startedAtUs <= horizonUs || start.startedAtUs > now) return false;
  const idMs = timeOfId(call.id);
  return idMs === undefined || (idMs * 1000 > horizonUs && idMs * 1000 <= now);
}

/** Makes the row of every call that has grown. */
async function build(db: ClickHouse, calls: readonly Work[]): Promise<void> {
  const grown: Work[] = [];
  const unread: StoredRows[] = [];
  for (const call of calls) {
    const incoming = versionsOf(call.incoming);
    const before = call.stored.reduce<CallVersions>(
      (all, row) => foldVersions(all, row.versions),
      NO_VERSIONS,
    );
    call.versions = before === NO_VERSIONS ? incoming : foldVersions(before, incoming);
    call.ver = rowVersion(call.versions);
    if (call.stored.some((row) => row.ver === call.ver)) continue;
    grown.push(call);
    const storedWins =
      before.start > incoming.start || before.end > incoming.end || before.rename > incoming.rename;
    if (storedWins && call.content === undefined) {
      unread.push({ projectId: call.projectId, id: call.id, rows: call.stored });
    }
  }
  const states = await readStates(db, unread);
  const rest = createTurns();
  for (const call of grown) {
    const pause = rest();
    if (pause !== undefined) await pause;
    const content = states.get(call.key) ?? call.content;
    const state = content === undefined ? call.incoming : fold(content, call.incoming);
    call.row = toCallRow(call, state);
    // Content that another writer took away meanwhile would be lost by this row: ask again.
    if (call.row.ver < call.ver) throw new AppError('store_unavailable', 'a call changed while it was read');
  }
}

function marks(calls: readonly Work[]): Mark[] {
  const atUs = nowUs();
  return calls.flatMap((call) =>
    call.stored
      .filter((row) => needsMark(row, call))
      .map(({ ver, startedAtUs }) => ({ projectId: call.projectId, id: call.id, ver, startedAtUs, atUs })),
  );
}

/**
 * A running call's row that now has its end needs no mark: it has the key of the new row, and readers know to look for it
 * because it says that it runs (see read.ts). Neither does a row without a start: nobody reads it. That leaves renames and
 * contradictions, which are rare, so that the set of marks stays small.
 */
function needsMark(row: StoredRow, { ver, versions }: Work): boolean {
  if (row.ver === ver || row.versions.start === 0n) return false;
  return !(row.versions.end === 0n && versions.end > 0n && row.versions.start === versions.start);
}

function remember(cache: CallCache, call: Work): void {
  const { row } = call;
  const stored = row === undefined ? call.stored.find((s) => s.ver === call.ver)! : storedRow(row);
  const isWhole = call.versions.start > 0n && call.versions.end > 0n;
  const state = isWhole ? undefined : row === undefined ? call.content : detach(row.state);
  cache.set(call.key, { row: stored, state }, latestUs(call, stored));
}

function storedRow({ state, versions, ver }: CallRow): StoredRow {
  return { startedAtUs: startedAtOf(state), versions, ver };
}

/** No later than this can the call begin, or its id have been made. */
function latestUs(call: Work, stored: StoredRow): number {
  const idUs = (timeOfId(call.id) ?? 0) * 1000;
  if (stored.versions.start > 0n) return Math.max(stored.startedAtUs, idUs);
  // Its start is still to come: it has begun by now.
  return Math.max(nowUs(), idUs);
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
