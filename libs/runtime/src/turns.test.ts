import { expect, it } from '@jest/globals';
import { createTurns } from './turns.ts';

it('hands the event loop back while long work goes on', async () => {
  let others = 0;
  const timer = setInterval(() => others++, 1);
  const rest = createTurns(2);
  const until = performance.now() + 60;
  while (performance.now() < until) {
    const pause = rest();
    if (pause !== undefined) await pause;
  }
  clearInterval(timer);
  expect(others).toBeGreaterThan(3);
});

it('costs short work nothing', () => {
  const rest = createTurns(10_000);
  expect(Array.from({ length: 100 }, rest).every((pause) => pause === undefined)).toBe(true);
});
