import { isFields, list } from '../json.ts';
import { readMessages } from '../messages/messages.ts';
import { pydanticMessages } from '../messages/pydantic-ai.ts';
import { jsonMessage, textMessage } from '../message.ts';
import { answered, asked, type Format } from './format.ts';

/** PydanticAI: its own messages (`kind`, `part_kind`), and the result of a run. The history of a run has the answer last. */
export const pydanticAi: Format = {
  name: 'pydantic-ai',
  input: (value, { key }) =>
    isOurs(value) || key === 'pydantic_ai.all_messages' || key === 'all_messages_events'
      ? asked(readMessages(value))
      : undefined,
  output(value, { key }) {
    if (key === 'final_result')
      return answered([
        typeof value === 'string' ? textMessage('assistant', value) : jsonMessage('assistant', value),
      ]);
    return isOurs(value) ? answered(readMessages(value, 'assistant')) : undefined;
  },
};

function isOurs(value: unknown): boolean {
  const items = Array.isArray(value) ? (value as unknown[]) : [value];
  return items.some(
    (item) => isFields(item) && list(item, 'parts') !== undefined && pydanticMessages(item) !== undefined,
  );
}
