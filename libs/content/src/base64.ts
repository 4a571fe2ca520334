import { createHash } from 'node:crypto';

const PAD = 0x3d;
const MINUS = 0x2d;
const UNDERSCORE = 0x5f;
/** Characters of one turn: a fraction of a millisecond. A multiple of 4. */
const STEP_CHARS = 256 * 1024;

/** As `createTurns` makes it. */
export type Rest = () => Promise<void> | undefined;

export interface Decoded {
  readonly bytes: Buffer;
  readonly sha256: Buffer;
}

/**
 * What base64 text stands for; undefined when it is none: other characters, or wrong padding. Goes over each character a
 * fixed number of times, in steps.
 * @param maxPadding more than is due is accepted up to here.
 */
export async function decodeBase64(
  text: Buffer,
  maxPadding: number,
  rest: Rest,
): Promise<Decoded | undefined> {
  const chars = withoutPadding(text);
  const due = (4 - (chars % 4)) % 4;
  const padding = text.length - chars;
  if (due === 3 || padding < due || padding > maxPadding) return undefined;
  const bytes = Buffer.allocUnsafeSlow(decodedLength(chars));
  const hash = createHash('sha256');
  let length = 0;
  for (let at = 0; at < chars; at += STEP_CHARS) {
    const step = text.subarray(at, Math.min(at + STEP_CHARS, chars));
    const written = decodeStep(step, bytes, length);
    if (written === undefined) return undefined;
    hash.update(bytes.subarray(length, length + written));
    length += written;
    const pause = rest();
    if (pause !== undefined) await pause;
  }
  return { bytes, sha256: hash.digest() };
}

/** The first bytes that the text stands for; undefined when it begins with other characters. */
export function decodeHead(text: Buffer, maxBytes: number): Buffer | undefined {
  const step = text.subarray(0, Math.min(withoutPadding(text), Math.ceil(maxBytes / 3) * 4));
  const head = Buffer.allocUnsafe(decodedLength(step.length));
  return decodeStep(step, head, 0) === undefined ? undefined : head.subarray(0, maxBytes);
}

/** Node leaves out characters that are not base64: then there are fewer bytes. The URL-safe alphabet it takes too. */
function decodeStep(step: Buffer, to: Buffer, offset: number): number | undefined {
  if (step.includes(MINUS) || step.includes(UNDERSCORE)) return undefined;
  const written = to.write(step.toString('latin1'), offset, 'base64');
  return written === decodedLength(step.length) ? written : undefined;
}

function withoutPadding(text: Buffer): number {
  let { length } = text;
  while (text[length - 1] === PAD) length--;
  return length;
}

/** Of that many characters without padding. */
function decodedLength(chars: number): number {
  return Math.floor((chars * 3) / 4);
}
