import type { ContentOfLogs } from '@weft/model';
import { writeSelected } from '../call-attributes.ts';
import { contentOfGenAiEvents, stageOf, type GenAiEvent } from '../frameworks/gen-ai-events.ts';
import { JsonWriter } from '../json-writer.ts';
import type { Leaf } from '../tree.ts';
import { readLogDump, type StoredLog } from './log-dump.ts';
import { eventNameOf } from './log-record.ts';

interface Placed {
  readonly event: GenAiEvent;
  readonly log: StoredLog;
  readonly hash: bigint;
}

/**
 * Messages in the order of their records' time; of one time in the order they were sent in, and sent apart in that of a
 * conversation. System instructions of a record with everything stand beside the messages.
 */
export const contentOfLogs: ContentOfLogs = (logs) => {
  const byIdentity = new Map<string, Placed>();
  for (const { hash, bytes } of logs) {
    const log = readLogDump(bytes);
    const known = byIdentity.get(log.identity);
    // Copies differ in what was sent with them: the one that had most before it knows most.
    if (known !== undefined && !isBefore(known.log.tie, log.tie, known.hash, hash)) continue;
    byIdentity.set(log.identity, { event: eventOf(log), log, hash });
  }
  const placed = [...byIdentity.values()].sort(inOrder);
  const { inputs, output, instructions } = contentOfGenAiEvents(placed.map(({ event }) => event));
  const asked: [string, Leaf][] = [];
  if (inputs !== undefined) asked.push([inputs.key, inputs.value]);
  if (instructions !== undefined) asked.push(['gen_ai.system_instructions', instructions]);
  return { inputs: object(asked), output: object(output === undefined ? [] : [[output.key, output.value]]) };
};

/** A body that repeats the name says nothing more. */
function eventOf(log: StoredLog): GenAiEvent {
  const name = eventNameOf(log);
  return { name, attributes: log.attributes, body: log.body === name ? null : log.body };
}

function isBefore(tie: number, otherTie: number, hash: bigint, otherHash: bigint): boolean {
  return tie !== otherTie ? tie < otherTie : hash < otherHash;
}

function inOrder(a: Placed, b: Placed): number {
  return (
    compare(a.log.time, b.log.time) ||
    compare(a.log.tie, b.log.tie) ||
    compare(stageOf(a.event.name), stageOf(b.event.name)) ||
    compare(a.hash, b.hash)
  );
}

function compare<T extends bigint | number>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

const out = new JsonWriter();

function object(members: readonly (readonly [string, Leaf])[]): Uint8Array | null {
  if (members.length === 0) return null;
  out.reset();
  out.raw('{');
  for (const [key, value] of members) {
    out.member(key);
    writeSelected(out, { key, value, encoded: false, index: -1, rank: 0 });
  }
  out.raw('}');
  return out.copy();
}
