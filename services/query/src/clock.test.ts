import { describe, expect, it } from '@jest/globals';
import { nowUs } from '@weft/model';
import { createClock } from './clock.ts';

describe('the clock', () => {
  it('never stands still, and is later than what it is told', () => {
    const clock = createClock();
    const begin = nowUs();
    const instants = Array.from({ length: 1000 }, () => clock());
    expect(instants[0]).toBeGreaterThanOrEqual(begin);
    expect(instants).toEqual([...new Set(instants)].sort((a, b) => a - b));
    const ahead = nowUs() + 60_000_000;
    expect(clock(ahead)).toBe(ahead + 1);
    expect(clock()).toBe(ahead + 2);
  });
});
