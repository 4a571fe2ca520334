import { describe, expect, it } from '@jest/globals';
import { cutIntoBuckets } from './stats-buckets.ts';

const us = (text: string) => Date.parse(text) * 1000;
const cut = (from: string, to: string, granularityS?: number, timeZone = 'UTC') => {
  const {
    granularityS: lengthS,
    startsUs,
    format,
  } = cutIntoBuckets(us(from), us(to), granularityS, timeZone);
  return { lengthS, starts: startsUs.map(format) };
};

describe('buckets', () => {
  it.each([
    ['2026-01-01T02:00:00Z', 300],
    ['2026-01-01T02:00:01Z', 3600],
    ['2026-01-01T12:00:00Z', 3600],
    ['2026-01-04T00:00:00Z', 6 * 3600],
    ['2026-01-15T00:00:00Z', 12 * 3600],
    ['2026-02-01T00:00:00Z', 86_400],
  ])('fit the range: up to %s', (to, lengthS) =>
    expect(cut('2026-01-01T00:00:00Z', to).lengthS).toBe(lengthS),
  );

  it('hold the first instant and none after the last', () => {
    expect(cut('2026-01-01T00:30:00Z', '2026-01-01T03:00:00Z', 3600).starts).toEqual([
      '2026-01-01T00:00:00+00:00', '2026-01-01T01:00:00+00:00', '2026-01-01T02:00:00+00:00',
    ]); // prettier-ignore
    expect(cut('2026-01-01T00:30:00Z', '2026-01-01T00:30:00Z', 3600).starts).toHaveLength(1);
    expect(cut('2026-01-01T00:00:10Z', '2026-01-01T00:00:20Z', 7).starts).toEqual([
      '2026-01-01T00:00:07+00:00', '2026-01-01T00:00:14+00:00',
    ]); // prettier-ignore
  });

  it('are days of the time zone, also where clocks change', () => {
    expect(cut('2026-10-31T12:00:00Z', '2026-11-03T00:00:00Z', 86_400, 'America/New_York').starts).toEqual([
      '2026-10-31T00:00:00-04:00', '2026-11-01T00:00:00-04:00', '2026-11-02T00:00:00-05:00',
    ]); // prettier-ignore
    expect(cut('2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z', 86_400, 'Asia/Kolkata').starts).toEqual([
      '2026-01-01T00:00:00+05:30', '2026-01-02T00:00:00+05:30',
    ]); // prettier-ignore
  });

  it('start at midnight of the time zone where they divide a day', () => {
    expect(cut('2026-01-01T10:00:00Z', '2026-01-02T00:00:00Z', 6 * 3600, 'America/New_York').starts).toEqual([
      '2026-01-01T00:00:00-05:00', '2026-01-01T06:00:00-05:00', '2026-01-01T12:00:00-05:00', '2026-01-01T18:00:00-05:00',
    ]); // prettier-ignore
    const hours = cut('2026-11-01T04:00:00Z', '2026-11-02T05:00:00Z', 3600, 'America/New_York').starts;
    expect(hours).toHaveLength(25);
    expect(hours.slice(0, 3)).toEqual(['2026-11-01T00:00:00-04:00', '2026-11-01T01:00:00-04:00', '2026-11-01T01:00:00-05:00']);
  }); // prettier-ignore

  it('are at most 10,000', () => {
    const { lengthS, starts } = cut('2026-01-01T00:00:00Z', '2026-01-31T00:00:00Z', 1);
    expect(lengthS).toBe(260);
    expect(starts.length).toBeLessThanOrEqual(10_001);
  });

  it('have to be of a time zone', () =>
    expect(() => cut('2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z', 3600, 'Nope/X')).toThrow(
      'timezone: "Nope/X" is not a time zone',
    ));
});
