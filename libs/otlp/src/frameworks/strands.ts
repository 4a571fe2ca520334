import type { EventContent, Framework } from '../fields.ts';
import type { OtlpSpan, Value } from '../span.ts';

/**
 * Strands Agents. Content is in span events: one per message, whose content is JSON of Bedrock's converse shapes (`toolUse`,
 * `toolResult`), or, with `gen_ai_latest_experimental`, several of operation.details that each have a part of it; with
 * `gen_ai_span_attributes_only` (and for Langfuse) the same is in attributes. Usage is told under old and new names, and
 * again as a sum on the agent; what was read from a cache also under a name with an underscore.
 */
export const strands: Framework = {
  name: 'strands',
  fields: {
    cache_creation_input_tokens: [{ rank: 45, key: 'gen_ai.usage.cache_write_input_tokens' }],
    kind: [{ rank: 45, key: 'gen_ai.operation.name', map: (value) => KINDS.get(value) }],
    // Others mean seconds by this key.
    time_to_first_token: [{ rank: 25, key: 'gen_ai.server.time_to_first_token', map: toSeconds }],
  },
  events: askedOfCycle,
};

const KINDS: ReadonlyMap<Value, string> = new Map([
  ['execute_event_loop_cycle', 'chain'],
  ['invoke_swarm', 'workflow'],
  ['invoke_graph', 'workflow'],
]);

function toSeconds(value: Value, { attributes }: OtlpSpan): number | undefined {
  const sender = attributes.get('gen_ai.provider.name') ?? attributes.get('gen_ai.system');
  return sender === 'strands-agents' && typeof value === 'number' ? value / 1000 : undefined;
}

/**
 * A cycle that calls tools has two events with input messages: what it was asked, and then what the tools answered, which is
 * asked of the next.
 */
function askedOfCycle({ attributes, events }: OtlpSpan): EventContent {
  if (attributes.get('gen_ai.operation.name') !== 'execute_event_loop_cycle') return {};
  const key = 'gen_ai.input.messages';
  const first = events.map((event) => event.attributes.get(key)).find((value) => value !== undefined);
  return first === undefined ? {} : { inputs: { key, value: first } };
}
