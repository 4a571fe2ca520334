import { weaveOf, type Call } from '../../api/calls.ts';

const PARTS = [
  'prompt_tokens_total_cost',
  'completion_tokens_total_cost',
  'cache_read_input_tokens_total_cost',
  'cache_creation_input_tokens_total_cost',
] as const;

/** US dollars of all parts; undefined where no price is known. */
export function totalCost(cost: Readonly<Record<string, unknown>>): number | undefined {
  const known = PARTS.filter((part) => typeof cost[part] === 'number');
  // What is cached has no price of its own.
  const isPriced = known.includes(PARTS[0]) || known.includes(PARTS[1]);
  return !isPriced ? undefined : known.reduce((sum, part) => sum + (cost[part] as number), 0);
}

/** US dollars over all models; undefined where no price is known. */
export function costOf(call: Call): number | undefined {
  const known = Object.values(weaveOf(call).costs ?? {}).flatMap((cost) => totalCost(cost) ?? []);
  return known.length === 0 ? undefined : known.reduce((sum, each) => sum + each, 0);
}
