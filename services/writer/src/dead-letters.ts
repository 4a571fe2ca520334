import type { DeadLetter, EventLog, Topic } from '@weft/event-log';

/** Most payload bytes of the letters that one request holds in memory; a single larger one still comes, alone. */
const MAX_BYTES = 32 * 1024 * 1024;
/** Most ids that are told of those that were not reached: what one request may name. */
const MAX_NOT_REACHED = 1_000;

/** Which letters are meant. What is not given takes all. */
export interface LetterFilter {
  readonly project?: string | undefined;
  readonly kind?: string | undefined;
  readonly group?: string | undefined;
  /** Part of the reason, in any letter case. */
  readonly reason?: string | undefined;
  /** Rejected at this instant or later. */
  readonly sinceUs?: number | undefined;
}

export interface LetterSelection {
  readonly topic: Topic;
  /** These only. */
  readonly ids?: readonly string[] | undefined;
  readonly filter: LetterFilter;
  /** Projects whose letters the caller may see and settle; `''` stands for letters that belong to none. */
  readonly mayTake: (projectId: string) => boolean;
  /** Most letters. */
  readonly limit: number;
}

/**
 * What has become of a letter. `pending`: appended again, but not known to be readable yet; it stays open. `failed`: stays
 * open. `not_open`: settled already, or never there. `not_reached`: over the limits of one request, nothing has happened.
 */
export type LetterState =
  | 'stored'
  | 'pending'
  | 'failed'
  | 'would_pass'
  | 'would_fail'
  | 'dropped'
  | 'would_drop'
  | 'not_open'
  | 'not_reached';

export interface LetterOutcome {
  readonly id: string;
  readonly state: LetterState;
  /** For what did not or would not go well. */
  readonly reason?: string;
}

/** True when the selection means this letter. */
function takes(selection: LetterSelection): (letter: DeadLetter) => boolean {
  const { filter, mayTake } = selection;
  const ids = selection.ids === undefined ? undefined : new Set(selection.ids);
  const reason = filter.reason?.toLowerCase();
  return (letter) => {
    const { event } = letter;
    return (
      (ids === undefined || ids.has(letter.id)) &&
      (filter.project === undefined || event.projectId === filter.project) &&
      (filter.kind === undefined || event.kind === filter.kind) &&
      (filter.group === undefined || letter.group === filter.group) &&
      (filter.sinceUs === undefined || letter.rejectedAtUs >= filter.sinceUs) &&
      (reason === undefined || letter.reason.toLowerCase().includes(reason)) &&
      mayTake(event.projectId)
    );
  };
}

/** The letters meant, oldest first, as they are read; `limit` of them at most. */
export async function* selectLetters(
  eventLog: EventLog,
  selection: LetterSelection,
): AsyncGenerator<DeadLetter> {
  const isMeant = takes(selection);
  let left = selection.limit;
  for await (const letter of eventLog.deadLetters(selection.topic)) {
    if (!isMeant(letter)) continue;
    yield letter;
    if (--left <= 0) return;
  }
}

export interface Collected {
  /** Oldest first. */
  readonly letters: readonly DeadLetter[];
  /** Letters that are meant too, beyond what one request does. */
  readonly notReached: readonly string[];
  /** Every open letter, meant or not, that was rejected at `recentUs` or later. */
  readonly recent: ReadonlySet<string>;
}

/** The letters meant, in memory: as many as the limit and the bytes allow. */
export async function collectLetters(
  eventLog: EventLog,
  selection: LetterSelection,
  recentUs = Infinity,
): Promise<Collected> {
  const isMeant = takes(selection);
  const letters: DeadLetter[] = [];
  const notReached: string[] = [];
  const recent = new Set<string>();
  let bytes = 0;
  for await (const letter of eventLog.deadLetters(selection.topic)) {
    if (letter.rejectedAtUs >= recentUs) recent.add(letter.id);
    if (!isMeant(letter)) continue;
    const size = letter.event.payload.length;
    const fits = letters.length === 0 || (letters.length < selection.limit && bytes + size <= MAX_BYTES);
    if (fits && notReached.length === 0) {
      letters.push(letter);
      bytes += size;
    } else if (notReached.length < MAX_NOT_REACHED) notReached.push(letter.id);
  }
  return { letters, notReached, recent };
}

/** Takes the letters meant off the list without their events being stored. */
export async function dropLetters(
  eventLog: EventLog,
  selection: LetterSelection,
  dryRun: boolean,
): Promise<LetterOutcome[]> {
  const { letters, notReached } = await collectLetters(eventLog, selection);
  const ids = letters.map(({ id }) => id);
  if (!dryRun && ids.length > 0) await eventLog.settleDeadLetters(selection.topic, ids);
  const outcomes = ids.map((id): LetterOutcome => ({ id, state: dryRun ? 'would_drop' : 'dropped' }));
  return [...outcomes, ...othersOf(selection, ids, notReached)];
}

/** Outcomes of what was asked for and not taken. */
export function othersOf(
  selection: LetterSelection,
  taken: readonly string[],
  notReached: readonly string[],
): LetterOutcome[] {
  const known = new Set([...taken, ...notReached]);
  const missing = (selection.ids ?? []).filter((id) => !known.has(id));
  return [
    ...notReached.map((id): LetterOutcome => ({ id, state: 'not_reached' })),
    ...missing.map((id): LetterOutcome => ({ id, state: 'not_open' })),
  ];
}
