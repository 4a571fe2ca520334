import type { Framework, Source } from '../fields.ts';
import type { Value } from '../span.ts';

/**
 * Google Agent Development Kit (`gcp.vertex.agent.*`): an `invocation` without attributes, below it `invoke_agent` with the
 * conversation, `call_llm` with request and response as JSON and `execute_tool` with arguments and result. `{}` stands for
 * content that is not there (other kinds of spans) or not to be sent. Counts of tokens are Gemini's own, in the response.
 */
export const googleAdk: Framework = {
  name: 'google-adk',
  fields: {
    inputs: [
      { rank: 80, key: 'gcp.vertex.agent.tool_call_args' },
      { rank: 90, key: 'gcp.vertex.agent.llm_request' },
      { rank: 205, key: 'gcp.vertex.agent.data' },
    ],
    output: [
      { rank: 90, key: 'gcp.vertex.agent.tool_response' },
      { rank: 100, key: 'gcp.vertex.agent.llm_response' },
    ],
    input_tokens: counts('promptTokenCount', 'prompt_token_count'),
    output_tokens: counts('candidatesTokenCount', 'candidates_token_count'),
    total_tokens: counts('totalTokenCount', 'total_token_count'),
    cache_read_input_tokens: counts('cachedContentTokenCount', 'cached_content_token_count'),
    reasoning_tokens: counts('thoughtsTokenCount', 'thoughts_token_count'),
    kind: [
      {
        rank: 100,
        key: 'gcp.vertex.agent.tool_call_args',
        map: (value) => (holds(value) ? 'tool' : undefined),
      },
      {
        rank: 110,
        key: 'gcp.vertex.agent.llm_request',
        map: (value, { name }) => (holds(value) || name === 'call_llm' ? 'llm' : undefined),
      },
    ],
    model: [{ rank: 110, key: 'gcp.vertex.agent.llm_request.model' }],
    thread_id: [{ rank: 10, key: 'gcp.vertex.agent.session_id' }],
    is_turn: [{ rank: 10, key: 'gcp.vertex.agent.session_id' }],
  },
};

function holds(value: Value): boolean {
  return typeof value === 'string' && value.length > '{}'.length;
}

/** JS and Python name them differently. */
function counts(camel: string, snake: string): readonly Source[] {
  return [
    { rank: 110, key: `gcp.vertex.agent.llm_response.usageMetadata.${camel}` },
    { rank: 111, key: `gcp.vertex.agent.llm_response.usage_metadata.${snake}` },
  ];
}
