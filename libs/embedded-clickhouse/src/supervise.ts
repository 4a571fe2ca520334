import { setTimeout as delay } from 'node:timers/promises';

import { spawnEngine, waitUntilAnswering, type EngineProcess, type Launch } from './engine-process.ts';

/** How often and how soon an engine that ends is started again. */
export interface RestartPolicy {
  readonly firstBackoffMs: number;
  readonly maxBackoffMs: number;
  /** A life at least this long is no quick failure: the count of failures and the back-off begin anew. */
  readonly settledAfterMs: number;
  readonly maxQuickFailures: number;
  /** At the first start someone is waiting, and what is wrong then is mostly wrong for good. */
  readonly maxFirstFailures: number;
}

export const DEFAULT_POLICY: RestartPolicy = {
  firstBackoffMs: 100,
  maxBackoffMs: 5_000,
  settledAfterMs: 30_000,
  maxQuickFailures: 8,
  maxFirstFailures: 3,
};

/** What the keeper of the engine tells. */
export interface SuperviseEvents {
  onRunning(pid: number | undefined, startMs: number): void;
  onEnded(how: string, backoffMs: number): void;
  onFailed(error: Error): void;
}

/** Keeps one engine running. */
export interface Supervisor {
  readonly pid: number | undefined;
  /** Ends engine and watch. Idempotent. */
  stop(): Promise<void>;
}

/**
 * Starts the engine, resolves when it answers, and from then on starts it again whenever it ends, with growing pauses.
 * After too many quick failures in a row it gives up and says so by `onFailed`.
 * @throws Error when the engine does not come up in the first place; nothing is left running then.
 */
export async function superviseEngine(
  launch: Launch,
  describeFailure: (cause: unknown) => Error,
  events: SuperviseEvents,
  policy = DEFAULT_POLICY,
): Promise<Supervisor> {
  let engine: EngineProcess | undefined;
  const stopping = new AbortController();
  const backoffMs = (failures: number) =>
    Math.min(policy.maxBackoffMs, policy.firstBackoffMs * 2 ** (failures - 1));

  async function start(): Promise<EngineProcess> {
    const startedAtMs = performance.now();
    const started = spawnEngine(launch);
    engine = started;
    // Stopped while this life was being prepared: end it as well.
    if (stopping.signal.aborted) await started.stop();
    try {
      await waitUntilAnswering(started, launch.port);
    } catch (error) {
      await started.stop();
      throw error;
    }
    events.onRunning(started.pid, Math.round(performance.now() - startedAtMs));
    return started;
  }

  /** Starts until it runs, at most `attempts` times in all. `failures` of them are already used up. */
  async function startPatiently(failures: number, attempts: number): Promise<EngineProcess> {
    for (let failed = failures; ;) {
      try {
        return await start();
      } catch (error) {
        failed += 1;
        if (stopping.signal.aborted || failed >= attempts) throw error;
        await delay(backoffMs(failed), undefined, { signal: stopping.signal });
      }
    }
  }

  async function watch(first: EngineProcess): Promise<void> {
    let failures = 0;
    for (let running = first; ;) {
      const bornAtMs = performance.now();
      const how = await running.ended;
      if (stopping.signal.aborted) return;
      failures = performance.now() - bornAtMs >= policy.settledAfterMs ? 1 : failures + 1;
      if (failures >= policy.maxQuickFailures)
        throw new Error(`ClickHouse ended ${failures} times in a row (${how})`);
      events.onEnded(how, backoffMs(failures));
      await delay(backoffMs(failures), undefined, { signal: stopping.signal });
      running = await startPatiently(failures, policy.maxQuickFailures);
    }
  }

  const first = await startPatiently(0, policy.maxFirstFailures).catch((cause: unknown) => {
    throw describeFailure(cause);
  });
  const watching = watch(first).catch((cause: unknown) => {
    engine = undefined;
    if (!stopping.signal.aborted) events.onFailed(describeFailure(cause));
  });

  async function stop(): Promise<void> {
    stopping.abort();
    await engine?.stop();
    await watching;
    engine = undefined;
  }
  let stopped: Promise<void> | undefined;
  return {
    get pid() {
      return engine?.pid;
    },
    stop: () => (stopped ??= stop()),
  };
}
