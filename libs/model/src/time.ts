/**
 * Instants are microseconds since the epoch in a plain number: exact up to 2255, which bounds what we accept.
 * `Date` would drop the microseconds that the SDKs send.
 */
export const MIN_INSTANT_US = Date.UTC(1900, 0, 1) * 1000;
export const MAX_INSTANT_US = Date.UTC(2255, 0, 1) * 1000;

const ISO = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s*(Z|z|[+-]\d\d:?\d\d)?$/;

/** ISO 8601 → microseconds; no zone means UTC; digits beyond microseconds are cut. Undefined if it is not an instant between 1900 and 2255. */
export function parseInstant(text: string): number | undefined {
  const m = ISO.exec(text);
  if (m === null) return undefined;
  const [, y, mo, d, h, mi, s = '0', fraction = '', zone = 'Z'] = m;
  const month = Number(mo) - 1;
  const day = Number(d);
  const ms = Date.UTC(Number(y), month, day, Number(h), Number(mi), Number(s));
  const check = new Date(ms);
  // Date.UTC rolls 31 February over, and reads years below 100 as 19xx: both are refusals here, not guesses.
  if (Number(y) < 1900 || Number(h) > 24 || Number(mi) > 59 || Number(s) > 60 || month > 11 || day > 31)
    return undefined;
  if (Number(h) < 24 && Number(s) < 60 && check.getUTCDate() !== day) return undefined;
  let us = ms * 1000 + Number(fraction.slice(0, 6).padEnd(6, '0'));
  if (zone !== 'Z' && zone !== 'z') {
    const sign = zone[0] === '-' ? 1 : -1;
    us += sign * (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2))) * 60_000_000;
  }
  return us >= MIN_INSTANT_US && us < MAX_INSTANT_US ? us : undefined;
}

/** Microseconds → `2026-01-02T03:04:05.678901Z`, always six digits. */
export function formatInstant(us: number): string {
  const ms = Math.floor(us / 1000);
  return `${new Date(ms).toISOString().slice(0, -1)}${String(us - ms * 1000).padStart(3, '0')}Z`;
}

export function nowUs(): number {
  return Date.now() * 1000;
}
