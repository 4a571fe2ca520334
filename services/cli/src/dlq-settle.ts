import type { CommandPort } from './port.ts';
import type { Server } from './server.ts';
import { cut, printable } from './table.ts';

export type Verb = 'replay' | 'drop';

export const ROUTE = '/weft/v1/dead-letters';

/** Letters of one request: what the server takes, as each request reads the whole list. */
const CHUNK = 1_000;
/** With a rate: seconds that one request appends. */
const CHUNK_SECONDS = 10;
const REASONS_SHOWN = 10;
const REASON_CHARS = 200;

interface Outcome {
  readonly id: string;
  readonly state: string;
  readonly reason?: string;
}

interface Flags {
  readonly topic: string;
  readonly dryRun?: boolean;
  readonly rate?: number;
  readonly json?: boolean;
}

const SAID = new Map([
  ['stored', 'stored and off the list'],
  ['pending', 'appended and not readable yet: still on the list'],
  ['failed', 'refused again: still on the list'],
  ['would_pass', 'would be stored'],
  ['would_fail', 'would be refused again'],
  ['dropped', 'dropped'],
  ['would_drop', 'would be dropped'],
  ['not_open', 'not on the list (any more)'],
]);

/** Sends the ids in chunks, tells how far it is, and what came of it at the end. Exit code 1 when letters stay that were to go. */
export async function settleLetters(
  server: Server,
  verb: Verb,
  ids: readonly string[],
  flags: Flags,
  port: CommandPort,
): Promise<void> {
  const { topic, dryRun = false, rate } = flags;
  const size = Math.max(1, Math.min(CHUNK, (rate ?? Infinity) * CHUNK_SECONDS));
  const outcomes: Outcome[] = [];
  let left = [...new Set(ids)];
  const total = left.length;
  while (left.length > 0) {
    const body = {
      topic,
      ids: left.slice(0, size),
      dry_run: dryRun,
      ...(rate === undefined ? {} : { rate }),
    };
    const answer = (await server.post(`${ROUTE}/${verb}`, body)) as { letters: Outcome[] };
    const reached = answer.letters.filter(({ state }) => state !== 'not_reached');
    const done = new Set(reached.map(({ id }) => id));
    outcomes.push(...reached);
    left = left.filter((id) => !done.has(id));
    if (total > size && left.length > 0) port.note(`${verb}: ${total - left.length} of ${total}\n`);
    // The writer is behind or holds back: more events would only wait with the others.
    if (reached.length === 0 || reached.some(({ state }) => state === 'pending')) break;
  }
  const untouched = left.length;
  if (flags.json === true) port.out(`${JSON.stringify({ dry_run: dryRun, untouched, letters: outcomes })}\n`);
  else summarise(outcomes, untouched, port);
  if (untouched > 0 || outcomes.some(({ state }) => state === 'failed' || state === 'pending'))
    port.exitWith(1);
}

function summarise(outcomes: readonly Outcome[], untouched: number, port: CommandPort): void {
  for (const [state, said] of SAID) {
    const count = outcomes.filter((outcome) => outcome.state === state).length;
    if (count > 0) port.out(`${String(count).padStart(7)}  ${said}\n`);
  }
  if (untouched > 0) port.out(`${String(untouched).padStart(7)}  not tried: run it again later\n`);
  const reasons = new Map<string, { count: number; id: string }>();
  for (const { id, reason } of outcomes) {
    if (reason === undefined) continue;
    const known = reasons.get(reason);
    if (known === undefined) reasons.set(reason, { count: 1, id });
    else known.count++;
  }
  if (reasons.size === 0) return;
  port.out('why:\n');
  const often = [...reasons].sort(([, a], [, b]) => b.count - a.count);
  for (const [reason, { count, id }] of often.slice(0, REASONS_SHOWN))
    port.out(`${String(count).padStart(7)}  ${printable(cut(reason, REASON_CHARS))} (${printable(id)})\n`);
  if (often.length > REASONS_SHOWN)
    port.out(`         and ${often.length - REASONS_SHOWN} other reasons: --json has all\n`);
}
