import { envInt } from '@weft/runtime';

export const queryEnv = {
  /** Longest wait of a read for the writer to store what was acknowledged before it; then it answers with what there is. */
  QUERY_FRESHNESS_MAX_WAIT_MS: envInt({ default: 2000, min: 0, max: 60_000 }),
};
