import { describe, expect, it } from '@jest/globals';
import { summarise } from './ledger.ts';

describe('summarise', () => {
  it('makes matched the sum of what it tells, whatever is counted', () => {
    const outcomes = new Map([
      ['scored', 5],
      ['failed', 2],
      ['dead', 1],
      ['skipped:sample', 7],
      ['skipped:budget', 3],
      ['something else', 4],
      // Its score is counted by a job of its own.
      ['settled', 100],
    ]);
    const entry = summarise({ pending: 6, running: 2, outcomes });
    expect(entry).toEqual({
      matched: 5 + 3 + 14 + 6,
      scored: 5,
      failed: 3,
      skipped: new Map([
        ['sample', 7],
        ['budget', 3],
        ['something else', 4],
      ]),
      pending: 6,
      running: 2,
    });
  });
});
