import { describe, expect, it } from '@jest/globals';
import { mulberry32 } from '@weft/testkit';
import { outputOf } from '../testing/local.ts';
import { distance } from './distance.ts';

const { min } = Math;

/** The textbook's table. */
function slow(a: readonly string[], b: readonly string[]): number {
  let row = b.map((_, i) => i + 1);
  a.forEach((x, i) => {
    let corner = i;
    let left = i + 1;
    row = row.map((above, j) => {
      const value = min(above + 1, left + 1, corner + Number(x !== b[j]));
      [corner, left] = [above, value];
      return value;
    });
  });
  return row.at(-1) ?? a.length;
}

describe('the distance of texts', () => {
  it.each<[string, string, number]>([
    ['', '', 0],
    ['', 'abc', 3],
    ['kitten', 'sitting', 3],
    ['flaw', 'lawn', 2],
    ['😀a', '😁a', 1],
    ['a'.repeat(100), 'a'.repeat(90), 10],
  ])('of %j and %j is %j', (a, b, expected) => {
    expect([distance(a, b), distance(b, a)]).toEqual([expected, expected]);
  });

  it('is that of the table, whatever the lengths', () => {
    const random = mulberry32(3);
    for (let round = 0; round < 100; round++) {
      const text = () => Array.from({ length: Math.floor(random() * 140) }, () => 'abc😀'[Math.floor(random() * 3)]!);
      const [a, b] = [text(), text()];
      expect(distance(a.join(''), b.join(''))).toBe(slow(a, b));
    }
  }); // prettier-ignore

  it('is not taken of texts that are too long', () =>
    expect(() => distance('a'.repeat(20_001), 'b')).toThrow(expect.objectContaining({ kind: 'unscorable' })));
});

describe('LevenshteinScorer', () => {
  it('says by how many characters output and target differ', async () =>
    expect(
      await outputOf('LevenshteinScorer', { column_map: { target: 'expected' }, distance: 'ignored' }, { inputs: { expected: 'sitting' }, output: 'kitten' }),
    ).toEqual({ levenshtein_distance: 3 })); // prettier-ignore
});
