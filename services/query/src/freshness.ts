import type { EventLog, Offsets } from '@weft/event-log';
import { AppError } from '@weft/model';

export interface FreshnessDeps {
  readonly eventLog: Pick<EventLog, 'endOffsets' | 'waitCommitted' | 'lag'>;
  readonly maxWaitMs: number;
}

/** What a read may promise: everything acknowledged before it, or how far behind it may be (undefined = not known). */
export type Freshness =
  { readonly fresh: true } | { readonly fresh: false; readonly lagMs: number | undefined };

const TOPIC = 'trace-events';
const GROUP = 'writer';

/**
 * "A read that starts after a write was acknowledged sees the write": takes the log's end when the read arrives and waits
 * until the writer has stored up to it.
 */
export interface FreshnessGate {
  /** Resolves within about `maxWaitMs`; never throws because of the log: what is stored can be read without it. */
  wait(): Promise<Freshness>;
}

export function createFreshnessGate({ eventLog, maxWaitMs }: FreshnessDeps): FreshnessGate {
  /** The look at the log's end that has not been sent yet: whoever arrives before it is sent may share it. */
  let unsent: Promise<boolean> | undefined;
  /** Settles when the look that is under way has its answer. It may be older than a new arrival, so it is never joined. */
  let looking: Promise<unknown> = Promise.resolve();

  function join(): Promise<boolean> {
    unsent ??= looking.then(() => {
      unsent = undefined;
      const ends = eventLog.endOffsets(TOPIC);
      looking = ends.catch(() => undefined);
      return waitFor(ends);
    });
    return unsent;
  }

  async function waitFor(ends: Promise<Offsets>): Promise<boolean> {
    return eventLog.waitCommitted(TOPIC, GROUP, await ends, maxWaitMs);
  }

  async function stale(): Promise<Freshness> {
    const lag = await within(eventLog.lag(TOPIC, GROUP), LAG_WAIT_MS).catch(() => undefined);
    return { fresh: false, lagMs: lag?.oldestMs };
  }

  return {
    async wait() {
      try {
        return (await within(join(), maxWaitMs)) ? { fresh: true } : await stale();
      } catch (error) {
        // Any failure of the log is the same to a reader: it cannot be waited for. Ours are not hidden.
        if (error instanceof AppError) return { fresh: false, lagMs: undefined };
        throw error;
      }
    },
  };
}

const LAG_WAIT_MS = 250;

/** The promise's value, or undefined after `timeoutMs`: a log that does not answer must not hold a read. */
export async function within<T>(promise: Promise<T>, timeoutMs: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => (timer = setTimeout(resolve, timeoutMs, undefined)));
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
