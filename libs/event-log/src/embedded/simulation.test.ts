import { describe, it } from '@jest/globals';
import { simulate } from '../testing/simulation.ts';

const SEEDS = 40;

describe('the log on a disk that loses, refuses and fails', () => {
  it(`loses nothing acknowledged and invents nothing (seeds 1 to ${SEEDS})`, async () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      await simulate(seed).catch((error) => {
        throw new Error(`seed ${seed}`, { cause: error });
      });
    }
  }, 120_000);
});
