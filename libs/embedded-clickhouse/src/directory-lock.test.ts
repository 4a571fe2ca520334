import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { afterAll, describe, expect, it } from '@jest/globals';

import { acquireDirectoryLock } from './directory-lock.ts';

const root = mkdtempSync(join(tmpdir(), 'directory-lock-'));
const newDir = () => mkdtempSync(join(root, 'd-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('acquireDirectoryLock', () => {
  it('refuses a second owner, and leaves nothing after the release', () => {
    const dir = newDir();
    const lock = acquireDirectoryLock(dir);
    expect(() => acquireDirectoryLock(dir)).toThrow(
      `${dir} is in use by the process with pid ${process.pid}`,
    );
    lock.release();
    expect(readdirSync(dir)).toEqual([]);
    acquireDirectoryLock(dir).release();
  });

  it.each([
    ['of a process that is gone', JSON.stringify({ pid: 2 ** 22 + 1, startedAt: '1' })],
    ['whose pid belongs to another process now', JSON.stringify({ pid: process.pid, startedAt: '1' })],
    ['that is empty', ''],
    ['that is no lock', '{"pid":"x"}'],
  ])('takes over a lock %s', (what, content) => {
    if (what.includes('another process') && process.platform !== 'linux') return;
    const dir = newDir();
    writeFileSync(join(dir, 'owner.lock'), content);
    const lock = acquireDirectoryLock(dir);
    expect(JSON.parse(readFileSync(join(dir, 'owner.lock'), 'utf8'))).toMatchObject({ pid: process.pid });
    expect(readdirSync(dir)).toEqual(['owner.lock']);
    lock.release();
  });

  it('takes over the lock of a process that has ended but not been asked for its end', async () => {
    if (process.platform !== 'linux') return;
    const statOf = (pid: number) => readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ');
    // `exec` leaves the shell's child to a parent that never asks.
    const parent = spawn('sh', ['-c', 'sleep 60 & echo $!; exec sleep 60'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      const [line] = (await once(parent.stdout, 'data')) as [Buffer];
      const pid = Number(line.toString());
      while (statOf(parent.pid!)[1] !== '(sleep)') await delay(5);
      process.kill(pid, 'SIGKILL');
      while (statOf(pid)[2] !== 'Z') await delay(5);
      const dir = newDir();
      writeFileSync(join(dir, 'owner.lock'), JSON.stringify({ pid, startedAt: statOf(pid)[21] }));
      acquireDirectoryLock(dir).release();
    } finally {
      parent.kill('SIGKILL');
    }
  });

  it('does not release what another owner took since', () => {
    const dir = newDir();
    const lock = acquireDirectoryLock(dir);
    writeFileSync(join(dir, 'owner.lock'), 'another');
    lock.release();
    expect(readFileSync(join(dir, 'owner.lock'), 'utf8')).toBe('another');
  });
});
