import { detailsOf } from './classify.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

type Headers = Readonly<Record<string, string>>;

/**
 * How long a provider wants to be left alone: `retry-after-ms`, `retry-after` (seconds or a date), Google's RetryInfo, and of
 * rate limits the reset of what is used up. At most a day; undefined = it does not say.
 * @param limited it is a rate limit: headers that every answer has count too.
 */
export function retryAfterMsOf(headers: Headers, body: unknown, limited: boolean): number | undefined {
  const waitMs =
    numberOf(headers['retry-after-ms']) ??
    ofRetryAfter(headers['retry-after']) ??
    ofRetryInfo(body) ??
    (limited ? ofResets(headers) : undefined);
  return waitMs === undefined ? undefined : Math.ceil(Math.min(DAY_MS, Math.max(0, waitMs)));
}

function ofRetryAfter(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const seconds = numberOf(value);
  if (seconds !== undefined) return seconds * 1000;
  // Only what begins with a day of the week: Date.parse makes a date of nearly anything.
  const atMs = /^[A-Za-z]{3,9},/.test(value) ? Date.parse(value) : NaN;
  return Number.isNaN(atMs) ? undefined : atMs - Date.now();
}

function ofRetryInfo(body: unknown): number | undefined {
  for (const { retryDelay } of detailsOf(body))
    if (typeof retryDelay === 'string') return durationMs(retryDelay);
  return undefined;
}

const RESETS = [
  ['x-ratelimit-remaining-requests', 'x-ratelimit-reset-requests'],
  ['x-ratelimit-remaining-tokens', 'x-ratelimit-reset-tokens'],
  ['x-ratelimit-remaining', 'x-ratelimit-reset'],
] as const;

/** The latest reset of limits that are used up; where none says so, the earliest of all. */
function ofResets(headers: Headers): number | undefined {
  const resets = RESETS.flatMap(([remaining, reset]) => {
    const waitMs = ofReset(headers[reset]);
    return waitMs === undefined ? [] : [{ waitMs, isUsedUp: numberOf(headers[remaining]) === 0 }];
  });
  const usedUp = resets.filter(({ isUsedUp }) => isUsedUp).map(({ waitMs }) => waitMs);
  if (usedUp.length > 0) return Math.max(...usedUp);
  return resets.length === 0 ? undefined : Math.min(...resets.map(({ waitMs }) => waitMs));
}

/** A duration (`6m0s`), or seconds; large numbers are an instant, in seconds or milliseconds. */
function ofReset(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const number = numberOf(value);
  if (number === undefined) return durationMs(value);
  if (number > 1e11) return number - Date.now();
  return number > 1e8 ? number * 1000 - Date.now() : number * 1000;
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: DAY_MS };

/** `1s`, `6m0s`, `1h2m3.5s`, `20ms`. */
function durationMs(text: string): number | undefined {
  if (!/^(?:\d{1,12}(?:\.\d{1,9})?(?:ms|s|m|h|d))+$/.test(text)) return undefined;
  let sumMs = 0;
  for (const [, amount, unit] of text.matchAll(/([\d.]+)(ms|s|m|h|d)/g))
    sumMs += Number(amount) * UNIT_MS[unit!]!;
  return sumMs;
}

function numberOf(value: string | undefined): number | undefined {
  return value !== undefined && /^\d{1,15}(?:\.\d{1,9})?$/.test(value.trim()) ? Number(value) : undefined;
}
