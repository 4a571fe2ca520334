import type { ChatMessage, ChatPart } from '../chat.ts';
import { fields, filled, has, isFields, list, member, type Fields } from '../json.ts';
import { readRoleMessage, textMessage, withFinish } from '../message.ts';
import { readParts } from '../parts/parts.ts';
import { aside } from '../request.ts';
import { answered, asked, type Format } from './format.ts';

/** Gemini and Vertex AI, in camelCase and snake_case, and the requests and responses of the Agent Development Kit. */
export const gemini: Format = {
  name: 'gemini',
  input(value) {
    if (isContents(value)) return asked(readContents(value));
    if (!isFields(value) || !has(value, 'contents', 'newMessage', 'new_message')) return undefined;
    return asked(readContents(member(value, 'contents', 'newMessage', 'new_message')), aside(value));
  },
  output(value) {
    const chunks = Array.isArray(value) ? (value as readonly unknown[]) : [value];
    if (chunks.length === 0 || !chunks.every(isResponse)) return undefined;
    const responses = chunks as readonly Fields[];
    const model = responses
      .map((response) => filled(response, 'modelVersion', 'model_version'))
      .find(Boolean);
    return answered(choicesOf(responses), model);
  },
};

/** `[{role, parts: [{text}]}]`: parts without a type. */
function isContents(value: unknown): boolean {
  const items = Array.isArray(value) ? (value as unknown[]) : [value];
  return items.some((item) => {
    const parts = isFields(item) ? list(item, 'parts') : undefined;
    return parts?.some((part) => isFields(part) && !has(part, 'type', 'part_kind')) ?? false;
  });
}

/** Contents, one content, parts or plain texts. */
function readContents(sent: unknown): ChatMessage[] {
  const items = Array.isArray(sent) ? (sent as unknown[]) : [sent];
  return items.flatMap((item) => {
    if (typeof item === 'string') return [textMessage('user', item)];
    const message = isFields(item) && has(item, 'parts', 'role') ? readRoleMessage(item, 'user') : undefined;
    return [message ?? { role: 'user', parts: readParts(item) }];
  });
}

function isResponse(value: unknown): value is Fields {
  if (!isFields(value)) return false;
  const content = fields(value, 'content');
  return list(value, 'candidates') !== undefined || (content !== undefined && list(content, 'parts') !== undefined) || has(value, 'promptFeedback', 'prompt_feedback');
} // prettier-ignore

/** The pieces of a stream belong together by the candidate's index. */
function choicesOf(responses: readonly Fields[]): ChatMessage[] {
  const choices = new Map<number, { parts: ChatPart[]; finish: string | undefined }>();
  for (const response of responses) {
    const feedback = fields(response, 'promptFeedback', 'prompt_feedback') ?? {};
    (list(response, 'candidates') ?? [response]).forEach((candidate, i) => {
      if (!isFields(candidate)) return;
      const index = typeof candidate.index === 'number' ? candidate.index : i;
      const choice = choices.get(index) ?? { parts: [], finish: undefined };
      choices.set(index, choice);
      choice.finish = filled(candidate, 'finishReason', 'finish_reason') ?? filled(feedback, 'blockReason', 'block_reason') ?? choice.finish;
      for (const part of readParts(fields(candidate, 'content')?.parts)) add(choice.parts, part);
    });
  }
  return [...choices.values()].map(({ parts, finish }) => withFinish({ role: 'assistant', parts }, finish));
} // prettier-ignore

/** A text that came in pieces is one text. */
function add(parts: ChatPart[], part: ChatPart): void {
  const last = parts.at(-1);
  if (last?.type === 'text' && part.type === 'text')
    parts[parts.length - 1] = { ...last, text: last.text + part.text };
  else parts.push(part);
}
