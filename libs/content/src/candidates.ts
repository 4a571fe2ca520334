import { asBuffer, type Span } from '@weft/model';

/** Shorter strings stay where they are: icons and ids (W&B: AUTO_CONVERSION_MIN_SIZE). Characters. */
export const MIN_CHARS = 8192;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
/** Characters at the beginning of a string that are looked at before it is read. */
const HEAD_CHARS = 64;

/** Which bytes base64 is made of; padding and escapes count, for they may be part of its text. */
const BASE64 = new Uint8Array(256);
for (const c of Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\\'))
  BASE64[c] = 1;

/**
 * String values longer than MIN_CHARS in checked JSON that begin like base64 or a data URI: the literals, quotes included.
 * JSON is not scanned for it: no string is that long where a quote stands in each MIN_CHARS bytes, so that one look
 * backwards from the end of each such stretch mostly finds one near.
 * @param from and `to`: the bounds of one value. Default: all of it.
 */
export function candidates(json: Uint8Array, from = 0, to = json.length): Span[] {
  const buf = asBuffer(json);
  const found: Span[] = [];
  let start = from; // behind a quote, or where it all begins
  for (let probe = start + MIN_CHARS; probe < to; probe = start + MIN_CHARS) {
    const before = buf.lastIndexOf(QUOTE, probe);
    if (before >= start) {
      start = before + 1;
      continue;
    }
    const close = buf.indexOf(QUOTE, probe + 1);
    if (close < 0 || close >= to) break;
    if (isCandidate(buf, start, close)) found.push({ start: start - 1, end: close + 1 });
    start = close + 1;
  }
  return found;
}

/**
 * What is between two quotes next to each other may be a value, a name, a piece of a string that has quotes in it, or what
 * stands between strings; the last begins with a character that base64 does not have.
 */
function isCandidate(buf: Buffer, start: number, close: number): boolean {
  if (buf[start - 1] !== QUOTE || buf[start - 2] === BACKSLASH || buf[close - 1] === BACKSLASH) return false;
  if (!beginsLikeDataUri(buf, start)) {
    for (let at = start; at < start + HEAD_CHARS; at++) if (BASE64[buf[at]!] === 0) return false;
  }
  let after = close + 1;
  while (buf[after]! <= 0x20) after++;
  return buf[after] !== COLON;
}

function beginsLikeDataUri(buf: Buffer, at: number): boolean {
  return buf[at + 4] === COLON && buf.toString('latin1', at, at + 4) === 'data';
}
