import { asList, type Framework, type ModalityField, type Source } from '../fields.ts';
import type { Value } from '../span.ts';
import { contentOfEvents } from './gen-ai-events.ts';

/**
 * The OpenTelemetry GenAI conventions, old and new names, sent by the official instrumentations, AI SDK 7, Traceloop from 0.25
 * and, in part, by nearly every other framework. Messages are JSON text or structured values; the official instrumentations
 * send them in log records or span events only.
 */
export const genAi: Framework = {
  name: 'gen-ai',
  fields: {
    inputs: [
      // gen_ai.prompt.name and .version name a template: no content.
      {
        rank: 20,
        key: 'gen_ai.prompt',
        except: ['gen_ai.prompt.name', 'gen_ai.prompt.version', 'gen_ai.prompt.id'],
      },
      { rank: 50, key: 'gen_ai.input.messages' },
      { rank: 220, key: 'gen_ai.tool.call.arguments' },
      { rank: 290, key: 'gen_ai.retrieval.query.text' },
      { rank: 310, key: 'lk.input_text' },
      { rank: 311, key: 'lk.user_input' },
      { rank: 312, key: 'lk.chat_ctx' },
      { rank: 320, key: 'genkit:input' },
    ],
    output: [
      { rank: 20, key: 'gen_ai.completion' },
      { rank: 55, key: 'gen_ai.output.messages' },
      { rank: 230, key: 'gen_ai.tool.call.result' },
      { rank: 310, key: 'gen_ai.retrieval.documents' },
      { rank: 330, key: 'lk.response.text' },
      { rank: 340, key: 'genkit:output' },
    ],
    input_tokens: [{ rank: 10, key: 'gen_ai.usage.input_tokens', exact: true }],
    prompt_tokens: [{ rank: 10, key: 'gen_ai.usage.prompt_tokens', exact: true }],
    output_tokens: [{ rank: 10, key: 'gen_ai.usage.output_tokens', exact: true }],
    completion_tokens: [{ rank: 10, key: 'gen_ai.usage.completion_tokens', exact: true }],
    total_tokens: [{ rank: 30, key: 'gen_ai.usage.total_tokens' }],
    cache_read_input_tokens: [
      { rank: 10, key: 'gen_ai.usage.cache_read.input_tokens' },
      { rank: 20, key: 'gen_ai.usage.prompt_tokens_details.cached_tokens' },
      { rank: 30, key: 'gen_ai.usage.input_tokens_details.cached_tokens' },
      { rank: 70, key: 'gen_ai.usage.cache_read_input_tokens' },
    ],
    cache_creation_input_tokens: [
      { rank: 10, key: 'gen_ai.usage.cache_creation.input_tokens' },
      { rank: 20, key: 'gen_ai.usage.cache_write.input_tokens' },
      { rank: 40, key: 'gen_ai.usage.cache_creation_input_tokens' },
    ],
    reasoning_tokens: [
      { rank: 10, key: 'gen_ai.usage.reasoning.output_tokens' },
      { rank: 20, key: 'gen_ai.usage.reasoning_tokens' },
    ],
    ...modalities(),
    system: [
      { rank: 10, key: 'gen_ai.system', exact: true },
      { rank: 30, key: 'gen_ai.system_instructions' },
    ],
    kind: [
      { rank: 40, key: 'gen_ai.operation.name', map: kindOfOperation },
      { rank: 90, key: 'gen_ai.tool.name', map: () => 'tool' },
    ],
    model: [
      { rank: 10, key: 'gen_ai.response.model' },
      { rank: 40, key: 'gen_ai.request.model' },
    ],
    provider: [
      { rank: 30, key: 'gen_ai.provider.name' },
      { rank: 60, key: 'gen_ai.system', exact: true },
    ],
    model_parameters: [{ rank: 10, key: 'gen_ai.request' }],
    parameter_model: [{ rank: 10, key: 'gen_ai.request.model' }],
    operation_name: [{ rank: 10, key: 'gen_ai.operation.name' }],
    response_id: [{ rank: 10, key: 'gen_ai.response.id' }],
    finish_reasons: [
      { rank: 10, key: 'gen_ai.response.finish_reasons' },
      { rank: 70, key: 'gen_ai.output.messages.0.finish_reason', map: asList },
    ],
    agent_name: [{ rank: 10, key: 'gen_ai.agent.name' }],
    agent_id: [{ rank: 10, key: 'gen_ai.agent.id' }],
    system_instructions: [{ rank: 10, key: 'gen_ai.system_instructions' }],
    tool_name: [{ rank: 10, key: 'gen_ai.tool.name' }],
    tool_call_id: [{ rank: 10, key: 'gen_ai.tool.call.id' }],
    tool_type: [{ rank: 10, key: 'gen_ai.tool.type' }],
    tool_definitions: [{ rank: 10, key: 'gen_ai.tool.definitions' }],
    agent_version: [{ rank: 10, key: 'gen_ai.agent.version' }],
    agent_description: [{ rank: 10, key: 'gen_ai.agent.description' }],
    user_id: [{ rank: 20, key: 'enduser.id' }],
    time_to_first_token: [{ rank: 10, key: 'gen_ai.response.time_to_first_chunk' }],
    error_type: [{ rank: 10, key: 'error.type' }],
    thread_id: [{ rank: 30, key: 'gen_ai.conversation.id' }],
  },
  events: contentOfEvents,
};

const KINDS: ReadonlyMap<Value, string> = new Map([
  ['chat', 'llm'],
  ['text_completion', 'llm'],
  ['completion', 'llm'],
  ['generate_content', 'llm'],
  ['embeddings', 'embedding'],
  ['embedding', 'embedding'],
  ['execute_tool', 'tool'],
  ['invoke_agent', 'agent'],
  ['create_agent', 'agent'],
  ['invoke_workflow', 'workflow'],
  ['retrieval', 'retriever'],
  ['rerank', 'reranker'],
]);

function kindOfOperation(value: Value): string | undefined {
  return KINDS.get(value);
}

function modalities(): Partial<Record<ModalityField, readonly Source[]>> {
  const fields: Partial<Record<ModalityField, readonly Source[]>> = {};
  for (const medium of ['text', 'image', 'audio', 'video'] as const) {
    for (const side of ['input', 'output'] as const) {
      fields[`${medium}_${side}_tokens`] = [{ rank: 10, key: `gen_ai.usage.${medium}.${side}_tokens` }];
    }
  }
  return fields;
}
