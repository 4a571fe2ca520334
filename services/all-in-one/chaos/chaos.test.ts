import { expect, it } from '@jest/globals';
import { unused } from './load.ts';
import { runChaos } from './run.ts';

// A short run for every change; `scripts/chaos` does the hundreds that rare losses need (3/n at 95 %).
it('loses, doubles, alters and invents nothing through kills of the server and its engine', async () => {
  const result = await runChaos({ rounds: 14, seed: 20_260_101 });
  expect(result).toMatchObject({
    lost: [],
    doubled: [],
    wrong: [],
    phantom: [],
    wrongTotals: [],
    wrongCounts: [],
    exitCode: 0,
  });
  // A round whose victim was just starting again kills nothing, so there are more rounds than kills.
  expect(result.kills.server + result.kills.engine).toBeGreaterThanOrEqual(10);
  expect(result.acknowledged).toBeGreaterThan(200);
  expect(result.acknowledgedSpans).toBeGreaterThan(100);
  expect(result.acknowledgedLogs).toBeGreaterThan(100);
  expect(result.checkedTotals).toBeGreaterThan(20);
  expect(unused(result.exports)).toEqual([]);
}, 180_000);
