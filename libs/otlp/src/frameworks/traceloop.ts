import type { Framework } from '../fields.ts';

/** OpenLLMetry (Traceloop). Its `gen_ai.*` keys are those of the conventions. */
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
        map: (value, span) => (span.attributes.get('traceloop.span.kind') === 'tool' ? value : undefined),
      },
    ],
    user_id: [{ rank: 50, key: 'traceloop.association.properties.user_id' }],
    thread_id: [
      { rank: 60, key: 'traceloop.association.properties.session_id' },
      { rank: 70, key: 'traceloop.association.properties.thread_id' },
    ],
  },
};
