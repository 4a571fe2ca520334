import { expect, it } from '@jest/globals';
import { runChaos } from './run.ts';

// A short run for every change; `scripts/chaos` does the hundreds that rare losses need (3/n at 95 %).
it('loses, doubles, alters and invents nothing through kills of the server and its engine', async () => {
  const result = await runChaos({ rounds: 10, seed: 20_260_101 });
  expect(result).toMatchObject({ lost: [], doubled: [], wrong: [], phantom: [], exitCode: 0 });
  expect(result.kills.server + result.kills.engine).toBeGreaterThanOrEqual(10);
  expect(result.acknowledged).toBeGreaterThan(200);
}, 180_000);
