import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { startBundle } from '@weft/testkit';

export interface ServiceProcessOptions {
  /** Bundle in dist/. */
  readonly service: string;
  readonly env: Readonly<Record<string, string>>;
  readonly logFile: string;
  /** Wait before it is started again after it ended by itself; as Kubernetes does, it always is. */
  readonly restartMs?: number;
}

/** One instance of a service, kept alive as Kubernetes would. */
export interface ServiceProcess {
  readonly pid: number | undefined;
  /** Ends that were not asked for, kills included. */
  readonly restarts: number;
  /** Exit codes of ends that were asked for, and of those that were neither asked for nor a kill. */
  readonly exitCodes: readonly number[];
  /** False when there is no process just now. */
  signal(signal: NodeJS.Signals): boolean;
  /** SIGTERM, waits for the end. Resolves with the milliseconds it took. */
  stop(): Promise<number>;
  start(): void;
}

export function startService(options: ServiceProcessOptions): ServiceProcess {
  const log = createWriteStream(options.logFile, { flags: 'a' });
  let child: ChildProcess | undefined;
  let wanted = true;
  let restarts = 0;
  const exitCodes: number[] = [];

  function start(): void {
    wanted = true;
    if (child !== undefined) return;
    const started = startBundle(options.service, [], options.env);
    child = started;
    started.stdout.pipe(log, { end: false });
    started.stderr.pipe(log, { end: false });
    started.once('close', (code, signal) => {
      child = undefined;
      if (signal !== 'SIGKILL') exitCodes.push(code ?? 1);
      if (!wanted) return;
      restarts++;
      setTimeout(() => wanted && start(), options.restartMs ?? 300).unref();
    });
  }
  start();

  return {
    get pid() {
      return child?.pid;
    },
    get restarts() {
      return restarts;
    },
    exitCodes,
    signal: (signal) => child?.kill(signal) ?? false,
    async stop() {
      wanted = false;
      const running = child;
      if (running === undefined) return 0;
      const startedAt = performance.now();
      running.kill('SIGTERM');
      await once(running, 'close');
      return performance.now() - startedAt;
    },
    start,
  };
}
