import type { ChatMessage, ChatPart } from './chat.ts';
import { bounded, filled, has, isFields, member, parsed, text, unquoted, type Fields } from './json.ts';
import { mediaBeside } from './parts/media.ts';
import { isPartList, readParts, readString, unknownPart } from './parts/parts.ts';
import { besideContent, notes, refusal, textPart } from './parts/text.ts';
import { callsBeside, hasCalls, toolResult } from './parts/tools.ts';

/** One message, whoever wrote it: a role and a body, with more beside the body. */

const ROLES: ReadonlyMap<string, string> = new Map([
  ['human', 'user'],
  ['ai', 'assistant'],
  ['aimessagechunk', 'assistant'],
  ['model', 'assistant'],
  ['chatbot', 'assistant'],
  ['bot', 'assistant'],
  ['function', 'tool'],
  ['tool_response', 'tool'],
  ['ipython', 'tool'],
]);

export function roleOf(sent: string): string {
  const lower = sent.toLowerCase();
  const known = ROLES.get(lower);
  if (known !== undefined) return known;
  return KNOWN_ROLES.has(lower) ? lower : sent;
}

export function isKnownRole(sent: string): boolean {
  return KNOWN_ROLES.has(roleOf(sent));
}

const KNOWN_ROLES: ReadonlySet<string> = new Set(['system', 'developer', 'user', 'assistant', 'tool']);

/** What is beside the content and says who speaks, how it ended or what it cost: no content. */
const BODIES = ['content', 'parts', 'blocks', 'items', 'text', 'contents', 'message'] as const;

/** Undefined if this is no message with a role. */
export function readRoleMessage(sent: Fields, defaultRole?: string): ChatMessage | undefined {
  const said = filled(sent, 'role');
  const role = said === undefined ? defaultRole : roleOf(said);
  if (role === undefined) return undefined;
  const inner = unquoted(member(sent, 'message'));
  if (!isFields(inner) || has(sent, 'content', 'parts')) return messageOf(role, sent);
  // A choice: `{role?, finish_reason, message: {role, content, tool_calls}}`.
  const own = filled(inner, 'role');
  return withFinish(messageOf(own === undefined ? role : roleOf(own), inner), finishOf(sent));
}

export function withFinish(message: ChatMessage, finishReason: string | undefined): ChatMessage {
  return finishReason === undefined ? message : { ...message, finishReason };
}

export function finishOf(sent: Fields): string | undefined {
  return filled(sent, 'finish_reason', 'finishReason', 'stop_reason', 'stopReason', 'done_reason');
}

export function messageOf(role: string, sent: Fields): ChatMessage {
  const name = filled(sent, 'name', 'author', 'source');
  const finishReason = finishOf(sent);
  const parts = role === 'tool' ? toolParts(sent) : bodyParts(sent);
  // Anthropic, Gemini and Bedrock send results of tools in the user's role.
  const isResult = role === 'user' && parts.length > 0 && parts.every(({ type }) => type === 'toolResult');
  return {
    role: isResult ? 'tool' : role,
    ...(name !== undefined && { name }),
    parts: parts.length > 0 || isEmpty(sent) ? parts : [unknownPart(sent)],
    ...(finishReason !== undefined && { finishReason }),
  };
}

/** Members that are there in messages without content. */
const NO_CONTENT: ReadonlySet<string> = new Set([...BODIES, 'role', 'name', 'id', 'type', 'finish_reason', 'finishReason', 'stop_reason', 'index', 'object', 'model', 'usage', 'created', 'refusal', 'annotations', 'audio', 'tool_calls', 'function_call', 'status', 'event.name', 'gen_ai.system', 'gen_ai.message.index', 'providerMetadata', 'metadata', 'response_metadata', 'additional_kwargs', 'usage_metadata', 'tool_call_chunks', 'example']); // prettier-ignore

function isEmpty(sent: Fields): boolean {
  return Object.entries(sent).every(
    ([name, value]) => NO_CONTENT.has(name) || value === null || value === '' || (Array.isArray(value) && value.length === 0),
  );
} // prettier-ignore

function bodyParts(sent: Fields): ChatPart[] {
  const content = readBody(body(sent));
  const thoughts = content.some(({ type }) => type === 'reasoning') ? [] : besideContent(sent);
  const declined = text(sent, 'refusal');
  const seen = new Set(content.flatMap((part) => (part.type === 'toolCall' && part.id !== null ? [part.id] : [])));
  // LangChain and others repeat the calls of the content beside it.
  const calls = callsBeside(sent).filter((part) => part.type !== 'toolCall' || part.id === null || !seen.has(part.id));
  return [...thoughts, ...content, ...(declined === undefined ? [] : refusal(declined)), ...notes(sent), ...mediaBeside(sent), ...calls];
} // prettier-ignore

/** The first that says something: `{content: null, text: "…"}`. */
function body(sent: Fields): unknown {
  const found = BODIES.map((name) => member(sent, name)).filter((value) => value !== undefined);
  return found.find((value) => value !== '' && !(Array.isArray(value) && value.length === 0)) ?? found[0];
}

/** Lists of parts also come as text. */
function readBody(value: unknown): ChatPart[] {
  if (typeof value === 'string' && /^\s*\[\s*\{/.test(value)) {
    const items = parsed(value);
    if (isPartList(items)) return readParts(items);
  }
  if (typeof value === 'string') return readString(value);
  if (isFields(value) && has(value, 'parts') && !has(value, 'type')) return readParts(value.parts);
  return readParts(value);
}

/** A tool's answer: what it says is the result, unless its parts are results already. */
function toolParts(sent: Fields): ChatPart[] {
  const content = body(sent);
  const parts = readBody(content);
  if (parts.some(({ type }) => type === 'toolResult')) return parts;
  const id = filled(sent, 'tool_call_id', 'toolCallId', 'tool_use_id', 'id', 'call_id') ?? null;
  const nameOf = filled(sent, 'name', 'tool_name', 'toolName');
  const failed = sent.status === 'error' || sent.is_error === true || sent.isError === true;
  if (content === undefined && hasCalls(sent)) return callsBeside(sent);
  if (content === undefined && id === null && nameOf === undefined) return [];
  const said = parts.length === 1 && parts[0]!.type === 'text' ? parts[0]!.text : content;
  return [toolResult(id, nameOf, typeof content === 'string' ? content : said, failed)];
}

export function textMessage(role: string, said: string): ChatMessage {
  return { role, parts: textPart(said) };
}

/** A message around a value that is none: structured output. */
export function jsonMessage(role: string, value: unknown): ChatMessage {
  return { role, parts: [{ type: 'json', value: bounded(value) }] };
}
