import type { ChatPart, ToolCallPart, ToolResultPart } from '../chat.ts';
import { bounded, fields, filled, has, isFields, list, member, parsed, text, type Fields } from '../json.ts';

/** Tool calls and their results, as every library spells them. */

const CALL_IDS = ['call_id', 'tool_call_id', 'toolCallId', 'toolUseId', 'tool_use_id', 'id'] as const;
const RESULT_IDS = [
  'tool_call_id',
  'toolCallId',
  'tool_use_id',
  'toolUseId',
  'call_id',
  'callId',
  'id',
] as const;
const TOOL_NAMES = ['name', 'toolName', 'tool_name'] as const;
const ARGUMENTS = ['arguments', 'args', 'input', 'parameters'] as const;
const RESULTS = ['response', 'result', 'output', 'content', 'outputs'] as const;

/**
 * `{id, function: {name, arguments}}` (OpenAI), `{id, name, arguments}` (OpenTelemetry), `{id, name, input}` (Anthropic),
 * `{toolCallId, toolName, args | input}` (AI SDK), `{id, name, args}` (LangChain, Gemini), `{toolUseId, name, input}` (Bedrock).
 */
export function readToolCall(sent: Fields): ToolCallPart {
  const call = fields(sent, 'tool_call') ?? sent;
  const inner = fields(call, 'function', 'custom') ?? call;
  const name = filled(inner, ...TOOL_NAMES) ?? filled(call, ...TOOL_NAMES) ?? '';
  const given = member(inner, ...ARGUMENTS) ?? member(call, ...ARGUMENTS);
  return {
    type: 'toolCall',
    id: filled(call, ...CALL_IDS) ?? null,
    name,
    ...argumentsOf(given),
  };
}

function argumentsOf(given: unknown): Pick<ToolCallPart, 'arguments' | 'argumentsText'> {
  if (typeof given !== 'string') return { arguments: given === undefined ? null : bounded(given) };
  return { arguments: bounded(parsed(given) ?? given), argumentsText: given };
}

/** What looks like a call of a tool, whatever its type. */
export function isToolCall(value: Fields): boolean {
  const inner = fields(value, 'function', 'tool_call', 'custom') ?? value;
  return has(inner, ...TOOL_NAMES, 'function') && (has(inner, ...ARGUMENTS) || has(value, ...CALL_IDS) || inner !== value);
} // prettier-ignore

/** Beside the content of a message: `tool_calls`, `toolCalls`, `function_call`; also as JSON. */
export function callsBeside(message: Fields): ChatPart[] {
  const found = ['tool_calls', 'toolCalls', 'invalid_tool_calls'].flatMap((name) => {
    const value = member(message, name);
    const items = typeof value === 'string' ? parsed(value) : value;
    return Array.isArray(items) ? (items as unknown[]).map(callOf) : isFields(items) ? [callOf(items)] : unread(value, name);
  });
  const single = fields(message, 'function_call', 'functionCall');
  return single === undefined || !has(single, 'name') ? found : [...found, readToolCall(single)];
} // prettier-ignore

/** A text that is no list of calls; some libraries write "null". */
function unread(value: unknown, kind: string): ChatPart[] {
  if (value === undefined || value === '' || value === 'null') return [];
  return [{ type: 'unknown', kind, raw: value }];
}

export function callOf(item: unknown): ChatPart {
  return isFields(item) && isToolCall(item)
    ? readToolCall(item)
    : { type: 'unknown', kind: 'tool_call', raw: bounded(item) };
}

export function readToolResult(part: Fields): ToolResultPart {
  const output = fields(part, 'output');
  const failed =
    part.is_error === true || part.isError === true || part.status === 'error' || part.type === 'tool-error' || (output !== undefined && /^error/.test(text(output, 'type') ?? ''));
  return toolResult(filled(part, ...RESULT_IDS) ?? null, filled(part, ...TOOL_NAMES), resultOf(part), failed);
} // prettier-ignore

export function toolResult(
  id: string | null,
  name: string | undefined,
  result: unknown,
  isError = false,
): ToolResultPart {
  return {
    type: 'toolResult',
    id,
    ...(name !== undefined && { name }),
    result: bounded(plainResult(result)),
    ...(isError && { isError }),
  };
}

function resultOf(part: Fields): unknown {
  const found = member(part, ...RESULTS, 'error');
  // AI SDK 5: `{type: 'json' | 'text' | 'content' | 'error-…', value}`.
  if (isFields(found) && has(found, 'type') && has(found, 'value') && Object.keys(found).length <= 3)
    return found.value;
  return found ?? null;
}

/** A list of one text is that text. */
function plainResult(result: unknown): unknown {
  if (!Array.isArray(result) || result.length !== 1) return result ?? null;
  const only = result[0] as unknown;
  if (!isFields(only)) return result;
  const said = text(only, 'text');
  if (said !== undefined && (only.type === 'text' || Object.keys(only).length === 1)) return said;
  return Object.keys(only).length === 1 && has(only, 'json') ? only.json : result;
}

/** `web_search_call`, `server_tool_use`, `mcp_call`, …: what the provider ran itself, with what came of it if it is said. */
export function readServerCall(item: Fields): ChatPart[] {
  const kind = text(item, 'type') ?? '';
  const id = filled(item, 'call_id', 'id') ?? null;
  const name = filled(item, ...TOOL_NAMES) ?? kind.replace(/_(call|use)$/, '');
  const given = member(item, 'arguments', 'input', 'action', 'code', 'queries', 'operation');
  const call = { type: 'toolCall', id, name, ...argumentsOf(given), server: true } as const;
  const made = member(item, 'output', 'outputs', 'results', 'result', 'error');
  if (made === undefined) return [call];
  return [call, toolResult(id, undefined, made, has(item, 'error'))];
}

/** `tool_calls: [{…}]` of a message as a list of parts; undefined if there are none. */
export function hasCalls(message: Fields): boolean {
  return (list(message, 'tool_calls', 'toolCalls')?.length ?? 0) > 0 || has(message, 'function_call');
}
