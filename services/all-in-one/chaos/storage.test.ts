import { describe, expect, it } from '@jest/globals';
import { requireBackend } from '@weft/testkit';
import { runStorageChaos, type StorageChaosResult } from './storage-run.ts';
import { startOneStoring, startStoringCluster } from './storage-targets.ts';

// A short run of each for every change; `scripts/chaos storage` does the hundreds.
function check(result: StorageChaosResult): void {
  expect(result).toMatchObject({
    lost: [],
    doubled: [],
    wrong: [],
    unavailable: [],
    phantom: [],
    lostFiles: [],
    leftOver: [],
  });
  expect(result.calls).toBeGreaterThan(10);
  expect(result.files).toBeGreaterThan(2);
  expect(result.blobs).toBeGreaterThan(2);
}

requireBackend('s3', describe)('files and large payloads', () => {
  it('are whole after kills of the one process, outages of the bucket and a ramp that moves', async () => {
    check(await runStorageChaos({ target: startOneStoring, rounds: 6, seed: 20_260_301 }));
  }, 600_000);

  requireBackend('kafka', describe)('on a cluster', () => {
    it('are whole after kills of gateways, writers and queries', async () => {
      check(await runStorageChaos({ target: startStoringCluster, rounds: 6, seed: 20_260_302 }));
    }, 600_000);
  });
});
