import type {
  LanguageModelV3CallOptions,
  LanguageModelV3FilePart,
  LanguageModelV3FunctionTool,
  LanguageModelV3Message,
  LanguageModelV3Prompt,
  LanguageModelV3TextPart,
  LanguageModelV3ToolChoice,
} from '@ai-sdk/provider';
import type { ChatMessage, ChatRequest } from './chat.ts';
import { LlmError } from './errors.ts';

/** OpenAI's words as the words of models that speak another wire. What they have no word for is left out, as litellm does. */
export function toCallOptions(request: ChatRequest): LanguageModelV3CallOptions {
  const { stop } = request;
  return {
    prompt: toPrompt(request.messages ?? []),
    maxOutputTokens: request.max_completion_tokens ?? request.max_tokens,
    temperature: request.temperature,
    topP: request.top_p,
    stopSequences: stop === undefined ? undefined : [stop].flat(),
    presencePenalty: request.presence_penalty,
    frequencyPenalty: request.frequency_penalty,
    seed: request.seed,
    responseFormat: toResponseFormat(request.response_format),
    tools: request.tools?.map(toTool),
    toolChoice: toToolChoice(request.tool_choice),
  };
}

type Members = Readonly<Record<string, unknown>>;

function toPrompt(messages: readonly ChatMessage[]): LanguageModelV3Prompt {
  const toolNames = new Map<string, string>();
  return messages.map((message, i) => toMessage(message, `messages[${i}]`, toolNames));
}

function toMessage(
  message: ChatMessage,
  path: string,
  toolNames: Map<string, string>,
): LanguageModelV3Message {
  switch (message.role) {
    case 'system':
    case 'developer':
      return { role: 'system', content: textOf(message.content, path) };
    case 'user':
      return { role: 'user', content: userParts(message.content, path) };
    case 'assistant':
      return { role: 'assistant', content: assistantParts(message, path, toolNames) };
    case 'tool': {
      const toolCallId = text(message.tool_call_id, `${path}.tool_call_id`);
      const toolName = toolNames.get(toolCallId) ?? 'tool';
      const output = { type: 'text' as const, value: textOf(message.content, path) };
      return { role: 'tool', content: [{ type: 'tool-result', toolCallId, toolName, output }] };
    }
    default:
      throw wrong(`${path}.role`, 'must be system, developer, user, assistant or tool');
  }
}

/** The texts of a content that is a text or a list of parts. */
function textOf(content: unknown, path: string): string {
  if (content === undefined || content === null) return '';
  if (typeof content === 'string') return content;
  return partsOf(content, path)
    .map((part, i) => text(part.text, `${path}.content[${i}].text`))
    .join('');
}

function userParts(content: unknown, path: string): (LanguageModelV3TextPart | LanguageModelV3FilePart)[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  return partsOf(content, path).map((part, i) => {
    const at = `${path}.content[${i}]`;
    switch (part.type) {
      case 'text':
        return { type: 'text', text: text(part.text, `${at}.text`) };
      case 'image_url':
        return imagePart(part.image_url, `${at}.image_url`);
      case 'input_audio': {
        const { data, format } = members(part.input_audio, `${at}.input_audio`);
        return { type: 'file', mediaType: `audio/${text(format, `${at}.input_audio.format`)}`, data: text(data, `${at}.input_audio.data`) };
      }
      case 'file': {
        const { file_data, filename } = members(part.file, `${at}.file`);
        const file = ofDataUrl(text(file_data, `${at}.file.file_data`));
        if (file === undefined) throw wrong(`${at}.file.file_data`, 'must be a data URL');
        return { ...file, filename: typeof filename === 'string' ? filename : undefined };
      }
      default:
        throw wrong(`${at}.type`, 'must be text, image_url, input_audio or file');
    }
  }); // prettier-ignore
}

/** An address goes to the provider as it is: nothing is fetched here. */
function imagePart(image: unknown, path: string): LanguageModelV3FilePart {
  const url = typeof image === 'string' ? image : text(members(image, path).url, `${path}.url`);
  const inline = ofDataUrl(url);
  if (inline !== undefined) return inline;
  if (!URL.canParse(url)) throw wrong(path, 'must be a URL');
  return { type: 'file', mediaType: 'image/*', data: new URL(url) };
}

