import type { ChatPart } from '../chat.ts';
import { bounded, fields, has, isFields, member, text, type Fields } from '../json.ts';
import { liftedMedium, mediaReader } from './media.ts';
import { readReasoning, readRefusal, readText, textPart } from './text.ts';
import { readServerCall, readToolCall, readToolResult } from './tools.ts';

type Read = (part: Fields) => ChatPart[] | undefined;

const call: Read = (part) => [readToolCall(part)];
const result: Read = (part) => [readToolResult(part)];
const structured: Read = (part) => [{ type: 'json', value: bounded(member(part, 'json', 'value', 'content', 'data', 'object') ?? part) }]; // prettier-ignore

/**
 * Parts say their type, and the same word means the same thing in all formats, only spelt differently: OpenAI (chat and
 * responses), Anthropic, OpenTelemetry, AI SDK, LangChain, LlamaIndex, Cohere, Mistral.
 */
const BY_TYPE: ReadonlyMap<string, Read> = new Map([
  ...each(['text', 'input_text', 'output_text', 'summary_text', 'compaction', 'user-prompt', 'system-prompt'], readText),
  ...each(['refusal'], readRefusal),
  ...each(['reasoning', 'thinking', 'redacted_thinking', 'redacted-reasoning', 'reasoning_text', 'reasoning_content', 'reasoning.text', 'reasoning.summary', 'reasoning.encrypted'], readReasoning),
  ...each(['tool_call', 'tool-call', 'tool_use', 'toolCall', 'tool_call_chunk', 'function', 'function_call', 'custom_tool_call', 'builtin-tool-call'], call),
  ...each(['tool_call_response', 'tool_result', 'tool-result', 'tool-error', 'toolResult', 'tool_response', 'function_response', 'function_call_output', 'custom_tool_call_output', 'computer_call_output', 'local_shell_call_output', 'shell_call_output', 'apply_patch_call_output', 'function_result', 'tool-return', 'builtin-tool-return', 'retry-prompt'], result),
  ...each(['image', 'image_url', 'input_image', 'image-url', 'image_file'], mediaReader('image')),
  ...each(['audio', 'input_audio', 'output_audio', 'audio_url'], mediaReader('audio')),
  ...each(['video', 'video_url', 'input_video'], mediaReader('video')),
  ...each(['file', 'input_file', 'document', 'blob', 'uri', 'media', 'document_url', 'container_upload', 'binary', 'document-url', 'audio-url', 'video-url', 'input_document'], mediaReader()),
  ...each(['json', 'structured', 'object', 'output_json'], structured),
]); // prettier-ignore

function each(types: readonly string[], read: Read): [string, Read][] {
  return types.map((type) => [type, read]);
}

/** Server-side tools have names of their own, with these endings. */
const SERVER_CALL = /^(server_tool_use|server_tool_call|mcp_tool_use|.+_call)$/;
const SERVER_RESULT = /_(tool_result|call_response)$/;

/** Lists in lists; no library goes deeper. */
const MAX_LISTS = 4;

/** Content of a message: text, a part, or a list of them. */
export function readParts(content: unknown, depth = 0): ChatPart[] {
  if (content === undefined || content === null) return [];
  if (typeof content === 'string') return readString(content);
  if (typeof content !== 'object') return textPart(String(content));
  if (!Array.isArray(content)) return readPart(content as Fields);
  if (depth >= MAX_LISTS) return [{ type: 'json', value: bounded(content) }];
  return (content as unknown[]).flatMap((part) => readParts(part, depth + 1));
}

/** Where a part says what it is: nearly all, then PydanticAI, LlamaIndex, Semantic Kernel. */
const KINDS = ['type', 'part_kind', 'kind', 'block_type', 'content_type'] as const;

/** A whole text may have been a medium. */
export function readString(said: string): ChatPart[] {
  const medium = liftedMedium(said);
  return medium === undefined ? textPart(said) : [medium];
}

