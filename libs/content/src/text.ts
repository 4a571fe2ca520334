import { asBuffer, type Span } from '@weft/model';
import type { Rest } from './base64.ts';

const BACKSLASH = 0x5c;
const UNICODE = 0x75;
const SLASH = 0x2f;
const NEWLINE = 0x0a;
/** Bytes of one turn. */
const STEP_BYTES = 256 * 1024;

/**
 * The characters of a JSON string literal, if they may be base64 or a data URI: ASCII. Some encoders escape `/` or `+`.
 * @returns undefined for a string with other characters.
 */
export async function asciiText(
  json: Uint8Array,
  { start, end }: Span,
  rest: Rest,
): Promise<Buffer | undefined> {
  const literal = asBuffer(json).subarray(start + 1, end - 1);
  if (!literal.includes(BACKSLASH)) return literal;
  const text = Buffer.allocUnsafeSlow(literal.length);
  let length = 0;
  for (let at = 0, stop = 0; at < literal.length;) {
    for (stop += STEP_BYTES; at < literal.length && at < stop;) {
      const c = literal[at]!;
      if (c !== BACKSLASH) {
        text[length++] = c;
        at++;
        continue;
      }
      const isUnicode = literal[at + 1] === UNICODE;
      const meant = isUnicode
        ? Number.parseInt(literal.toString('latin1', at + 2, at + 6), 16)
        : simple(literal[at + 1]!);
      if (!(meant < 0x80)) return undefined;
      text[length++] = meant;
      at += isUnicode ? 6 : 2;
    }
    const pause = rest();
    if (pause !== undefined) await pause;
  }
  return text.subarray(0, length);
}

/** `\/` is what base64 is escaped with, `\n` what it may end with; the others have no place in it. */
function simple(escaped: number): number {
  if (escaped === SLASH) return SLASH;
  return escaped === 0x6e ? NEWLINE : NaN;
}
