import { envSecret } from '@weft/runtime';

/** The variable of the queue on Redis. */
export const jobQueueEnv = {
  /** `redis://[user[:password]@]host[:port][/db]`, `rediss://` with TLS. Unset: jobs are kept in a directory of the one process there is. */
  WEAVE_REDIS_URL: envSecret().optional(),
};
