import type { Framework } from '../fields.ts';

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
    thread_id: [{ rank: 10, key: 'gcp.vertex.agent.session_id' }],
    is_turn: [{ rank: 10, key: 'gcp.vertex.agent.session_id' }],
  },
};
