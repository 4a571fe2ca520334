import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { eventually } from '../eventually.ts';
import { startGuard } from '../guard.ts';
import { whyNoDocker } from '../kafka/docker-broker.ts';
import { freePort } from '../ports.ts';
import { startRedisContainer } from './docker-redis.ts';

export interface RedisOptions {
  /** Keeps data and log here, and leaves them at `stop()`. Default: a temporary directory that `stop()` removes. */
  readonly dir?: string;
  /** More of redis.conf, as command line: `{ requirepass: 'x' }`. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** A running Redis that keeps what it was told (append-only file) and refuses instead of evicting. */
export interface TestRedis {
  readonly url: string;
  readonly port: number;
  readonly pid: number | undefined;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
  /** SIGSTOP: connections stay open and nothing answers. */
  pause(): void;
  resume(): void;
  /** The same again, on its data and port, after `kill()` or as it runs (then killed first); resolves when it serves. */
  restart(): Promise<void>;
  /** Stops it and removes what `startRedis` has made. */
  stop(): Promise<void>;
}

const START_MS = 20_000;

/**
 * The `redis-server` of the PATH as a process of this machine; where there is none but a Docker, in a container. It ends with
 * this process, even if that is killed. @throws Error with its log when it does not come up, or why nothing can be started.
 */
export async function startRedis(options: RedisOptions = {}): Promise<TestRedis> {
  const missing = whyNoRedis();
  if (missing !== undefined) throw new Error(`no Redis can be started: ${missing}`);
  if (!hasServer()) return startRedisContainer(options.settings);
  const isOurs = options.dir === undefined;
  const directory = isOurs ? await mkdtemp(join(tmpdir(), 'weft-redis-')) : resolve(options.dir!);
  await mkdir(directory, { recursive: true });
  const port = await freePort();
  const guard = startGuard(isOurs ? directory : undefined);
  let server: ChildProcess | undefined;

  const start = async () => {
    server = spawnServer(port, directory, options.settings);
    guard.watch(server.pid === undefined ? [] : [server.pid]);
    await eventually(async () => {
      if (!isRunning(server)) throw new Error(`Redis ended while starting:\n${lastWords(directory)}`);
      return answers(port);
    }, START_MS);
  };
  const end = async (signal: NodeJS.Signals) => {
    if (server === undefined || !isRunning(server)) return;
    server.ref();
    const ended = once(server, 'exit');
    server.kill('SIGCONT');
    server.kill(signal);
    await ended;
    guard.watch([]);
  };
  const redis: TestRedis = {
    url: `redis://127.0.0.1:${port}`,
    port,
    get pid() {
      return isRunning(server) ? server?.pid : undefined;
    },
    kill: () => end('SIGKILL'),
    pause: () => void server?.kill('SIGSTOP'),
    resume: () => void server?.kill('SIGCONT'),
    async restart() {
      await end('SIGKILL');
      await start();
    },
    async stop() {
      await end('SIGKILL'); // nothing of it is needed any more, and what is asked to be kept is in its file
      guard.dismiss();
      if (isOurs) await rm(directory, { recursive: true, force: true });
    },
  };
  try {
    await start();
  } catch (error) {
    await redis.stop();
    throw error;
  }
  return redis;
}

/** Why `startRedis` cannot start anything on this machine; undefined = it can. */
export function whyNoRedis(): string | undefined {
  if (hasServer()) return undefined;
  const docker = whyNoDocker();
  return docker === undefined ? undefined : `there is no redis-server on the PATH, and ${docker}`;
}

let found: boolean | undefined;

function hasServer(): boolean {
  found ??= spawnSync('redis-server', ['--version'], { stdio: 'ignore' }).status === 0;
  return found;
}

/** As deployments are told to run it, but for the sync of each write: no test cuts the power. */
export function redisArguments(settings: Readonly<Record<string, string>> = {}): string[] {
  const all = { appendonly: 'yes', save: '', 'maxmemory-policy': 'noeviction', ...settings };
  return Object.entries(all).flatMap(([name, value]) => [`--${name}`, value]);
}

function spawnServer(port: number, directory: string, settings: RedisOptions['settings']): ChildProcess {
  const log = openSync(join(directory, 'redis.log'), 'a');
  const args = [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--dir',
    directory,
    ...redisArguments(settings),
  ];
  // A process group of its own: Ctrl-C ends the tests first, and they (or the guard) end the server.
  const child = spawn('redis-server', args, { detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  child.unref();
  child.on('error', () => {}); // a server that cannot be started has no pid: isRunning tells
  return child;
}

function isRunning(server: ChildProcess | undefined): boolean {
  return server?.pid !== undefined && server.exitCode === null && server.signalCode === null;
}

/** Whether it serves: while it reads its file it says LOADING. A password it wants is an answer too. */
export async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1').setTimeout(1000);
  socket.on('timeout', () => socket.destroy());
  socket.on('error', () => {});
  socket.write('PING\r\n');
  let answer = '';
  socket.once('data', (data: Buffer) => {
    answer = String(data);
    socket.end();
  });
  await new Promise((resolve) => socket.once('close', resolve));
  return answer.startsWith('+PONG') || answer.startsWith('-NOAUTH');
}

function lastWords(directory: string): string {
  try {
    return readFileSync(join(directory, 'redis.log'), 'utf8').split('\n').slice(-25).join('\n');
  } catch {
    return 'it has no log';
  }
}
