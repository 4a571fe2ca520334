import { parseInstant } from '@weft/model';
import { asList, type Framework } from '../fields.ts';
import { KeyValues, type OtlpSpan, type Value } from '../span.ts';
import { decoded } from './mlflow.ts';

/**
 * Langfuse SDK 4 and 5, through a plain exporter or its own span processor (OTLP/JSON): everything under `langfuse.*` beside
 * `user.id` and `session.id`. Values that are not text are JSON. Errors are a level, not a span status; usage is one JSON
 * object whose parts exclude each other. What belongs to the trace is on its root, with the span processor on every span.
 */
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
    // As given by hand, in OpenAI's words.
    prompt_tokens: [{ rank: 40, key: 'langfuse.observation.usage_details.prompt_tokens' }],
    completion_tokens: [{ rank: 40, key: 'langfuse.observation.usage_details.completion_tokens' }],
    total_tokens: [
      { rank: 60, key: 'langfuse.observation.usage_details.total' },
      { rank: 61, key: 'langfuse.observation.usage_details.total_tokens' },
    ],
    cache_read_input_tokens: [
      { rank: 90, key: 'langfuse.observation.usage_details.input_cached_tokens' },
      { rank: 91, key: 'langfuse.observation.usage_details.cache_read_input_tokens' },
      { rank: 92, key: 'langfuse.observation.usage_details.prompt_tokens_details.cached_tokens' },
      { rank: 93, key: 'langfuse.observation.usage_details.input_tokens_details.cached_tokens' },
    ],
    cache_creation_input_tokens: [
      { rank: 90, key: 'langfuse.observation.usage_details.cache_creation_input_tokens' },
    ],
    reasoning_tokens: [
      { rank: 90, key: 'langfuse.observation.usage_details.output_reasoning_tokens' },
      { rank: 91, key: 'langfuse.observation.usage_details.output_reasoning' },
      { rank: 92, key: 'langfuse.observation.usage_details.completion_tokens_details.reasoning_tokens' },
      { rank: 93, key: 'langfuse.observation.usage_details.output_tokens_details.reasoning_tokens' },
    ],
    reported_cost: [{ rank: 30, key: 'langfuse.observation.cost_details', map: costOf }],
    kind: [{ rank: 50, key: 'langfuse.observation.type' }],
    model: [{ rank: 60, key: 'langfuse.observation.model.name' }],
    model_parameters: [{ rank: 30, key: 'langfuse.observation.model.parameters' }],
    tool_name: [
      {
        rank: 50,
        key: 'langfuse.observation.type',
        map: (type, { name }) => (type === 'tool' ? name : undefined),
      },
    ],
    finish_reasons: [{ rank: 110, key: 'langfuse.observation.metadata.finish_reason', map: finishOf }],
    user_id: [{ rank: 30, key: 'langfuse.user.id' }],
    tags: [{ rank: 20, key: 'langfuse.trace.tags' }],
    metadata: [
      { rank: 20, key: 'langfuse.observation.metadata' },
      { rank: 30, key: 'langfuse.trace.metadata' },
    ],
    time_to_first_token: [{ rank: 40, key: 'langfuse.observation.completion_start_time', map: sinceStart }],
    thread_id: [{ rank: 50, key: 'langfuse.session.id' }],
    // Not sent by any Langfuse SDK; part of the W&B contract.
    start_time: [{ rank: 10, key: 'langfuse.startTime' }],
    end_time: [{ rank: 10, key: 'langfuse.endTime' }],
    level: [{ rank: 10, key: 'langfuse.observation.level' }],
    status_message: [{ rank: 10, key: 'langfuse.observation.status_message' }],
  },
};

/** Metadata are JSON each. */
function finishOf(value: Value): Value {
  return asList(decoded(value));
}

function ofRoot(value: Value, span: OtlpSpan): Value | undefined {
  return span.parentId === null ? value : undefined;
}

/**
 * `input` is sent without its cached part: 11 + input_cached_tokens 32 = the 43 the provider counted. Unless input and
 * output are the total already: then they were given by hand as the provider counts them.
 */
function sumOf(value: Value, kind: 'input' | 'output'): number | undefined {
  let sum: number | undefined;
  const entries = entriesOf(value);
  const {
    input,
    output,
    total,
    [kind]: whole,
  } = Object.fromEntries(
    entries.filter(([name]) => name === 'input' || name === 'output' || name === 'total'),
  );
  if (typeof whole === 'number' && Number(input ?? 0) + Number(output ?? 0) === total) return whole;
  for (const [name, count] of entries) {
    if (name !== kind && !name.startsWith(`${kind}_`)) continue;
    // Reasoning and accepted or rejected predictions are parts of what `output` leaves out, like the cached part.
    if (typeof count === 'number') sum = (sum ?? 0) + count;
  }
  return sum;
}

/** The total, or the parts summed up; a cost of zero says that the price was not known. */
function costOf(value: Value): number | undefined {
  const entries = entriesOf(value);
  const total = entries.find(([name]) => name === 'total')?.[1];
  if (typeof total === 'number') return total;
  const parts = entries.map(([, cost]) => cost).filter((cost) => typeof cost === 'number');
  return parts.length === 0 ? undefined : parts.reduce((sum, cost) => sum + cost, 0);
}

/** Seconds from the start of the span to the instant the value tells, which is ISO 8601 in JSON quotes. */
function sinceStart(value: Value, { start }: OtlpSpan): number | undefined {
  const us = typeof value === 'string' ? parseInstant(value.replaceAll('"', '')) : undefined;
  return us === undefined || start.us === 0 || us < start.us ? undefined : (us - start.us) / 1e6;
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
