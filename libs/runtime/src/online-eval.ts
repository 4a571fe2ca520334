import { envBoolean } from './config.ts';

/** Of every service that has a part in online evaluation: the writer, the scoring worker, and who answers for it while it is off. */
export const onlineEvalEnv = {
  /** Finished calls are told to the scoring workers, which score them. Must be the same for all services. */
  WEAVE_ENABLE_ONLINE_EVAL: envBoolean(false),
};
