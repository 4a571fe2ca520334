import type { Call } from '../../api/calls.ts';
import { member } from '../../ui/json-tree/json-value.ts';

/** What was said in a turn, as far as names of inputs and outputs tell. */

const ASKED = [
  'message',
  'user_message',
  'prompt',
  'question',
  'query',
  'user_input',
  'input',
  'text',
  'content',
];
const ANSWERED = ['content', 'text', 'answer', 'response', 'output', 'message', 'reply', 'result'];

/** Undefined: it is no text. */
export function askedIn(inputs: unknown): string | undefined {
  if (typeof inputs !== 'object' || inputs === null) return undefined;
  const entries = Object.entries(inputs);
  const named = new Map(entries);
  for (const name of ASKED) if (typeof named.get(name) === 'string') return named.get(name) as string;
  const messages: unknown = named.get('messages');
  if (Array.isArray(messages)) {
    const last = (messages as unknown[]).findLast((each) => member(each, 'role') === 'user');
    if (typeof member(last, 'content') === 'string') return member(last, 'content') as string;
  }
  const texts = entries.filter(([name, value]) => typeof value === 'string' && name !== 'self' && name !== 'this');
  return texts.length === 1 ? (texts[0]![1] as string) : undefined;
} // prettier-ignore

/** Undefined: it is no text. */
export function answeredIn(output: unknown): string | undefined {
  if (typeof output === 'string') return output;
  for (const name of ANSWERED) {
    const value = member(output, name);
    if (typeof value === 'string') return value;
  }
  return undefined;
}

/** Has nothing to show: what the model said is in calls below it. */
export function isNothing(value: unknown): boolean {
  if (value === null || value === undefined || value === '') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

/** Without turns that ran within others, such as those of subagents. @returns the first one first. */
export function topTurns(calls: readonly Call[]): Call[] {
  const isWithin = (inner: Call, outer: Call) =>
    inner !== outer &&
    inner.trace_id === outer.trace_id &&
    outer.started_at <= inner.started_at &&
    (outer.ended_at === null || (inner.ended_at !== null && inner.ended_at <= outer.ended_at));
  return calls
    .filter((call) => call.parent_id === null || !calls.some((each) => isWithin(call, each)))
    .sort((a, b) => (a.started_at < b.started_at ? -1 : a.started_at > b.started_at ? 1 : a.id < b.id ? -1 : 1));
} // prettier-ignore

/** A call below another, and how deep. */
export interface Step {
  readonly call: Call;
  readonly depth: number;
}

/** What a call called, in order, each followed by what it called. @param calls of the trace. */
export function stepsOf(calls: readonly Call[], id: string): Step[] {
  const byParent = new Map<string | null, Call[]>();
  for (const call of calls) {
    const among = byParent.get(call.parent_id);
    if (among === undefined) byParent.set(call.parent_id, [call]);
    else among.push(call);
  }
  const steps: Step[] = [];
  const seen = new Set([id]);
  const add = (parent: string, depth: number) => {
    for (const call of byParent.get(parent) ?? []) {
      if (seen.has(call.id)) continue;
      seen.add(call.id);
      steps.push({ call, depth });
      if (depth < 100) add(call.id, depth + 1);
    }
  };
  add(id, 0);
  return steps;
}
