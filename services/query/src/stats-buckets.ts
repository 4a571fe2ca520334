import { AppError } from '@weft/model';

/** Buckets of time that a range is cut into. */
export interface Buckets {
  readonly granularityS: number;
  /** Ascending, microseconds; the first is not after the range's start. */
  readonly startsUs: readonly number[];
  /** As W&B writes it: with the offset of the time zone at that instant. */
  format(startUs: number): string;
}

const MAX_BUCKETS = 10_000;
const S = 1_000_000;
const DAY_S = 86_400;

/** Length of buckets for ranges up to so many seconds, as W&B. */
const AUTOMATIC: readonly (readonly [upToS: number, granularityS: number])[] = [
  [2 * 3600, 300],
  [12 * 3600, 3600],
  [3 * DAY_S, 6 * 3600],
  [14 * DAY_S, 12 * 3600],
  [Infinity, DAY_S],
];

/**
 * Lengths that divide a day start at midnight of the time zone, and whole days are days of it, 23 or 25 hours long where
 * clocks change; other lengths count from 1970. Made longer where there would be more than 10,000.
 * @param granularityS undefined = by the length of the range.
 * @throws AppError `invalid_request` for a time zone that does not exist.
 */
export function cutIntoBuckets(
  fromUs: number,
  toUs: number,
  granularityS: number | undefined,
  timeZone: string,
): Buckets {
  const offsetS = offsetsOf(timeZone);
  const rangeS = (toUs - fromUs) / S;
  const wanted = granularityS ?? AUTOMATIC.find(([upToS]) => rangeS <= upToS)![1];
  const isTooFine = rangeS / wanted > MAX_BUCKETS;
  const lengthS = isTooFine ? Math.max(wanted, Math.floor(rangeS / MAX_BUCKETS) + 1) : wanted;
  const fromS = Math.floor(fromUs / S);
  const endS = Math.ceil(toUs / S);
  const starts =
    lengthS % DAY_S === 0
      ? days(fromS, endS, lengthS / DAY_S, offsetS)
      : DAY_S % lengthS === 0
        ? partsOfDays(fromS, endS, lengthS, offsetS)
        : even(fromS, endS, lengthS);
  return {
    granularityS: lengthS,
    startsUs: starts.map((s) => s * S),
    format: (startUs) => formatLocal(startUs / S, offsetS(startUs / S)),
  };
}

/** Seconds that the local clock is ahead of UTC. */
type Offset = (atS: number) => number;

function even(fromS: number, endS: number, lengthS: number): number[] {
  const starts: number[] = [];
  for (let s = Math.floor(fromS / lengthS) * lengthS; s < endS || starts.length === 0; s += lengthS)
    starts.push(s);
  return starts;
}

/** Every `n` days, counted from 1970-01-01. */
function days(fromS: number, endS: number, n: number, offset: Offset): number[] {
  const starts: number[] = [];
  const first = Math.floor(localDay(fromS, offset) / n) * n;
  for (let day = first; starts.length === 0 || midnight(day, offset) < endS; day += n) starts.push(midnight(day, offset));
  return starts;
} // prettier-ignore

function partsOfDays(fromS: number, endS: number, lengthS: number, offset: Offset): number[] {
  const starts: number[] = [];
  for (let day = localDay(fromS, offset); starts.length === 0 || midnight(day, offset) < endS; day++) {
    const next = midnight(day + 1, offset);
    for (let s = midnight(day, offset); s < next; s += lengthS) {
      if (s + lengthS <= fromS && Math.min(s + lengthS, next) <= fromS) continue;
      if (s < endS || starts.length === 0) starts.push(s);
    }
  }
  return starts;
}

function localDay(atS: number, offset: Offset): number {
  return Math.floor((atS + offset(atS)) / DAY_S);
}

/** The instant at which a local day begins. */
function midnight(day: number, offset: Offset): number {
  const guess = day * DAY_S - offset(day * DAY_S);
  return day * DAY_S - offset(guess);
}

function offsetsOf(timeZone: string): Offset {
  if (timeZone === 'UTC') return () => 0;
  const format = localTime(timeZone);
  return (atS) => {
    const parts = new Map(format.formatToParts(atS * 1000).map(({ type, value }) => [type, Number(value)]));
    const part = (name: Intl.DateTimeFormatPartTypes) => parts.get(name) ?? 0;
    const local = Date.UTC(
      part('year'),
      part('month') - 1,
      part('day'),
      part('hour'),
      part('minute'),
      part('second'),
    );
    return local / 1000 - atS;
  };
}

function localTime(timeZone: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone,
      calendar: 'iso8601',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch {
    throw new AppError(
      'invalid_request',
      `timezone: ${JSON.stringify(timeZone.slice(0, 80))} is not a time zone`,
    );
  }
}

/** `2026-10-31T08:00:00-04:00`. */
function formatLocal(atS: number, offsetS: number): string {
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
  const local = new Date((atS + offsetS) * 1000).toISOString().slice(0, 19);
  const ahead = Math.abs(offsetS);
  return `${local}${offsetS < 0 ? '-' : '+'}${two(ahead / 3600)}:${two((ahead % 3600) / 60)}`;
}
