import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { eventually } from '../eventually.ts';
import { startGuard } from '../guard.ts';
import { freePort } from '../ports.ts';

/** A server as a process of its own, with its data on disk. */
export interface ServerProcess {
  readonly port: number;
  readonly pid: number | undefined;
  /** Ends it at once, as a crash would: requests are cut off, what was answered is kept. Resolves when the process is gone. */
  kill(): Promise<void>;
  /** SIGSTOP: connections stay open and nothing answers. */
  pause(): void;
  resume(): void;
  /** The same again, on its data and port, after `kill()` or as it runs (then killed first); resolves when it serves. */
  restart(): Promise<void>;
  /** Stops it and removes what its start has made. */
  stop(): Promise<void>;
}

export interface ServerOptions {
  /** Keeps data and log here, and leaves them at `stop()`. Default: a temporary directory that `stop()` removes. */
  readonly dir?: string;
}

export interface ServerProgram {
  readonly name: string;
  readonly command: string;
  arguments(port: number, directory: string): readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** That ends it as a crash would. Default: SIGKILL. */
  readonly killSignal?: NodeJS.Signals;
  answers(port: number): Promise<boolean>;
}

const START_MS = 60_000;

/** It ends with this process, even if that is killed. @throws Error with its log when it does not come up. */
export async function startServer(program: ServerProgram, options: ServerOptions): Promise<ServerProcess> {
  const isOurs = options.dir === undefined;
  const directory = isOurs ? await mkdtemp(join(tmpdir(), `weft-${program.name}-`)) : resolve(options.dir!);
  await mkdir(directory, { recursive: true });
  const port = await freePort();
  const guard = startGuard(isOurs ? directory : undefined);
  let server: ChildProcess | undefined;

  const start = async () => {
    server = spawnServer(program, port, directory);
    guard.watch(server.pid === undefined ? [] : [server.pid]);
    await eventually(async () => {
      if (!isRunning(server))
        throw new Error(`${program.name} ended while starting:\n${lastWords(program, directory)}`);
      return program.answers(port);
    }, START_MS);
  };
  const kill = async () => {
    if (server === undefined || !isRunning(server)) return;
    server.ref();
    const ended = once(server, 'exit');
    server.kill('SIGCONT');
    server.kill(program.killSignal ?? 'SIGKILL');
    await ended;
    guard.watch([]);
  };
  const running: ServerProcess = {
    port,
    get pid() {
      return isRunning(server) ? server?.pid : undefined;
    },
    kill,
    pause: () => void server?.kill('SIGSTOP'),
    resume: () => void server?.kill('SIGCONT'),
    async restart() {
      await kill();
      await start();
    },
    async stop() {
      await kill();
      guard.dismiss();
      if (isOurs) await rm(directory, { recursive: true, force: true });
    },
  };
  try {
    await start();
  } catch (error) {
    await running.stop();
    throw error;
  }
  return running;
}

/** Whether a server answers there at all, whatever it says. */
export async function answersHttp(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2000) });
    await response.arrayBuffer();
    return true;
  } catch {
    return false;
  }
}

function spawnServer(program: ServerProgram, port: number, directory: string): ChildProcess {
  const log = openSync(join(directory, `${program.name}.log`), 'a');
  // A process group of its own: Ctrl-C ends the tests first, and they (or the guard) end the server.
  const child = spawn(program.command, program.arguments(port, directory), {
    detached: true,
    cwd: directory,
    env: { ...process.env, ...program.environment },
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  child.unref();
  child.on('error', () => {}); // a server that cannot be started has no pid: isRunning tells
  return child;
}

function isRunning(server: ChildProcess | undefined): boolean {
  return server?.pid !== undefined && server.exitCode === null && server.signalCode === null;
}

function lastWords({ name }: ServerProgram, directory: string): string {
  try {
    return readFileSync(join(directory, `${name}.log`), 'utf8')
      .split('\n')
      .slice(-25)
      .join('\n');
  } catch {
    return 'it has no log';
  }
}
