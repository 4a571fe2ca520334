import { slices } from './wire.ts';

/**
 * The same few dozen attribute keys come with every span: their strings are found by their bytes instead of being made
 * anew. Direct-mapped, so memory is bounded and a hostile sender can at worst make it useless.
 */
const SLOTS = 2048;
const MAX_LENGTH = 64;
const HASHED = 12;
const bytesOf: (Uint8Array | undefined)[] = new Array<Uint8Array | undefined>(SLOTS).fill(undefined);
const textOf: string[] = new Array<string>(SLOTS).fill('');

/** The text of buf[from, to). */
export function internKey(buf: Buffer, from: number, to: number): string {
  const length = to - from;
  if (length === 0) return '';
  if (length > MAX_LENGTH) return slices(buf).utf8Slice(from, to);
  let hash = length;
  // Keys differ at their ends.
  for (let i = length > HASHED ? to - HASHED : from; i < to; i++) hash = (Math.imul(hash, 31) + buf[i]!) | 0;
  const slot = (hash ^ (hash >>> 15)) & (SLOTS - 1);
  const known = bytesOf[slot];
  if (known !== undefined && known.length === length && same(known, buf, from)) return textOf[slot]!;
  const text = slices(buf).utf8Slice(from, to);
  bytesOf[slot] = Uint8Array.prototype.slice.call(buf, from, to);
  textOf[slot] = text;
  return text;
}

function same(known: Uint8Array, buf: Buffer, from: number): boolean {
  for (let i = 0; i < known.length; i++) if (known[i] !== buf[from + i]) return false;
  return true;
}
