import { describe, expect, it } from '@jest/globals';
import { createWatch } from './watch.ts';

describe('a batch that hangs', () => {
  it('is told of after 120 s, and no failure or pause is taken for one', async () => {
    let nowMs = 0;
    const watch = createWatch(() => nowMs);
    const lease = { isHeld: () => true };
    expect(watch.stuck()).toBeUndefined();

    let end!: () => void;
    const handling = watch.over(() => new Promise((resolve) => (end = () => resolve([]))))([], lease);
    nowMs += 120_000;
    expect(watch.stuck()).toBeUndefined();
    nowMs += 1;
    expect(watch.stuck()).toBe('a batch has been in hand for over 120 s');
    end();
    expect(await handling).toEqual([]);
    expect(watch.stuck()).toBeUndefined();

    const away = new Error('the store is away');
    await expect(watch.over(() => Promise.reject(away))([], lease)).rejects.toBe(away);
    nowMs += 600_000;
    expect(watch.stuck()).toBeUndefined();
  });
});
