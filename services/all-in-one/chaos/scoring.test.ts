import { describe, expect, it } from '@jest/globals';
import { requireBackend } from '@weft/testkit';
import { runScoringChaos, type ScoringChaosResult } from './scoring-run.ts';
import { startOneProcess, startScoringCluster } from './scoring-targets.ts';

// So that what is left to be scored at the end does not take longer than the kills.
const SHORT = { callsPerSecond: 10, maxUptimeMs: 3_000 };

// A short run of each for every change; `scripts/chaos scoring` does the hundreds.
function check(result: ScoringChaosResult): void {
  expect(result).toMatchObject({
    missing: [],
    doubled: [],
    phantom: [],
    failed: [],
    wrongLedgers: [],
    askedAfterEnd: [],
  });
  expect(result.repeatedBatches).toBeGreaterThan(0);
  expect(result.expected).toBeGreaterThan(50);
  // So few kills and calls say little of the share; a worker has 4 scores of a project in hand when it is killed.
  const kills = Object.values(result.kills).reduce((all, n) => all + n, 0);
  expect(result.askedAgain).toBeLessThanOrEqual(4 * kills);
}

it('scores each call once through kills of the one process', async () => {
  check(await runScoringChaos({ ...SHORT, target: startOneProcess, kills: 6, seed: 20_260_101 }));
}, 180_000);

requireBackend('redis', requireBackend('kafka', describe) as typeof describe)('on a cluster', () => {
  it('scores each call once through kills of workers and Redis, and rebalances', async () => {
    check(await runScoringChaos({ ...SHORT, target: startScoringCluster, kills: 7, seed: 20_260_102 }));
  }, 300_000);
});
