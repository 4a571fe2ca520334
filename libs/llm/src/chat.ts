/** Chat completions as OpenAI's API has them: the shape that requests come in and answers go out in, whatever the model. */

export interface ChatRequest {
  readonly model: string;
  readonly messages?: readonly ChatMessage[];
  readonly temperature?: number;
  readonly top_p?: number;
  readonly max_tokens?: number;
  readonly max_completion_tokens?: number;
  readonly stop?: string | readonly string[];
  readonly presence_penalty?: number;
  readonly frequency_penalty?: number;
  readonly seed?: number;
  readonly response_format?: Readonly<Record<string, unknown>>;
  readonly tools?: readonly Readonly<Record<string, unknown>>[];
  readonly tool_choice?: string | Readonly<Record<string, unknown>>;
  /** What only some servers know goes to those that speak OpenAI's wire. */
  readonly [member: string]: unknown;
}

export type ChatMessage = Readonly<Record<string, unknown>>;

export interface ToolCall {
  readonly id: string;
  readonly type: 'function';
  readonly function: { readonly name: string; readonly arguments: string };
}

export interface ChatUsage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
  readonly prompt_tokens_details?: { readonly cached_tokens: number };
  readonly completion_tokens_details?: { readonly reasoning_tokens: number };
}

/** A whole answer; of servers that speak OpenAI's wire as they sent it. */
export type ChatCompletion = Readonly<Record<string, unknown>>;

/** A piece of an answer. */
export type ChatChunk = Readonly<Record<string, unknown>>;
