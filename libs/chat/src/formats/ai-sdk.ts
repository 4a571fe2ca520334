import type { ChatMessage, ChatPart } from '../chat.ts';
import {
  bounded,
  fields,
  filled,
  has,
  isFields,
  list,
  member,
  parsed,
  text,
  unquoted,
  type Fields,
} from '../json.ts';
import { readMessages } from '../messages/messages.ts';
import { textMessage } from '../message.ts';
import { readMedia } from '../parts/media.ts';
import { readParts } from '../parts/parts.ts';
import { besideContent, textPart } from '../parts/text.ts';
import { callsBeside } from '../parts/tools.ts';
import { readInstructions } from '../request.ts';
import { readTools } from '../tools.ts';
import { answered, asked, type Format } from './format.ts';

/**
 * Vercel AI SDK 4 to 7: `ai.prompt` = `{system?, prompt | messages}` (also as JSON), of a model call `{messages, tools}`;
 * `ai.response` = `{text, toolCalls, object, reasoning, files, finishReason}`.
 */
export const aiSdk: Format = {
  name: 'ai-sdk',
  input(value, { key }) {
    if (!isFields(value) || !(key === 'ai.prompt' || key.startsWith('ai.prompt.'))) return undefined;
    const { prompt } = value;
    const messages = readMessages(member(value, 'messages')) ?? (typeof prompt === 'string' ? [textMessage('user', prompt)] : readMessages(prompt));
    return asked(messages, { systemInstructions: readInstructions(value.system), tools: readTools(value.tools) });
  },
  output(value, { key }) {
    if (!isFields(value) || !(key === 'ai.response' || isResult(value))) return undefined;
    const parts = [...besideContent(value), ...contentOf(value), ...callsBeside(value), ...objectOf(value), ...filesOf(value)];
    const results = list(value, 'toolResults') ?? [];
    const finishReason = filled(value, 'finishReason');
    const message: ChatMessage = { role: 'assistant', parts: [...parts, ...readParts(results)], ...(finishReason && { finishReason }) };
    return answered(message.parts.length > 0 ? [message] : undefined, filled(value, 'model'));
  },
}; // prettier-ignore

/** What `generateText` returns. */
function isResult(value: Fields): boolean {
  return (typeof value.finishReason === 'string' && has(value, 'text', 'toolCalls', 'object') && !has(value, 'content', 'message'));
} // prettier-ignore

function contentOf(value: Fields): ChatPart[] {
  const said = text(value, 'text');
  return said === undefined ? readParts(unquoted(member(value, 'text', 'content'))) : textPart(said);
}

function objectOf(value: Fields): ChatPart[] {
  const sent = member(value, 'object');
  if (sent === undefined) return [];
  return [{ type: 'json', value: bounded(typeof sent === 'string' ? (parsed(sent) ?? sent) : sent) }];
}

function filesOf(value: Fields): ChatPart[] {
  const files = unquoted(member(value, 'files'));
  if (!Array.isArray(files)) return [];
  return (files as unknown[]).map((file) => {
    const inner = isFields(file) ? (fields(file, 'file') ?? file) : undefined;
    return (inner && readMedia(inner)) ?? { type: 'unknown', kind: 'file', raw: bounded(file) };
  });
}
