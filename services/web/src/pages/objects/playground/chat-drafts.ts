import { stringifyJson } from '../../../api/request.ts';
import { toDraft, type Draft } from '../prompt/messages.ts';

/** A part of a message as the server tells it, of whatever type. */
interface Part {
  readonly type: string;
  readonly text?: string;
  readonly id?: string | null;
  readonly name?: string;
  readonly arguments?: unknown;
  readonly argumentsText?: string;
  readonly result?: unknown;
  readonly url?: string;
  readonly data?: string;
  readonly mimeType?: string;
  readonly value?: unknown;
}

export interface ChatOfCall {
  readonly messages: readonly { readonly role: string; readonly parts: readonly Part[] }[];
  readonly systemInstructions: readonly Part[];
  readonly model: string | null;
}

/** What a model was asked, in the words of chat completions; the inputs of a call that asked none are a message. */
export function chatDrafts({ messages, systemInstructions }: ChatOfCall): Draft[] {
  const before = systemInstructions.length > 0 ? [{ role: 'system', parts: systemInstructions }] : [];
  return [...before, ...messages].flatMap(({ role, parts }) => toMessages(role, parts)).map(toDraft);
}

function toMessages(role: string, parts: readonly Part[]): object[] {
  const results = parts.filter(({ type }) => type === 'toolResult');
  if (results.length > 0)
    return results.map(({ id, result }) => ({
      role: 'tool',
      content: typeof result === 'string' ? result : stringifyJson(result ?? null),
      ...(typeof id === 'string' && { tool_call_id: id }),
    }));
  const calls = parts.filter(({ type }) => type === 'toolCall');
  const tool_calls = calls.map(({ id, name, arguments: given, argumentsText }, index) => ({
    id: id ?? `call_${index}`,
    type: 'function',
    function: { name, arguments: argumentsText ?? stringifyJson(given ?? {}) },
  }));
  return [{ role, content: contentOf(parts), ...(tool_calls.length > 0 && { tool_calls }) }];
}

/** A text where there are no pictures. */
function contentOf(parts: readonly Part[]): unknown {
  const said = parts.filter(({ type }) => ['text', 'image', 'json'].includes(type));
  if (said.every(({ type }) => type !== 'image'))
    return said.map(({ text, value }) => text ?? stringifyJson(value, 2)).join('\n');
  return said.map(({ type, text, url, data, mimeType, value }) => {
    if (type === 'image')
      return { type: 'image_url', image_url: { url: url ?? `data:${mimeType ?? 'image/png'};base64,${data ?? ''}` } };
    return { type: 'text', text: text ?? stringifyJson(value) };
  });
} // prettier-ignore
