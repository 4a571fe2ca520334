import type { EventLog } from '@weft/event-log';
import type { FileStorage } from '@weft/file-storage';
import type { RouteGroup } from '@weft/http';
import type { JobHandler, JobQueue } from '@weft/job-queue';
import type { Llm } from '@weft/llm';
import type { Logger, Metrics } from '@weft/runtime';
import { createRemoteScorers } from '@weft/scoring';
import type { TraceReader } from '@weft/trace-store';
import { createAlerts } from './alerts/alerts.ts';
import { createBudgets } from './budgets/budgets.ts';
import type { ScoringConfig } from './config.ts';
import { createSettleHandler } from './debounce/settle.ts';
import { createHistory } from './history/history.ts';
import { createIntake } from './intake/intake.ts';
import { createMonitors } from './monitors/monitors.ts';
import { scoringRoutes } from './routes/scoring-routes.ts';
import { patiently } from './patiently.ts';
import { createProviders } from './run/providers.ts';
import { createRests } from './run/rests.ts';
import { createScoreHandler, MAX_ATTEMPTS } from './run/score-run.ts';
import { createAnswerCache } from './scorers/answer-cache.ts';
import { createWorkerScorers } from './scorers/scorers.ts';
import { createWorkerMetrics } from './worker-metrics.ts';

export interface ScoringWorkerDeps {
  readonly eventLog: EventLog;
  /** Where results go that are too large for the log, and where files of calls are. Undefined: there is none. */
  readonly fileStorage?: Pick<FileStorage, 'claim' | 'openFile'> | undefined;
  readonly reader: TraceReader;
  readonly queue: JobQueue;
  readonly llm: Llm;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** With WEFT_STOP_GRACE_MS of the process. */
  readonly config: ScoringConfig & { readonly WEFT_STOP_GRACE_MS: number };
}

export interface ScoringWorker {
  /** Resolves when `signal` aborts, after the calls and scores in hand are done with or left to others. */
  readonly run: (signal: AbortSignal) => Promise<void>;
  readonly routes: readonly RouteGroup[];
  /** Why it cannot work now. Undefined: it can. */
  readonly readiness: () => string | undefined;
}

const MAX_BATCH_BYTES = 4 * 1024 * 1024;
/** A worker that was killed gives its scores up after this. */
const LEASE_MS = 30_000;
/** A score that is being made when the worker stops has this share of the time that the process has to stop. */
const GRACE_SHARE = 0.6;

/** Stored calls → scores: what monitors look at becomes jobs, jobs ask scorers, what those say becomes events. */
export function createScoringWorker(deps: ScoringWorkerDeps): ScoringWorker {
  const { eventLog, reader, queue, llm, logger, config } = deps;
  const group = config.SCORING_WORKER_KAFKA_CONSUMER_GROUP_ID;
  const metrics = createWorkerMetrics(deps.metrics, queue, () => eventLog.lag('stored-calls', group));
  const monitors = createMonitors({ reader, logger });
  const cache = createAnswerCache(queue, config.WEFT_SCORING_ANSWERS_KEPT_HOURS);
  const scorers = createWorkerScorers({
    reader,
    llm,
    logger,
    remote: createRemoteScorers({ config }),
    ...(cache !== undefined && { cache }),
  });
  const budgets = createBudgets({ queue, reader, config });
  const alerts = createAlerts({ reader, queue, config, logger, metrics: deps.metrics });
  const appends = claimingLog(deps);
  const shared = {
    eventLog: appends,
    reader,
    queue,
    logger,
    config,
    monitors,
    scorers,
    budgets,
    alerts,
    metrics,
  };
  const history = createHistory(shared);
  const handlers: Record<string, JobHandler> = {
    score: patiently(
      createScoreHandler({
        ...shared,
        fileStorage: deps.fileStorage,
        providers: createProviders(queue, config.WEFT_SCORING_REQUESTS_PER_MINUTE),
        rests: createRests(queue, logger),
        maxGathered: config.WF_SCORING_WORKER_DEBOUNCED_SCORING_MAX_CALL_HISTORY,
        clock: Date.now,
      }),
    ),
    settle: patiently(createSettleHandler(shared)),
    history: patiently(history.run),
    alert: patiently(alerts.handler),
  };

  const consume = (signal: AbortSignal) =>
    eventLog.consume(
      'stored-calls',
      {
        group,
        maxBatchEvents: config.WF_SCORING_WORKER_BATCH_SIZE,
        maxBatchBytes: MAX_BATCH_BYTES,
        lingerMs: () => config.WF_SCORING_WORKER_BATCH_TIMEOUT * 1000,
        signal,
      },
      createIntake(shared),
    );
  const runJobs = (signal: AbortSignal) =>
    queue.run({
      handlers,
      concurrency: config.WEFT_SCORING_CONCURRENCY,
      projectConcurrency: config.WEFT_SCORING_PROJECT_CONCURRENCY,
      maxAttempts: MAX_ATTEMPTS,
      leaseMs: LEASE_MS,
      graceMs: GRACE_SHARE * config.WEFT_STOP_GRACE_MS,
      signal,
    });

  return {
    routes: scoringRoutes({ ...shared, history }),
    readiness: () => queue.unavailable(),
    async run(signal) {
      // The end of one is the end of both: a worker that only listens, or only scores, looks well and is not.
      const ended = new AbortController();
      const either = AbortSignal.any([signal, ended.signal]);
      const until = (work: Promise<void>) => work.finally(() => ended.abort());
      const results = await Promise.allSettled([until(consume(either)), until(runJobs(either))]);
      await alerts.close();
      for (const result of results) if (result.status === 'rejected') throw result.reason;
    },
  };
}

function claimingLog({ eventLog, fileStorage }: Pick<ScoringWorkerDeps, 'eventLog' | 'fileStorage'>) {
  return {
    append: async (topic, events) =>
      eventLog.append(topic, fileStorage ? await fileStorage.claim(events) : events),
    endOffsets: (topic) => eventLog.endOffsets(topic),
    waitCommitted: (...awaited) => eventLog.waitCommitted(...awaited),
  } satisfies Pick<EventLog, 'append' | 'endOffsets' | 'waitCommitted'>;
}
