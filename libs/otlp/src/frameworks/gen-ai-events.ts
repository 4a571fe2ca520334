import type { EventContent } from '../fields.ts';
import { KeyValues, type OtlpEvent, type OtlpSpan, type Value } from '../span.ts';

const DETAILS = 'gen_ai.client.inference.operation.details';
const INPUTS = new Map([
  ['gen_ai.system.message', 'system'],
  ['gen_ai.user.message', 'user'],
  ['gen_ai.assistant.message', 'assistant'],
  ['gen_ai.tool.message', 'tool'],
]);
const CHOICE = 'gen_ai.choice';

/**
 * Content in span events, newest convention first: one event with everything, one event per message, one event with
 * the whole prompt. Messages keep the order they were sent in.
 */
export function contentOfEvents(span: OtlpSpan): EventContent {
  const content: EventContent = {};
  for (const event of span.events) {
    if (event.name !== DETAILS) continue;
    content.inputs ??= named(event, 'gen_ai.input.messages');
    content.output ??= named(event, 'gen_ai.output.messages');
    content.instructions ??= event.attributes.get('gen_ai.system_instructions');
  }
  const asked: Value[] = [];
  const answered: Value[] = [];
  for (const event of span.events) {
    const role = INPUTS.get(event.name);
    if (role !== undefined) asked.push(message(event, role));
    else if (event.name === CHOICE) answered.push(message(event, 'assistant'));
  }
  if (asked.length > 0) content.inputs ??= { key: 'gen_ai.input.messages', value: asked };
  if (answered.length > 0) content.output ??= { key: 'gen_ai.output.messages', value: answered };
  for (const event of span.events) {
    if (event.name === 'gen_ai.content.prompt') content.inputs ??= named(event, 'gen_ai.prompt');
    else if (event.name === 'gen_ai.content.completion') content.output ??= named(event, 'gen_ai.completion');
  }
  return content;
}

function named(event: OtlpEvent, key: string): { key: string; value: Value } | undefined {
  const value = event.attributes.get(key);
  return value === undefined || value === null || value === '' ? undefined : { key, value };
}

/** The event's attributes with a role, which the event's name implies. */
function message(event: OtlpEvent, role: string): KeyValues {
  const result = new KeyValues();
  if (event.attributes.get('role') === undefined) result.add('role', role);
  event.attributes.keys.forEach((key, i) => result.add(key, event.attributes.values[i]!));
  return result;
}