function readPart(part: Fields): ChatPart[] {
  const kind = KINDS.map((name) => text(part, name)).find(
    (said) => said !== undefined && (BY_TYPE.has(said) || said === part.type),
  );
  const read = kind === undefined ? undefined : BY_TYPE.get(kind);
  return read?.(part) ?? readOther(part, kind) ?? [unknownPart(part, kind)];
}

export function unknownPart(raw: Fields, kind = ''): ChatPart {
  return { type: 'unknown', kind, raw: bounded(raw) };
}

function readOther(part: Fields, kind: string | undefined): ChatPart[] | undefined {
  if (kind !== undefined && SERVER_CALL.test(kind)) return readServerCall(part);
  if (kind !== undefined && SERVER_RESULT.test(kind)) return [readToolResult(part)];
  return readOpenInference(part, kind) ?? (kind === undefined ? readUntyped(part) : undefined);
}

/** `{message_content: {type, text, image: {image: {url}}}}`. */
function readOpenInference(part: Fields, kind: string | undefined): ChatPart[] | undefined {
  const inner = kind === undefined ? fields(part, 'message_content') : undefined;
  return inner === undefined ? undefined : readParts(inner, MAX_LISTS);
}

/** Gemini and Bedrock parts are told by which member they have; PydanticAI's by `part_kind`. */
function readUntyped(part: Fields): ChatPart[] | undefined {
  const said = text(part, 'text');
  if (said !== undefined && part.thought === true)
    return readReasoning({ text: said, signature: member(part, 'thoughtSignature', 'thought_signature') });
  if (said !== undefined) return textPart(said);
  const functionCall = fields(part, 'functionCall', 'function_call', 'toolUse', 'tool_use');
  if (functionCall !== undefined) return [readToolCall(functionCall)];
  const functionResponse = fields(part, 'functionResponse', 'function_response', 'toolResult', 'tool_result');
  if (functionResponse !== undefined) return [readToolResult(functionResponse)];
  const thought = fields(part, 'reasoningContent', 'reasoning_content');
  if (thought !== undefined) return readReasoning(thought);
  if (has(part, 'executableCode', 'executable_code', 'codeExecutionResult', 'code_execution_result'))
    return codeExecution(part);
  const medium = MEDIA.find(([name]) => fields(part, name) !== undefined);
  if (medium !== undefined) return mediaReader(medium[1])(part);
  if (has(part, 'json') && Object.keys(part).length === 1) return structured(part);
  if (has(part, 'content', 'parts', 'role')) return undefined;
  return [{ type: 'json', value: bounded(part) }];
}

const MEDIA = [
  ['inlineData', undefined],
  ['inline_data', undefined],
  ['fileData', undefined],
  ['file_data', undefined],
  ['image', 'image'],
  ['image_url', 'image'],
  ['video', 'video'],
  ['audio', 'audio'],
  ['document', 'file'],
] as const;

function codeExecution(part: Fields): ChatPart[] {
  const code = fields(part, 'executableCode', 'executable_code');
  const made = fields(part, 'codeExecutionResult', 'code_execution_result');
  const id = null;
  return [
    ...(code === undefined ? [] : [{ type: 'toolCall' as const, id, name: 'code_execution', arguments: bounded(code), server: true as const }]),
    ...(made === undefined ? [] : [{ type: 'toolResult' as const, id, name: 'code_execution', result: bounded(made) }]),
  ];
} // prettier-ignore

/** A list of parts: all have a type that is known here, or are told by the one member that they have. */
export function isPartList(value: unknown): value is readonly Fields[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    (value as unknown[]).every(
      (part) => isFields(part) && (BY_TYPE.has(text(part, 'type') ?? '') || ALONE.has(onlyName(part))),
    )
  );
}

const ALONE: ReadonlySet<string> = new Set(['text', 'toolUse', 'toolResult', 'reasoningContent', 'functionCall', 'functionResponse', 'inlineData', 'fileData', 'function_call', 'function_response']); // prettier-ignore

function onlyName(part: Fields): string {
  const names = Object.keys(part);
  return names.length === 1 ? names[0]! : '';
}
