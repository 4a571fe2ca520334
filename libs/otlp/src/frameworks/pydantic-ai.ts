import type { Framework } from '../fields.ts';
import type { OtlpSpan, Value } from '../span.ts';
import { decoded } from './mlflow.ts';

/** PydanticAI and Logfire. */
export const pydanticAi: Framework = {
  name: 'pydantic-ai',
  fields: {
    inputs: [{ rank: 60, key: 'pydantic_ai.all_messages' }],
    output: [{ rank: 60, key: 'final_result' }],
    cache_read_input_tokens: [{ rank: 80, key: 'gen_ai.usage.details.cache_read_tokens' }],
    reasoning_tokens: [{ rank: 50, key: 'gen_ai.usage.details.reasoning_tokens' }],
    reported_cost: [{ rank: 40, key: 'operation.cost' }],
    system: [{ rank: 40, key: 'system_prompt' }],
    model: [
      { rank: 90, key: 'model_name', exact: true },
      { rank: 100, key: 'model', exact: true, map: decoded },
    ],
    model_parameters: [{ rank: 50, key: 'model_config', exact: true }],
    agent_name: [{ rank: 30, key: 'agent_name' }],
    display_name: [{ rank: 20, key: 'logfire.msg', map: messageOfGenericName }],
  },
};

const GENERIC =
  /^(?:agent run|running tools?|running \d+ tools?|running output function|preparing model request params)$/;

function messageOfGenericName(value: Value, span: OtlpSpan): Value | undefined {
  return GENERIC.test(span.name) && value !== span.name ? value : undefined;
}
