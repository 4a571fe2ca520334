/**
 * A conversation with a model in one form, whoever recorded it. It is computed from what is stored and never stored
 * itself, so that a better reading applies to old calls too. Names are those of the OpenTelemetry GenAI messages.
 */
export interface Chat {
  /** What the model was given, in order; with system messages where they were sent as messages. */
  readonly messages: readonly ChatMessage[];
  /** What it answered: one message per choice. Of a call that failed or still runs: none. */
  readonly choices: readonly ChatMessage[];
  /** Instructions sent beside the messages. Empty where the messages begin with the same. */
  readonly systemInstructions: readonly ChatPart[];
  readonly tools: readonly ToolDefinition[];
  readonly model: string | null;
  /** JSON object as the caller's library wrote it, null if none is known. */
  readonly parameters: unknown;
  /** Which reading gave each side (`formats/*.ts`); null = that side has no content. */
  readonly formats: { readonly input: string | null; readonly output: string | null };
  /** Messages beyond `MAX_MESSAGES`, which are left out. */
  readonly omittedMessages: number;
}

export interface ChatMessage {
  /** `system`, `user`, `assistant`, `tool`, or what else was sent. */
  readonly role: string;
  readonly name?: string;
  readonly parts: readonly ChatPart[];
  /** As sent: `stop`, `end_turn`, `STOP`, `tool_calls`, … */
  readonly finishReason?: string;
}

export interface TextPart {
  readonly type: 'text';
  readonly text: string;
  /** The model declined, in these words. */
  readonly refusal?: true;
}

/** What the model thought. Redacted: its text is not there or encrypted. Signed: the provider can verify it. */
export interface ReasoningPart {
  readonly type: 'reasoning';
  readonly text: string;
  readonly signed?: true;
  readonly redacted?: true;
}

export interface ToolCallPart {
  readonly type: 'toolCall';
  readonly id: string | null;
  readonly name: string;
  /** JSON value; text that is no JSON stays text. */
  readonly arguments: unknown;
  /** What was sent, where arguments were sent as text: the value above may have lost digits. */
  readonly argumentsText?: string;
  /** The provider ran it, not the caller. */
  readonly server?: true;
}

export interface ToolResultPart {
  readonly type: 'toolResult';
  /** Of the tool call. */
  readonly id: string | null;
  readonly name?: string;
  readonly result: unknown;
  readonly isError?: true;
}

/**
 * One of `url`, `data`, `fileId` is there. Of a medium that became a file on the way to the store, `url` is the ref of its object
 * (`weave:///…`).
 */
export interface MediaPart {
  readonly type: 'image' | 'audio' | 'video' | 'file';
  readonly mimeType?: string;
  readonly url?: string;
  /** Base64. */
  readonly data?: string;
  readonly fileId?: string;
  readonly name?: string;
  /** What is said in it. */
  readonly transcript?: string;
}

/** Structured output, or content that is a JSON value. */
export interface JsonPart {
  readonly type: 'json';
  readonly value: unknown;
}

/** A part of a kind that is not known here: kept as it was sent. */
export interface UnknownPart {
  readonly type: 'unknown';
  /** What it calls itself; `''` = nothing. */
  readonly kind: string;
  readonly raw: unknown;
}

export type ChatPart =
  TextPart | ReasoningPart | ToolCallPart | ToolResultPart | MediaPart | JsonPart | UnknownPart;

export interface ToolDefinition {
  readonly name: string;
  /** `function`, or the provider's own kind. */
  readonly type: string;
  readonly description?: string;
  /** JSON schema of the arguments. */
  readonly parameters?: unknown;
}

export const MAX_MESSAGES = 10_000;

/** A call as it is stored: JSON as bytes or text, or already parsed. */
export interface ChatSource {
  readonly opName?: string;
  readonly inputs?: unknown;
  readonly output?: unknown;
  readonly attributes?: unknown;
  readonly summary?: unknown;
  /** Of a call that was a span: its attributes as they were sent, flat, where the call's own content is not readable. */
  readonly span?: FlatAttributes;
}

/** Attributes side by side: the key at i has the value at i. Values may be such lists themselves. */
export interface FlatAttributes {
  readonly keys: readonly string[];
  readonly values: readonly unknown[];
}
