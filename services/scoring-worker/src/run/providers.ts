import type { JobQueue } from '@weft/job-queue';
import { BoundedMap } from '../bounded-map.ts';
import { queueKey } from '../queue-key.ts';
import { Breaker } from './breaker.ts';

/** Who is asked, for which project. One that asks nobody has no provider and waits for nobody. */
export interface Provider {
  readonly projectId: string;
  readonly name: string | null;
}

/** When providers may be asked: limits that were set, limits that they told, and pauses while they fail. */
export interface Providers {
  /**
   * Milliseconds until it is worth coming again; 0 = it may be asked now, as far as that can be told without a token. Cheap:
   * to be asked before anything is read for the question.
   */
  delay(provider: Provider): Promise<number>;
  /** Takes a token and a place. 0 = ask now, then tell how it went (below), whatever happens; else as `delay`. */
  enter(provider: Provider): Promise<number>;
  answered(provider: Provider): void;
  failed(provider: Provider): void;
  /** Nobody was asked after all. */
  left(provider: Provider): void;
  /** It said to come again, not before so many milliseconds. */
  limited(provider: Provider, retryAfterMs: number): Promise<void>;
}

const MAX_KNOWN = 10_000;
const MINUTE_MS = 60_000;
const LOOK_MS = 1000;
/** Nobody is sent away for longer: meanwhile the monitor may have been switched off. */
const MAX_DELAY_MS = 60_000;

interface Known {
  readonly breaker: Breaker;
  /** Told by the provider, to this process or another; looked up no sooner than `lookAtMs`. */
  heldUntilMs: number;
  lookAtMs: number;
  /** The next moment that nobody was told to come at. */
  freeAtMs: number;
}

/**
 * Breakers are this process's own; tokens and what providers told are shared through the queue.
 * @param perMinute most questions for one project and provider; 0 = any number.
 */
export function createProviders(
  queue: Pick<JobQueue, 'takeToken' | 'get' | 'put'>,
  perMinute: number,
  clock: () => number = Date.now,
  random: () => number = Math.random,
): Providers {
  const all = new BoundedMap<Known>(MAX_KNOWN);
  const keyOf = ({ projectId, name }: Provider) => `${projectId} ${name}`;
  const keyIn = (kind: string, { projectId, name }: Provider) => queueKey(kind, projectId, name ?? '');

  function knownOf(provider: Provider): Known {
    const key = keyOf(provider);
    let known = all.get(key);
    if (known === undefined)
      all.set(key, (known = { breaker: new Breaker(), heldUntilMs: 0, lookAtMs: 0, freeAtMs: 0 }));
    return known;
  }

  /** Those who wait come back one after the other, not all at once. */
  function appointment(known: Known, afterMs: number): number {
    const now = clock();
    const at = Math.min(now + MAX_DELAY_MS, Math.max(now + afterMs, known.freeAtMs));
    const stepMs = perMinute === 0 ? 10 : MINUTE_MS / perMinute;
    known.freeAtMs = Math.min(at + stepMs, now + MAX_DELAY_MS);
    return (at - now) * (0.9 + 0.2 * random()) + 1;
  }

  async function held(provider: Provider, known: Known): Promise<number> {
    const now = clock();
    if (known.heldUntilMs <= now && known.lookAtMs <= now) {
      known.lookAtMs = now + LOOK_MS;
      const told = await queue.get(keyIn('hold', provider));
      if (told !== undefined) known.heldUntilMs = Number(told);
    }
    return Math.max(0, known.heldUntilMs - now);
  }

  async function delay(provider: Provider): Promise<number> {
    const known = knownOf(provider);
    const waitMs = known.breaker.delay(clock()) || (await held(provider, known));
    return waitMs === 0 ? 0 : appointment(known, waitMs);
  }

  const unlessNobody =
    (ask: (provider: Provider) => Promise<number>) =>
    async (provider: Provider): Promise<number> =>
      provider.name === null ? 0 : ask(provider);

  const tell =
    (what: (known: Known) => void) =>
    (provider: Provider): void => {
      if (provider.name !== null) what(knownOf(provider));
    };

  return {
    delay: unlessNobody(delay),
    enter: unlessNobody(async (provider) => {
      const waitMs = await delay(provider);
      if (waitMs > 0) return waitMs;
      const known = knownOf(provider);
      if (perMinute > 0) {
        const tokenMs = await queue.takeToken(keyIn('rate', provider), perMinute, MINUTE_MS);
        if (tokenMs > 0) return appointment(known, tokenMs);
      }
      // Others may have entered while the token was fetched.
      const shutMs = known.breaker.delay(clock());
      if (shutMs > 0) return appointment(known, shutMs);
      known.breaker.enter(clock());
      return 0;
    }),
    answered: tell(({ breaker }) => breaker.answered()),
    failed: tell(({ breaker }) => breaker.failed(clock())),
    left: tell(({ breaker }) => breaker.left()),
    async limited(provider, retryAfterMs) {
      if (provider.name === null) return;
      const known = knownOf(provider);
      known.heldUntilMs = Math.max(known.heldUntilMs, clock() + retryAfterMs);
      await queue.put(keyIn('hold', provider), String(known.heldUntilMs), Math.max(1, retryAfterMs));
    },
  };
}
