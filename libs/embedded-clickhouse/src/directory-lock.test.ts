import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

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

  it('does not release what another owner took since', () => {
    const dir = newDir();
    const lock = acquireDirectoryLock(dir);
    writeFileSync(join(dir, 'owner.lock'), 'another');
    lock.release();
    expect(readFileSync(join(dir, 'owner.lock'), 'utf8')).toBe('another');
  });
});
