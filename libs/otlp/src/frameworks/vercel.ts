import { asJsonList, asList, type Framework } from '../fields.ts';
import type { OtlpSpan, Value } from '../span.ts';

// Version 4 has cached and reasoning tokens nowhere else.
const PROVIDER = 'ai.response.providerMetadata';
// Version 7 sends them beside the messages of the conventions; with content switched off they are all there is.
const NO_ANSWER =
  /^ai\.response\.(?:providerMetadata|id|model|timestamp|finishReason|usage|ms\w+|avg\w+)(?:\.|$)/;
// What version 7 has instead of metadata, if it is told to send it.
const CONTEXT = 'ai.settings.context';

/**
 * Vercel AI SDK 4 to 6 and the legacy integration of 7 (`ai.*`): a root per function call (`ai.generateText`) whose prompt is
 * one JSON object, below it a span per request to the model (`ai.generateText.doGenerate`) with messages, tools and `gen_ai.*`
 * beside, and a span per tool call. Usage is promptTokens in 4, inputTokens in 6, either in 5. The parts of a list are
 * JSON each, so are tool arguments and results. `ai.telemetry.*` is the caller's own. Version 7 sends the conventions.
 */
export const vercel: Framework = {
  name: 'vercel',
  fields: {
    inputs: [
      { rank: 10, key: 'ai.prompt', aside: /\.(?:toolChoice|tools|format)$/ },
      { rank: 230, key: 'ai.toolCall.args', encoded: true },
      { rank: 240, key: 'ai.value', encoded: true },
      { rank: 241, key: 'ai.values', map: asJsonList },
      { rank: 242, key: 'ai.documents', map: asJsonList },
      { rank: 243, key: 'ai.request.text' },
      { rank: 244, key: 'ai.decision', except: ['ai.decision.answers'] },
      { rank: 900, key: 'ai.prompt' },
    ],
    output: [
      { rank: 10, key: 'ai.response', aside: NO_ANSWER },
      { rank: 240, key: 'ai.toolCall.result', encoded: true },
      { rank: 250, key: 'ai.embedding' },
      { rank: 251, key: 'ai.embeddings', map: asJsonList },
      { rank: 252, key: 'ai.ranking', map: asJsonList },
      { rank: 253, key: 'ai.decision.answers' },
      { rank: 900, key: 'ai.response' },
    ],
    input_tokens: [{ rank: 20, key: 'ai.usage.inputTokens' }],
    prompt_tokens: [{ rank: 30, key: 'ai.usage.promptTokens' }],
    output_tokens: [{ rank: 20, key: 'ai.usage.outputTokens' }],
    completion_tokens: [{ rank: 30, key: 'ai.usage.completionTokens' }],
    total_tokens: [
      { rank: 40, key: 'ai.usage.totalTokens' },
      { rank: 50, key: 'ai.usage.tokens' },
    ],
    cache_read_input_tokens: [
      { rank: 50, key: 'ai.usage.cachedInputTokens' },
      { rank: 60, key: 'ai.usage.inputTokenDetails.cacheReadTokens' },
      { rank: 120, key: `${PROVIDER}.openai.cachedPromptTokens`, map: ofRequest },
      { rank: 121, key: `${PROVIDER}.anthropic.cacheReadInputTokens`, map: ofRequest },
    ],
    cache_creation_input_tokens: [
      { rank: 50, key: 'ai.usage.inputTokenDetails.cacheWriteTokens' },
      { rank: 120, key: `${PROVIDER}.anthropic.cacheCreationInputTokens`, map: ofRequest },
    ],
    reasoning_tokens: [
      { rank: 40, key: 'ai.usage.reasoningTokens' },
      { rank: 41, key: 'ai.usage.outputTokenDetails.reasoningTokens' },
      { rank: 120, key: `${PROVIDER}.openai.reasoningTokens`, map: ofRequest },
    ],
    kind: [{ rank: 70, key: 'ai.operationId', map: kindOfOperation }],
    model: [
      { rank: 30, key: 'ai.model.id' },
      { rank: 50, key: 'ai.response.model' },
    ],
    provider: [{ rank: 20, key: 'ai.model.provider' }],
    model_parameters: [{ rank: 40, key: 'ai.settings', except: [CONTEXT] }],
    finish_reasons: [{ rank: 40, key: 'ai.response.finishReason', map: asList }],
    tool_name: [{ rank: 30, key: 'ai.toolCall.name' }],
    tool_call_id: [{ rank: 20, key: 'ai.toolCall.id' }],
    tool_definitions: [{ rank: 30, key: 'ai.prompt.tools', map: asJsonList }],
    user_id: [
      { rank: 40, key: 'ai.telemetry.metadata.userId' },
      { rank: 41, key: `${CONTEXT}.userId` },
    ],
    tags: [{ rank: 30, key: 'ai.telemetry.metadata.tags' }],
    metadata: [
      { rank: 40, key: 'ai.telemetry.metadata' },
      { rank: 41, key: CONTEXT },
    ],
    time_to_first_token: [{ rank: 20, key: 'ai.response.msToFirstChunk', map: toSeconds }],
    thread_id: [
      { rank: 80, key: 'ai.telemetry.metadata.sessionId' },
      { rank: 81, key: `${CONTEXT}.sessionId` },
    ],
  },
};

function kindOfOperation(value: Value): string | undefined {
  if (typeof value !== 'string') return undefined;
  if (value === 'ai.toolCall') return 'tool';
  if (REQUEST.test(value)) return 'llm';
  // What version 7 calls them.
  if (/^ai\.(?:generate|stream)(?:Text|Object)$/.test(value)) return 'agent';
  if (value === 'ai.workflowAgent.stream') return 'agent';
  if (/^ai\.rerank/.test(value)) return 'reranker';
  return /^ai\.embed(?:Many)?(?:\.doEmbed)?$/.test(value) ? 'embedding' : undefined;
}

const REQUEST = /\.do(?:Generate|Stream)$/;

/** The root repeats the metadata of its last request beside the usage of all. */
function ofRequest(value: Value, span: OtlpSpan): Value | undefined {
  const operation = span.attributes.get('ai.operationId');
  return typeof operation === 'string' && REQUEST.test(operation) ? value : undefined;
}

function toSeconds(value: Value): number | undefined {
  return typeof value === 'number' ? value / 1000 : undefined;
}
