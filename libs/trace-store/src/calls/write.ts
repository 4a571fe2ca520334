import type { CallPart, ContentOfLogs } from '@weft/model';
import { AppError, nowUs, timeOfId } from '@weft/model';
import { createTurns } from '@weft/runtime';
import type { ClickHouse } from '../clickhouse.ts';
import { insertRows, type Refused, type Table } from '../insert.ts';
import { column } from '../native.ts';
import type { WriteTally } from '../trace-store.ts';
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
  readStates,
  readWhatIsStored,
  type FoundCall,
  type StoredRows,
} from './lookup.ts';
import { finishedCalls } from './finished.ts';
import { fit, hasAll, refusedLogs } from './logs.ts';
import { RENAMES_REACH_MS } from './reconcile.ts';
import { shareRenames } from './renames.ts';
import { CALL_COLUMNS, estimateBytes, LOG_COLUMNS, startedAtOf, toCallRow, type CallRow } from './row.ts';
import { group, type Work } from './work.ts';

interface Mark {
  readonly projectId: string;
  readonly id: string;
  readonly ver: bigint;
  readonly startedAtUs: number;
  readonly atUs: number;
}

const CALLS: Table<CallRow> = { name: 'calls', columns: CALL_COLUMNS, estimateBytes };
const CALLS_WITH_LOGS: Table<CallRow> = { ...CALLS, columns: [...CALL_COLUMNS, ...LOG_COLUMNS] };
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

export interface WriteCallsOptions {
  /** Needed where calls have log records. */
  readonly contentOfLogs?: ContentOfLogs | undefined;
  /** Ask for every call what is stored of it, remembered or not. A part may then say nothing: what is stored is put in order. */
  readonly isAnew?: boolean;
  /** Told of what another writer may have written at the same time, so that it has to be written once more in a while. */
  readonly lookAgain?: (part: CallPart) => void;
  /** Added to once the calls are stored. */
  readonly tally?: WriteTally;
}

/**
 * Folds the parts with what is stored and writes one whole row per call that has grown; then marks the rows it replaces.
 * In this order, because reads leave marked rows out: a crash between the two shows an old row beside the new one for as
 * long as it takes to deliver the batch again, and never none.
 * @returns parts that can never be stored, or of which log records cannot.
 */
