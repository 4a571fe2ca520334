import type { ChatMessage } from '../chat.ts';
import { fields, has, isFields, list, text, type Fields } from '../json.ts';
import { readMessages } from '../messages/messages.ts';
import { finishOf, messageOf } from '../message.ts';
import { isPartList, readParts } from '../parts/parts.ts';
import { answered, asked, ending, type Format } from './format.ts';

/**
 * Messages without an envelope (Langfuse, Traceloop, MLflow, hand-written ops): lists of `{role, content}`, one message,
 * parts of one message, an answer without a role, or a state that ends in the answer.
 */
export const chatMl: Format = {
  name: 'chatml',
  input(value) {
    if (isPartList(value)) return asked([{ role: 'user', parts: readParts(value) }]);
    const own = isFields(value) ? historyOf(value) : undefined;
    return asked(readMessages(own ?? value));
  },
  output(value) {
    if (isPartList(value)) return answered([{ role: 'assistant', parts: readParts(value) }]);
    const own = isFields(value) ? historyOf(value) : undefined;
    if (own !== undefined) return ending(readMessages(own, 'assistant'));
    const alternatives = Array.isArray(value) ? ending(readMessages(value)) : undefined;
    if (alternatives !== undefined) return alternatives;
    if (!isFields(value)) return undefined;
    return answered(readMessages(value) ?? answerOf(value));
  },
};

function historyOf(value: Fields): readonly unknown[] | undefined {
  return list(value, 'messages', 'chat_history', 'history', 'conversation');
}

/** `{content: "…"}`, `{content: "…", tool_calls: […]}`. */
function answerOf(value: Fields): ChatMessage[] | undefined {
  if (has(value, 'type') && !has(value, 'tool_calls', 'content')) return undefined;
  const isAnswer = has(value, 'tool_calls', 'reasoning_content') || isPartList(value.content) || (text(value, 'content') !== undefined && isSmall(value)); // prettier-ignore
  if (!isAnswer || fields(value, 'content') !== undefined) return undefined;
  return [messageOf('assistant', value)];
}

const BESIDE: ReadonlySet<string> = new Set(['content', 'id', 'model', 'usage', 'metadata', 'finish_reason', 'name', 'refusal', 'annotations', 'usage_metadata', 'response_metadata', 'additional_kwargs', 'stop_reason']); // prettier-ignore

/** A document has content too: here there is nothing else. */
function isSmall(value: Fields): boolean {
  return Object.keys(value).every((name) => BESIDE.has(name)) || finishOf(value) !== undefined;
}
