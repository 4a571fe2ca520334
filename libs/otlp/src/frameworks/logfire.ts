import type { Framework } from '../fields.ts';
import { KeyValues, type OtlpSpan, type Value } from '../span.ts';
import { lookInside, objectEntries } from '../tree.ts';

/**
 * Logfire. Spans are named by a template (`work on {x}`), what it says is `logfire.msg`; a log line is a span without
 * length. Its instrumentations of OpenAI and Anthropic send request and response as JSON (`request_data`, `response_data`)
 * up to 4.x, then the messages of the conventions; a stream is a span without an answer and a log line with it. Of an
 * instrumented function the arguments are attributes under their own names, and the result is `return`.
 */
export const logfire: Framework = {
  name: 'logfire',
  fields: {
    inputs: [{ rank: 360, key: 'request_data', exact: true, map: ofLogfire }],
    output: [
      { rank: 360, key: 'response_data', exact: true, map: ofLogfire },
      { rank: 361, key: 'return', exact: true, map: ofLogfire },
    ],
    input_tokens: [
      { rank: 210, key: 'response_data.usage.prompt_tokens' },
      { rank: 211, key: 'response_data.usage.input_tokens' },
    ],
    output_tokens: [
      { rank: 210, key: 'response_data.usage.completion_tokens' },
      { rank: 211, key: 'response_data.usage.output_tokens' },
    ],
    cache_read_input_tokens: [
      { rank: 210, key: 'gen_ai.usage.raw.prompt_tokens_details.cached_tokens' },
      { rank: 211, key: 'gen_ai.usage.raw.input_tokens_details.cached_tokens' },
      { rank: 212, key: 'gen_ai.usage.raw.cache_read_input_tokens' },
      { rank: 213, key: 'response_data.usage.prompt_tokens_details.cached_tokens' },
      { rank: 214, key: 'response_data.usage.cache_read_input_tokens' },
    ],
    cache_creation_input_tokens: [
      { rank: 210, key: 'gen_ai.usage.raw.cache_creation_input_tokens' },
      { rank: 211, key: 'response_data.usage.cache_creation_input_tokens' },
    ],
    reasoning_tokens: [
      { rank: 210, key: 'gen_ai.usage.raw.completion_tokens_details.reasoning_tokens' },
      { rank: 211, key: 'gen_ai.usage.raw.output_tokens_details.reasoning_tokens' },
      { rank: 212, key: 'response_data.usage.completion_tokens_details.reasoning_tokens' },
    ],
    kind: [{ rank: 130, key: 'request_data.messages', map: () => 'llm' }],
    model: [{ rank: 120, key: 'request_data.model' }],
    system_instructions: [{ rank: 20, key: 'request_data.system' }],
    tool_definitions: [{ rank: 70, key: 'request_data.tools' }],
    tags: [{ rank: 50, key: 'logfire.tags' }],
    metadata: [{ rank: 90, key: 'logfire.json_schema', map: argumentsOf }],
    display_name: [{ rank: 30, key: 'logfire.msg', map: messageOfTemplate }],
    level: [
      { rank: 20, key: 'logfire.level_num', map: (value) => (Number(value) >= ERROR ? 'ERROR' : undefined) },
    ],
    status_message: [{ rank: 20, key: 'logfire.msg' }],
  },
};

/** OpenTelemetry's severity numbers: 17 to 20 are errors, 21 to 24 fatal. */
const ERROR = 17;

/** Longer ones are not made by hand. */
const MAX_SCHEMA = 16 * 1024;

/** Of the spans of its own functions, what the schema lists: the arguments, and the result, which is the output. */
function argumentsOf(schema: Value, { attributes }: OtlpSpan): Value | undefined {
  if (attributes.get('logfire.msg_template') === undefined) return undefined;
  if (typeof schema !== 'string' || schema.length > MAX_SCHEMA) return undefined;
  const names = objectEntries(lookInside(schema, 'properties') ?? null)?.map(([name]) => name) ?? [];
  if (names.some((name) => name === 'request_data' || name.includes('.'))) return undefined;
  const values = new Map(attributes.keys.map((key, i) => [key, attributes.values[i]!]));
  const found = new KeyValues();
  for (const name of names) {
    const value = values.get(name);
    if (name !== 'return' && value !== undefined) found.add(name, value);
  }
  return found.keys.length === 0 ? undefined : found;
}

/** Words that others use too. */
function ofLogfire(value: Value, { attributes }: OtlpSpan): Value | undefined {
  return attributes.get('logfire.msg') === undefined ? undefined : value;
}

function messageOfTemplate(value: Value, { name }: OtlpSpan): Value | undefined {
  return name.includes('{') ? value : undefined;
}
