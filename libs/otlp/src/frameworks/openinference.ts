import { asList, type Framework } from '../fields.ts';
import { KeyValues, type Value } from '../span.ts';

/** OpenInference semantic conventions (Arize Phoenix and its instrumentations). */
export const openInference: Framework = {
  name: 'openinference',
  fields: {
    inputs: [
      { rank: 30, key: 'input.value' },
      { rank: 260, key: 'llm.input_messages' },
      { rank: 270, key: 'llm.prompts' },
      { rank: 300, key: 'embedding.embeddings', below: /\.text$/ },
    ],
    output: [
      { rank: 30, key: 'output.value' },
      { rank: 270, key: 'llm.output_messages' },
      { rank: 280, key: 'llm.choices' },
      { rank: 320, key: 'retrieval.documents' },
      // Thousands of floats that nobody reads: how many is enough; the span keeps them.
      { rank: 325, key: 'embedding.embeddings', below: /\.vector$/, each: dimensions },
    ],
    prompt_tokens: [{ rank: 20, key: 'llm.token_count.prompt', exact: true }],
    completion_tokens: [{ rank: 20, key: 'llm.token_count.completion', exact: true }],
    total_tokens: [{ rank: 20, key: 'llm.token_count.total' }],
    cache_read_input_tokens: [{ rank: 40, key: 'llm.token_count.prompt_details.cache_read' }],
    cache_creation_input_tokens: [{ rank: 30, key: 'llm.token_count.prompt_details.cache_write' }],
    reasoning_tokens: [{ rank: 30, key: 'llm.token_count.completion_details.reasoning' }],
    reported_cost: [{ rank: 10, key: 'llm.cost.total' }],
    system: [{ rank: 20, key: 'llm.system' }],
    kind: [{ rank: 30, key: 'openinference.span.kind' }],
    model: [
      { rank: 20, key: 'llm.model_name' },
      { rank: 70, key: 'embedding.model_name' },
    ],
    provider: [
      { rank: 10, key: 'llm.provider' },
      { rank: 50, key: 'llm.system' },
    ],
    model_parameters: [{ rank: 20, key: 'llm.invocation_parameters' }],
    parameter_model: [{ rank: 20, key: 'llm.invocation_parameters.model' }],
    finish_reasons: [{ rank: 30, key: 'llm.finish_reason', map: asList }],
    agent_name: [{ rank: 20, key: 'agent.name' }],
    tool_name: [{ rank: 20, key: 'tool.name' }],
    tool_definitions: [{ rank: 20, key: 'llm.tools' }],
    user_id: [{ rank: 10, key: 'user.id' }],
    tags: [{ rank: 10, key: 'tag.tags' }],
    metadata: [{ rank: 10, key: 'metadata' }],
    thread_id: [{ rank: 40, key: 'session.id' }],
  },
};

function dimensions(vector: Value): Value {
  const result = new KeyValues();
  if (Array.isArray(vector)) result.add('dimensions', vector.length);
  else if (typeof vector === 'string') result.add('dimensions', vector.split(',').length);
  return result;
}
