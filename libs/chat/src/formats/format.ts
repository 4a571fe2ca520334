import type { ChatMessage, ChatPart, ToolDefinition } from '../chat.ts';
import type { Fields } from '../json.ts';

/** What a model was given, as one format says it. */
export interface Asked {
  readonly messages: readonly ChatMessage[];
  readonly systemInstructions?: readonly ChatPart[];
  readonly tools?: readonly ToolDefinition[];
  readonly model?: string | undefined;
  readonly parameters?: unknown;
}

export interface Answered {
  readonly choices: readonly ChatMessage[];
  readonly model?: string | undefined;
  /** Some formats tell the input again with the output. */
  readonly messages?: readonly ChatMessage[];
}

/** Where a value was found. */
export interface Place {
  /** The attribute it was sent as; `''` = none. */
  readonly key: string;
  /** The call's own attributes. */
  readonly attributes: Fields;
}

/** One way to write conversations. Undefined: it is not written this way. */
export interface Format {
  readonly name: string;
  input?(value: unknown, place: Place): Asked | undefined;
  output?(value: unknown, place: Place): Answered | undefined;
}

/** Undefined for no messages, so that the next format is asked. */
export function asked(messages: readonly ChatMessage[] | undefined, more: Omit<Asked, 'messages'> = {}): Asked | undefined {
  return messages === undefined || messages.length === 0 ? undefined : { messages, ...more };
} // prettier-ignore

export function answered(choices: readonly ChatMessage[] | undefined, model?: string): Answered | undefined {
  return choices === undefined || choices.length === 0 ? undefined : { choices, model };
}

/** Several answers are choices; a conversation ends in the one answer; one without an answer is made as a whole. */
export function ending(messages: readonly ChatMessage[] | undefined): Answered | undefined {
  if (messages === undefined || messages.length === 0) return undefined;
  if (messages.at(-1)!.role !== 'assistant') return { choices: messages };
  if (messages.every(({ role, parts }) => role === 'assistant' && parts.every(({ type }) => SAID.has(type))))
    return { choices: messages };
  return { choices: messages.slice(-1), messages: messages.slice(0, -1) };
}

const SAID: ReadonlySet<string> = new Set(['text', 'reasoning']);
