import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Hold, type HeldFor } from './hold.ts';

const MIB = 1 << 20;
const options = { maxLagBytes: 8 * MIB, maxHoldMs: 2000, stuckAfterMs: 1000 };

describe('hold', () => {
  let group: { -readonly [K in keyof HeldFor]: HeldFor[K] };
  let hold: Hold;

  beforeEach(() => {
    jest.useFakeTimers();
    group = { hasMembers: true, progressAt: performance.now(), lag: { bytes: 0 } };
    hold = new Hold(options, () => [group]);
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  const lag = (bytes: number) => {
    group.lag = { bytes };
    group.progressAt = performance.now();
  };
  const isReleased = async (wait: Promise<void>): Promise<boolean> =>
    Promise.race([wait.then(() => true), Promise.resolve().then(() => Promise.resolve(false))]);

  it('holds nothing up to half of the allowed lag', () => {
    lag(4 * MIB);
    expect(hold.wait(100_000)).toBeUndefined();
  });

  it('spaces acks out beyond it, each further than the last', async () => {
    lag(5 * MIB);
    const first = hold.wait(100_000)!;
    const second = hold.wait(100_000)!;
    expect(await isReleased(first)).toBe(false);
    await jest.advanceTimersByTimeAsync(30);
    expect([await isReleased(first), await isReleased(second)]).toEqual([true, false]);
    await jest.advanceTimersByTimeAsync(30);
    expect(await isReleased(second)).toBe(true);
  });

  it('waits at most maxHoldMs, however much is in front', async () => {
    lag(100 * MIB);
    const waits = Array.from({ length: 50 }, () => hold.wait(MIB)!);
    // The group has to look alive for all of it.
    for (let ms = 0; ms < 2000; ms += 500) {
      lag(100 * MIB);
      await jest.advanceTimersByTimeAsync(500);
    }
    expect(await isReleased(waits.at(-1)!)).toBe(true);
  });

  it('lets everybody go once the group has caught up', async () => {
    lag(7 * MIB);
    const waits = [hold.wait(MIB)!, hold.wait(MIB)!];
    lag(MIB);
    hold.update();
    expect(await Promise.all(waits.map(isReleased))).toEqual([true, true]);
  });

  it('does not wait for a group that is stuck or has no consumer', async () => {
    lag(20 * MIB);
    await jest.advanceTimersByTimeAsync(1001);
    expect(hold.wait(100_000)).toBeUndefined();
    lag(20 * MIB);
    group.hasMembers = false;
    expect(hold.wait(100_000)).toBeUndefined();
  });

  it('keeps the lag of a sender that never pauses within the allowed bytes', async () => {
    // 4 senders of 170 KB against a group that commits 8 MB/s in batches of a quarter of a second.
    let pending = 0;
    let most = 0;
    let acks = 0;
    const sender = async () => {
      for (;;) {
        pending += 170_000;
        lag(pending);
        await hold.wait(170_000);
        acks++;
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    };
    for (let i = 0; i < 4; i++) void sender();
    const seconds = 20;
    for (let step = 0; step < seconds * 4; step++) {
      await jest.advanceTimersByTimeAsync(250);
      pending -= Math.min(pending, 2_000_000);
      lag(pending);
      hold.update();
      if (step > 8) most = Math.max(most, pending);
    }
    expect(most).toBeLessThan(options.maxLagBytes);
    // And it is the group's rate, not a crawl, that senders are held to.
    expect((acks * 170_000) / seconds).toBeGreaterThan(6_000_000);
  });
});
