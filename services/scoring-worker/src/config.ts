import { kafkaEnv } from '@weft/event-log';
import { fileStorageEnv } from '@weft/file-storage';
import { drainEnv, keyringEnv, probesEnv } from '@weft/http';
import { jobQueueEnv } from '@weft/job-queue';
import { llmEnv } from '@weft/llm';
import { envInt, envString, loadConfig, onlineEvalEnv, startEnv } from '@weft/runtime';
import { remoteScorerEnv } from '@weft/scoring';
import { traceStoreEnv } from '@weft/trace-store';
import { z } from 'zod';
import { alertsEnv } from './alerts/settings.ts';
import { budgetEnv } from './budgets/settings.ts';

export const scoringEnv = {
  ...onlineEvalEnv,
  /** Most stored calls looked at at once. */
  WF_SCORING_WORKER_BATCH_SIZE: envInt({ default: 100, min: 1, max: 10_000 }),
  /** Seconds that stored calls may wait for others to be looked at with them. */
  WF_SCORING_WORKER_BATCH_TIMEOUT: envInt({ default: 5, max: 60 }),
  SCORING_WORKER_KAFKA_CONSUMER_GROUP_ID: envString({ default: 'scoring-worker' }),
  /** Most of the groups of a debounced monitor that are scored, 0 to 1, whatever the monitor says. */
  WF_SCORING_WORKER_DEBOUNCED_SCORING_MAX_SAMPLING_RATE: share(1),
  /** Most calls that are scored together by a monitor that takes all of a trace or thread. */
  WF_SCORING_WORKER_DEBOUNCED_SCORING_MAX_CALL_HISTORY: envInt({ default: 100, min: 1, max: 1000 }),
  /** Most questions to one provider for one project, over all workers; 0 = as many as come. */
  WEFT_SCORING_REQUESTS_PER_MINUTE: envInt({ default: 600, max: 1_000_000 }),
  /** Scores that this process works on at a time. */
  WEFT_SCORING_CONCURRENCY: envInt({ default: 64, min: 1, max: 1000 }),
  /** The same of one project, over all workers. */
  WEFT_SCORING_PROJECT_CONCURRENCY: envInt({ default: 4, min: 1, max: 1000 }),
  /** Most scores of one monitor that may wait; what comes on top is skipped and counted. */
  WEFT_SCORING_MAX_PENDING: envInt({ default: 100_000, min: 1 }),
  /** Hours that answers of models are kept, so that what is asked word for word again costs nothing; 0 = they are not. */
  WEFT_SCORING_ANSWERS_KEPT_HOURS: envInt({ default: 0, max: 24 * 365 }),
  ...budgetEnv,
  ...remoteScorerEnv,
  ...alertsEnv,
  ...llmEnv,
  ...jobQueueEnv,
};

export type ScoringConfig = z.output<z.ZodObject<typeof scoringEnv>>;

/** A number from 0 to 1. */
function share(defaultValue: number): z.ZodType<number> {
  return z
    .string()
    .transform((text, context) => {
      const value = /^\s*(?:\d+(?:\.\d*)?|\.\d+)\s*$/.test(text) ? Number(text) : NaN;
      if (value <= 1) return value;
      context.addIssue({ code: 'custom', message: 'must be a number from 0 to 1' });
      return z.NEVER;
    })
    .default(defaultValue);
}

const settings = z.object({
  ...startEnv,
  ...drainEnv,
  ...probesEnv,
  ...keyringEnv,
  ...kafkaEnv,
  ...fileStorageEnv,
  ...traceStoreEnv,
  ...scoringEnv,
  SCORING_WORKER_HOST: envString({ default: '127.0.0.1' }),
  SCORING_WORKER_PORT: envInt({ default: 6348, max: 65_535 }),
});

/** Workers of their own share their jobs through Redis. */
const schema = settings.superRefine((config, context) => {
  if (config.WEAVE_ENABLE_ONLINE_EVAL && config.WEAVE_REDIS_URL === undefined)
    context.addIssue({ code: 'custom', path: ['WEAVE_REDIS_URL'], message: 'is required' });
});

/** Of the scoring worker as a process of its own. @throws ConfigError naming the variables. */
export function loadScoringWorkerConfig(env?: NodeJS.ProcessEnv): z.output<typeof schema> {
  return loadConfig(schema, env);
}
