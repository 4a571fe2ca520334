import type { ChatMessage } from '../chat.ts';
import { fields, filled, has, isFields, list, member, type Fields } from '../json.ts';
import { isItem, joined } from '../messages/items.ts';
import { readMessages } from '../messages/messages.ts';
import { textMessage, withFinish } from '../message.ts';
import { isPartList, readParts } from '../parts/parts.ts';
import { aside } from '../request.ts';
import { answered, asked, type Format } from './format.ts';

/** OpenAI Responses: `{instructions, input: text | items, tools}` → `{object: 'response', output: items}`; or the events of its stream. */
export const openAiResponses: Format = {
  name: 'openai-responses',
  input(value) {
    if (hasItems(value)) return asked(readItems(value));
    if (!isFields(value)) return undefined;
    const sent = member(value, 'input');
    if (typeof sent === 'string') return isRequest(value) ? asked([textMessage('user', sent)], aside(value)) : undefined;
    if (!Array.isArray(sent)) return undefined;
    if (isPartList(sent) && !hasItems(sent)) return asked([{ role: 'user', parts: readParts(sent) }], aside(value));
    return isRequest(value) || hasItems(sent) ? asked(readItems(sent), aside(value)) : undefined;
  },
  output(value) {
    if (hasItems(value)) return answered(oneChoice(readItems(value)));
    const response = Array.isArray(value) ? lastResponse(value as readonly unknown[]) : value;
    if (!isFields(response)) return undefined;
    const items = list(response, 'output');
    if (items === undefined || !(response.object === 'response' || hasItems(items))) return undefined;
    const finish = response.status === 'incomplete' ? filled(fields(response, 'incomplete_details') ?? {}, 'reason') : filled(response, 'status');
    return answered(oneChoice(readItems(items)).map((choice) => withFinish(choice, finish)), filled(response, 'model'));
  },
}; // prettier-ignore

function hasItems(value: unknown): boolean {
  return Array.isArray(value) && (value as unknown[]).some(isItem);
}

/** `input` is a name that many functions have for an argument of theirs. */
function isRequest(value: Fields): boolean {
  return has(value, 'model', 'instructions', 'previous_response_id', 'tools', 'max_output_tokens');
}

function readItems(items: unknown): ChatMessage[] {
  return joined(readMessages(items, 'user') ?? []);
}

/** Results of tools that the provider ran stay in the answer that they are part of. */
function oneChoice(messages: readonly ChatMessage[]): ChatMessage[] {
  if (messages.length < 2) return [...messages];
  return [{ role: 'assistant', parts: messages.flatMap(({ parts }) => parts) }];
}

/** `response.completed`, or the last event that has the response. */
function lastResponse(events: readonly unknown[]): Fields | undefined {
  for (const event of events.toReversed()) {
    const response = isFields(event) ? fields(event, 'response') : undefined;
    if (response !== undefined) return response;
  }
  return undefined;
}
