import type { ChatMessage } from '../chat.ts';
import { fields, filled, has, isFields, list, text, type Fields } from '../json.ts';
import { finishOf, messageOf, roleOf, withFinish } from '../message.ts';

/** LangChain messages: serialised (`lc`, `kwargs`), as dicts (`type`, `data`) and flat (`type`, `content`). */

const TYPES: ReadonlyMap<string, string> = new Map(
  Object.entries({ human: 'user', ai: 'assistant', system: 'system', tool: 'tool', function: 'tool', developer: 'developer', chat: '', generic: '' }),
); // prettier-ignore

/** `HumanMessageChunk` → `human`. */
function typeOf(name: string): string {
  return name.replace(/(?:Message)?(?:Chunk)?$/, '').toLowerCase();
}

export function langChainMessage(sent: Fields): ChatMessage | undefined {
  const path = list(sent, 'id');
  if (has(sent, 'lc') && path !== undefined) {
    const kwargs = fields(sent, 'kwargs');
    const name: unknown = path.at(-1);
    return kwargs && typeof name === 'string' && /Message(?:Chunk)?$/.test(name) ? fromKwargs(typeOf(name), kwargs) : undefined;
  }
  const type = filled(sent, 'type');
  if (type === undefined || has(sent, 'role') || !TYPES.has(typeOf(type))) return undefined;
  const data = fields(sent, 'data');
  if (data !== undefined) return fromKwargs(typeOf(type), data);
  return has(sent, 'content') ? fromKwargs(typeOf(type), sent) : undefined;
} // prettier-ignore

function fromKwargs(type: string, kwargs: Fields): ChatMessage {
  const extra = fields(kwargs, 'additional_kwargs') ?? {};
  const said = filled(kwargs, 'role');
  const role = TYPES.get(type) || (said === undefined ? type : roleOf(said));
  // The provider's own calls have the arguments as text, to the digit.
  const raw = list(extra, 'tool_calls') ?? [];
  const calls = raw.length > 0 ? { tool_calls: raw, invalid_tool_calls: [] } : {};
  const thought = text(extra, 'reasoning_content');
  const message = messageOf(role, {
    ...kwargs,
    ...calls,
    ...(has(extra, 'function_call') && { function_call: extra.function_call }),
    ...(thought !== undefined && { reasoning_content: thought }),
    ...(typeof extra.refusal === 'string' && { refusal: extra.refusal }),
    id: role === 'tool' ? undefined : kwargs.id,
  });
  return withFinish(message, finishOf(fields(kwargs, 'response_metadata') ?? {}));
}

/** Anything of `langchain_core` that is no message: prompt values hold messages. */
export function langChainMessages(sent: unknown): unknown {
  if (!isFields(sent) || !has(sent, 'lc')) return undefined;
  const kwargs = fields(sent, 'kwargs');
  return kwargs && (list(kwargs, 'messages') ?? text(kwargs, 'text'));
}
