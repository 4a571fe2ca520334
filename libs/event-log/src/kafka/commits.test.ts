import { describe, expect, it } from '@jest/globals';
import { CommitsPoller } from './commits.ts';
import { shareCalls } from './shared-call.ts';

function group() {
  let asked = 0;
  const state = { committed: [-1n, -1n], starts: [0n, 7n], fails: false };
  const poller = new CommitsPoller({
    committed: async () => {
      asked++;
      if (state.fails) throw new Error('away');
      return state.committed;
    },
    starts: async () => state.starts,
  });
  return { state, poller, asked: () => asked };
}

describe('waiting for commits', () => {
  it('ends when every partition is there, and asks no more then', async () => {
    const { state, poller, asked } = group();
    const both = Promise.all([poller.wait([3n, 9n], 20_000), poller.wait([1n, 0n], 20_000)]);
    state.committed = [3n, 8n];
    const late = poller.wait([3n, 9n], 20_000);
    state.committed = [3n, 9n];
    expect(await both).toEqual([true, true]);
    expect(await late).toBe(true);
    const before = asked();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(asked()).toBe(before);
  });

  it('takes a partition without a commit as read up to its first record', async () => {
    const { poller } = group();
    expect(await poller.wait([0n, 7n], 0)).toBe(true);
    expect(await poller.wait([0n, 8n], 0)).toBe(false);
    expect(await poller.wait([], 0)).toBe(true);
  });

  it('says no when time is up, also while Kafka does not answer', async () => {
    const { state, poller } = group();
    expect(await poller.wait([5n], 30)).toBe(false);
    state.fails = true;
    expect(await poller.wait([0n], 30)).toBe(false);
    state.fails = false;
    expect(await poller.wait([0n], 30)).toBe(true);
  });
});

describe('shared calls', () => {
  it('are younger than the question, and no more than one at a time', async () => {
    let running = 0;
    let most = 0;
    let clock = 0;
    const ask = shareCalls(async () => {
      const startedAt = ++clock;
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 2));
      running--;
      return startedAt;
    });
    const answers: Promise<boolean>[] = [];
    for (let i = 0; i < 50; i++) {
      const askedAt = ++clock;
      answers.push(ask().then((startedAt) => startedAt > askedAt));
      if (i % 7 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    expect(new Set(await Promise.all(answers))).toEqual(new Set([true]));
    expect(most).toBe(1);
  });

  it('that fail do not fail the next', async () => {
    let calls = 0;
    const ask = shareCalls(async () => {
      if (++calls === 1) throw new Error('first');
      return calls;
    });
    const [first, second, third] = await Promise.allSettled([ask(), ask(), ask()]);
    expect([first.status, second.status, third.status]).toEqual(['rejected', 'fulfilled', 'fulfilled']);
    expect(calls).toBe(2);
  });
});
