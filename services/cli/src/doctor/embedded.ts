import { constants } from 'node:fs';
import { access, readFile, stat, statfs } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { processStat } from '@weft/runtime';
import { z } from 'zod';
import { diskFinding, failed, nothing, ok, reasonOf, warning, type Finding } from './finding.ts';

/** What the log writes into its lock (libs/event-log). */
const ownerSchema = z.object({ pid: z.number(), host: z.string(), startedAt: z.string() });

type Owner = z.output<typeof ownerSchema>;

/** The data directory of an all-in-one; a server that runs on it is asked how it is. */
export async function* checkDataDir(dir: string, url: string): AsyncGenerator<Finding> {
  const what = `data directory ${resolve(dir)}`;
  const problem = await unusable(dir);
  if (problem === 'missing') {
    yield nothing(what, 'is not there yet: the first start makes it (--data-dir looks at another one)');
    return;
  }
  if (problem !== undefined) {
    yield failed(what, problem, 'run as the user that runs the server, or give that user the directory');
    return;
  }
  yield ok(what, 'can be read and written');
  const { bavail, blocks, bsize } = await statfs(dir);
  yield diskFinding(
    'its disk',
    bavail * bsize,
    blocks * bsize,
    'add space: writes are refused when there is none',
  );
  const owner = await lockOwner(dir);
  if (owner === undefined) yield nothing('server', 'none runs on this directory');
  else if (owner.host !== hostname())
    yield nothing('server', `the lock is held by ${owner.host}, process ${owner.pid}: look there`);
  else if (isRunning(owner)) yield* checkServer(url, `process ${owner.pid} runs on this directory; `);
  else yield ok('server', 'none runs; the lock that the last one left is taken over at the next start');
}

async function unusable(dir: string): Promise<string | undefined> {
  try {
    if (!(await stat(dir)).isDirectory()) return 'is not a directory';
    await access(dir, constants.R_OK | constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'missing' : reasonOf(error);
  }
}

async function lockOwner(dir: string): Promise<Owner | undefined> {
  try {
    return ownerSchema.safeParse(JSON.parse(await readFile(join(dir, 'log', 'lock'), 'utf8'))).data;
  } catch {
    return undefined;
  }
}

function isRunning({ pid, startedAt }: Owner): boolean {
  const stat = processStat(pid);
  if (stat !== null) return !stat.hasEnded && stat.startedAt === startedAt;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

const READY_MS = 5_000;

/** `/readyz` of a server: it needs no key. */
export async function* checkServer(url: string, prefix = ''): AsyncGenerator<Finding> {
  const what = 'server';
  try {
    const res = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(READY_MS), redirect: 'error' });
    const text = (await res.text()).slice(0, 500);
    if (res.ok) yield ok(what, `${prefix}ready at ${url}`);
    else yield failed(what, `${prefix}${url} is not ready: ${text}`, 'its log says more');
  } catch (error) {
    yield warning(
      what,
      `${prefix}${url} does not answer (${reasonOf(error)})`,
      'start it, or say where it is: --url or WEFT_URL',
    );
  }
}
