import { asList, type Framework } from '../fields.ts';

/**
 * OpenLIT, mostly the conventions. 1.7 has the prompt as `role: text` lines under the key of an old event, a singular
 * finish reason and the operation `embedding`; 1.10 names parts of the usage its own way; later versions have tool arguments
 * under a key of their own and send all content in log records again. Costs are its own estimates.
 */
export const openlit: Framework = {
  name: 'openlit',
  fields: {
    inputs: [
      { rank: 221, key: 'gen_ai.tool.args' },
      { rank: 222, key: 'gen_ai.tool.input' },
      { rank: 223, key: 'gen_ai.workflow.input' },
      { rank: 224, key: 'mcp.tool.arguments' },
      { rank: 250, key: 'gen_ai.content.prompt' },
      { rank: 291, key: 'gen_ai.retrieval.query', exact: true },
      { rank: 292, key: 'gen_ai.memory.search.query' },
    ],
    output: [
      { rank: 70, key: 'gen_ai.content.completion' },
      { rank: 231, key: 'gen_ai.tool.output' },
      { rank: 232, key: 'gen_ai.workflow.output' },
      { rank: 233, key: 'mcp.tool.result' },
    ],
    cache_read_input_tokens: [{ rank: 35, key: 'gen_ai.usage.prompt_tokens_details.cache_read' }],
    cache_creation_input_tokens: [{ rank: 35, key: 'gen_ai.usage.prompt_tokens_details.cache_write' }],
    reasoning_tokens: [{ rank: 25, key: 'gen_ai.usage.completion_tokens_details.reasoning' }],
    reported_cost: [{ rank: 20, key: 'gen_ai.usage.cost' }],
    tool_name: [{ rank: 140, key: 'mcp.tool.name' }],
    user_id: [
      { rank: 70, key: 'gen_ai.request.user' },
      { rank: 71, key: 'gen_ai.user.id' },
    ],
    finish_reasons: [{ rank: 20, key: 'gen_ai.response.finish_reason', map: asList }],
    time_to_first_token: [{ rank: 30, key: 'gen_ai.server.time_to_first_token' }],
    thread_id: [{ rank: 140, key: 'gen_ai.agent.session_id' }],
  },
};
