import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from '@jest/globals';
import { eventually } from './eventually.ts';
import { childrenOf, cpuMs, isAlive, processTree, pssMib } from './processes.ts';

it('walks from a process to its children, and knows who has ended', async () => {
  // A name with a parenthesis and a blank, which /proc/<pid>/stat does not escape.
  const shell = spawn('/bin/bash', ['-c', 'exec -a "a) b" bash -c "sleep 60 & sleep 60 & wait"']);
  const pid = shell.pid!;
  const sleepers = await eventually(() => (childrenOf(pid).length === 2 ? childrenOf(pid) : undefined));
  expect(childrenOf(process.pid)).toContain(pid);
  expect(processTree(pid)).toEqual([pid, ...sleepers]);
  expect(processTree(process.pid)).toEqual(expect.arrayContaining([process.pid, pid, ...sleepers]));
  for (const sleeper of sleepers) process.kill(sleeper, 'SIGKILL');
  await once(shell, 'exit');
  await eventually(() => !sleepers.some(isAlive));
  expect(isAlive(pid)).toBe(false);
  expect(isAlive(process.pid)).toBe(true);
  expect(childrenOf(pid)).toEqual([]);
});

it('tells what a process has used', () => {
  const pages = Buffer.alloc(64 << 20, 1);
  const { user, system } = process.cpuUsage();
  // The kernel counts in ticks of 10 ms; what the other threads use meanwhile comes on top.
  expect(cpuMs(process.pid)).toBeGreaterThanOrEqual((user + system) / 1000 - 30);
  expect(pssMib(process.pid)).toBeGreaterThan(pages.length / 2 ** 20);
  expect(() => cpuMs(2 ** 22 + 1)).toThrow('has ended');
});
