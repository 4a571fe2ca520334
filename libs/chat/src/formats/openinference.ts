import { fields, isFields, list } from '../json.ts';
import { readMessages } from '../messages/messages.ts';
import { textMessage } from '../message.ts';
import { answered, asked, type Format } from './format.ts';

/** OpenInference: `llm.input_messages.N.message.*`, `llm.output_messages.N.message.*`; completions in `llm.prompts`, `llm.choices`. */
export const openInference: Format = {
  name: 'openinference',
  input(value, { key }) {
    if (key.startsWith('llm.prompts')) return asked(texts(value, 'user'));
    return isOurs(value, key, 'llm.input_messages') ? asked(readMessages(value)) : undefined;
  },
  output(value, { key }) {
    if (key.startsWith('llm.choices')) return answered(texts(value, 'assistant'));
    return isOurs(value, key, 'llm.output_messages') ? answered(readMessages(value, 'assistant')) : undefined;
  },
};

function isOurs(value: unknown, key: string, name: string): boolean {
  if (key.startsWith(name)) return true;
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    (value as unknown[]).every((item) => isFields(item) && fields(item, 'message') !== undefined && !('finish_reason' in item) && Object.keys(item).length === 1)
  );
} // prettier-ignore

/** `[{prompt: {text}}]`, `[{completion: {text}}]`, or plain texts. */
function texts(value: unknown, role: string) {
  const items = Array.isArray(value) ? (value as unknown[]) : isFields(value) ? (list(value, 'prompts') ?? [value]) : [value];
  return items.flatMap((item) => {
    if (typeof item === 'string') return [textMessage(role, item)];
    const inner = isFields(item) ? (fields(item, 'prompt', 'completion') ?? item) : undefined;
    return typeof inner?.text === 'string' ? [textMessage(role, inner.text)] : [];
  });
} // prettier-ignore
