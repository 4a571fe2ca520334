import { setImmediate as nextTurn } from 'node:timers/promises';

/** As long as an answer may be kept waiting by work that nobody waits for. */
const TURN_MS = 4;

/**
 * Cuts long work into slices, so that the event loop gets to answer requests in between:
 * `const rest = createTurns(); for (…) { work(); const pause = rest(); if (pause) await pause; }`.
 * @returns a promise of the next turn when this one has taken long enough, else undefined.
 */
export function createTurns(turnMs: number = TURN_MS): () => Promise<void> | undefined {
  let began = performance.now();
  return () => {
    if (performance.now() - began < turnMs) return undefined;
    return nextTurn().then(() => {
      began = performance.now();
    });
  };
}
