import { fields, filled, has, isFields, list, text, type Fields } from '../json.ts';
import { readMessages } from '../messages/messages.ts';
import { finishOf, messageOf, textMessage, withFinish } from '../message.ts';
import { aside } from '../request.ts';
import { callsBeside } from '../parts/tools.ts';
import { answered, asked, type Format } from './format.ts';

/** Cohere chat, first version: `{message, chat_history: [{role: 'CHATBOT', message}], preamble}` → `{text, generation_id, finish_reason}`. */
export const cohere: Format = {
  name: 'cohere',
  input(value) {
    const said = isFields(value) ? text(value, 'message') : undefined;
    if (said === undefined || !has(value as Fields, 'chat_history', 'chatHistory', 'preamble', 'model')) return undefined;
    const before = list(value as Fields, 'chat_history', 'chatHistory');
    return asked([...(readMessages(before) ?? []), textMessage('user', said)], aside(value as Fields));
  },
  output(value) {
    if (!isFields(value)) return undefined;
    const said = text(value, 'text');
    if (said === undefined || !has(value, 'generation_id', 'generationId', 'response_id', 'chat_history', 'chatHistory'))
      return undefined;
    const message = textMessage('assistant', said);
    return answered([withFinish({ ...message, parts: [...message.parts, ...callsBeside(value)] }, finishOf(value))]);
  },
}; // prettier-ignore

/** `{model, message: {role, content}, done}` (Ollama), `{id, message, finish_reason}` (Cohere), `{message, raw}` (LlamaIndex). */
export const oneMessage: Format = {
  name: 'message',
  output(value) {
    const message = isFields(value) ? fields(value, 'message', 'response_message') : undefined;
    if (message === undefined || !has(message, 'role', 'content', 'blocks', 'tool_calls')) return undefined;
    const read = readMessages(message, 'assistant') ?? [messageOf('assistant', message)];
    return answered(read.map((each) => withFinish(each, finishOf(value as Fields) ?? each.finishReason)), filled(value as Fields, 'model'));
  },
}; // prettier-ignore
