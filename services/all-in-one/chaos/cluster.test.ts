import { describe, expect, it } from '@jest/globals';
import { requireBackend } from '@weft/testkit';
import { runClusterChaos } from './cluster-run.ts';
import { unused } from './load.ts';
import { runRolling } from './rolling.ts';

// A short run of each for every change; `scripts/chaos cluster` and `scripts/chaos rolling` do the hundreds and thousands.
requireBackend('kafka', describe)('the cluster', () => {
  it('loses, doubles, alters and invents nothing through kills, outages, rebalances and a replay', async () => {
    const result = await runClusterChaos({
      kills: 12,
      seed: 20_260_101,
      brokers: 1,
      outageS: { clickHouse: 5, kafka: 5, zombie: 12 },
      clients: 3,
    });
    expect(result).toMatchObject({
      lost: [],
      doubled: [],
      wrong: [],
      phantom: [],
      wrongTotals: [],
      wrongCounts: [],
      changedByReplay: [],
    });
    expect(result.ledger.unaccounted).toEqual([]);
    expect(result.poison).toEqual({ sent: 300, deadLettered: 300 });
    expect(result.badExits).toBe(0);
    expect(result.acknowledged).toBeGreaterThan(500);
    expect(result.acknowledgedSpans).toBeGreaterThan(200);
    expect(result.acknowledgedLogs).toBeGreaterThan(200);
    expect(result.checkedTotals).toBeGreaterThan(50);
    expect(unused(result.exports)).toEqual([]);
  }, 900_000);

  it('answers every request while all of it is restarted', async () => {
    const result = await runRolling({ requests: 300, seed: 20_260_102 });
    expect(result).toMatchObject({ lost: [], doubled: [], wrong: [], phantom: [], failed: 0, badExits: 0 });
    expect(result.restarts).toBeGreaterThanOrEqual(6);
  }, 600_000);
});
