import type { Verdict } from '../scorer.ts';

type Countable = Pick<Verdict, 'tags' | 'ratings'>;

const MAX_NAMES = 20;
/** W&B's remote scorers have the same limit. */
const MAX_TAG = 36;
const TAG_NAMES = new Set(['tag', 'label', 'choice', 'category', 'class', 'classification', 'verdict']);

/**
 * What of a judge's free answer can be counted: its members that are numbers from 0 to 1 or booleans are ratings, short texts that
 * call themselves labels are tags; `reason` and `confidence` beside them go with each.
 */
export function countableOf(output: unknown): Countable {
  if (typeof output !== 'object' || output === null || Array.isArray(output)) return ofScalar(output);
  const members = output as Readonly<Record<string, unknown>>;
  const more = reasonOf(members);
  const tags = [];
  const ratings = [];
  for (const [name, value] of Object.entries(members).slice(0, MAX_NAMES)) {
    if (name === 'confidence') continue;
    if (isUnit(value)) ratings.push({ name: name.slice(0, 128), value: Number(value), ...more });
    else if (TAG_NAMES.has(name) && typeof value === 'string' && value !== '' && value.length <= MAX_TAG)
      tags.push({ tag: value, ...more });
  }
  return { ...(tags.length > 0 && { tags }), ...(ratings.length > 0 && { ratings }) };
}

function ofScalar(output: unknown): Countable {
  return isUnit(output) ? { ratings: [{ name: 'score', value: Number(output) }] } : {};
}

function isUnit(value: unknown): value is number | boolean {
  return typeof value === 'boolean' || (typeof value === 'number' && value >= 0 && value <= 1);
}

function reasonOf(members: Readonly<Record<string, unknown>>): { reason?: string; confidence?: number } {
  const { confidence } = members;
  const reason = members.reason ?? members.reasoning ?? members.explanation;
  return {
    ...(typeof reason === 'string' && { reason: reason.slice(0, 4000) }),
    ...(typeof confidence === 'number' && isUnit(confidence) && { confidence }),
  };
}
