import type { ChatMessage } from '../chat.ts';
import { bounded, fields, has, isFields, member, unquoted, type Fields } from '../json.ts';
import { finishOf, isKnownRole, readRoleMessage, textMessage, withFinish } from '../message.ts';
import { eventMessage } from './events.ts';
import { itemMessage } from './items.ts';
import { langChainMessage } from './langchain.ts';
import { pydanticMessages } from './pydantic-ai.ts';

/** One element of a list of messages, in any dialect; undefined if it is no message. */
export function readOne(sent: unknown, defaultRole?: string): ChatMessage[] | undefined {
  if (!isFields(sent)) return undefined;
  const known = langChainMessage(sent) ?? eventMessage(sent) ?? itemMessage(sent) ?? openInferenceMessage(sent);
  if (known !== undefined) return [known];
  const several = pydanticMessages(sent);
  if (several !== undefined) return several;
  const message = readRoleMessage(sent) ?? autoGenMessage(sent) ?? (looksLikeMessage(sent) ? readRoleMessage(sent, defaultRole) : undefined);
  return message && [message];
} // prettier-ignore

function looksLikeMessage(sent: Fields): boolean {
  return has(sent, 'content', 'parts', 'tool_calls', 'message') && !has(sent, 'type');
}

/** `{message: {role, content, contents, tool_calls}}`. */
function openInferenceMessage(sent: Fields): ChatMessage | undefined {
  const inner = has(sent, 'role') ? undefined : fields(sent, 'message');
  if (inner === undefined) return undefined;
  const { function_call_name: name, function_call_arguments_json: args } = inner;
  const called = typeof name === 'string' ? { ...inner, function_call: { name, arguments: args } } : inner;
  const message = langChainMessage(inner) ?? readRoleMessage(called);
  return message && withFinish(message, finishOf(sent));
}

/** AutoGen: `{source: 'user' | agent, type: 'TextMessage', content}`. */
function autoGenMessage(sent: Fields): ChatMessage | undefined {
  if (typeof sent.source !== 'string' || typeof sent.type !== 'string' || !has(sent, 'content')) return undefined;
  if (!/(?:Message|Event)$/.test(sent.type)) return undefined;
  const { type, ...message } = sent;
  void type;
  return readRoleMessage(message, sent.source === 'user' || sent.source === 'system' ? sent.source : 'assistant');
} // prettier-ignore

/**
 * A list of messages, or one. What is no message among messages stays, as an unknown part: only a list without any message
 * is no list of messages (undefined).
 */
export function readMessages(sent: unknown, defaultRole?: string): ChatMessage[] | undefined {
  const value = unquoted(sent);
  if (isFields(value)) return readOne(value, defaultRole);
  if (!Array.isArray(value)) return undefined;
  const items = value as readonly unknown[];
  const read = items.map((item) => (Array.isArray(item) ? fromList(item) : readOne(item, defaultRole)));
  if (read.every((messages) => messages === undefined)) return undefined;
  return items.flatMap((item, i) => read[i] ?? [stray(item, defaultRole)]);
}

/** A batch of conversations (LangChain), or a pair of role and text. */
function fromList(items: readonly unknown[]): ChatMessage[] | undefined {
  const [role, said] = items;
  if (
    items.length === 2 &&
    typeof role === 'string' &&
    isKnownRole(role) &&
    (typeof said === 'string' || Array.isArray(said))
  ) {
    const message = readRoleMessage({ role, content: said });
    return message && [message];
  }
  const read = items.map((item) => readOne(item));
  if (read.length === 0 || read.some((messages) => messages === undefined)) return undefined;
  return read.flatMap((messages) => messages!);
}

function stray(item: unknown, defaultRole = 'user'): ChatMessage {
  if (typeof item === 'string') return textMessage(defaultRole, item);
  const kind = isFields(item) ? member(item, 'type') : undefined;
  return {
    role: 'unknown',
    parts: [{ type: 'unknown', kind: typeof kind === 'string' ? kind : '', raw: bounded(item) }],
  };
}
