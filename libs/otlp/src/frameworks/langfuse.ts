import type { Framework } from '../fields.ts';
import { KeyValues, type OtlpSpan, type Value } from '../span.ts';

/** Langfuse SDK 5. Errors are a level, not a span status; usage is one JSON object whose parts exclude each other. */
export const langfuse: Framework = {
  name: 'langfuse',
  fields: {
    inputs: [
      { rank: 200, key: 'langfuse.observation.input', encoded: true },
      { rank: 210, key: 'langfuse.trace.input', encoded: true, map: ofRoot },
    ],
    output: [
      { rank: 200, key: 'langfuse.observation.output', encoded: true },
      { rank: 210, key: 'langfuse.trace.output', encoded: true, map: ofRoot },
    ],
    input_tokens: [{ rank: 30, key: 'langfuse.observation.usage_details', map: (v) => sumOf(v, 'input') }],
    output_tokens: [{ rank: 30, key: 'langfuse.observation.usage_details', map: (v) => sumOf(v, 'output') }],
    total_tokens: [{ rank: 60, key: 'langfuse.observation.usage_details.total' }],
    cache_read_input_tokens: [
      { rank: 90, key: 'langfuse.observation.usage_details.input_cached_tokens' },
      { rank: 91, key: 'langfuse.observation.usage_details.cache_read_input_tokens' },
    ],
    cache_creation_input_tokens: [
      { rank: 90, key: 'langfuse.observation.usage_details.cache_creation_input_tokens' },
    ],
    reasoning_tokens: [
      { rank: 90, key: 'langfuse.observation.usage_details.output_reasoning_tokens' },
      { rank: 91, key: 'langfuse.observation.usage_details.output_reasoning' },
    ],
    reported_cost: [
      { rank: 30, key: 'langfuse.observation.cost_details.total' },
      { rank: 31, key: 'langfuse.observation.cost_details' },
    ],
    kind: [{ rank: 50, key: 'langfuse.observation.type' }],
    model: [{ rank: 60, key: 'langfuse.observation.model.name' }],
    model_parameters: [{ rank: 30, key: 'langfuse.observation.model.parameters' }],
    user_id: [{ rank: 30, key: 'langfuse.user.id' }],
    tags: [{ rank: 20, key: 'langfuse.trace.tags' }],
    metadata: [
      { rank: 20, key: 'langfuse.observation.metadata' },
      { rank: 30, key: 'langfuse.trace.metadata' },
    ],
    thread_id: [{ rank: 50, key: 'langfuse.session.id' }],
    // Not sent by any Langfuse SDK; part of the W&B contract.
    start_time: [{ rank: 10, key: 'langfuse.startTime' }],
    end_time: [{ rank: 10, key: 'langfuse.endTime' }],
    level: [{ rank: 10, key: 'langfuse.observation.level' }],
    status_message: [{ rank: 10, key: 'langfuse.observation.status_message' }],
  },
};

function ofRoot(value: Value, span: OtlpSpan): Value | undefined {
  return span.parentId === null ? value : undefined;
}

/** `input` is sent without its cached part: 11 + input_cached_tokens 32 = the 43 the provider counted. */
function sumOf(value: Value, kind: 'input' | 'output'): number | undefined {
  let sum: number | undefined;
  for (const [name, count] of entriesOf(value)) {
    if (name !== kind && !name.startsWith(`${kind}_`)) continue;
    // Reasoning and accepted or rejected predictions are parts of what `output` leaves out, like the cached part.
    if (typeof count === 'number') sum = (sum ?? 0) + count;
  }
  return sum;
}

function entriesOf(value: Value): [string, unknown][] {
  if (value instanceof KeyValues) return value.keys.map((key, i) => [key, value.values[i]]);
  if (typeof value !== 'string' || !value.startsWith('{')) return [];
  try {
    return Object.entries(JSON.parse(value) as object);
  } catch {
    return [];
  }
}
