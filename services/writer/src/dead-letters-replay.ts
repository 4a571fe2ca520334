import { createHash } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { DeadLetter, EventLog, Topic } from '@weft/event-log';
import { nowUs, type TraceEvent } from '@weft/model';
import { createTurns } from '@weft/runtime';
import { collectLetters, othersOf, type LetterOutcome, type LetterSelection } from './dead-letters.ts';
import { refusalOf } from './dead-letters-verdict.ts';

const CHUNK_EVENTS = 100;
const CHUNK_BYTES = 4 * 1024 * 1024;
/** Clocks of two writers may differ by as much: a letter this much older than the replay did not come of it. */
const CLOCKS_DIFFER_US = 600_000_000;

export interface ReplayDeps {
  readonly eventLog: EventLog;
  /** Whose commits mean "readable". */
  readonly group: string;
  /** How long to wait until what was appended is readable. */
  readonly waitMs: number;
  /** Told how many events are in the log once more. */
  readonly onAppended?: ((events: number) => void) | undefined;
}

export interface ReplayOptions {
  /** Say what would become of them, and do nothing. */
  readonly dryRun: boolean;
  /** Most events appended in a second; undefined: as many as the log takes. */
  readonly perSecond?: number | undefined;
}

/**
 * Appends the events of the letters to their topic again, unchanged, and settles the letters once the rows can be read: the
 * group has committed what was appended and it has not come back. Safe to run any number of times, also after a crash at any
 * point: an event that is in the log twice makes the row it makes once, and a letter stays open until its event is stored.
 *
 * - What this version would refuse is not appended at all.
 * - What comes back (the store refused it) stays one open letter, the older one; its copy is settled.
 * - A letter may stand for an event of which a part was stored, as one readable span of two: storing that again is harmless.
 * @throws AppError `log_unavailable`: some may have been appended and none of them is settled.
 */
export async function replayLetters(
  deps: ReplayDeps,
  selection: LetterSelection,
  { dryRun, perSecond }: ReplayOptions,
): Promise<LetterOutcome[]> {
  const { eventLog } = deps;
  const sinceUs = nowUs() - CLOCKS_DIFFER_US;
  const { letters, notReached, recent } = await collectLetters(eventLog, selection, sinceUs);
  const refused: LetterOutcome[] = [];
  const good: DeadLetter[] = [];
  const rest = createTurns();
  for (const letter of letters) {
    const reason = refusalOf(letter);
    if (reason === undefined) good.push(letter);
    else refused.push({ id: letter.id, state: dryRun ? 'would_fail' : 'failed', reason });
    const pause = rest();
    if (pause !== undefined) await pause;
  }
  const replayed: LetterOutcome[] = dryRun
    ? good.map(({ id }) => ({ id, state: 'would_pass' }))
    : await appendAndSettle(deps, selection.topic, good, perSecond, (letter) => {
        return letter.rejectedAtUs >= sinceUs && !recent.has(letter.id);
      });
  const taken = letters.map(({ id }) => id);
  return [...replayed, ...refused, ...othersOf(selection, taken, notReached)];
}

async function appendAndSettle(
  { eventLog, group, waitMs, onAppended }: ReplayDeps,
  topic: Topic,
  letters: readonly DeadLetter[],
  perSecond: number | undefined,
  isNew: (letter: DeadLetter) => boolean,
): Promise<LetterOutcome[]> {
  if (letters.length === 0) return [];
  const byEvent = new Map<string, DeadLetter[]>();
  for (const letter of letters) add(byEvent, letter);
  const events = [...byEvent.values()].map(([letter]) => letter!.event);
  for (const chunk of chunksOf(events, perSecond)) {
    await eventLog.append(topic, chunk);
    onAppended?.(chunk.length);
    if (perSecond !== undefined) await wait((chunk.length / perSecond) * 1000);
  }
  const end = await eventLog.endOffsets(topic);
  if (!(await eventLog.waitCommitted(topic, group, end, waitMs))) {
    const reason = `not readable after ${waitMs / 1000} s: the writer is behind or holds back. Replay it again later`;
    return letters.map(({ id }) => ({ id, state: 'pending', reason }));
  }
  const back = await comeBack(eventLog, topic, byEvent, isNew);
  const outcomes: LetterOutcome[] = [];
  const settled: string[] = [];
  for (const [identity, same] of byEvent) {
    const copies = back.get(identity) ?? [];
    const ids = same.map(({ id }) => id);
    settled.push(...(copies.length === 0 ? ids : [...ids.slice(1), ...copies.map(({ id }) => id)]));
    const reason = copies.at(-1)?.reason;
    for (const id of ids)
      outcomes.push(reason === undefined ? { id, state: 'stored' } : { id, state: 'failed', reason });
  }
  await eventLog.settleDeadLetters(topic, settled);
  return outcomes;
}

/** New letters of these events. */
async function comeBack(
  eventLog: EventLog,
  topic: Topic,
  byEvent: ReadonlyMap<string, unknown>,
  isNew: (letter: DeadLetter) => boolean,
): Promise<Map<string, DeadLetter[]>> {
  const back = new Map<string, DeadLetter[]>();
  for await (const letter of eventLog.deadLetters(topic)) {
    if (!isNew(letter)) continue;
    if (byEvent.has(identityOf(letter.event))) add(back, letter);
  }
  return back;
}

function add(letters: Map<string, DeadLetter[]>, letter: DeadLetter): void {
  const identity = identityOf(letter.event);
  const same = letters.get(identity);
  if (same === undefined) letters.set(identity, [letter]);
  else same.push(letter);
}

/** Same for the same event, whichever letter it is in. */
function identityOf({ payload, ...head }: TraceEvent): string {
  const { kind, projectId, id, userId, receivedAtUs, note } = head;
  const hash = createHash('sha256').update(JSON.stringify([kind, projectId, id, userId, receivedAtUs, note]));
  return hash.update(payload).digest('base64');
}

function* chunksOf(events: readonly TraceEvent[], perSecond = Infinity): Generator<TraceEvent[]> {
  const most = Math.max(1, Math.min(CHUNK_EVENTS, Math.floor(perSecond / 4)));
  let chunk: TraceEvent[] = [];
  let bytes = 0;
  for (const event of events) {
    if (chunk.length > 0 && (chunk.length >= most || bytes + event.payload.length > CHUNK_BYTES)) {
      yield chunk;
      chunk = [];
      bytes = 0;
    }
    chunk.push(event);
    bytes += event.payload.length;
  }
  if (chunk.length > 0) yield chunk;
}
