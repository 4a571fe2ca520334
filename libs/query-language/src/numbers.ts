/**
 * Numbers as filters and sorts see them, in memory exactly as ClickHouse sees them: doubles, and beyond 2^53 also the
 * digits of an integer. A number beyond the range of doubles counts as the largest one.
 */
export const MAX_NUMBER = Number.MAX_VALUE;

/** From here on doubles leave integers out. */
export const EXACT_LIMIT = 2 ** 53;

export interface Num {
  readonly value: number;
  /** The integer where doubles leave some out; 0 elsewhere and for what is not written as an integer of up to 38 digits. */
  readonly exact: bigint;
}

/** Texts that are numbers. Not: blanks around, `+5`, `.5`, `5.`, `0x5`, `inf`, `nan`. The same in RE2 and JavaScript. */
export const NUMERIC = '^-?[0-9]+(?:\\.[0-9]+)?(?:[eE][-+]?[0-9]+)?$';
/** What ClickHouse's Int128 holds for sure. */
export const INTEGER = '^-?[0-9]{1,38}$';

const IS_NUMERIC = new RegExp(NUMERIC);
const IS_INTEGER = new RegExp(INTEGER);

export function clampNumber(value: number): number {
  return Math.min(Math.max(value, -MAX_NUMBER), MAX_NUMBER);
}

export function textToNumber(text: string): Num | null {
  const first = text.charCodeAt(0);
  if (first !== 0x2d && !(first >= 0x30 && first <= 0x39)) return null;
  if (!IS_NUMERIC.test(text)) return null;
  const value = clampNumber(Number(text));
  return { value, exact: exactOf(value, text) };
}

export function toNum(value: number | bigint): Num {
  const double = clampNumber(Number(value));
  return { value: double, exact: exactOf(double, numberText(value)) };
}

function exactOf(value: number, text: string): bigint {
  return Math.abs(value) >= EXACT_LIMIT && IS_INTEGER.test(text) ? BigInt(text) : 0n;
}

/** Negative, 0 or positive. */
export function compareNumbers(a: Num, b: Num): number {
  if (a.value !== b.value) return a.value < b.value ? -1 : 1;
  return a.exact < b.exact ? -1 : a.exact > b.exact ? 1 : 0;
}

const MIN_INT64 = -(2n ** 63n);
const MAX_UINT64 = 2n ** 64n - 1n;

/** The text of a JSON number: that of a 64-bit integer as it is, of others the shortest digits of the double. */
export function numberTokenText(token: string): string {
  if (!/[.eE]/.test(token)) {
    // Most have few digits.
    if (token.length < 18) return token === '-0' ? '0' : token;
    const integer = BigInt(token);
    if (integer >= MIN_INT64 && integer <= MAX_UINT64) return integer.toString();
  }
  return doubleText(clampNumber(Number(token)));
}

/** `1e+21` is written `1e21`, negative zero `-0`. */
export function doubleText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value).replace('e+', 'e');
}

export function numberText(value: number | bigint): string {
  return typeof value === 'bigint' ? value.toString() : doubleText(value);
}
