import { describe, expect, it } from '@jest/globals';
import { createStoreCheck } from './store-check.ts';

/** A store whose answers are given by hand. */
function harness() {
  let nowMs = 0;
  const asked: { answer(): void; refuse(): void }[] = [];
  const ping = () =>
    new Promise<void>((resolve, reject) =>
      asked.push({ answer: resolve, refuse: () => reject(new Error('no')) }),
    );
  return { check: createStoreCheck({ ping }, () => nowMs), asked, wait: (ms: number) => void (nowMs += ms) };
}
const DOWN = 'ClickHouse does not answer';

describe('whether the store answers', () => {
  it('waits for the first answer', async () => {
    const { check, asked } = harness();
    const first = check();
    asked[0]!.answer();
    expect(await first).toBeUndefined();
    const other = harness();
    const refused = other.check();
    other.asked[0]!.refuse();
    expect(await refused).toBe(DOWN);
  });

  it('is true for 10 s after an answer, whatever comes of the next question, and asks one at a time', async () => {
    const { check, asked, wait } = harness();
    const first = check();
    asked[0]!.answer();
    await first;
    wait(10_000);
    expect([await check(), await check()]).toEqual([undefined, undefined]);
    expect(asked).toHaveLength(2);
    wait(1);
    const late = check();
    expect(asked).toHaveLength(2);
    asked[1]!.refuse();
    expect(await late).toBe(DOWN);
  });

  it('is true again with the next answer', async () => {
    const { check, asked } = harness();
    const first = check();
    asked[0]!.refuse();
    await first;
    const second = check();
    asked[1]!.answer();
    expect(await second).toBeUndefined();
  });
});
