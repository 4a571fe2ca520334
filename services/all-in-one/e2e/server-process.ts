import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, spawnBundle, type BundleProcess } from '@weft/testkit';
import { PATIENT } from './stack.ts';

const START_MS = 60_000;

/** One all-in-one as its user runs it: the bundle in a process of its own. */
export interface ServerProcess extends BundleProcess {
  readonly url: string;
}

/** Runs one of the bundles of `dist/` to its end. */
export async function runBundle(name: string, args: readonly string[], env: Record<string, string> = {}) {
  const child = open(name, args, env);
  const { code } = await child.ended;
  return { code, output: child.output(), stdout: child.stdout() };
}

function open(name: string, args: readonly string[], env: Record<string, string>): BundleProcess {
  const child = spawnBundle(name, args, env);
  running.add(child);
  void child.ended.then(() => running.delete(child));
  return child;
}

const running = new Set<BundleProcess>();
const directories: string[] = [];

/** A directory that `cleanUp` removes. */
export async function newDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'weft-process-'));
  directories.push(directory);
  return directory;
}

/** Ends what tests have left running. */
export async function cleanUp(): Promise<void> {
  for (const child of running) child.kill('SIGKILL');
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
  const url = await eventually(() => {
    const ready = /Weft is ready at (\S+)/.exec(child.stdout())?.[1];
    if (ready === undefined && child.hasEnded)
      throw new Error(`the server ended while starting:\n${child.output()}`);
    return ready;
  }, START_MS);
  return Object.assign(child, { url });
}
