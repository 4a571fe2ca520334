import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { processStat } from './process-stat.ts';

const onLinux = existsSync('/proc/self/stat') ? it : it.skip;

onLinux('tells a living process by its start', async () => {
  const mine = processStat(process.pid)!;
  expect(mine.hasEnded).toBe(false);
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  const ended = once(child, 'exit');
  expect(Number(processStat(child.pid!)!.startedAt)).toBeGreaterThan(Number(mine.startedAt));
  child.kill('SIGKILL');
  await ended;
  expect(processStat(child.pid!)).toBeNull();
});

it('knows nothing of a process that is not there', () => {
  expect(processStat(0x7fffffff)).toBeNull();
});
