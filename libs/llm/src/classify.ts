import { types } from 'node:util';
import type { LlmErrorKind } from './errors.ts';

/** What went wrong, as far as it is known. */
export interface Failure {
  /** Undefined = no answer came. */
  readonly status: number | undefined;
  /** The answer's JSON; undefined = none. */
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string>>;
  /** The error and what it came from. */
  readonly causes: readonly unknown[];
}

/**
 * Told by the codes and types that providers send, then by the status: a spent quota and a rate limit are both 429, and what is
 * worth another try is not. Messages are not looked at.
 * (OpenAI: error.code/type; Anthropic: error.type; Gemini: error.status and details; Bedrock: x-amzn-errortype.)
 */
export function classify(failure: Failure): LlmErrorKind {
  const { body, headers, causes } = failure;
  if (failure.status === undefined && !isSaid(body)) return ofConnection(causes);
  const status = statusOf(failure);
  const words = wordsOf(body, headers);
  const says = (pattern: RegExp) => words.some((word) => pattern.test(word));
  if (status === 402 || says(QUOTA) || isSpentForLong(body)) return 'quota';
  if (says(OVERLOADED)) return 'unavailable';
  if (status === 408 || status === 504 || status === 524 || says(LATE)) return 'timeout';
  if (status === 429 || says(RATE)) return 'rate_limited';
  if (status === undefined || status >= 500 || status === 409 || status === 425) return 'unavailable';
  return status < 400 ? 'invalid' : 'refused';
}

/** Routers answer 200 with an error in it, whose code is the status. */
function statusOf({ status, body }: Failure): number | undefined {
  const { code } = membersOf(membersOf(body).error);
  const isStatus = typeof code === 'number' && code >= 400 && code < 600;
  return isStatus && (status === undefined || status < 400) ? code : status;
}

const QUOTA =
  /quota|billing|insufficient_(?:balance|credits?|funds)|(?:credit|balance)s?_(?:too_low|exhausted|limit)|out_of_credits?|payment_required|(?:spend|spending|usage|hard|budget)_limit/;
const OVERLOADED = /overloaded|model_?not_?ready|service_?unavailable|capacity/;
const LATE = /timeout|deadline_exceeded/;
const RATE =
  /rate_?limit|slow_down|throttl|too_?many_?requests|resource_exhausted|(?:requests|tokens)_limit|^requests$|^tokens$/;

/** Codes and types of an error, in lower case. */
function wordsOf(body: unknown, headers: Failure['headers']): string[] {
  const outer = membersOf(Array.isArray(body) ? (body as unknown[])[0] : body);
  const inner = membersOf(outer.error);
  return [
    inner.code,
    inner.type,
    inner.status,
    outer.code,
    outer.type,
    outer.__type,
    headers['x-amzn-errortype'],
  ]
    .filter((word) => typeof word === 'string')
    .map((word) => word.toLowerCase());
}

/** Gemini says 429 RESOURCE_EXHAUSTED for a minute's limit as for a day's: the quota's id tells. */
function isSpentForLong(body: unknown): boolean {
  return detailsOf(body).some(({ violations }) =>
    listOf(violations).some(
      ({ quotaId }) => typeof quotaId === 'string' && /per(?:day|month)/i.test(quotaId),
    ),
  );
}

/** `error.details` as Google's APIs have them. */
export function detailsOf(body: unknown): readonly Readonly<Record<string, unknown>>[] {
  const outer = membersOf(Array.isArray(body) ? (body as unknown[])[0] : body);
  return listOf(membersOf(outer.error).details);
}

/** The provider's own words, and no error of whoever read them. */
function isSaid(body: unknown): boolean {
  return typeof body === 'object' && body !== null && !types.isNativeError(body) && !(body instanceof Error);
}

const LATE_CODE = /TIMEOUT|ETIMEDOUT/;
/** More headers than node takes, or no HTTP. */
const UNREADABLE_CODE = /^(?:UND_ERR_HEADERS_OVERFLOW|HPE_.*|ERR_HTTP_.*|UND_ERR_INVALID_.*|Z_.*)$/;
const UNREADABLE_NAME =
  /^AI_(?:JSONParse|TypeValidation|EmptyResponseBody|NoContentGenerated|InvalidResponseData)Error$/;

function ofConnection(causes: readonly unknown[]): LlmErrorKind {
  for (const cause of causes) {
    const { code, name } = membersOf(cause);
    if (typeof code === 'string' && UNREADABLE_CODE.test(code)) return 'invalid';
    if (typeof code === 'string' && LATE_CODE.test(code)) return 'timeout';
    if (typeof name === 'string' && UNREADABLE_NAME.test(name)) return 'invalid';
    if (name === 'TimeoutError') return 'timeout';
  }
  return 'unavailable';
}

type Members = Readonly<Record<string, unknown>>;

function membersOf(value: unknown): Members {
  return typeof value === 'object' && value !== null ? (value as Members) : {};
}

function listOf(value: unknown): readonly Members[] {
  return Array.isArray(value) ? value.map(membersOf) : [];
}