export async function writeCalls(
  db: ClickHouse,
  cache: CallCache,
  parts: readonly CallPart[],
  { contentOfLogs, isAnew = false, lookAgain, tally }: WriteCallsOptions = {},
): Promise<Refused[]> {
  if (parts.length === 0) return [];
  try {
    const byKey = group(parts);
    const found = await recall(db, cache, byKey, isAnew);
    await shareRenames(db, cache, byKey, found);
    const calls = [...byKey.values()].filter((call) => !isEmpty(call));
    await build(db, calls, contentOfLogs);
    const grown = calls.filter((call) => call.row !== undefined);
    const rows = grown.map((call) => call.row!);
    const table = rows.some((row) => row.versions.logs.length > 0) ? CALLS_WITH_LOGS : CALLS;
    const refused = await insertRows(db, table, rows);
    const lost = new Set(refused.map(({ index }) => grown[index]!));
    const kept = lost.size === 0 ? calls : calls.filter((call) => !lost.has(call));
    const superseded = marks(kept);
    await insertRows(db, SUPERSEDED, superseded);
    for (const call of kept) {
      if (call.ver === 0n) continue;
      if (lookAgain !== undefined && isCrossed(call)) lookAgain(partOf(call));
      remember(cache, call);
    }
    if (tally !== undefined) {
      tally.callRows += grown.length - lost.size;
      tally.supersededRows += superseded.length;
      for (const call of kept) if (call.row === undefined) tally.unchangedCalls.push(...call.indexes);
      if (tally.finishedCalls !== undefined)
        for (const call of finishedCalls(kept)) tally.finishedCalls.push(call);
    }
    return [
      ...refused.flatMap(({ index, reason }) =>
        grown[index]!.indexes.map((part) => ({ index: part, reason })),
      ),
      ...kept.filter((call) => call.refusedLogs.size > 0).flatMap((call) => refusedParts(call, parts)),
    ];
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
  isAnew: boolean,
): Promise<ReadonlyMap<string, FoundCall>> {
  if (cache.horizonUs === undefined) await readWhatIsStored(db, cache);
  const unknown: Work[] = [];
  const now = nowUs();
  for (const call of calls.values()) {
    const hit = cache.get(call.key);
    if (hit !== undefined) {
      call.stored = [hit.row];
      call.content = hit.state;
    }
    const isKnown =
      hit === undefined
        ? isNew(call, cache, now)
        : isOwn(call, hit.row) || (isWaiting(hit.row) && isNew(call, cache, now));
    if (isAnew || !isKnown) unknown.push(call);
  }
  const found = await lookUp(db, unknown);
  for (const call of unknown) {
    const rows = found.get(call.key)?.rows;
    if (rows === undefined) continue;
    if (rows.length !== 1 || rows[0]!.ver !== call.stored[0]?.ver) call.content = undefined;
    call.stored = rows;
  }
  return found;
}

/** True where nobody else can have written since. A writer that stores a rename writes spans that are not its own too. */
function isOwn(call: Work, { versions }: StoredRow): boolean {
  if (mayRenameSpans(call)) return false;
  if (call.spanTraceId === '') return true;
  return rowVersion(foldVersions(versions, versionsOf(call.incoming))) === rowVersion(versions);
}

/** Log records whose span comes now: nobody could rename it yet. */
function isWaiting({ versions }: StoredRow): boolean {
  return versions.start === 0n && versions.rename === 0n && versions.logs.length > 0;
}

/** Nothing was said of it, and nothing is stored. */
function isEmpty({ incoming, stored }: Work): boolean {
  return stored.length === 0 && rowVersion(versionsOf(incoming)) === 0n;
}

/** A rename that may be of spans, or a stored span that has changed: its owner and that of its renames are two writers. */
function isCrossed(call: Work): boolean {
  if (call.spanTraceId === '') return mayRenameSpans(call) && call.row !== undefined;
  return call.row !== undefined && call.stored.some(({ versions }) => versions.start > 0n);
}

function partOf({ projectId, id, spanTraceId, incoming }: Work): CallPart {
  return { projectId, id, ...(spanTraceId === '' ? {} : { spanTraceId }), ...detach(incoming) };
}

/**
 * True for a call that cannot be stored: it has begun, and its id was made, after everything that is not in the cache.
 * Instants to come prove nothing, whoever invented them may have done so before. A span that comes late may have been renamed
 * by another writer, so long ago that its sweeps are through with it.
 */
function isNew(call: Work, cache: CallCache, now: number): boolean {
  const { start } = call.incoming;
  const horizonUs = cache.horizonUs!;
  if (call.hasMoved) return false;
  if (start === undefined || start.startedAtUs <= horizonUs || start.startedAtUs > now) return false;
  if (call.spanTraceId !== '') {
    if (start.startedAtUs < now - RENAMES_REACH_MS * 1000) return false;
    if (cache.mayHaveLogs(call.projectId, start.startedAtUs)) return false;
  }
  const idMs = timeOfId(call.id);
  return idMs === undefined || (idMs * 1000 > horizonUs && idMs * 1000 <= now);
}

/** Makes the row of every call that has grown. */
async function build(
  db: ClickHouse,
  calls: readonly Work[],
  contentOfLogs: ContentOfLogs | undefined,
): Promise<void> {
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
      before.start > incoming.start ||
      before.end > incoming.end ||
      before.rename > incoming.rename ||
      !hasAll(incoming.logs, before.logs) ||
      // Which of them are refused depends on what is stored.
      (before.logs.length > 0 && !fit(call.incoming.logs));
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
    if (call.incoming.logs !== undefined && refuseLogs(call, content)) continue;
    const state = content === undefined ? call.incoming : fold(content, call.incoming);
    call.row = toCallRow(call, state, contentOfLogs);
    // Content that another writer took away meanwhile would be lost by this row: ask again.
    if (call.row.ver < call.ver) throw new AppError('store_unavailable', 'a call changed while it was read');
  }
}

/**
 * Takes out of the call the log records that it has no room for.
 * @returns true if what is left is stored already.
 */
function refuseLogs(call: Work, stored: CallState | undefined): boolean {
  const { incoming, versions } = call;
  const refused = refusedLogs(stored?.logs ?? [], incoming.logs!);
  if (refused.size === 0) return false;
  call.refusedLogs = refused;
  call.incoming = { ...incoming, logs: incoming.logs!.filter(({ hash }) => !refused.has(hash)) };
  call.versions = { ...versions, logs: versions.logs.filter((hash) => !refused.has(hash)) };
  call.ver = rowVersion(call.versions);
  return call.ver === 0n || call.stored.some((row) => row.ver === call.ver);
}

function refusedParts({ indexes, refusedLogs }: Work, parts: readonly CallPart[]): Refused[] {
  return indexes.flatMap((index) => {
    const log = parts[index]!.logs?.find(({ hash }) => refusedLogs.has(hash));
    return log === undefined ? [] : [{ index, reason: refusedLogs.get(log.hash)! }];
  });
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
  const { start, end, rename, logs } = state;
  return {
    start: start && {
      ...start,
      attributes: new Uint8Array(start.attributes),
      inputs: new Uint8Array(start.inputs),
      otelDump: start.otelDump && new Uint8Array(start.otelDump),
    },
    end: end && { ...end, output: new Uint8Array(end.output), summary: new Uint8Array(end.summary) },
    rename,
    ...(logs === undefined
      ? {}
      : { logs: logs.map(({ hash, bytes }) => ({ hash, bytes: new Uint8Array(bytes) })) }),
  };
}
