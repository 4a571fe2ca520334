import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { processStat } from '@weft/runtime';

const LOCK_FILE = 'owner.lock';

/** The right to use a directory, until released or until this process ends. */
export interface DirectoryLock {
  release(): void;
}

interface Owner {
  readonly pid: number;
  /** What the kernel says of the process' start (clock ticks since boot), null where it does not. */
  readonly startedAt: string | null;
}

/**
 * Takes the directory, or says at once who has it. A lock whose owner is gone is taken over; a pid that was given to
 * another process since is told apart by its start time (/proc; elsewhere by pid alone). Pids of another container can't
 * be seen here: the engine's own lock on its data (`status`, flock) keeps those apart.
 * @throws Error naming the directory and the owner's pid.
 */
export function acquireDirectoryLock(directory: string): DirectoryLock {
  const path = join(directory, LOCK_FILE);
  const mine = JSON.stringify({
    pid: process.pid,
    startedAt: processStat(process.pid)?.startedAt ?? null,
  } satisfies Owner);
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, mine, { mode: 0o600 });
  try {
    // A lock appears with its content: nobody ever reads a half-written one.
    while (!tryLink(draft, path)) evictIfStale(path, directory);
  } finally {
    rmSync(draft, { force: true });
  }
  return {
    release() {
      if (read(path) === mine) rmSync(path, { force: true });
    },
  };
}

function evictIfStale(path: string, directory: string): void {
  const found = read(path);
  if (found === null) return;
  const owner = parseOwner(found);
  if (owner !== null && isAlive(owner)) {
    throw new Error(`the ClickHouse directory ${directory} is in use by the process with pid ${owner.pid}`);
  }
  const aside = `${path}.stale.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (isCode(error, 'ENOENT')) return;
    throw error;
  }
  // Another process may have replaced the stale lock between the look and the rename: give it back.
  if (read(aside) !== found) tryLink(aside, path);
  rmSync(aside, { force: true });
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false;
    throw error;
  }
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isCode(error, 'ENOENT')) return null;
    throw error;
  }
}

function parseOwner(text: string): Owner | null {
  try {
    const { pid, startedAt } = JSON.parse(text) as Partial<Owner>;
    return typeof pid === 'number' && pid > 0 ? { pid, startedAt: startedAt ?? null } : null;
  } catch {
    return null;
  }
}

function isAlive(owner: Owner): boolean {
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    return isCode(error, 'EPERM');
  }
  const stat = processStat(owner.pid);
  if (stat === null) return true;
  return !stat.hasEnded && (owner.startedAt === null || stat.startedAt === owner.startedAt);
}

function isCode(error: unknown, code: string): boolean {
  return (error as NodeJS.ErrnoException | null)?.code === code;
}
