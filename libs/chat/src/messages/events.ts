import type { ChatMessage } from '../chat.ts';
import { filled, isFields, member, unquoted, type Fields } from '../json.ts';
import { readRoleMessage } from '../message.ts';

/** Messages as events: the GenAI conventions before 1.37, PydanticAI's first version, Strands, Bedrock. */

const ROLES: ReadonlyMap<string, string> = new Map([
  ['gen_ai.system.message', 'system'],
  ['gen_ai.user.message', 'user'],
  ['gen_ai.assistant.message', 'assistant'],
  ['gen_ai.tool.message', 'tool'],
  ['gen_ai.choice', 'assistant'],
]);

export function eventMessage(sent: Fields): ChatMessage | undefined {
  const role = ROLES.get(filled(sent, 'event.name', 'event_name', 'name') ?? '');
  if (role === undefined) return undefined;
  const body = unquoted(member(sent, 'body', 'attributes', 'event_body'));
  if (isFields(body)) return readRoleMessage(body, role);
  return readRoleMessage(isEventName(sent.name) ? { ...sent, name: undefined } : sent, role);
}

export function isEventName(name: unknown): boolean {
  return typeof name === 'string' && ROLES.has(name);
}

export function isChoice(sent: Fields): boolean {
  return filled(sent, 'event.name', 'event_name', 'name') === 'gen_ai.choice';
}
