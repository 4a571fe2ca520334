import { fields, filled, has, isFields, list, text, type Fields } from '../json.ts';
import { readMessages } from '../messages/messages.ts';
import { finishOf, messageOf } from '../message.ts';
import { aside } from '../request.ts';
import { answered, asked, type Format } from './format.ts';

/** Anthropic Messages: `{system, messages, max_tokens, tools: [{input_schema}]}` → `{type: 'message', content: […], stop_reason}`; or its stream. */
export const anthropic: Format = {
  name: 'anthropic',
  input(value) {
    if (!isFields(value) || list(value, 'messages') === undefined || !isOurs(value)) return undefined;
    return asked(readMessages(value.messages), aside(value));
  },
  output(value) {
    const message = Array.isArray(value) ? accumulated(value as unknown[]) : value;
    if (!isFields(message) || message.type !== 'message' || list(message, 'content') === undefined) return undefined;
    return answered([messageOf('assistant', message)], filled(message, 'model'));
  },
}; // prettier-ignore

const BLOCKS: ReadonlySet<unknown> = new Set(['tool_use', 'tool_result', 'thinking', 'redacted_thinking', 'server_tool_use', 'document']); // prettier-ignore

function isOurs(request: Fields): boolean {
  if (has(request, 'system', 'anthropic_version') || /claude/.test(filled(request, 'model') ?? ''))
    return true;
  if (list(request, 'tools')?.some((tool) => isFields(tool) && has(tool, 'input_schema'))) return true;
  return list(request, 'messages')!.some((message) => {
    const content = isFields(message) ? list(message, 'content') : undefined;
    return content?.some((block) => isFields(block) && BLOCKS.has(block.type)) ?? false;
  });
}

/** The events of a stream put together: `message_start`, `content_block_start`, `content_block_delta`, `message_delta`. */
function accumulated(events: readonly unknown[]): Fields | undefined {
  const start = events.find((event) => isFields(event) && event.type === 'message_start');
  if (!isFields(start)) return undefined;
  const blocks = new Map<unknown, Map<string, unknown>>();
  let finish: string | undefined;
  for (const event of events) {
    if (!isFields(event)) continue;
    const block = fields(event, 'content_block');
    if (block !== undefined) blocks.set(event.index, new Map(Object.entries(block)));
    const delta = fields(event, 'delta') ?? {};
    finish = finishOf(delta) ?? finish;
    const target = blocks.get(event.index);
    if (target !== undefined && event.type === 'content_block_delta') extend(target, delta);
  }
  const content = [...blocks.values()].map((block) => Object.fromEntries(block));
  return { ...fields(start, 'message'), type: 'message', content, ...(finish !== undefined && { stop_reason: finish }) };
} // prettier-ignore

function extend(block: Map<string, unknown>, delta: Fields): void {
  const append = (name: string, more: string | undefined) => {
    if (more === undefined) return;
    const before = block.get(name);
    block.set(name, (typeof before === 'string' ? before : '') + more);
  };
  for (const name of ['text', 'thinking', 'signature']) append(name, text(delta, name));
  append('input', text(delta, 'partial_json'));
}
