import { APICallError } from '@ai-sdk/provider';
import type { Secret } from '@weft/runtime';
import { classify } from './classify.ts';
import { retryAfterMsOf } from './retry-after.ts';

/**
 * Why there is no answer.
 * - `rate_limited`: come again, not before `retryAfterMs`.
 * - `quota`: credit, a spending limit or a plan's usage limit is used up: asking again does not help.
 * - `unavailable`: could not be reached, is overloaded or failed; may be better later.
 * - `timeout`: no answer, or no next byte, in time.
 * - `refused`: the request is not accepted, now or later (unknown model, bad key, too long, a redirect).
 * - `invalid`: what came is no answer that can be read, or too large.
 */
export type LlmErrorKind = 'rate_limited' | 'quota' | 'unavailable' | 'timeout' | 'refused' | 'invalid';

export interface LlmErrorMore {
  /** What the provider answered with; undefined = it did not answer. */
  readonly status?: number | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly body?: string | undefined;
}

/** A provider refused or could not be reached: an answer to the one who asked, no failure of ours. */
export class LlmError extends Error {
  readonly kind: LlmErrorKind;
  /** What the provider answered with; undefined = it did not answer. */
  readonly status: number | undefined;
  /** How long the provider wants to be left alone; undefined = it did not say. At most a day. */
  readonly retryAfterMs: number | undefined;
  /** How its answer begins, without keys; undefined = there was none, or it could not be read. */
  readonly body: string | undefined;

  constructor(message: string, kind: LlmErrorKind, more: LlmErrorMore = {}) {
    super(message);
    this.name = 'LlmError';
    this.kind = kind;
    this.status = more.status;
    this.retryAfterMs = more.retryAfterMs;
    this.body = more.body;
  }
}

const MAX_MESSAGE = 4000;

/** @param secrets are taken out of the message: providers quote keys that they do not know. */
export function toLlmError(error: unknown, secrets: readonly Secret[]): LlmError {
  const causes = causesOf(error);
  const ours = causes.find((cause) => cause instanceof LlmError);
  if (ours !== undefined) return ours;
  const answer = APICallError.isInstance(error) ? error : undefined;
  const status = answer?.statusCode;
  const body = answer === undefined ? error : bodyOf(answer);
  const kind = classify({ status, body, headers: answer?.responseHeaders ?? {}, causes });
  const retryAfterMs = retryAfterMsOf(answer?.responseHeaders ?? {}, body, kind === 'rate_limited');
  const shown = (text: string) => withoutSecrets(text, secrets).slice(0, MAX_MESSAGE);
  const said = answer?.responseBody;
  const more = { status, retryAfterMs, body: said === undefined ? undefined : shown(said) };
  return new LlmError(shown(messageOf(error)), kind, more);
}

const MAX_CAUSES = 8;

/** An error that was ours comes back wrapped by whoever read the answer. */
function causesOf(error: unknown): unknown[] {
  const causes: unknown[] = [];
  for (
    let cause = error;
    cause !== undefined && causes.length < MAX_CAUSES;
    cause = (cause as Error | null)?.cause
  )
    causes.push(cause);
  return causes;
}

function bodyOf({ data, responseBody }: APICallError): unknown {
  if (responseBody === undefined) return data;
  try {
    return JSON.parse(responseBody) as unknown;
  } catch {
    return data;
  }
}

function messageOf(error: unknown): string {
  if (error instanceof Error) return error.message === '' ? error.name : error.message;
  // A part of a stream: what the provider sent instead of a chunk.
  if (typeof error === 'string') return error;
  const message = (error as { message?: unknown; error?: { message?: unknown } } | null)?.message;
  if (typeof message === 'string') return message;
  const inner = (error as { error?: { message?: unknown } } | null)?.error?.message;
  return typeof inner === 'string' ? inner : (JSON.stringify(error) ?? 'unknown error');
}

function withoutSecrets(message: string, secrets: readonly Secret[]): string {
  let text = message;
  for (const secret of secrets)
    if (secret.reveal().length >= 4) text = text.replaceAll(secret.reveal(), '[secret]');
  return text;
}
