import { AppError, parseRef } from '@weft/model';
import type { ChatMessage } from '@weft/llm';
import type { TraceReader } from '@weft/trace-store';

/** What a request with `prompt` and `template_vars` says in the end (upstream: resolve_and_apply_prompt). */
export interface PromptedRequest {
  readonly messages?: readonly ChatMessage[];
  readonly prompt?: string;
  readonly template_vars?: Readonly<Record<string, unknown>>;
}

const PROMPT_CLASSES: readonly (string | null)[] = ['Prompt', 'MessagesPrompt'];

/**
 * The messages of the prompt, then those of the request, with `{name}` replaced in all but the assistant's.
 * @throws AppError `not_found`, `invalid_request`
 */
export async function promptMessages(
  reader: Pick<TraceReader, 'readObject'>,
  projectId: string,
  { messages = [], prompt, template_vars: vars }: PromptedRequest,
): Promise<readonly ChatMessage[]> {
  const before = prompt === undefined ? [] : await readPrompt(reader, projectId, prompt);
  const all = [...before, ...messages];
  if (vars === undefined || Object.keys(vars).length === 0) return all;
  return all.map((message) =>
    message.role === 'assistant' ? message : fill(message, new Map(Object.entries(vars))),
  );
}

async function readPrompt(
  reader: Pick<TraceReader, 'readObject'>,
  projectId: string,
  prompt: string,
): Promise<ChatMessage[]> {
  const { name, version } = parsePrompt(projectId, prompt);
  const object = await reader.readObject(projectId, name, version);
  if (object === null || object.deletedAtUs !== null)
    throw new AppError('not_found', `Could not find prompt with ref ${prompt}`);
  if (!PROMPT_CLASSES.includes(object.baseObjectClass))
    throw new AppError(
      'invalid_request',
      `Prompt ${prompt} is not a Prompt or MessagesPrompt (found ${object.baseObjectClass})`,
    );
  const { messages = [] } = JSON.parse(Buffer.from(object.val).toString('utf8')) as { messages?: unknown };
  if (!Array.isArray(messages) || !messages.every((each) => typeof each === 'object' && each !== null))
    throw new AppError('invalid_request', `Prompt ${prompt} messages field is not a list of messages`);
  return messages as ChatMessage[];
}

/** A ref, `name:version`, or a name for its latest version. */
function parsePrompt(projectId: string, prompt: string): { name: string; version: string } {
  if (!prompt.startsWith('weave:///')) {
    const colon = prompt.lastIndexOf(':');
    return colon < 0
      ? { name: prompt, version: 'latest' }
      : { name: prompt.slice(0, colon), version: prompt.slice(colon + 1) };
  }
  const ref = parseRef(prompt);
  if (ref.kind !== 'object') throw new AppError('invalid_request', 'prompt: must be the ref of an object');
  if (ref.projectId !== projectId)
    throw new AppError('invalid_request', 'prompt: must be an object of the same project');
  return ref;
}

const PLACE = /\{\{|\}\}|\{([A-Za-z_]\w*)\}/g;

/** Texts of the message, and of the parts of its lists. Braces around anything but a name stay. */
function fill(message: ChatMessage, vars: ReadonlyMap<string, unknown>): ChatMessage {
  return Object.fromEntries(
    Object.entries(message).map(([name, value]) => {
      if (typeof value === 'string') return [name, fillText(value, vars)];
      if (Array.isArray(value) && value.every((part) => typeof part === 'object' && part !== null))
        return [name, value.map((part) => fill(part as ChatMessage, vars))];
      return [name, value];
    }),
  );
}

function fillText(text: string, vars: ReadonlyMap<string, unknown>): string {
  return text.replace(PLACE, (found, name: string | undefined) => {
    if (name === undefined) return found[0]!;
    if (!vars.has(name))
      throw new AppError(
        'invalid_request',
        `Prompt template variable '${name}' not found. Available variables: ${[...vars.keys()].sort().join(', ')}`,
      );
    const value = vars.get(name);
    return typeof value === 'string' ? value : JSON.stringify(value);
  });
}
