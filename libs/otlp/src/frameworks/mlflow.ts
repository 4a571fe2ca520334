import type { Framework } from '../fields.ts';
import type { Value } from '../span.ts';

/** MLflow tracing: every attribute is JSON-encoded, scalars included. */
export const mlflow: Framework = {
  name: 'mlflow',
  fields: {
    inputs: [{ rank: 40, key: 'mlflow.spanInputs', encoded: true }],
    output: [{ rank: 50, key: 'mlflow.spanOutputs', encoded: true }],
    input_tokens: [{ rank: 40, key: 'mlflow.chat.tokenUsage.input_tokens' }],
    output_tokens: [{ rank: 40, key: 'mlflow.chat.tokenUsage.output_tokens' }],
    total_tokens: [{ rank: 70, key: 'mlflow.chat.tokenUsage.total_tokens' }],
    cache_read_input_tokens: [{ rank: 100, key: 'mlflow.chat.tokenUsage.cache_read_input_tokens' }],
    cache_creation_input_tokens: [{ rank: 100, key: 'mlflow.chat.tokenUsage.cache_creation_input_tokens' }],
    reported_cost: [{ rank: 50, key: 'mlflow.llm.cost', map: decoded }],
    kind: [{ rank: 60, key: 'mlflow.spanType', map: decoded }],
    model: [{ rank: 80, key: 'mlflow.llm.model', map: decoded }],
    provider: [{ rank: 40, key: 'mlflow.llm.provider', map: decoded }],
    tool_definitions: [{ rank: 50, key: 'mlflow.chat.tools' }],
  },
};

/** The string in a JSON string; objects, lists and what is not JSON stay as they are. */
export function decoded(value: Value): Value {
  if (typeof value !== 'string' || !value.startsWith('"')) return value;
  try {
    return JSON.parse(value) as string;
  } catch {
    return value;
  }
}
