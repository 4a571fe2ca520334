import type { MediaSource, ReadMedia } from './judges/media-source.ts';

/** A call as scorers see it; payloads are JSON texts, UTF-8. (trace-store's StoredCall fits.) */
export interface CallToScore {
  readonly projectId: string;
  readonly id: string;
  readonly traceId: string;
  readonly parentId: string | null;
  readonly threadId: string | null;
  readonly isSpan: boolean;
  readonly opName: string;
  readonly displayName: string | null;
  readonly startedAtUs: number;
  readonly endedAtUs: number | null;
  /** Null = no error. */
  readonly exception: string | null;
  readonly attributes: Uint8Array;
  readonly inputs: Uint8Array;
  readonly output: Uint8Array;
  readonly summary: Uint8Array;
}

/** What is scored: one call, or the calls of a trace or thread that came to rest, oldest first. */
export interface Target {
  /** The call that is scored; of several, the newest. */
  readonly call: CallToScore;
  /** All of them, `call` last; one where the monitor does not gather. */
  readonly calls: readonly CallToScore[];
  /** An agent's turn: a root span. */
  readonly isAgentTurn: boolean;
  /** Of what the calls only refer to, as `Scorer.readMedia` found it. */
  readonly media?: ReadMedia;
}

/** What asking a model took. */
export interface Spend {
  /** As the provider names it; null = no model was asked. */
  readonly model: string | null;
  readonly requests: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** US dollars; 0 where the model has no known price. */
  readonly costUsd: number;
}

export const NOTHING_SPENT: Spend = {
  model: null,
  requests: 0,
  promptTokens: 0,
  completionTokens: 0,
  costUsd: 0,
};

/** What a scorer says of a target. */
export interface Verdict {
  /** Name of the scorer object it belongs to: the feedback is `wandb.runnable.<name>`. */
  readonly scorerName: string;
  /** Version of that scorer: `weave:///…/object/<name>:<digest>`. */
  readonly scorerRef: string;
  /** JSON value: the feedback's `payload.output`. */
  readonly output: unknown;
  /** The same in a form that can be counted; by name. Ratings and confidences are 0 to 1. */
  readonly tags?: readonly { readonly tag: string; readonly reason?: string; readonly confidence?: number }[];
  readonly ratings?: readonly {
    readonly name: string;
    readonly value: number;
    readonly reason?: string;
    readonly confidence?: number;
  }[];
}

/** Of one run of a scorer. `verdicts`: one, or of merged classifiers one for each. */
export interface Scores {
  readonly verdicts: readonly Verdict[];
  readonly spend: Spend;
  /** What the judge was asked, without keys, and what it answered: shown in the score call. JSON values, bounded to 64 KiB. */
  readonly request: unknown;
  readonly reply: unknown;
}

export interface ScoreContext {
  /** Aborts when the answer is no longer wanted. */
  readonly signal: AbortSignal;
  /** The same for every attempt at this score: for `Idempotency-Key`. */
  readonly idempotencyKey: string;
  readonly correlationId: string;
  /** Whose rule it is; absent = asked for without a monitor. */
  readonly monitor?: { readonly name: string; readonly digest: string };
  /** The call that will tell of this score. */
  readonly scoreCall?: { readonly id: string; readonly traceId: string };
}

/** What one run is expected to take, before it is paid for. */
export type Forecast = Pick<Spend, 'model' | 'requests' | 'promptTokens' | 'completionTokens' | 'costUsd'>;

/** A scorer, ready to run: its object is read and checked. */
export interface Scorer {
  /** Object names and versions it answers for; one, or those of a merged classifier. */
  readonly scorers: readonly { readonly name: string; readonly ref: string }[];
  /** Who is asked: `llm:openai`, `http:scores.example.com`; null = nobody. Rate limits and breakers are kept per project and provider. */
  readonly provider: string | null;
  /**
   * Media that the scorer looks at and the target only refers to: to be read before `forecast` and `score`, and given with the
   * target. Absent: it looks at none. @throws ScoreError `unscorable`; what `source` throws.
   */
  readMedia?(target: Target, source: MediaSource): Promise<ReadMedia>;
  /** @throws ScoreError */
  score(target: Target, context: ScoreContext): Promise<Scores>;
  /** Nothing is asked of anybody. @throws ScoreError `unscorable` */
  forecast(target: Target): Forecast;
}

/**
 * Why there is no verdict.
 * - `rate_limited`: come again, not before `retryAfterMs`.
 * - `quota`: credit or a spending limit is used up: the monitor rests until its owner has acted.
 * - `unavailable`, `timeout`: come again with back-off; counts for the breaker.
 * - `garbage`: the answer cannot be used; one more try.
 * - `unscorable`: this target or scorer cannot be scored, today or tomorrow (bad template, refused, too large, not allowed).
 * - `misconfigured`: the server lacks something (a key, an allowed host): shown, not retried.
 */
export type ScoreErrorKind =
  'rate_limited' | 'quota' | 'unavailable' | 'timeout' | 'garbage' | 'unscorable' | 'misconfigured';

export class ScoreError extends Error {
  override readonly name = 'ScoreError';
  readonly kind: ScoreErrorKind;
  readonly retryAfterMs: number | undefined;
  /** What was spent all the same. */
  readonly spend: Spend;
  readonly request: unknown;
  readonly reply: unknown;

  constructor(
    kind: ScoreErrorKind,
    message: string,
    more: { retryAfterMs?: number; spend?: Spend; request?: unknown; reply?: unknown; cause?: unknown } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.kind = kind;
    this.retryAfterMs = more.retryAfterMs;
    this.spend = more.spend ?? NOTHING_SPENT;
    this.request = more.request ?? null;
    this.reply = more.reply ?? null;
  }
}
