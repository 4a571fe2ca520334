import type { ChatMessage, ChatPart } from '../chat.ts';
import { filled, isFields, text, type Fields } from '../json.ts';
import { readParts } from '../parts/parts.ts';
import { readMedia } from '../parts/media.ts';

/** Items of the OpenAI Responses API: messages, calls, their outputs and thoughts side by side. */

const ASSISTANT = /^(?:reasoning|compaction|.*_call|mcp_(?:list_tools|approval_request))$/;
const OUTPUT = /_call_output$|^mcp_approval_response$/;

export function isItem(sent: unknown): sent is Fields {
  if (!isFields(sent)) return false;
  const type = text(sent, 'type') ?? '';
  return (type === 'message' && filled(sent, 'role') !== undefined) || ASSISTANT.test(type) || OUTPUT.test(type) || type === 'item_reference';
} // prettier-ignore

/** Items that are no message; a message is one with a role. */
export function itemMessage(sent: Fields): ChatMessage | undefined {
  if (!isItem(sent) || filled(sent, 'role') !== undefined) return undefined;
  const role = OUTPUT.test(text(sent, 'type')!) ? 'tool' : 'assistant';
  const images = imageOf(sent);
  return {
    role,
    parts: [...readParts(images.length > 0 ? { ...sent, result: undefined } : sent), ...images],
  };
}

function imageOf(item: Fields): ChatPart[] {
  const data = item.type === 'image_generation_call' ? filled(item, 'result') : undefined;
  if (data === undefined) return [];
  const made = readMedia({ data, format: filled(item, 'output_format') ?? 'png' }, 'image');
  return made === undefined ? [] : [made];
}

/** Thoughts, texts and calls of one answer are items of their own: neighbours of the assistant are one message. */
export function joined(messages: readonly ChatMessage[]): ChatMessage[] {
  const out: (ChatMessage & { readonly parts: ChatPart[] })[] = [];
  for (const message of messages) {
    const last = out.at(-1);
    const together = last?.role === 'assistant' && message.role === 'assistant' && last.name === message.name;
    if (!together) out.push({ ...message, parts: [...message.parts] });
    else for (const part of message.parts) last.parts.push(part);
  }
  return out;
}
