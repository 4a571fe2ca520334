import { setTimeout as delay } from 'node:timers/promises';

import { spawnEngine, waitUntilAnswering, type EngineProcess, type Launch } from './engine-process.ts';

const FIRST_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 5_000;
/** A life at least this long is no quick failure: the count of failures and the back-off begin anew. */
const SETTLED_AFTER_MS = 30_000;
const MAX_QUICK_FAILURES = 8;
/** At the first start someone is waiting, and what is wrong then is mostly wrong for good. */
const MAX_FIRST_FAILURES = 3;

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
 * After 8 quick failures in a row it gives up and says so by `onFailed`.
 * @throws Error when the engine does not come up in the first place; nothing is left running then.
 */
export async function superviseEngine(
  launch: Launch,
  describeFailure: (cause: unknown) => Error,
  events: SuperviseEvents,
): Promise<Supervisor> {
  let engine: EngineProcess | undefined;
  const stopping = new AbortController();

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
      failures = performance.now() - bornAtMs >= SETTLED_AFTER_MS ? 1 : failures + 1;
      if (failures >= MAX_QUICK_FAILURES)
        throw new Error(`ClickHouse ended ${failures} times in a row (${how})`);
      events.onEnded(how, backoffMs(failures));
      await delay(backoffMs(failures), undefined, { signal: stopping.signal });
      running = await startPatiently(failures, MAX_QUICK_FAILURES);
    }
  }

  const first = await startPatiently(0, MAX_FIRST_FAILURES).catch((cause: unknown) => {
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

function backoffMs(failures: number): number {
  return Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (failures - 1));
}