const DATA_URL = /^data:([\w.+-]+\/[\w.+-]+)(?:;[\w.=+-]+)*;base64,/;

function ofDataUrl(url: string): LanguageModelV3FilePart | undefined {
  const head = DATA_URL.exec(url);
  if (head === null) return undefined;
  return { type: 'file', mediaType: head[1]!, data: url.slice(head[0].length) };
}

type AssistantMessage = Extract<LanguageModelV3Message, { role: 'assistant' }>;

function assistantParts(
  message: ChatMessage,
  path: string,
  toolNames: Map<string, string>,
): AssistantMessage['content'] {
  const said = textOf(message.content, path);
  const parts: AssistantMessage['content'] = said === '' ? [] : [{ type: 'text', text: said }];
  const calls = message.tool_calls;
  if (calls === undefined || calls === null) return parts;
  if (!Array.isArray(calls)) throw wrong(`${path}.tool_calls`, 'must be a list');
  calls.forEach((call: unknown, i) => {
    const at = `${path}.tool_calls[${i}]`;
    const { id, function: called } = members(call, at);
    const { name, arguments: json } = members(called, `${at}.function`);
    const [toolCallId, toolName] = [text(id, `${at}.id`), text(name, `${at}.function.name`)];
    toolNames.set(toolCallId, toolName);
    parts.push({
      type: 'tool-call',
      toolCallId,
      toolName,
      input: argumentsOf(json, `${at}.function.arguments`),
    });
  });
  return parts;
}

function argumentsOf(json: unknown, path: string): unknown {
  if (json === undefined || json === null || json === '') return {};
  try {
    return JSON.parse(text(json, path));
  } catch {
    throw wrong(path, 'must be JSON');
  }
}

function toTool(tool: Members, index: number): LanguageModelV3FunctionTool {
  const path = `tools[${index}]`;
  const { name, description, parameters } = members(tool.function, `${path}.function`);
  return {
    type: 'function',
    name: text(name, `${path}.function.name`),
    description: typeof description === 'string' ? description : undefined,
    inputSchema: (parameters ?? {
      type: 'object',
      properties: {},
    }) as LanguageModelV3FunctionTool['inputSchema'],
  };
}

function toToolChoice(choice: ChatRequest['tool_choice']): LanguageModelV3ToolChoice | undefined {
  if (choice === 'auto' || choice === 'none' || choice === 'required') return { type: choice };
  if (typeof choice !== 'object') return undefined;
  const { name } = members(choice.function, 'tool_choice.function');
  return { type: 'tool', toolName: text(name, 'tool_choice.function.name') };
}

function toResponseFormat(
  format: ChatRequest['response_format'],
): LanguageModelV3CallOptions['responseFormat'] {
  if (format?.type === 'json_object') return { type: 'json' };
  if (format?.type !== 'json_schema') return undefined;
  const { name, description, schema } = members(format.json_schema, 'response_format.json_schema');
  return {
    type: 'json',
    schema: schema as Extract<LanguageModelV3CallOptions['responseFormat'], { type: 'json' }>['schema'],
    name: typeof name === 'string' ? name : undefined,
    description: typeof description === 'string' ? description : undefined,
  };
}

function partsOf(content: unknown, path: string): Members[] {
  if (!Array.isArray(content)) throw wrong(`${path}.content`, 'must be a text or a list of parts');
  return content.map((part: unknown, i) =>
    typeof part === 'string' ? { type: 'text', text: part } : members(part, `${path}.content[${i}]`),
  );
}

function members(value: unknown, path: string): Members {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw wrong(path, 'must be an object');
  return value as Members;
}

function text(value: unknown, path: string): string {
  if (typeof value !== 'string') throw wrong(path, 'must be a string');
  return value;
}

function wrong(path: string, what: string): LlmError {
  return new LlmError(`${path}: ${what}`, 'refused', { status: 400 });
}
