import type { LedgerEntry } from '../../api/monitors.ts';
import { isFields, type Fields } from '../../ui/json-tree/json-value.ts';
import { readRef } from '../../ui/ref-link.tsx';

export function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((each): each is string => typeof each === 'string') : [];
}

/** What the scorers of a monitor are called; they stand in it, or it refers to them. */
export function scorerNames(val: Fields): string[] {
  const scorers = Array.isArray(val['scorers']) ? (val['scorers'] as unknown[]) : [];
  return scorers.map((scorer) => {
    if (typeof scorer === 'string') return readRef(scorer)?.name ?? scorer;
    if (!isFields(scorer)) return '?';
    const name = scorer['name'] ?? scorer['_class_name'];
    return typeof name === 'string' ? name : '?';
  });
}

/** An op's name by what a monitor says: a ref of any version is the name. */
export function opNameOf(text: string): string {
  const ref = readRef(text);
  return ref?.kind === 'op' && ref.version === '*' ? ref.name : text;
}

/** As the SDKs write it: any version, and spans of that name. Refs and names that mean something stay. */
export function opRefOf(projectId: string, name: string): string {
  if (name.startsWith('weave:///') || name === '*' || name === 'weave.genai.turn_ended') return name;
  return `weave:///${projectId}/op/${encodeURIComponent(name)}:*`;
}

const REASONS: Readonly<Record<string, string>> = {
  sample: 'not in the sample',
  filter: 'the filter does not hold',
  disabled: 'the monitor was paused before its turn came',
  budget: 'it would have been too much for the day',
  quota: 'the provider says that credit is used up',
  gathered: 'a later call of the thread or trace was scored for it',
  nothing_to_gather_by: 'it has no thread',
  duplicate: 'the score was there',
  gone: 'the call was deleted',
  queue_full: 'too many scores of the monitor were waiting',
};

/** Why calls were skipped, the most frequent reason first. */
export function skippedOf({ skipped }: LedgerEntry): (readonly [reason: string, count: number])[] {
  return Object.entries(skipped)
    .sort((a, b) => b[1] - a[1])
    .map(([reason, count]) => [Object.hasOwn(REASONS, reason) ? REASONS[reason]! : reason, count]);
}
