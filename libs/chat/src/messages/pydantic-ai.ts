import type { ChatMessage, ChatPart } from '../chat.ts';
import { filled, isFields, list, text, type Fields } from '../json.ts';
import { withFinish } from '../message.ts';
import { readParts } from '../parts/parts.ts';

/** PydanticAI's own messages: a request holds what the system, the user and tools said; a response what the model said. */
export function pydanticMessages(sent: Fields): ChatMessage[] | undefined {
  const kind = text(sent, 'kind');
  const parts = list(sent, 'parts');
  if (parts === undefined || (kind !== 'request' && kind !== 'response')) return undefined;
  if (!parts.every((part) => isFields(part) && filled(part, 'part_kind') !== undefined)) return undefined;
  if (kind === 'response') {
    const message = { role: 'assistant', parts: parts.flatMap((part) => readPart(part as Fields)) };
    return [withFinish(message, filled(sent, 'finish_reason'))];
  }
  const instructions = filled(sent, 'instructions');
  const said = parts.map((part) => ({ role: roleOf(part as Fields), parts: readPart(part as Fields) }));
  return instructions === undefined
    ? said
    : [{ role: 'system', parts: [{ type: 'text', text: instructions }] }, ...said];
}

function roleOf(part: Fields): string {
  const kind = text(part, 'part_kind');
  if (kind === 'system-prompt') return 'system';
  return kind === 'tool-return' || (kind === 'retry-prompt' && filled(part, 'tool_name') !== undefined) ? 'tool' : 'user';
} // prettier-ignore

/** What a user said may be a list of texts and media. */
function readPart(part: Fields): ChatPart[] {
  const content = part.part_kind === 'user-prompt' ? list(part, 'content') : undefined;
  return readParts(content ?? part);
}
