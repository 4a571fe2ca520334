import { setTimeout as delay } from 'node:timers/promises';
import { envInt } from './config.ts';
import type { Logger } from './logger.ts';

/** Environment of every process that stands on backends of other machines. */
export const startEnv = {
  /** How long a backend that is down when the process starts is waited for; 0 = one attempt. */
  WEFT_START_TIMEOUT_MS: envInt({ default: 60_000, max: 3_600_000 }),
};

export interface PatienceOptions {
  /** What is opened and where, with the variable that says so: `Kafka at db:9092 (KAFKA_BROKERS)`. */
  readonly what: string;
  readonly timeoutMs: number;
  /** Nobody waits any more. */
  readonly signal: AbortSignal;
  readonly logger: Logger;
  /** Default 5000. */
  readonly logEveryMs?: number;
}

const FIRST_DELAY_MS = 200;
const MAX_DELAY_MS = 2000;

/**
 * Opens a backend that may not be there yet: parts of a cluster start in any order. Tries again with back-off and says what
 * it waits for, as long as the failure is one that passes (`retryable`).
 * @throws what `open` threw if that does not pass; Error that names the backend and the reason after `timeoutMs`.
 */
export async function openPatiently<T>(open: () => Promise<T>, options: PatienceOptions): Promise<T> {
  const { what, timeoutMs, signal, logger, logEveryMs = 5000 } = options;
  const from = performance.now();
  let quietUntil = 0;
  for (let delayMs = FIRST_DELAY_MS; ; delayMs = Math.min(2 * delayMs, MAX_DELAY_MS)) {
    try {
      return await open();
    } catch (cause) {
      signal.throwIfAborted();
      if ((cause as { retryable?: unknown }).retryable !== true) throw cause;
      const reason = reasonOf(cause);
      const waitedMs = performance.now() - from;
      if (waitedMs + delayMs > timeoutMs)
        throw new Error(
          `${what} could not be used within ${timeoutMs} ms (WEFT_START_TIMEOUT_MS): ${reason}`,
          { cause },
        );
      if (waitedMs >= quietUntil) {
        logger.warn({ reason, waitedMs: Math.round(waitedMs) }, `waiting for ${what}`);
        quietUntil = waitedMs + logEveryMs;
      }
    }
    await delay(delayMs * (0.75 + Math.random() / 2), undefined, { signal });
  }
}

/** What was thrown and what caused it, in one line. */
function reasonOf(error: unknown): string {
  const messages: string[] = [];
  for (let at: unknown = error; at instanceof Error && messages.length < 4; at = at.cause)
    if (!messages.includes(at.message)) messages.push(at.message);
  return messages.join(': ').slice(0, 500) || String(error);
}
