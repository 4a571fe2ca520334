import type { Framework } from '../fields.ts';
import type { Value } from '../span.ts';

/** Google Agent Development Kit (`gcp.vertex.agent.*`). With content capture off it sends `{}`, which counts as nothing. */
export const googleAdk: Framework = {
  name: 'google-adk',
  fields: {
    inputs: [
      { rank: 80, key: 'gcp.vertex.agent.tool_call_args' },
      { rank: 90, key: 'gcp.vertex.agent.llm_request' },
    ],
    output: [
      { rank: 90, key: 'gcp.vertex.agent.tool_response' },
      { rank: 100, key: 'gcp.vertex.agent.llm_response' },
    ],
    // JS writes usageMetadata, Python usage_metadata.
    cache_read_input_tokens: [
      { rank: 110, key: 'gcp.vertex.agent.llm_response.usageMetadata.cachedContentTokenCount' },
      { rank: 111, key: 'gcp.vertex.agent.llm_response.usage_metadata.cached_content_token_count' },
    ],
    reasoning_tokens: [
      { rank: 110, key: 'gcp.vertex.agent.llm_response.usageMetadata.thoughtsTokenCount' },
      { rank: 111, key: 'gcp.vertex.agent.llm_response.usage_metadata.thoughts_token_count' },
    ],
    kind: [
      {
        rank: 100,
        key: 'gcp.vertex.agent.tool_call_args',
        map: (value) => (holds(value) ? 'tool' : undefined),
      },
      { rank: 110, key: 'gcp.vertex.agent.llm_request', map: (value) => (holds(value) ? 'llm' : undefined) },
    ],
    thread_id: [{ rank: 10, key: 'gcp.vertex.agent.session_id' }],
    is_turn: [{ rank: 10, key: 'gcp.vertex.agent.session_id' }],
  },
};

function holds(value: Value): boolean {
  return typeof value === 'string' && value.length > '{}'.length;
}
