import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';

import { answersPing } from './engine-http.ts';

const START_TIMEOUT_MS = 60_000;
const POLL_EVERY_MS = 20;
const STOP_TIMEOUT_MS = 10_000;

/** One life of the engine. */
export interface EngineProcess {
  readonly pid: number | undefined;
  /** How it ended, in words; pending while it runs. Never rejects. */
  readonly ended: Promise<string>;
  /** Asks it to end in order, by SIGTERM when it does not listen, by SIGKILL after 10 s; resolves when it is gone. */
  stop(): Promise<void>;
}

export interface Launch {
  readonly launcherPath: string;
  readonly settings: Record<string, unknown>;
  readonly workingDir: string;
  readonly outputFd: number;
  readonly port: number;
  /** Asks the serving engine to end in order; rejects when it can't be asked. */
  requestEnd(): Promise<void>;
}

/** Starts the engine's process; see {@link waitUntilAnswering} for when it serves. */
export function spawnEngine(launch: Launch): EngineProcess {
  const child = spawn(process.execPath, [launch.launcherPath, JSON.stringify(launch.settings)], {
    cwd: launch.workingDir,
    // Nothing of this process' environment: file('/proc/self/environ') must find nothing worth reading.
    env: {},
    stdio: ['pipe', launch.outputFd, launch.outputFd],
    // Its own process group: Ctrl-C in a terminal must not end the engine while its clients still drain into it.
    detached: true,
  });
  // The pipe is the engine's sign that its owner lives; a write to it never happens, but its end may report an error.
  child.stdin?.on('error', () => undefined);
  let isGone = false;
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`));
  }).finally(() => (isGone = true));
  return {
    pid: child.pid,
    ended,
    async stop() {
      if (isGone) return;
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
      // Not SIGTERM first: Node's own handler answers it by ending the process in the middle of everything.
      launch.requestEnd().catch(() => child.kill('SIGTERM'));
      await ended;
      clearTimeout(timer);
    },
  };
}

/** Resolves when the engine answers over HTTP. @throws Error when it ends before that, or after 60 s. */
export async function waitUntilAnswering(engine: EngineProcess, port: number): Promise<void> {
  let howItEnded: string | undefined;
  void engine.ended.then((how) => (howItEnded = how));
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!(await answersPing(port))) {
    if (howItEnded !== undefined) throw new Error(`ClickHouse ended while starting (${howItEnded})`);
    if (Date.now() > deadline)
      throw new Error(`ClickHouse did not answer within ${START_TIMEOUT_MS / 1000} s`);
    await delay(POLL_EVERY_MS);
  }
}
