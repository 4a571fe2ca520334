/**
 * Instants are microseconds since the epoch in a plain number: exact up to 2255, which bounds what we accept.
 * `Date` would drop the microseconds that the SDKs send.
 */
/** Itself no instant of a client: the store writes it where there is none. */
export const MIN_INSTANT_US = Date.UTC(1900, 0, 1) * 1000;
export const MAX_INSTANT_US = Date.UTC(2255, 0, 1) * 1000;

const ISO = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s*(Z|z|[+-]\d\d:?\d\d)?$/;

/** ISO 8601 → microseconds; no zone means UTC; digits beyond microseconds are cut. Undefined if it is not an instant between 1900 and 2255. */
export function parseInstant(text: string): number | undefined {
  const m = ISO.exec(text);
  if (m === null) return undefined;
  const [, y, mo, d, h, mi, s = '0', fraction = '', zone = 'Z'] = m;
  const year = Number(y);
  const month = Number(mo);
  const [hour, minute, second] = [Number(h), Number(mi), Number(s)];
  // Date.UTC rolls 31 February over and reads years below 100 as 19xx: both are refusals here, not guesses.
  if (year < 1900 || month < 1 || month > 12 || Number(d) < 1 || Number(d) > daysIn(year, month))
    return undefined;
  const midnight = hour === 24 && minute === 0 && second === 0; // ISO 8601: the end of the day
  if ((hour > 23 && !midnight) || minute > 59 || second > 60) return undefined;
  let us =
    Date.UTC(year, month - 1, Number(d), hour, minute, second) * 1000 +
    Number(fraction.slice(0, 6).padEnd(6, '0'));
  if (zone !== 'Z' && zone !== 'z') {
    const [offsetHours, offsetMinutes] = [Number(zone.slice(1, 3)), Number(zone.slice(-2))];
    if (offsetHours > 23 || offsetMinutes > 59) return undefined;
    us += (zone[0] === '-' ? 1 : -1) * (offsetHours * 60 + offsetMinutes) * 60_000_000;
  }
  return us > MIN_INSTANT_US && us < MAX_INSTANT_US ? us : undefined;
}

function daysIn(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}

/** Microseconds → `2026-01-02T03:04:05.678901Z`, always six digits. */
export function formatInstant(us: number): string {
  const ms = Math.floor(us / 1000);
  return `${new Date(ms).toISOString().slice(0, -1)}${String(us - ms * 1000).padStart(3, '0')}Z`;
}

export function nowUs(): number {
  return Date.now() * 1000;
}
