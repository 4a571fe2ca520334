import { asList, type Framework } from '../fields.ts';
import type { OtlpSpan, Value } from '../span.ts';

/**
 * OpenLLMetry (Traceloop). Its instrumentations of model clients send `gen_ai.prompt.N.*` and `gen_ai.completion.N.*` up to 0.22,
 * the messages of the conventions from 0.25. Its SDK sends workflow, agent, task and tool spans whose input is
 * `{"args":[…],"kwargs":{…}}` and whose output is JSON, a text in quotes. Association properties are on every span.
 */
export const traceloop: Framework = {
  name: 'traceloop',
  fields: {
    inputs: [{ rank: 70, key: 'traceloop.entity.input', encoded: true }],
    output: [{ rank: 80, key: 'traceloop.entity.output', encoded: true }],
    total_tokens: [{ rank: 10, key: 'llm.usage.total_tokens' }],
    kind: [
      { rank: 20, key: 'traceloop.span.kind' },
      {
        rank: 80,
        key: 'llm.request.type',
        map: (value) => (value === 'chat' || value === 'completion' ? 'llm' : value),
      },
    ],
    tool_definitions: [{ rank: 40, key: 'llm.request.functions' }],
    tool_name: [
      {
        rank: 40,
        key: 'traceloop.entity.name',
        map: nameOf('tool'),
      },
    ],
    agent_name: [{ rank: 40, key: 'traceloop.entity.name', map: nameOf('agent') }],
    finish_reasons: [{ rank: 50, key: 'gen_ai.completion.0.finish_reason', map: asList }],
    metadata: [{ rank: 50, key: 'traceloop.association.properties' }],
    user_id: [
      { rank: 50, key: 'traceloop.association.properties.user_id' },
      // OpenAI's `user`, of later versions under the first name.
      { rank: 60, key: 'gen_ai.user' },
      { rank: 61, key: 'llm.user' },
    ],
    thread_id: [
      { rank: 60, key: 'traceloop.association.properties.session_id' },
      { rank: 70, key: 'traceloop.association.properties.thread_id' },
    ],
  },
};

/** The name of the entity, if it is one of this kind. */
function nameOf(kind: string): (value: Value, span: OtlpSpan) => Value | undefined {
  return (value, span) => (span.attributes.get('traceloop.span.kind') === kind ? value : undefined);
}
