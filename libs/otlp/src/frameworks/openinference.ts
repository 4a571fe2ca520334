import { asList, type Framework } from '../fields.ts';
import { KeyValues, type OtlpSpan, type Value } from '../span.ts';

/**
 * OpenInference (Arize Phoenix and its instrumentations): whole request and response under `input.value` and `output.value`,
 * messages once more under numbered keys, parameters as JSON, kinds in capitals. Streams come without token counts,
 * embeddings as vectors. Before 4.0 the reason to stop is in the response alone.
 */
export const openInference: Framework = {
  name: 'openinference',
  fields: {
    inputs: [
      { rank: 30, key: 'input.value' },
      { rank: 260, key: 'llm.input_messages' },
      { rank: 270, key: 'llm.prompts' },
      { rank: 300, key: 'embedding.embeddings', below: /\.text$/ },
      { rank: 301, key: 'reranker.input_documents' },
    ],
    output: [
      { rank: 30, key: 'output.value' },
      { rank: 270, key: 'llm.output_messages' },
      { rank: 280, key: 'llm.choices' },
      { rank: 320, key: 'retrieval.documents' },
      { rank: 321, key: 'reranker.output_documents' },
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
      { rank: 71, key: 'reranker.model_name' },
    ],
    provider: [
      { rank: 10, key: 'llm.provider' },
      { rank: 50, key: 'llm.system' },
    ],
    model_parameters: [{ rank: 20, key: 'llm.invocation_parameters' }],
    parameter_model: [{ rank: 20, key: 'llm.invocation_parameters.model' }],
    finish_reasons: [
      { rank: 30, key: 'llm.finish_reason', map: asList },
      { rank: 60, key: 'output.value.choices.0.finish_reason', map: asList },
      // LangChain, in JavaScript and in Python.
      { rank: 61, key: 'output.value.generations.0.0.generationInfo.finish_reason', map: asList },
      { rank: 62, key: 'output.value.generations.0.0.generation_info.finish_reason', map: asList },
      { rank: 65, key: 'output.value.stop_reason', map: asList },
    ],
    agent_name: [
      { rank: 20, key: 'agent.name' },
      // CrewAI's alone has its role, others' an id here and the name beside it.
      { rank: 60, key: 'graph.node.name', map: nameOfAgent },
      { rank: 61, key: 'graph.node.id', map: nameOfAgent },
    ],
    tool_name: [{ rank: 20, key: 'tool.name' }],
    tool_definitions: [{ rank: 20, key: 'llm.tools' }],
    user_id: [{ rank: 10, key: 'user.id' }],
    tags: [{ rank: 10, key: 'tag.tags' }],
    metadata: [{ rank: 10, key: 'metadata' }],
    thread_id: [{ rank: 40, key: 'session.id' }],
  },
};

function nameOfAgent(value: Value, { attributes }: OtlpSpan): Value | undefined {
  return attributes.get('openinference.span.kind') === 'AGENT' ? value : undefined;
}

function dimensions(vector: Value): Value {
  const result = new KeyValues();
  if (Array.isArray(vector)) result.add('dimensions', vector.length);
  else if (typeof vector === 'string') result.add('dimensions', vector.split(',').length);
  return result;
}
