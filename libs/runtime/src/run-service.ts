import type { EventEmitter } from 'node:events';
import type { Logger } from './logger.ts';

/** Something that was started. */
export interface Stoppable {
  /** Finishes what is in hand and releases everything. Harmless when repeated. */
  stop(): Promise<void>;
  /** Rejects when this part cannot go on: the process then stops with exit code 1. Fulfilment means nothing. */
  readonly done?: Promise<unknown>;
}

export interface StartStep {
  readonly name: string;
  /** @param signal aborts when the service is stopped before it has started: whatever is waited for is not needed any more. */
  readonly start: (signal: AbortSignal) => Promise<Stoppable | void>;
}

/** The part of `process` that is used, so that a test can stand in for it. */
export interface ProcessPort extends Pick<EventEmitter, 'on' | 'off'> {
  exit(code: number): void;
}

export interface RunServiceOptions {
  readonly name: string;
  readonly logger: Logger;
  /** Started one after the other, stopped in reverse: backends first, intake last. */
  readonly start: readonly StartStep[];
  /** From the signal to the end, default 10000. What has not stopped by then is left behind, with exit code 1. */
  readonly stopTimeoutMs?: number;
  readonly process?: ProcessPort;
}

export interface RunningService {
  /** Fulfilled once everything has started, or the service has ended because it could not. */
  readonly started: Promise<void>;
  /** The exit code, after everything has stopped: 0 after a clean stop on request, else 1. */
  readonly ended: Promise<number>;
  /** What SIGTERM does. Repeating it changes nothing. */
  stop(): Promise<number>;
}

/**
 * Runs a process from start to exit. SIGTERM and SIGINT stop it in order; a second signal ends it at once. A step that
 * fails stops those before it. An uncaught exception or unhandled rejection is logged and ends the process at once: its
 * state is unknown, and what matters is durable.
 */
export function runService(options: RunServiceOptions): RunningService {
  const { logger } = options;
  const port = options.process ?? (process as unknown as ProcessPort);
  const running: { name: string; part: Stoppable }[] = [];
  let stopping = false;
  let exitCode = 0;
  let ending: Promise<number> | undefined;
  let resolveEnded: (code: number) => void;
  const ended = new Promise<number>((resolve) => (resolveEnded = resolve));
  const abandon = new AbortController();

  const onSignal = (signal: string) => {
    if (stopping) {
      logger.warn({ signal }, 'second signal: leaving at once');
      return finish(1);
    }
    logger.info({ signal }, 'stopping');
    void stop();
  };
  const onUncaught = (err: unknown) => {
    logger.fatal({ err }, 'uncaught error');
    finish(1);
  };
  const listeners = [
    ['SIGTERM', onSignal],
    ['SIGINT', onSignal],
    ['uncaughtException', onUncaught],
    ['unhandledRejection', onUncaught],
  ] as const;
  for (const [event, listener] of listeners) port.on(event, listener);

  let finished = false;
  let deadline: NodeJS.Timeout | undefined;
  function finish(code: number): void {
    if (finished) return;
    finished = true;
    clearTimeout(deadline);
    for (const [event, listener] of listeners) port.off(event, listener);
    resolveEnded(code);
    port.exit(code);
  }

  function fail(err: unknown, message: string, part: string): void {
    logger.fatal({ err, part }, message);
    exitCode = 1;
    void stop();
  }

  async function startAll(): Promise<void> {
    for (const step of options.start) {
      if (stopping) return;
      try {
        const part = await step.start(abandon.signal);
        if (part === undefined) continue;
        running.push({ name: step.name, part });
        part.done?.catch((err: unknown) => {
          if (!stopping) fail(err, 'a part cannot go on: stopping', step.name);
          else logger.warn({ err, part: step.name }, 'a part failed while stopping');
        });
      } catch (err) {
        if (!stopping) fail(err, 'could not start', step.name);
        return;
      }
    }
    if (!stopping) logger.info('started');
  }

  async function stopAll(): Promise<void> {
    await starting;
    for (let last = running.at(-1); last !== undefined; last = running.at(-1)) {
      try {
        await last.part.stop();
      } catch (err) {
        logger.error({ err, part: last.name }, 'could not stop cleanly');
        exitCode = 1;
      }
      running.pop();
    }
  }

  function stop(): Promise<number> {
    stopping = true;
    abandon.abort();
    ending ??= stopWithin(options.stopTimeoutMs ?? 10_000);
    return ending;
  }

  async function stopWithin(timeoutMs: number): Promise<number> {
    const tooLate = new Promise<boolean>(
      (resolve) => (deadline = setTimeout(() => resolve(false), timeoutMs)),
    );
    const inTime = await Promise.race([stopAll().then(() => true), tooLate]);
    clearTimeout(deadline);
    if (inTime) {
      logger.info('stopped');
    } else {
      logger.error({ left: running.map((r) => r.name), timeoutMs }, 'did not stop in time');
      exitCode = 1;
    }
    finish(exitCode);
    return exitCode;
  }

  // A microtask later, so that `starting` exists before anything can fail.
  const starting: Promise<void> = Promise.resolve().then(startAll);
  return { started: starting, ended, stop };
}
