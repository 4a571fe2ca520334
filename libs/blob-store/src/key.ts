import { AppError } from '@weft/model';

const MOST_BYTES = 1024;
/** A file name's limit on every file system we know. */
const MOST_SEGMENT_BYTES = 255;
/** Control characters, half a surrogate pair, what XML cannot say; the backslash, which Azure takes for a slash. */
// eslint-disable-next-line no-control-regex
const REFUSED = /[\u0000-\u001f\u007f\ufffe\uffff\\\p{Cs}]/u;

/**
 * The same for every store, so that blobs can move from one to another: segments of at most 255 bytes joined by `/`,
 * at most 1024 bytes in all (UTF-8). A segment is neither empty nor ends with a dot (`.`, `..`; Azure drops such dots).
 * @throws AppError `invalid_request`.
 */
export function checkKey(key: string): void {
  const problem = problemOf(key);
  if (problem !== undefined) throw new AppError('invalid_request', `not a key of a blob: ${problem}`);
}

/** What keys may begin with: nothing, or the beginning of a key. @throws AppError `invalid_request`. */
export function checkPrefix(prefix: string): void {
  const folder = prefix.slice(0, Math.max(0, prefix.lastIndexOf('/')));
  const problem =
    (REFUSED.test(prefix) ? 'a character that no key may have' : undefined) ??
    (prefix.includes('/') ? problemOf(folder) : undefined);
  if (problem !== undefined) throw new AppError('invalid_request', `not a prefix of keys: ${problem}`);
}

export function isKey(key: string): boolean {
  return problemOf(key) === undefined;
}

function problemOf(key: string): string | undefined {
  if (REFUSED.test(key)) return 'a character that no key may have';
  if (Buffer.byteLength(key) > MOST_BYTES) return `more than ${MOST_BYTES} bytes`;
  for (const segment of key.split('/')) {
    if (segment === '') return 'an empty segment';
    if (segment.endsWith('.')) return 'a segment that ends with a dot';
    if (Buffer.byteLength(segment) > MOST_SEGMENT_BYTES)
      return `a segment of more than ${MOST_SEGMENT_BYTES} bytes`;
  }
  return undefined;
}

/** Order of the keys' bytes. JavaScript's own is that of UTF-16 units, where surrogates come before U+E000 to U+FFFF. */
export function compareKeys(a: string, b: string): number {
  const most = Math.min(a.length, b.length);
  for (let at = 0; at < most; at++) {
    const [x, y] = [a.charCodeAt(at), b.charCodeAt(at)];
    if (x === y) continue;
    return isSurrogate(x) === isSurrogate(y) || x < 0xd800 || y < 0xd800 ? x - y : y - x;
  }
  return a.length - b.length;
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xe000;
}
