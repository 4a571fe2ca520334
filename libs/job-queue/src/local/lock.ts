import { readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { AppError } from '@weft/model';
import { processStat } from '@weft/runtime';

interface Owner {
  readonly pid: number;
  readonly host: string;
  /** What tells this process from a later one with the same id, where the system says. */
  readonly startedAt: string;
}

const held = new Set<string>();

/**
 * Takes the directory for this process: LMDB itself would let several in, and each would hold its own idea of whose turn it is.
 * What a process that is gone has left is taken over. @returns how it is given back.
 * @throws AppError `queue_unavailable` at once, naming directory and process, while another one has it.
 */
export async function lockDirectory(dir: string): Promise<() => Promise<void>> {
  const real = await realpath(dir);
  const path = join(real, 'owner');
  const me: Owner = { pid: process.pid, host: hostname(), startedAt: startOf(process.pid) };
  if (held.has(real)) throw inUse(dir, me);
  held.add(real);
  try {
    const owner = await readOwner(path);
    if (owner !== undefined && isAlive(owner, me)) throw inUse(dir, owner);
    await rm(path, { force: true });
    await writeFile(path, JSON.stringify(me), { flag: 'wx', mode: 0o600 });
  } catch (error) {
    held.delete(real);
    throw error;
  }
  return async () => {
    await rm(path, { force: true });
    held.delete(real);
  };
}

/** Another host's process cannot be asked: its directory is on a disk that was moved here. */
function isAlive(owner: Owner, me: Owner): boolean {
  if (owner.host !== me.host || owner.pid === me.pid) return false;
  const stat = processStat(owner.pid);
  if (stat !== null) return !stat.hasEnded && stat.startedAt === owner.startedAt;
  try {
    return process.kill(owner.pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

async function readOwner(path: string): Promise<Owner | undefined> {
  try {
    const { pid, host, startedAt } = JSON.parse(await readFile(path, 'utf8')) as Partial<Owner>;
    if (typeof pid === 'number' && typeof host === 'string' && typeof startedAt === 'string')
      return { pid, host, startedAt };
  } catch {
    // none, or a crash between creating and filling it
  }
  return undefined;
}

const startOf = (pid: number): string => processStat(pid)?.startedAt ?? '';

function inUse(dir: string, owner: Owner): AppError {
  return new AppError(
    'queue_unavailable',
    `job queue ${dir} is in use by process ${owner.pid} on ${owner.host}`,
  );
}
