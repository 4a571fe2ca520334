import { JsonScanner } from '@weft/model';
import type { JsonOut } from './json-out.ts';

const CLOSE_BRACE = 0x7d;
const COMMA = Buffer.from(',');
const CLOSE = Buffer.from('}');

/** One member of an object as byte ranges. */
export interface Member {
  readonly start: number;
  readonly end: number;
}

/**
 * The last member of each wanted name in a checked JSON object (of duplicate names the last one wins, as in every JSON
 * reader). Compact objects that cannot hold a wanted name cost one search per name.
 */
export function findMembers<K extends string>(object: Buffer, names: readonly K[]): ReadonlyMap<K, Member> {
  const found = new Map<K, Member>();
  // A name may be spelled with escapes: only an object without any can be ruled out by searching.
  if (!names.some((name) => object.includes(`${name}"`)) && !object.includes(0x5c)) return found;
  new JsonScanner(object).members(0, (key, start, end) => {
    if ((names as readonly string[]).includes(key)) found.set(key as K, { start, end });
  });
  return found;
}

/**
 * Writes `object` with `"name": value` set: in the place of the member it has (`at`), else appended. All other bytes stay.
 * @param object a checked JSON object without white space around it.
 */
export function writeWithMember(
  out: JsonOut,
  object: Buffer,
  name: string,
  at: Member | undefined,
  writeValue: () => void,
): void {
  if (at !== undefined) {
    out.bytes(object.subarray(0, at.start));
    writeValue();
    out.bytes(object.subarray(at.end));
    return;
  }
  out.bytes(object.subarray(0, object.length - 1));
  if (!isEmptyObject(object)) out.bytes(COMMA);
  out.text(`${JSON.stringify(name)}:`);
  writeValue();
  out.bytes(CLOSE);
}

function isEmptyObject(object: Buffer): boolean {
  return object.length === 2 || (object[1]! <= 0x20 && object[new JsonScanner(object).ws(1)] === CLOSE_BRACE);
}

export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
