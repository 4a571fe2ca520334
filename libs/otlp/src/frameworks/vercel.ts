import { asList, type Framework } from '../fields.ts';
import type { Value } from '../span.ts';

/** Vercel AI SDK 4 to 6 and the legacy integration of 7 (`ai.*`). */
export const vercel: Framework = {
  name: 'vercel',
  fields: {
    inputs: [
      { rank: 10, key: 'ai.prompt' },
      { rank: 230, key: 'ai.toolCall.args', encoded: true },
      { rank: 240, key: 'ai.value', encoded: true },
      { rank: 241, key: 'ai.values' },
    ],
    output: [
      { rank: 10, key: 'ai.response' },
      { rank: 240, key: 'ai.toolCall.result', encoded: true },
      { rank: 250, key: 'ai.embedding' },
      { rank: 251, key: 'ai.embeddings' },
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
    ],
    cache_creation_input_tokens: [{ rank: 50, key: 'ai.usage.inputTokenDetails.cacheWriteTokens' }],
    reasoning_tokens: [
      { rank: 40, key: 'ai.usage.reasoningTokens' },
      { rank: 41, key: 'ai.usage.outputTokenDetails.reasoningTokens' },
    ],
    kind: [{ rank: 70, key: 'ai.operationId', map: kindOfOperation }],
    model: [
      { rank: 30, key: 'ai.model.id' },
      { rank: 50, key: 'ai.response.model' },
    ],
    provider: [{ rank: 20, key: 'ai.model.provider' }],
    model_parameters: [{ rank: 40, key: 'ai.settings' }],
    finish_reasons: [{ rank: 40, key: 'ai.response.finishReason', map: asList }],
    tool_name: [{ rank: 30, key: 'ai.toolCall.name' }],
    tool_call_id: [{ rank: 20, key: 'ai.toolCall.id' }],
    user_id: [{ rank: 40, key: 'ai.telemetry.metadata.userId' }],
    tags: [{ rank: 30, key: 'ai.telemetry.metadata.tags' }],
    metadata: [{ rank: 40, key: 'ai.telemetry.metadata' }],
    time_to_first_token: [{ rank: 20, key: 'ai.response.msToFirstChunk', map: toSeconds }],
    thread_id: [{ rank: 80, key: 'ai.telemetry.metadata.sessionId' }],
  },
};

function kindOfOperation(value: Value): string | undefined {
  if (typeof value !== 'string') return undefined;
  if (value === 'ai.toolCall') return 'tool';
  if (/\.do(?:Generate|Stream)$/.test(value)) return 'llm';
  return value.endsWith('.doEmbed') ? 'embedding' : undefined;
}

function toSeconds(value: Value): number | undefined {
  return typeof value === 'number' ? value / 1000 : undefined;
}
