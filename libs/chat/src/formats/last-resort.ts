import type { ChatMessage } from '../chat.ts';
import { filled, isFields, member, text, type Fields } from '../json.ts';
import { jsonMessage, textMessage } from '../message.ts';
import { readToolCall, toolResult } from '../parts/tools.ts';
import { answered, asked, type Format } from './format.ts';

/** The call of a tool: its input is what somebody called it with, its output the result. */
export const tool: Format = {
  name: 'tool',
  input(value, { attributes }) {
    if (!isTool(attributes) || isNothing(value)) return undefined;
    const { id, name } = toolOf(attributes);
    const { arguments: args } = readToolCall({ name, arguments: value });
    return asked([{ role: 'assistant', parts: [{ type: 'toolCall', id, name: name ?? '', arguments: args }] }]);
  },
  output(value, { attributes }) {
    if (!isTool(attributes) || value === undefined || value === null) return undefined;
    const { id, name } = toolOf(attributes);
    return answered([{ role: 'tool', parts: [toolResult(id, name, value)] }]);
  },
}; // prettier-ignore

function isTool(attributes: Fields): boolean {
  return filled(attributes, 'kind')?.toLowerCase() === 'tool';
}

function toolOf(attributes: Fields): { id: string | null; name: string | undefined } {
  const own = member(attributes, 'tool');
  const given = isFields(own) ? own : {};
  return { id: filled(given, 'call_id') ?? null, name: filled(given, 'name') };
}

const SAID: ReadonlySet<string> = new Set(['input', 'inputs', 'output', 'outputs', 'prompt', 'question', 'query', 'q', 'text', 'message', 'content', 'user_input', 'answer', 'response', 'result']); // prettier-ignore

function alone(value: unknown): unknown {
  if (!isFields(value)) return value;
  const names = Object.keys(value);
  return names.length === 1 && SAID.has(names[0]!) ? text(value, names[0]!) ?? value : value;
} // prettier-ignore

const MODEL_KINDS: ReadonlySet<string | undefined> = new Set(['llm', 'generation', 'chat_model']);

/** Text that went into a model or came out of one: streams are often recorded so. */
export const modelText: Format = {
  name: 'model-text',
  input: (value, { attributes }) => (isModel(attributes) ? asked(say('user', alone(value))) : undefined),
  output: (value, { attributes }) =>
    isModel(attributes) ? answered(say('assistant', alone(value))) : undefined,
};

function isModel(attributes: Fields): boolean {
  return MODEL_KINDS.has(filled(attributes, 'kind')?.toLowerCase());
}

/** Text that nobody says more about. */
export const plainText: Format = {
  name: 'text',
  input: (value) => asked(say('user', alone(value))),
  output: (value) => answered(say('assistant', alone(value))),
};

function say(role: string, value: unknown): ChatMessage[] | undefined {
  return typeof value === 'string' && value !== '' ? [textMessage(role, value)] : undefined;
}

/** Any other value. */
export const plainJson: Format = {
  name: 'json',
  input: (value) => (isNothing(value) ? undefined : asked([jsonMessage('user', value)])),
  output: (value) => (isNothing(value) ? undefined : answered([jsonMessage('assistant', value)])),
};

function isNothing(value: unknown): boolean {
  if (value === undefined || value === null || value === '') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}
