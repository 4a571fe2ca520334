import type { BlobStoreOptions } from './blob-store.ts';

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5000;

export interface RetryOptions {
  /** For all attempts together with the pauses between them. */
  readonly timeoutMs: number;
  /** For one attempt: a connection that went silent is left for a new one. Default: `timeoutMs`. */
  readonly attemptTimeoutMs?: number;
  /** Whether another attempt may cure it. What `signal` or a time limit ended is not asked about. */
  readonly isRetryable: (error: unknown) => boolean;
  /** How long the store wants to be left alone, as its answer says (Retry-After). */
  readonly retryAfterMs?: (error: unknown) => number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** From 0 to 1, for tests. */
  readonly random?: () => number;
}

/** The time for an operation has passed. `cause`: what the last attempt that came to an end failed with, if one did. */
export class DeadlineExceeded extends Error {
  constructor(timeoutMs: number, cause?: unknown) {
    super(`not done within ${timeoutMs} ms`, cause === undefined ? undefined : { cause });
    this.name = 'DeadlineExceeded';
  }
}

/**
 * Runs `attempt` until it resolves. Pauses between attempts are random between 0 and a bound that doubles from 100 ms to
 * 5 s ("full jitter": https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/), so that many processes
 * do not come back in step. The signal that `attempt` gets says when it is no longer waited for.
 *
 * Rejects with what is not retryable, as it is; with `DeadlineExceeded` when the time is over, or would be before the next
 * attempt; with the reason of `signal` when that aborts: at once, whatever the attempt does.
 */
export async function retry<T>(
  attempt: (signal: AbortSignal) => Promise<T>,
  options: RetryOptions,
): Promise<T> {
  const { timeoutMs, attemptTimeoutMs = timeoutMs, random = Math.random } = options;
  const until = performance.now() + timeoutMs;
  let last: unknown;
  for (let n = 0; ; n++) {
    options.signal?.throwIfAborted();
    const leftMs = until - performance.now();
    if (leftMs <= 0) throw new DeadlineExceeded(timeoutMs, last);
    const outcome = await within(attempt, Math.min(leftMs, attemptTimeoutMs), options.signal);
    if (outcome.is === 'done') return outcome.value;
    if (outcome.is === 'failed') {
      if (!options.isRetryable(outcome.error)) throw outcome.error;
      last = outcome.error;
    }
    const wanted = outcome.is === 'failed' ? options.retryAfterMs?.(outcome.error) : undefined;
    const pauseMs = Math.max(wanted ?? 0, random() * Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** n));
    if (performance.now() + pauseMs >= until) throw new DeadlineExceeded(timeoutMs, last);
    await pause(pauseMs, options.signal);
  }
}

/** The time that `BlobStoreOptions` gives an operation; `putBytes` for a put of so many bytes. */
export function timeoutOf(
  { timeoutMs, timeoutMsPerMib }: Pick<BlobStoreOptions, 'timeoutMs' | 'timeoutMsPerMib'>,
  putBytes = 0,
): number {
  const perMib = timeoutMsPerMib ?? (timeoutMs === undefined ? 1000 : 0);
  return (timeoutMs ?? 10_000) + Math.ceil((putBytes / 2 ** 20) * perMib);
}

type Outcome<T> =
  | { readonly is: 'done'; readonly value: T }
  | { readonly is: 'failed'; readonly error: unknown }
  | { readonly is: 'late' };

/** One attempt. Rejects only with the reason of `signal`. */
async function within<T>(
  attempt: (signal: AbortSignal) => Promise<T>,
  ms: number,
  signal: AbortSignal | undefined,
): Promise<Outcome<T>> {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let onAbort: (() => void) | undefined;
  const late = new Promise<Outcome<T>>((resolve, reject) => {
    timer = setTimeout(() => resolve({ is: 'late' }), ms);
    onAbort = () => reject(signal!.reason as Error);
    signal?.addEventListener('abort', onAbort);
  });
  const running = attempt(controller.signal).then(
    (value): Outcome<T> => ({ is: 'done', value }),
    (error: unknown): Outcome<T> => ({ is: 'failed', error }),
  );
  try {
    const outcome = await Promise.race([running, late]);
    if (outcome.is === 'late') controller.abort(new DeadlineExceeded(Math.round(ms)));
    return outcome;
  } catch (error) {
    controller.abort(error);
    throw error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort!);
  }
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal!.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
