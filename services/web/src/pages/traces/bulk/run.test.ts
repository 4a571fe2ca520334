import { expect, it } from '@jest/globals';
import { runBulk, type Progress } from './run.ts';

const ids = ['a', 'b', 'c', 'd', 'e'];

it('goes on behind what fails, and tells what that was and why', async () => {
  const told: Progress[] = [];
  const act = async (some: readonly string[]) => {
    if (some.includes('c')) throw new Error('no c');
  };
  const end = await runBulk(ids, 2, act, (each) => told.push(each), new AbortController().signal);
  expect(end).toEqual({ done: 3, total: 5, failed: ['c', 'd'], reason: 'no c', isOver: true });
  expect(told.map(({ done }) => done)).toEqual([2, 2, 3, 3]);
});

it('leaves the rest when it is stopped', async () => {
  const stop = new AbortController();
  const end = await runBulk(ids, 2, async () => stop.abort(), () => {}, stop.signal); // prettier-ignore
  expect(end).toMatchObject({ done: 2, failed: ['c', 'd', 'e'], reason: 'You stopped it.' });
});
