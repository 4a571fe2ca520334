import type { ChatMessage } from '../chat.ts';
import { fields, filled, isFields, list, text, type Fields } from '../json.ts';
import { langChainMessage, langChainMessages } from '../messages/langchain.ts';
import { readMessages } from '../messages/messages.ts';
import { finishOf, textMessage, withFinish } from '../message.ts';
import { aside } from '../request.ts';
import { answered, asked, ending, type Format } from './format.ts';

/** LangChain and LangGraph: serialised messages, alone, in lists, prompt values and states; `generations` of a model. */
export const langChain: Format = {
  name: 'langchain',
  input(value) {
    const sent = held(value);
    if (typeof sent === 'string' && sent !== value) return asked([textMessage('user', sent)]);
    return isOurs(sent) ? asked(readMessages(sent), isFields(value) ? aside(value) : {}) : undefined;
  },
  output(value) {
    const generations = isFields(value) ? list(value, 'generations') : undefined;
    if (generations !== undefined)
      return answered(generations.flatMap(fromGenerations), modelOf(value as Fields));
    const sent = held(value);
    if (!isOurs(sent)) return undefined;
    return ending(readMessages(sent));
  },
};

/** What holds messages, opened. */
function held(value: unknown): unknown {
  if (!isFields(value)) return value;
  return langChainMessages(value) ?? (list(value, 'messages') === undefined ? value : value.messages);
}

/** Some message is of LangChain's kind. */
function isOurs(value: unknown): boolean {
  const items = Array.isArray(value) ? (value as unknown[]).flat(2) : [value];
  return items.some((item) => isFields(item) && langChainMessage(item) !== undefined);
}

/** One list of generations per prompt. */
function fromGenerations(sent: unknown): ChatMessage[] {
  const generations = Array.isArray(sent) ? (sent as unknown[]) : [sent];
  return generations.flatMap((generation) => {
    if (!isFields(generation)) return [];
    const message = fields(generation, 'message');
    const read = message && readMessages(message)?.[0];
    const finish = finishOf(fields(generation, 'generation_info', 'generationInfo') ?? {});
    return [withFinish(read ?? textMessage('assistant', text(generation, 'text') ?? ''), read?.finishReason ?? finish)];
  });
} // prettier-ignore

function modelOf(value: Fields): string | undefined {
  return filled(fields(value, 'llm_output', 'llmOutput') ?? {}, 'model_name', 'model', 'model_id');
}
