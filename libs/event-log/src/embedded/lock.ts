import * as fs from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { AppError } from '@weft/model';
import { processStat } from '@weft/runtime';

/** A lock from another host can't be checked by process id: it counts as left behind when not renewed for this long. */
const FOREIGN_STALE_MS = 30_000;
const RENEW_MS = 5_000;

interface Owner {
  pid: number;
  host: string;
  /** What tells this process from a later one with the same id, where the system says. */
  startedAt: string;
}

const held = new Set<string>();

/**
 * Takes the file `lock` in `dir`. The lock of a process that is gone is taken over; the release is harmless when repeated.
 * @throws AppError `log_unavailable` at once, naming directory and process, while another process has it.
 */
export async function acquireLock(dir: string): Promise<() => Promise<void>> {
  const real = await fs.realpath(dir);
  const path = join(real, 'lock');
  const me: Owner = {
    pid: process.pid,
    host: hostname(),
    startedAt: processStat(process.pid)?.startedAt ?? '',
  };
  if (held.has(real)) throw refused(dir, me);
  held.add(real);
  try {
    await takeFile(path, dir, me);
  } catch (error) {
    held.delete(real);
    throw error;
  }
  const renew = setInterval(() => {
    const now = new Date();
    fs.utimes(path, now, now).catch(() => undefined);
  }, RENEW_MS);
  renew.unref();
  let released = false;
  return async () => {
    if (released) return;
    released = true;
    clearInterval(renew);
    await fs.rm(path, { force: true });
    held.delete(real);
  };
}

async function takeFile(path: string, dir: string, me: Owner): Promise<void> {
  const mine = JSON.stringify(me);
  for (let attempt = 0; attempt < 10; attempt++) {
    try {
      await fs.writeFile(path, mine, { flag: 'wx', mode: 0o600, flush: true });
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw unusable(dir, error);
    }
    const found = await readOwner(path);
    if (found === undefined) continue;
    if (isAlive(found.owner, found.ageMs, me)) throw refused(dir, found.owner);
    await removeStale(path, found.text);
  }
  throw new AppError('log_unavailable', `event log ${dir}: several processes want its lock`);
}

async function readOwner(
  path: string,
): Promise<{ owner: Owner | undefined; text: string; ageMs: number } | undefined> {
  try {
    const text = await fs.readFile(path, 'utf8');
    const { mtimeMs } = await fs.stat(path);
    return { owner: parseOwner(text), text, ageMs: Date.now() - mtimeMs };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function parseOwner(text: string): Owner | undefined {
  try {
    const { pid, host, startedAt } = JSON.parse(text) as Partial<Owner>;
    if (typeof pid === 'number' && typeof host === 'string' && typeof startedAt === 'string')
      return { pid, host, startedAt };
  } catch {
    // a crash between creating and filling the file
  }
  return undefined;
}

function isAlive(owner: Owner | undefined, ageMs: number, me: Owner): boolean {
  // An unreadable lock is one being written right now, or left by a crash.
  if (owner === undefined) return ageMs < 1_000;
  if (owner.host !== me.host) return ageMs < FOREIGN_STALE_MS;
  if (owner.pid === me.pid) return false;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const stat = processStat(owner.pid);
  if (stat === null) return true;
  return !stat.hasEnded && (owner.startedAt === '' || stat.startedAt === owner.startedAt);
}

/** Moves the stale file away first: of two processes that saw it, only one removes it, and none a fresh lock. */
async function removeStale(path: string, text: string): Promise<void> {
  const aside = `${path}.${process.pid}.stale`;
  try {
    await fs.rename(path, aside);
    if ((await fs.readFile(aside, 'utf8')) !== text) await fs.link(aside, path).catch(() => undefined);
    await fs.rm(aside, { force: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

function refused(dir: string, owner: Owner | undefined): AppError {
  const who = owner === undefined ? 'another process' : `process ${owner.pid} on ${owner.host}`;
  return new AppError(
    'log_unavailable',
    `event log ${dir} is in use by ${who}; one process owns a log directory`,
  );
}

function unusable(dir: string, cause: unknown): AppError {
  return new AppError('log_unavailable', `event log ${dir}: can't create its lock file`, { cause });
}
