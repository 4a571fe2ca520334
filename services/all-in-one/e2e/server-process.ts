import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PATIENT } from './stack.ts';

const DIST = fileURLToPath(new URL('../../../dist/', import.meta.url));
const START_MS = 60_000;

/** One all-in-one as its user runs it: the bundle in a process of its own. */
export interface ServerProcess {
  readonly url: string;
  readonly pid: number;
  /** What it has said so far on both streams. */
  output(): string;
  kill(signal: NodeJS.Signals): void;
  /** How it ended. */
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

/** Nothing of the caller's environment but what Node needs, so that no setting of a developer changes a test. */
const BARE = { PATH: '/usr/bin:/bin', HOME: tmpdir() };

/** Runs one of the bundles of `dist/` to its end. */
export async function runBundle(name: string, args: readonly string[], env: Record<string, string> = {}) {
  const child = open(name, args, env);
  const { code } = await child.ended;
  return { code, output: child.output(), stdout: child.stdout() };
}

function open(name: string, args: readonly string[], env: Record<string, string>) {
  const bundle = join(DIST, `${name}.mjs`);
  if (!existsSync(bundle)) throw new Error(`${bundle} is missing: run scripts/test, or pnpm build`);
  const child = spawn(process.execPath, [bundle, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...BARE, ...env },
  });
  let [output, stdout] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => ((output += text), (stdout += text)));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
  running.add(child.pid!);
  const ended = (once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>).then(
    ([code, signal]) => {
      running.delete(child.pid!);
      return { code, signal };
    },
  );
  return { pid: child.pid!, output: () => output, stdout: () => stdout, ended, kill: (signal: NodeJS.Signals) => void child.kill(signal) }; // prettier-ignore
}

const running = new Set<number>();
const directories: string[] = [];

/** A directory that `cleanUp` removes. */
export async function newDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'weft-process-'));
  directories.push(directory);
  return directory;
}

/** Ends what tests have left running, by its pid. */
export async function cleanUp(): Promise<void> {
  for (const pid of running) process.kill(pid, 'SIGKILL');
  for (const directory of directories.splice(0))
    await rm(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
}

/** Starts the server on a free port; resolves when it answers. @throws Error with its output when it ends before that. */
export async function startServer(
  dataDir: string,
  options: { env?: Record<string, string>; args?: string[] } = {},
): Promise<ServerProcess> {
  const { env = {}, args = [] } = options;
  const child = open('all-in-one', ['--port', '0', '--data-dir', dataDir, ...args], { ...PATIENT, ...env });
  let hasEnded = false;
  void child.ended.then(() => (hasEnded = true));
  const url = await eventually(() => {
    const ready = /Weft is ready at (\S+)/.exec(child.stdout())?.[1];
    if (ready === undefined && hasEnded)
      throw new Error(`the server ended while starting:\n${child.output()}`);
    return ready;
  }, START_MS);
  return { ...child, url };
}

/** Asks again until the answer is not undefined. @throws Error after `timeoutMs`; what `ask` throws, at once. */
export async function eventually<T>(
  ask: () => T | undefined | Promise<T | undefined>,
  timeoutMs = 30_000,
): Promise<T> {
  for (const until = Date.now() + timeoutMs; ;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > until) throw new Error(`did not come true within ${timeoutMs} ms: ${ask.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
