import { ScoreError } from '../scorer.ts';

/** Characters of the shorter of two texts: the time is that of one length times the other, by 32. */
const MAX_CHARACTERS = 20_000;

/**
 * Levenshtein distance in characters (code points), by Myers' bit vectors in blocks of 32 (Hyyrö 2003).
 * @throws ScoreError `unscorable` for texts that are too long to compare.
 */
export function distance(one: string, other: string): number {
  let [short, long] = [characters(one), characters(other)];
  if (short.length > long.length) [short, long] = [long, short];
  if (long.length > MAX_CHARACTERS)
    throw new ScoreError('unscorable', `texts of more than ${MAX_CHARACTERS} characters are not compared`);
  return short.length === 0 ? long.length : compare(short, long);
}

/** From 0 (nothing in common) to 1 (the same): the share of the longer text that need not be changed. */
export function similarity(one: string, other: string): number {
  const longest = Math.max(characters(one).length, characters(other).length);
  return longest === 0 ? 1 : 1 - distance(one, other) / longest;
}

function characters(text: string): readonly number[] {
  return Array.from(text, (c) => c.codePointAt(0)!);
}

function compare(pattern: readonly number[], text: readonly number[]): number {
  const blocks = Math.ceil(pattern.length / 32);
  const plus = new Int32Array(blocks).fill(-1);
  const minus = new Int32Array(blocks);
  const places = placesOf(pattern, blocks);
  const none = new Int32Array(blocks);
  const lastBit = 1 << ((pattern.length - 1) % 32);
  let score = pattern.length;
  for (const c of text) {
    const equal = places.get(c) ?? none;
    // Of the block before: whether its last row grew or shrank. Above the first row lies 0, 1, 2, …
    let grew = 1;
    let shrank = 0;
    for (let b = 0; b < blocks; b++) {
      const [p, m] = [plus[b]!, minus[b]!];
      const x = equal[b]! | m;
      const e = equal[b]! | shrank;
      const d = (((e & p) + p) ^ p) | e;
      let up = m | ~(d | p);
      let down = p & d;
      const mask = b === blocks - 1 ? lastBit : 1 << 31;
      const outUp = (up & mask) === 0 ? 0 : 1;
      const outDown = (down & mask) === 0 ? 0 : 1;
      if (b === blocks - 1) score += outUp - outDown;
      up = (up << 1) | grew;
      down = (down << 1) | shrank;
      plus[b] = down | ~(x | up);
      minus[b] = up & x;
      grew = outUp;
      shrank = outDown;
    }
  }
  return score;
}

/** Where each character stands, as bits. */
function placesOf(pattern: readonly number[], blocks: number): ReadonlyMap<number, Int32Array> {
  const places = new Map<number, Int32Array>();
  pattern.forEach((c, i) => {
    let bits = places.get(c);
    if (bits === undefined) places.set(c, (bits = new Int32Array(blocks)));
    bits[i >> 5]! |= 1 << (i % 32);
  });
  return places;
}
