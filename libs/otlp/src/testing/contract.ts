import type { JsonObject } from './build.ts';

/**
 * The mapping as documented: of each field the keys in their order, first hit wins. Written down here once more, by hand,
 * so that nothing of it follows from the code it is compared with. `!` marks the keys of W&B's table, whose order among
 * each other never changes; the rest are additions.
 */
export interface Row {
  readonly key: string;
  /** A key of W&B's own table. */
  readonly contract: boolean;
  /** What to send under the key. Default: a text or count that occurs nowhere else. */
  readonly value?: unknown;
  /** What the field is then. Default: the value. */
  readonly gives?: unknown;
  /** Attributes without which the key means nothing. */
  readonly beside?: JsonObject;
}

function row(key: string, more: Partial<Row> = {}): Row {
  return { contract: key.startsWith('!'), ...more, key: key.replace('!', '') };
}

const rows = (...keys: string[]): Row[] => keys.map((key) => row(key));
/** A key that holds JSON, and what becomes of it. */
const gives = (key: string, value: unknown, result: unknown, beside?: JsonObject): Row =>
  row(key, { value, gives: result, ...(beside === undefined ? {} : { beside }) });
const reason = (key: string): Row => gives(key, `reason of ${key}`, [`reason of ${key}`]);

export const CONTENT: Readonly<Record<'inputs' | 'output', readonly Row[]>> = {
  inputs: rows(
    '!ai.prompt',
    '!gen_ai.prompt',
    '!input.value',
    '!mlflow.spanInputs',
    'gen_ai.input.messages',
    'pydantic_ai.all_messages',
    '!traceloop.entity.input',
    '!gcp.vertex.agent.tool_call_args',
    '!gcp.vertex.agent.llm_request',
    '!input',
    '!inputs',
    'langfuse.observation.input',
    'langfuse.trace.input',
    'gen_ai.tool.call.arguments',
    'ai.toolCall.args',
    'ai.value',
    'ai.values',
    'gen_ai.content.prompt',
    'llm.input_messages',
    'llm.prompts',
    'tool_arguments',
    'gen_ai.retrieval.query.text',
    'lk.input_text',
    'genkit:input',
  ),
  output: rows(
    '!ai.response',
    '!gen_ai.completion',
    '!output.value',
    '!mlflow.spanOutputs',
    'gen_ai.output.messages',
    'final_result',
    '!gen_ai.content.completion',
    '!traceloop.entity.output',
    '!gcp.vertex.agent.tool_response',
    '!gcp.vertex.agent.llm_response',
    '!output',
    '!outputs',
    'langfuse.observation.output',
    'langfuse.trace.output',
    'gen_ai.tool.call.result',
    'ai.toolCall.result',
    'ai.embedding',
    'ai.embeddings',
    'llm.output_messages',
    'llm.choices',
    'tool_response',
    'gen_ai.retrieval.documents',
    'retrieval.documents',
  ),
};

export const USAGE: Readonly<Record<string, readonly Row[]>> = {
  input_tokens: [
    ...rows('!gen_ai.usage.input_tokens', 'ai.usage.inputTokens'),
    gives('langfuse.observation.usage_details', '{"input":11,"input_cached_tokens":32}', 43),
    gives('mlflow.chat.tokenUsage', '{"input_tokens":44}', 44),
  ],
  prompt_tokens: rows('!gen_ai.usage.prompt_tokens', '!llm.token_count.prompt', '!ai.usage.promptTokens'),
  output_tokens: [
    ...rows('gen_ai.usage.output_tokens', 'ai.usage.outputTokens'),
    gives('langfuse.observation.usage_details', '{"output":13,"output_reasoning_tokens":4}', 17),
    gives('mlflow.chat.tokenUsage', '{"output_tokens":18}', 18),
  ],
  completion_tokens: rows(
    '!gen_ai.usage.completion_tokens',
    '!llm.token_count.completion',
    '!ai.usage.completionTokens',
  ),
  total_tokens: [
    ...rows(
      '!llm.usage.total_tokens',
      '!llm.token_count.total',
      'gen_ai.usage.total_tokens',
      'ai.usage.totalTokens',
      'ai.usage.tokens',
    ),
    gives('langfuse.observation.usage_details', '{"total":61}', 61),
    gives('mlflow.chat.tokenUsage', '{"total_tokens":62}', 62),
  ],
  cache_read_input_tokens: rows(
    'gen_ai.usage.cache_read.input_tokens',
    'gen_ai.usage.prompt_tokens_details.cached_tokens',
    'gen_ai.usage.input_tokens_details.cached_tokens',
    'llm.token_count.prompt_details.cache_read',
    'ai.usage.cachedInputTokens',
    'ai.usage.inputTokenDetails.cacheReadTokens',
    'gen_ai.usage.cache_read_input_tokens',
    'gen_ai.usage.details.cache_read_tokens',
  ),
  cache_creation_input_tokens: rows(
    'gen_ai.usage.cache_creation.input_tokens',
    'gen_ai.usage.cache_write.input_tokens',
    'llm.token_count.prompt_details.cache_write',
    'gen_ai.usage.cache_creation_input_tokens',
    'ai.usage.inputTokenDetails.cacheWriteTokens',
  ),
  reasoning_tokens: rows(
    'gen_ai.usage.reasoning.output_tokens',
    'gen_ai.usage.reasoning_tokens',
    'llm.token_count.completion_details.reasoning',
    'ai.usage.reasoningTokens',
  ),
  text_input_tokens: rows('gen_ai.usage.text.input_tokens'),
  image_input_tokens: rows('gen_ai.usage.image.input_tokens'),
  audio_output_tokens: rows('gen_ai.usage.audio.output_tokens'),
  video_output_tokens: rows('gen_ai.usage.video.output_tokens'),
  reported_cost: [
    gives('llm.cost.total', 0.5, 0.5),
    gives('gen_ai.usage.cost', 0.25, 0.25),
    gives('langfuse.observation.cost_details', '{"input":0.1,"total":0.125}', 0.125),
    gives('operation.cost', 0.75, 0.75),
  ],
};

