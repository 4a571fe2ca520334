import { describe, expect, it } from '@jest/globals';
import { fromClock, granularityOf, readTimeZone, toClock } from './time-range.ts';

describe('clocks of time zones', () => {
  it.each([
    ['UTC', '2026-01-31T12:00', '2026-01-31T12:00:00.000Z'],
    ['Asia/Kathmandu', '2026-01-31T12:00', '2026-01-31T06:15:00.000Z'],
    ['America/New_York', '2026-07-01T00:00', '2026-07-01T04:00:00.000Z'],
    // Clocks go back at 03:00: that there is twice.
    ['Europe/Berlin', '2026-10-25T01:59', '2026-10-24T23:59:00.000Z'],
    ['Europe/Berlin', '2026-10-25T03:00', '2026-10-25T02:00:00.000Z'],
  ])('in %s %s is %s', (timeZone, clock, instant) => {
    expect(new Date(fromClock(clock, timeZone)!).toISOString()).toBe(instant);
    expect(toClock(Date.parse(instant), timeZone)).toBe(clock);
  });

  it('are of zones that there are', () => {
    expect(readTimeZone('Asia/Tokyo')).toBe('Asia/Tokyo');
    for (const odd of ['Mars/Olympus', '', 7, null, 'x'.repeat(100)])
      expect(readTimeZone(odd)).toBeUndefined();
    expect(fromClock('soon', 'UTC')).toBeUndefined();
  });

  it('cut spans into a few dozen buckets', () => {
    for (const days of [1 / 24, 0.25, 1, 3, 7, 14, 30]) {
      const lastMs = days * 86_400_000;
      const buckets = lastMs / 1000 / granularityOf({ lastMs });
      expect(buckets).toBeGreaterThanOrEqual(28);
      expect(buckets).toBeLessThanOrEqual(75);
    }
  });
});
