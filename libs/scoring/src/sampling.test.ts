import { describe, expect, it } from '@jest/globals';
import { mulberry32 } from '@weft/testkit';
import { isSampled } from './sampling.ts';

const KEYS = 20_000;
/** As they come: ids of one moment, which differ little, and spans. */
const random = mulberry32(7);
const ids = Array.from(
  { length: KEYS },
  () =>
    `019ab0f2-5e1c-7${Math.floor(random() * 4096)
      .toString(16)
      .padStart(3, '0')}-8000-${Math.floor(random() * 2 ** 48)
      .toString(16)
      .padStart(12, '0')}`,
);
const spans = Array.from({ length: KEYS }, (_, i) => `${'0'.repeat(24)}${i.toString(16).padStart(8, '0')} ${i.toString(16).padStart(16, '0')}`); // prettier-ignore
const numbers = Array.from({ length: KEYS }, (_, i) => String(i));

const kept = (keys: readonly string[], rate: number, name: string) =>
  keys.filter((key) => isSampled(rate, key, name));

describe('sampling', () => {
  it('keeps all at 1 and none at 0', () => {
    expect(kept(ids, 1, 'm')).toHaveLength(KEYS);
    expect(kept(ids, 0, 'm')).toHaveLength(0);
  });

  /** Of `classes` equal ones, which is a power of two: by halving. */
  function classOf(key: string, name: string, classes: number): number {
    let low = 0;
    for (let width = classes / 2; width >= 1; width /= 2)
      if (!isSampled((low + width) / classes, key, name)) low += width;
    return low;
  }

  function chiSquare(keys: readonly string[], cells: number, cellOf: (key: string) => number): number {
    const counts = new Array<number>(cells).fill(0);
    for (const key of keys) counts[cellOf(key)]!++;
    const expected = keys.length / cells;
    return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  }

  const kinds: [string, readonly string[]][] = [['ids', ids], ['spans', spans], ['numbers', numbers]]; // prettier-ignore

  it.each(kinds)('is uniform over %s', (_, keys) => {
    for (const name of ['m', 'toxicity', 'a much longer name of a monitor'])
      // 63 degrees of freedom: above 125 once in 100 000 times.
      expect(chiSquare(keys, 64, (key) => classOf(key, name, 64))).toBeLessThan(125);
  });

  it.each(kinds)('is independent between monitors: %s', (_, keys) => {
    for (const [one, other] of [['a', 'b'], ['monitor 1', 'monitor 2'], ['judge', 'judge2']] as const)
      // 15 degrees of freedom: above 57 once in 1 000 000 times.
      expect(chiSquare(keys, 16, (key) => 4 * classOf(key, one, 4) + classOf(key, other, 4))).toBeLessThan(57);
  }); // prettier-ignore

  it('keeps what it kept when the rate is raised', () => {
    let before = new Set<string>();
    for (const rate of [0.001, 0.01, 0.1, 0.3, 0.9, 1]) {
      const now = new Set(kept(ids, rate, 'm'));
      expect([...before].every((key) => now.has(key))).toBe(true);
      expect(Math.abs(now.size - rate * KEYS)).toBeLessThan(5 * Math.sqrt(KEYS * rate * (1 - rate)) + 1);
      before = now;
    }
  });

  it('draws the same in every process and version', () => {
    const drawn = Array.from({ length: 32 }, (_, i) => Number(isSampled(0.5, `019ab0f2-call-${i}`, 'm')));
    expect(drawn.join('')).toBe('00110100100100010101110110100000');
  });
});
