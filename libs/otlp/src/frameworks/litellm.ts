import type { Framework } from '../fields.ts';
import type { Value } from '../span.ts';

/**
 * LiteLLM: the conventions in both generations, who asked and what was spent in `metadata.*`, written as Python prints it.
 * Below each request a span `raw_gen_ai_request` has what went over the wire, also as Python prints it (`llm.<provider>.*`).
 */
export const litellm: Framework = {
  name: 'litellm',
  fields: {
    cache_read_input_tokens: [
      { rank: 230, key: 'metadata.usage_object', map: (v) => countOf(v, 'cached_tokens') },
    ],
    reasoning_tokens: [
      { rank: 230, key: 'metadata.usage_object', map: (v) => countOf(v, 'reasoning_tokens') },
    ],
    reported_cost: [{ rank: 60, key: 'gen_ai.cost.total_cost' }],
    user_id: [
      { rank: 90, key: 'metadata.user_api_key_end_user_id' },
      { rank: 91, key: 'metadata.user_api_key_user_id' },
    ],
  },
};

/** The count in a text like `{'cached_tokens': 32, 'audio_tokens': None}`. */
function countOf(value: Value, name: string): number | undefined {
  if (typeof value !== 'string' || value.length > 4096) return undefined;
  const digits = new RegExp(`'${name}': (\\d{1,15})`).exec(value)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
