import { asList, type Framework } from '../fields.ts';
import type { OtlpSpan, Value } from '../span.ts';

/**
 * MLflow tracing: every attribute is JSON-encoded, scalars included (but not `session.id` and `user.id`); the arguments of a
 * call to a model are attributes under their bare names. Requests and responses are the provider's own. Usage is counted for
 * chats only and without its reasoning part, before 3.5 without the cached one: the rest is in the response. Chunks of a stream are span events.
 * With `MLFLOW_ENABLE_OTEL_GENAI_SEMCONV` it sends the conventions instead.
 */
export const mlflow: Framework = {
  name: 'mlflow',
  fields: {
    inputs: [{ rank: 40, key: 'mlflow.spanInputs', encoded: true }],
    output: [{ rank: 50, key: 'mlflow.spanOutputs', encoded: true }],
    input_tokens: [
      { rank: 40, key: 'mlflow.chat.tokenUsage.input_tokens' },
      { rank: 41, key: 'mlflow.spanOutputs.usage.prompt_tokens' },
    ],
    output_tokens: [{ rank: 40, key: 'mlflow.chat.tokenUsage.output_tokens' }],
    total_tokens: [
      { rank: 70, key: 'mlflow.chat.tokenUsage.total_tokens' },
      { rank: 71, key: 'mlflow.spanOutputs.usage.total_tokens' },
    ],
    cache_read_input_tokens: [
      { rank: 100, key: 'mlflow.chat.tokenUsage.cache_read_input_tokens' },
      { rank: 101, key: 'mlflow.spanOutputs.usage.prompt_tokens_details.cached_tokens' },
      { rank: 102, key: 'mlflow.spanOutputs.usage.input_tokens_details.cached_tokens' },
    ],
    cache_creation_input_tokens: [{ rank: 100, key: 'mlflow.chat.tokenUsage.cache_creation_input_tokens' }],
    reasoning_tokens: [
      { rank: 100, key: 'mlflow.spanOutputs.usage.completion_tokens_details.reasoning_tokens' },
      { rank: 101, key: 'mlflow.spanOutputs.usage.output_tokens_details.reasoning_tokens' },
    ],
    reported_cost: [{ rank: 50, key: 'mlflow.llm.cost', map: decoded }],
    kind: [{ rank: 60, key: 'mlflow.spanType', map: decoded }],
    model: [{ rank: 80, key: 'mlflow.llm.model', map: decoded }],
    provider: [
      { rank: 40, key: 'mlflow.llm.provider', map: decoded },
      { rank: 70, key: 'mlflow.message.format', map: providerOf },
    ],
    response_id: [{ rank: 70, key: 'mlflow.spanOutputs.id', map: ofModel }],
    finish_reasons: [
      { rank: 100, key: 'mlflow.spanOutputs.choices.0.finish_reason', map: asList },
      { rank: 101, key: 'mlflow.spanOutputs.stop_reason', map: asList },
    ],
    agent_name: [{ rank: 90, key: 'mlflow.spanFunctionName', map: nameOf('AGENT') }],
    tool_name: [{ rank: 60, key: 'mlflow.spanFunctionName', map: nameOf('TOOL') }],
    tool_definitions: [{ rank: 50, key: 'mlflow.chat.tools' }],
    system_instructions: [{ rank: 30, key: 'instructions', exact: true, map: instructionsOf }],
  },
};

/** The formats that are those of one provider; others are frameworks'. */
const PROVIDERS: ReadonlySet<Value> = new Set([
  'openai',
  'anthropic',
  'gemini',
  'bedrock',
  'groq',
  'mistral',
]);

function providerOf(value: Value): Value | undefined {
  const format = decoded(value);
  return PROVIDERS.has(format) ? format : undefined;
}

/** The function's name, where the span is of that type. */
function nameOf(type: string): (value: Value, span: OtlpSpan) => Value | undefined {
  return (value, span) => (typeOf(span) === type ? decoded(value) : undefined);
}

/** Other spans' outputs may have an `id` too. */
function ofModel(value: Value, span: OtlpSpan): Value | undefined {
  return typeOf(span) === 'CHAT_MODEL' ? value : undefined;
}

function typeOf({ attributes }: OtlpSpan): Value {
  return decoded(attributes.get('mlflow.spanType') ?? null);
}

function instructionsOf(value: Value, { attributes }: OtlpSpan): Value | undefined {
  return attributes.get('mlflow.spanType') === undefined ? undefined : decoded(value);
}

/** The string in a JSON string; objects, lists and what is not JSON stay as they are. */
export function decoded(value: Value): Value {
  if (typeof value !== 'string' || !value.startsWith('"')) return value;
  try {
    return JSON.parse(value) as string;
  } catch {
    return value;
  }
}