/** Members of `attributes`; a dot leads into a group. */
export const ATTRIBUTES: Readonly<Record<string, readonly Row[]>> = {
  system: rows('!gen_ai.system', '!llm.system', 'gen_ai.system_instructions', 'system_prompt'),
  kind: [
    ...rows('!weave.span.kind', '!traceloop.span.kind', '!openinference.span.kind'),
    gives('gen_ai.operation.name', 'chat', 'llm'),
    gives('langfuse.observation.type', 'retriever', 'retriever'),
    gives('mlflow.spanType', '"PARSER"', 'PARSER'),
    gives('ai.operationId', 'ai.embed.doEmbed', 'embedding'),
    gives('llm.request.type', 'rerank', 'rerank'),
    gives('gen_ai.tool.name', 'get_weather', 'tool'),
  ],
  model: rows(
    '!gen_ai.response.model',
    '!llm.model_name',
    '!ai.model.id',
    'gen_ai.request.model',
    'ai.response.model',
    'langfuse.observation.model.name',
    'embedding.model_name',
    'mlflow.llm.model',
    'model_name',
    'model',
  ),
  provider: rows(
    '!llm.provider',
    '!ai.model.provider',
    'gen_ai.provider.name',
    'mlflow.llm.provider',
    'llm.system',
    'gen_ai.system',
  ),
  model_parameters: [
    gives('!gen_ai.request.temperature', 0.5, { temperature: 0.5 }),
    gives('!llm.invocation_parameters', '{"a":1}', { a: 1 }),
    gives('langfuse.observation.model.parameters', '{"b":1}', { b: 1 }),
    gives('ai.settings.maxRetries', 2, { maxRetries: 2 }),
    gives('model_config', '{"c":1}', { c: 1 }),
  ],
  operation_name: rows('gen_ai.operation.name'),
  response_id: rows('gen_ai.response.id'),
  finish_reasons: [
    gives('gen_ai.response.finish_reasons', ['stop', 'length'], ['stop', 'length']),
    reason('gen_ai.response.finish_reason'),
    reason('llm.finish_reason'),
    reason('ai.response.finishReason'),
  ],
  agent_name: rows('gen_ai.agent.name', 'agent.name', 'agent_name'),
  agent_id: rows('gen_ai.agent.id'),
  system_instructions: rows('gen_ai.system_instructions'),
  'tool.name': [
    ...rows('gen_ai.tool.name', 'tool.name', 'ai.toolCall.name'),
    gives('traceloop.entity.name', 'lookup', 'lookup', { 'traceloop.span.kind': 'tool' }),
  ],
  'tool.call_id': rows('gen_ai.tool.call.id', 'ai.toolCall.id'),
  'tool.type': rows('gen_ai.tool.type'),
  'tool.definitions': rows('gen_ai.tool.definitions', 'llm.tools'),
  'agent.version': rows('gen_ai.agent.version'),
  'agent.description': rows('gen_ai.agent.description'),
  user_id: rows(
    'user.id',
    'enduser.id',
    'langfuse.user.id',
    'ai.telemetry.metadata.userId',
    'traceloop.association.properties.user_id',
  ),
  tags: [
    gives('tag.tags', ['a'], ['a']),
    gives('langfuse.trace.tags', ['b'], ['b']),
    gives('ai.telemetry.metadata.tags', ['c'], ['c']),
  ],
  metadata: [
    gives('metadata', '{"k":1}', { k: 1 }),
    gives('langfuse.observation.metadata.k', 'o', { k: 'o' }),
    gives('langfuse.trace.metadata.k', 't', { k: 't' }),
    gives('ai.telemetry.metadata.k', 'a', { k: 'a' }),
  ],
  time_to_first_token: [
    gives('gen_ai.response.time_to_first_chunk', 0.5, 0.5),
    gives('ai.response.msToFirstChunk', 250, 0.25),
  ],
  error_type: rows('error.type'),
};

/** Members of the call itself. */
export const IDENTITY: Readonly<Record<string, readonly Row[]>> = {
  displayName: rows('!wandb.display_name', 'logfire.msg'),
  threadId: rows(
    '!gcp.vertex.agent.session_id',
    '!wandb.thread_id',
    'gen_ai.conversation.id',
    'session.id',
    'langfuse.session.id',
    'traceloop.association.properties.session_id',
    'traceloop.association.properties.thread_id',
    'ai.telemetry.metadata.sessionId',
  ),
  runId: [gives('!wb_run_id', 'a', 'acme/otel-lab:a'), gives('!wandb.wb_run_id', 'b', 'acme/otel-lab:b')],
  runStep: [gives('wandb.wb_run_step', 7, 7)],
  startedAtUs: [gives('!langfuse.startTime', '2026-01-02T03:04:05.678901Z', 1767323045678901)],
};

export const TABLES = { ...CONTENT, ...USAGE, ...ATTRIBUTES, ...IDENTITY };
