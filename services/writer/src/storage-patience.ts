import { AppError } from '@weft/model';
import type { Logger } from '@weft/runtime';

export interface Patience {
  /**
   * What `run` resolves with, or undefined: the store is away, or takes too long. A later call with the same name then
   * gets what the earlier one was still waiting for.
   * @param name of what is fetched; undefined for what nobody asks for again.
   * @throws what `run` throws, except `storage_unavailable`.
   */
  have<T>(name: string | undefined, run: () => Promise<T>): Promise<T | undefined>;
}

export interface PatienceTimes {
  /** A batch waits this long for a blob. */
  readonly waitMs: number;
  /** Between two attempts at a store that is away. */
  readonly retryMs: number;
  /** What was late is kept this long for whoever asks again. */
  readonly keepMs: number;
}

const TIMES: PatienceTimes = { waitMs: 2000, retryMs: 1000, keepMs: 30_000 };
/** Attempts whose results nobody waits for now; each may hold a payload. */
const MAX_LATE = 2;

const LATE = Symbol('late');

type Outcome = { readonly value: unknown } | { readonly error: unknown };

/**
 * Lets the batch in hand wait for a slow blob a little, and for a store that is away once: then attempts go on beside it, few
 * at a time, until one succeeds.
 */
export function createPatience(logger: Logger, times: PatienceTimes = TIMES): Patience {
  const late = new Map<string, Outcome | 'running'>();
  let unnamed = 0;
  let isAway = false;
  let notBefore = 0;

  function setAway(away: boolean): void {
    if (away) notBefore = performance.now() + times.retryMs;
    if (away === isAway) return;
    isAway = away;
    if (away)
      logger.warn('the blob store is away or slow: events whose payloads are there wait, others go on');
    else logger.info('the blob store can be used again');
  }

  /** What it came to. Never rejects. */
  async function attempt(run: () => Promise<unknown>): Promise<Outcome> {
    try {
      const value = await run();
      return { value };
    } catch (error) {
      return { error };
    }
  }

  /** Lets it go on, and keeps what it comes to for whoever asks again. */
  function letGo(name: string | undefined, running: Promise<Outcome>): void {
    const key = name ?? `\0${unnamed++}`;
    late.set(key, 'running');
    void running.then((outcome) => {
      setAway(isUnavailable(outcome));
      if (name === undefined || isUnavailable(outcome)) return void late.delete(key);
      late.set(key, outcome);
      setTimeout(() => late.get(key) === outcome && late.delete(key), times.keepMs).unref();
    });
  }

  return {
    async have<T>(name: string | undefined, run: () => Promise<T>): Promise<T | undefined> {
      const known = name === undefined ? undefined : late.get(name);
      if (known === 'running') return undefined;
      if (known !== undefined) {
        late.delete(name!);
        return resultOf<T>(known);
      }
      if (isAway && (late.size >= MAX_LATE || performance.now() < notBefore)) return undefined;
      const running = attempt(run);
      if (isAway) {
        letGo(name, running);
        return undefined;
      }
      const outcome = await within(running, times.waitMs);
      if (outcome === LATE) {
        setAway(true);
        if (late.size < MAX_LATE) letGo(name, running);
        return undefined;
      }
      if (isUnavailable(outcome)) {
        setAway(true);
        return undefined;
      }
      return resultOf<T>(outcome);
    },
  };
}

function resultOf<T>(outcome: Outcome): T {
  if ('error' in outcome) throw outcome.error;
  return outcome.value as T;
}

function isUnavailable(outcome: Outcome): boolean {
  return (
    'error' in outcome && outcome.error instanceof AppError && outcome.error.code === 'storage_unavailable'
  );
}

async function within<T>(running: Promise<T>, ms: number): Promise<T | typeof LATE> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<typeof LATE>((resolve) => (timer = setTimeout(resolve, ms, LATE)));
  try {
    return await Promise.race([running, late]);
  } finally {
    clearTimeout(timer);
  }
}
