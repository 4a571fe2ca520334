import { expect, it } from '@jest/globals';
import { mulberry32 } from './random.ts';

it('gives the published sequence, again for the same seed', () => {
  const first = mulberry32(1);
  const numbers = Array.from({ length: 4 }, () => Math.floor(first() * 2 ** 32));
  expect(numbers).toEqual([2693262067, 11749833, 2265367787, 4213581821]);
  const second = mulberry32(1);
  expect(second() * 2 ** 32).toBe(numbers[0]);
  expect(mulberry32(2)() * 2 ** 32).not.toBe(numbers[0]);
});
