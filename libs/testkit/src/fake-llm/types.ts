import type { IncomingHttpHeaders } from 'node:http';

/** One request as the provider got it. */
export interface FakeLlmRequest {
  /** From 0, in the order of arrival. */
  readonly index: number;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly model: string;
  /** `Idempotency-Key`; undefined = none was sent. */
  readonly idempotencyKey: string | undefined;
  /** The texts of all messages, in order, joined by newlines. */
  readonly text: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A good answer. */
export interface FakeLlmReply {
  /** What the model says; anything but a text is sent as its JSON. */
  readonly content: unknown;
  readonly toolCalls?: readonly { readonly name: string; readonly arguments: unknown }[];
  /** Default: `stop`. */
  readonly finishReason?: string;
  /** OpenAI's way to say no in place of content. */
  readonly refusal?: string;
  /** Default: by the rule of `tokensOf`. */
  readonly usage?: { readonly prompt: number; readonly completion: number } | null;
  readonly headers?: Readonly<Record<string, string>>;
}

/** How an answer can go wrong. */
export type FakeLlmFault =
  /** Answers after `ms`, as `then` says (default: as it would without). */
  | { readonly fault: 'slow'; readonly ms: number; readonly then?: FakeLlmAnswer }
  /** Takes the request and says nothing. */
  | { readonly fault: 'hang' }
  /** Sends its head and the begin of a body, then nothing. */
  | { readonly fault: 'stall' }
  /** A page instead of JSON. */
  | { readonly fault: 'garbage' }
  /** JSON of another kind. */
  | { readonly fault: 'wrong_schema' }
  /** 429; `retryAfter` is sent as it is (seconds or a date). */
  | {
      readonly fault: 'rate_limited';
      readonly retryAfter?: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** 429 with the code `insufficient_quota`. */
  | { readonly fault: 'quota' }
  | { readonly fault: 'status'; readonly status: number; readonly error?: object }
  /** Valid JSON up to its end, which comes after `sizeBytes` (default: never). Made as it is read: it takes no memory here. */
  | { readonly fault: 'huge'; readonly sizeBytes?: number; readonly status?: number }
  /** The same packed: a few MiB on the wire. */
  | { readonly fault: 'gzip_bomb'; readonly sizeBytes: number }
  | { readonly fault: 'redirect'; readonly location?: string }
  /** A byte at a time. */
  | { readonly fault: 'drip'; readonly everyMs: number }
  /** A head of `sizeBytes`. */
  | { readonly fault: 'header_bomb'; readonly sizeBytes: number }
  /** The connection is reset. */
  | { readonly fault: 'reset' };

/** A text is what the model says. */
export type FakeLlmAnswer = string | FakeLlmReply | FakeLlmFault;

export type FakeLlmAnswerer = (request: FakeLlmRequest) => FakeLlmAnswer | Promise<FakeLlmAnswer>;
