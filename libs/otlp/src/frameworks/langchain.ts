import { asList, type Framework } from '../fields.ts';
import type { Value } from '../span.ts';

const GENERATION = 'gen_ai.completion.generations.0.0';
const MESSAGE = `${GENERATION}.message.kwargs`;

/**
 * LangChain and LangGraph as LangSmith exports them to OpenTelemetry: `langsmith.*`, and what a run took and gave as JSON in
 * `gen_ai.prompt` and `gen_ai.completion`, of models with the provider's counts inside. Its operation names are coarse (a
 * prompt template is a `chat`), its `langsmith.trace.session_*` are the project. Through the instrumentation of OpenInference the same
 * metadata of a run is JSON in `metadata`; OpenLLMetry makes association properties of it.
 */
export const langchain: Framework = {
  name: 'langchain',
  fields: {
    cache_read_input_tokens: [{ rank: 220, key: `${MESSAGE}.usage_metadata.input_token_details.cache_read` }],
    reasoning_tokens: [{ rank: 220, key: `${MESSAGE}.usage_metadata.output_token_details.reasoning` }],
    finish_reasons: [{ rank: 80, key: `${GENERATION}.generation_info.finish_reason`, map: asList }],
    response_id: [{ rank: 80, key: `${MESSAGE}.response_metadata.id` }],
    kind: [{ rank: 35, key: 'langsmith.span.kind' }],
    model: [{ rank: 130, key: 'langsmith.metadata.ls_model_name' }],
    agent_name: [
      { rank: 80, key: 'langsmith.metadata.lc_agent_name' },
      { rank: 81, key: 'metadata.lc_agent_name' },
    ],
    user_id: [
      { rank: 80, key: 'langsmith.metadata.user_id' },
      { rank: 81, key: 'metadata.user_id' },
    ],
    tags: [{ rank: 60, key: 'langsmith.span.tags', map: tagsOf }],
    metadata: [{ rank: 80, key: 'langsmith.metadata' }],
    thread_id: [
      { rank: 90, key: 'langsmith.metadata.thread_id' },
      { rank: 91, key: 'langsmith.metadata.session_id' },
      { rank: 92, key: 'langsmith.metadata.conversation_id' },
    ],
  },
};

/** Tags come as one text, `a, b`. */
function tagsOf(value: Value): Value {
  return typeof value === 'string' && !value.startsWith('[') ? value.split(', ') : value;
}
