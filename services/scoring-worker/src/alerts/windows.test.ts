import { expect, it } from '@jest/globals';
import { windowAt, windowsBetween } from './windows.ts';

const S = 1_000_000;

it('windows are aligned to the epoch, half-open', () => {
  expect(windowAt(59.999999 * S, 60)).toEqual({ fromUs: 0, toUs: 60 * S });
  expect(windowAt(60 * S, 60)).toEqual({ fromUs: 60 * S, toUs: 120 * S });
});

it('of a pause the last ones are made up for', () => {
  expect(windowsBetween(5 * S, 25 * S, 10, 60).map(({ fromUs }) => fromUs / S)).toEqual([0, 10, 20]);
  expect(windowsBetween(5 * S, 1000 * S, 10, 3).map(({ fromUs }) => fromUs / S)).toEqual([980, 990, 1000]);
  expect(windowsBetween(25 * S, 25 * S, 10, 60)).toHaveLength(1);
});
