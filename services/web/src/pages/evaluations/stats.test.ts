import { describe, expect, it } from '@jest/globals';
import {
  comparePairs,
  meanInterval,
  pairedProportions,
  signTest,
  wilcoxonSignedRank,
  wilson,
} from './stats.ts';

const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);

describe('sign test', () => {
  it.each([
    [10, 2, 0.0385742],
    [2, 10, 0.0385742],
    [9, 1, 0.0214844],
    [5, 5, 1],
    [0, 0, 1],
    // McNemar's example of Agresti (2002): 86 and 150 who changed their minds.
    [86, 150, 3.7e-5],
  ])('of %d higher and %d lower is %d', (higher, lower, p) => {
    expect(signTest(higher, lower)).toBeCloseTo(p, 5);
  });
  it('stays finite for many', () => {
    expect(signTest(5000, 5000)).toBe(1);
    expect(signTest(4000, 6000)).toBeLessThan(1e-50);
  });
});

describe('intervals', () => {
  it('of a proportion are those of Newcombe (1998)', () => {
    const [low, high] = wilson(81, 263);
    expect(low).toBeCloseTo(0.2553, 4);
    expect(high).toBeCloseTo(0.3662, 4);
  });
  it('of paired proportions too (method 10 of his table: 36, 12, 2, 0)', () => {
    const [low, high] = pairedProportions({ both: 36, gained: 12, lost: 2, none: 0 });
    expect(low).toBeCloseTo(0.0569, 4);
    expect(high).toBeCloseTo(0.3404, 4);
  });
  it('of means hold the mean, are the same each time, and narrow with many', () => {
    const values = Array.from({ length: 50 }, (_, i) => (i % 7) - 3);
    expect(meanInterval(values)).toEqual(meanInterval(values));
    const [low, high] = meanInterval(values);
    // Normal theory: -0.06 ± 1.96 · 2.014 / √50.
    expect(low).toBeCloseTo(-0.62, 1);
    expect(high).toBeCloseTo(0.5, 1);
    const many = times(100, values).flat();
    const [manyLow, manyHigh] = meanInterval(many);
    expect(manyHigh - manyLow).toBeCloseTo((high - low) / 10, 1);
  });
});

describe('Wilcoxon signed-rank test', () => {
  it('is that of R for the depression scores of Hollander and Wolfe', () => {
    const x = [1.83, 0.5, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.3];
    const y = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29];
    expect(wilcoxonSignedRank(x.map((each, i) => each - y[i]!))).toBeCloseTo(0.0390625, 7);
  });
  it('is exact for few, and near for many', () => {
    expect(wilcoxonSignedRank([1, 2, 3, 4, 5])).toBeCloseTo(0.0625, 10);
    expect(wilcoxonSignedRank([0, 0, 0])).toBe(1);
    // All differ by the same: the sign test.
    expect(wilcoxonSignedRank([...times(9, 1), -1])).toBeCloseTo(0.0214844, 6);
    const values = Array.from({ length: 60 }, (_, i) => (i % 3 === 0 ? -1 : 1) * (i + 1));
    const near = wilcoxonSignedRank([...values, 0.001]);
    expect(Math.abs(near - wilcoxonSignedRank(values))).toBeLessThan(0.01);
  });
});

describe('comparison', () => {
  it('of yes and no tells a clear difference from luck', () => {
    const pairs: [number, number][] = [...times(20, [1, 1] as const), ...times(9, [1, 0] as const), [0, 1]].map(([a, b]) => [a!, b!]); // prettier-ignore
    const worse = comparePairs(pairs);
    expect(worse).toMatchObject({ n: 30, verdict: 'lower', higher: 1, lower: 9 });
    expect(worse.difference).toBeCloseTo(-8 / 30);
    expect(worse.interval![1]).toBeLessThan(0);
    const luck = comparePairs([...pairs.slice(0, 20), [1, 0], [1, 0], [0, 1]]);
    expect(luck).toMatchObject({ verdict: 'unclear', n: 23 });
  });
  it('of numbers too', () => {
    const clear = comparePairs(Array.from({ length: 20 }, (_, i) => [i, i + 2 + (i % 3)]));
    expect(clear).toMatchObject({ verdict: 'higher', n: 20, higher: 20 });
    expect(clear.difference).toBeCloseTo(2.95);
  });
  it('of few examples says nothing', () => {
    expect(comparePairs(times(9, [1, 0]))).toMatchObject({
      verdict: 'few',
      p: undefined,
      interval: undefined,
    });
    expect(comparePairs([])).toMatchObject({ verdict: 'few', n: 0, difference: 0 });
    // Enough examples, but all the same in both.
    expect(comparePairs(times(12, [0.5, 0.5]))).toMatchObject({ verdict: 'same', difference: 0 });
  });
});
