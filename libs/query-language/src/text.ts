/** Texts as filters and sorts see them: sequences of code points in the order of their UTF-8 bytes. */

/** Lone surrogates are U+FFFD. */
export function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\ufffd');
}

/** By code point, which is the order of the UTF-8 bytes: the order of UTF-16 units puts U+FF5E behind U+1F600. */
export function compareTexts(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** Surrogates come behind all other units. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

/** Of both, the capital letters whose small letters are ASCII: they stay apart, so that ASCII is found in ASCII only. */
export const UNFOLDED = '\u0130\u212a';
export const UNFOLDED_AS = '\ue000\ue001';
export const FINAL_SIGMA = '\u03c2';
export const SIGMA = '\u03c3';

/**
 * Small letters by the Unicode tables, one sigma. ClickHouse's lowerUTF8 and JavaScript's toLowerCase agree on every
 * code point. Dotted I (U+0130) and the Kelvin sign (U+212A) are no case of i and k here.
 */
export function foldCase(text: string): string {
  // eslint-disable-next-line no-control-regex
  if (/^[\x00-\x7f]*$/.test(text)) return text.toLowerCase();
  return text
    .replaceAll(UNFOLDED[0]!, UNFOLDED_AS[0]!)
    .replaceAll(UNFOLDED[1]!, UNFOLDED_AS[1]!)
    .toLowerCase()
    .replaceAll(FINAL_SIGMA, SIGMA);
}

export function isAscii(text: string): boolean {
  // eslint-disable-next-line no-control-regex
  return /^[\x00-\x7f]*$/.test(text);
}

/** Runs of ASCII letters and digits and of everything beyond ASCII, as ClickHouse's hasToken cuts them. */
export function tokensOf(text: string): string[] {
  return text.match(/[0-9A-Za-z\u0080-\u{10ffff}]+/gu) ?? [];
}

/** Characters, not bytes and not UTF-16 units. */
export function countCharacters(text: string): number {
  let count = text.length;
  for (let i = 0; i < text.length - 1; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0xd800 && unit <= 0xdbff) {
      count--;
      i++;
    }
  }
  return count;
}
