import { expect, it } from '@jest/globals';
import { createTurns } from './turns.ts';

it('hands the event loop back while long work goes on', async () => {
  let others = 0;
  const timer = setInterval(() => others++, 1);
  const rest = createTurns(2);
  // Long enough for a busy machine; an event loop that is kept never counts.
  const until = performance.now() + 4000;
  while (others < 4 && performance.now() < until) {
    const pause = rest();
    if (pause !== undefined) await pause;
  }
  clearInterval(timer);
  expect(others).toBe(4);
});

it('costs short work nothing', () => {
  const rest = createTurns(10_000);
  expect(Array.from({ length: 100 }, rest).every((pause) => pause === undefined)).toBe(true);
});
