import type { ChatMessage } from '../chat.ts';
import { fields, filled, isFields, list, member, text, type Fields } from '../json.ts';
import { readMessages } from '../messages/messages.ts';
import { finishOf, readRoleMessage, textMessage, withFinish } from '../message.ts';
import { aside } from '../request.ts';
import { answered, asked, type Format } from './format.ts';

/** OpenAI chat completions, and all that copied it (Mistral, Groq, DeepSeek, LiteLLM, vLLM, …); also as the chunks of a stream. */
export const openAiChat: Format = {
  name: 'openai-chat',
  input(value) {
    if (!isFields(value)) return undefined;
    const sent = member(value, 'messages');
    return sent === undefined ? undefined : asked(readMessages(sent, 'user'), aside(value));
  },
  output(value) {
    if (Array.isArray(value)) return fromChunks(value as readonly unknown[]);
    if (!isFields(value)) return undefined;
    const choices = list(value, 'choices');
    return answered(choices?.flatMap(readChoice), filled(value, 'model'));
  },
};

function readChoice(choice: unknown): ChatMessage[] {
  if (!isFields(choice)) return [];
  const message = fields(choice, 'message', 'delta');
  const finish = finishOf(choice);
  const read = message && readRoleMessage(message, 'assistant');
  if (read !== undefined) return [withFinish(read, finish)];
  const said = text(choice, 'text');
  return said === undefined ? [] : [withFinish(textMessage('assistant', said), finish)];
}

/** Chunks put together, per choice: texts and arguments come in pieces. */
function fromChunks(chunks: readonly unknown[]) {
  const choices = new Map<unknown, Accumulated>();
  let model: string | undefined;
  for (const chunk of chunks) {
    if (!isFields(chunk)) return undefined;
    model ??= filled(chunk, 'model');
    for (const choice of list(chunk, 'choices') ?? []) {
      const delta = isFields(choice) ? fields(choice, 'delta') : undefined;
      if (!isFields(choice) || delta === undefined) return undefined;
      const sum = choices.get(choice.index) ?? { texts: new Map(), calls: new Map(), finish: undefined };
      choices.set(choice.index, sum);
      sum.finish = finishOf(choice) ?? sum.finish;
      add(sum, delta);
    }
  }
  const messages = [...choices.values()].map(({ texts, calls, finish }) => {
    const message = { ...Object.fromEntries(texts), tool_calls: [...calls.values()] };
    return withFinish(readRoleMessage(message, 'assistant')!, finish);
  });
  return answered(messages, model);
}

interface Accumulated {
  readonly texts: Map<string, string>;
  readonly calls: Map<unknown, { id?: string; function: { name: string; arguments: string } }>;
  finish: string | undefined;
}

const PIECES = ['content', 'refusal', 'reasoning_content', 'reasoning'] as const;

function add({ texts, calls }: Accumulated, delta: Fields): void {
  for (const name of PIECES) {
    const more = text(delta, name);
    if (more !== undefined) texts.set(name, (texts.get(name) ?? '') + more);
  }
  for (const call of list(delta, 'tool_calls') ?? []) {
    if (!isFields(call)) continue;
    const sum = calls.get(call.index) ?? { function: { name: '', arguments: '' } };
    calls.set(call.index, sum);
    sum.id ??= filled(call, 'id');
    const piece = fields(call, 'function') ?? {};
    sum.function.name += text(piece, 'name') ?? '';
    sum.function.arguments += text(piece, 'arguments') ?? '';
  }
}
