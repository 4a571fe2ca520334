import { weaveOf, type Call } from '../../api/calls.ts';
import { isFields, member } from '../../ui/json-tree/json-value.ts';

/** What a call says that it used of one model. */
export interface CallUsage {
  readonly model: string;
  readonly requests: number;
  readonly input: number;
  readonly output: number;
  readonly total: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
  /** `summary.weave.costs` of the model: totals and the price they were made with. */
  readonly cost: Readonly<Record<string, unknown>> | undefined;
}

/** By model, as its summary has it: SDKs write into it what children used, too. */
export function usageOf(call: Call): CallUsage[] {
  const usage = member(call.summary, 'usage');
  if (!isFields(usage)) return [];
  const costs = weaveOf(call).costs;
  return Object.entries(usage).flatMap(([model, of]) => {
    if (!isFields(of)) return [];
    const number = (...names: readonly string[]) => {
      for (const name of names) {
        const found = member(of, name);
        if (typeof found === 'number') return found;
      }
      return 0;
    };
    const input = number('prompt_tokens', 'input_tokens');
    const output = number('completion_tokens', 'output_tokens');
    const details = member(of, 'prompt_tokens_details') ?? member(of, 'input_tokens_details');
    const cached = member(details, 'cached_tokens');
    const cost = member(costs, model);
    return {
      model,
      input,
      output,
      requests: number('requests'),
      total: number('total_tokens') || input + output,
      cacheRead: number('cache_read_input_tokens') || (typeof cached === 'number' ? cached : 0),
      cacheWrite: number('cache_creation_input_tokens'),
      cost: isFields(cost) ? cost : undefined,
    };
  });
}
