import type { Lag } from '@weft/event-log';
import type { JobQueue } from '@weft/job-queue';
import type { Gauge, Metrics } from '@weft/runtime';
import type { Spend } from '@weft/scoring';

/** What of calls is looked at, and what becomes of it. Nothing is told by project or monitor: see the ledger for that. */
export interface WorkerMetrics {
  /** Calls that monitors look at, by what the monitors ask of them: one for each monitor. */
  readonly matched: (count: number) => void;
  readonly sampled: (count: number) => void;
  readonly queued: (count: number) => void;
  /** @param change 1 or -1 */
  readonly running: (change: number) => void;
  readonly scored: (count: number) => void;
  readonly failed: (kind: string) => void;
  readonly skipped: (reason: string, count?: number) => void;
  readonly spent: (spend: Spend) => void;
  /** A provider was asked. */
  readonly asked: (provider: string | null, ms: number) => void;
}

/** Prometheus waits 10 s for a whole scrape. */
const LOOK_WAIT_MS = 2000;
const PROVIDER_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120];

export function createWorkerMetrics(
  metrics: Metrics,
  queue: Pick<JobQueue, 'backlog'>,
  lag: () => Promise<Lag>,
): WorkerMetrics {
  declareLag(metrics, lag);
  declareBacklog(metrics, queue);
  const counter = (name: string, help: string) => {
    const counted = metrics.counter({ name: `scoring_${name}_total`, help });
    return (count = 1) => counted.inc(count);
  };
  const failed = metrics.counter({
    name: 'scoring_failed_total',
    help: 'Scores that there will be none of, by why',
    labels: ['kind'],
  });
  const skipped = metrics.counter({
    name: 'scoring_skipped_total',
    help: 'Scores that were not made, by why',
    labels: ['reason'],
  });
  const running = metrics.gauge({
    name: 'scoring_running',
    help: 'Scores that this process is working on',
  });
  const usd = metrics.counter({
    name: 'scoring_spend_usd_total',
    help: 'US dollars that judges took, as far as their price is known',
  });
  const tokens = metrics.counter({
    name: 'scoring_spend_tokens_total',
    help: 'Tokens that judges took',
    labels: ['direction'],
  });
  const seconds = metrics.histogram({
    name: 'scoring_provider_seconds',
    help: 'Time until a provider had answered, by its kind',
    labels: ['provider'],
    buckets: PROVIDER_SECONDS,
  });
  return {
    matched: counter('matched', 'Calls that a monitor looks at, once for each monitor'),
    sampled: counter('sampled', 'Those of them that are in its sample'),
    queued: counter('queued', 'Scores that were asked for by stored calls'),
    scored: counter('scored', 'Scores that were made'),
    running: (change) => running.inc(change),
    failed: (kind) => failed.inc({ kind }),
    skipped: (reason, count = 1) => skipped.inc({ reason }, count),
    spent({ costUsd, promptTokens, completionTokens }) {
      usd.inc(costUsd);
      tokens.inc({ direction: 'prompt' }, promptTokens);
      tokens.inc({ direction: 'completion' }, completionTokens);
    },
    asked: (provider, ms) => seconds.observe({ provider: kindOf(provider) }, ms / 1000),
  };
}

/** Names of providers are also customers': only their kind goes into a label. */
function kindOf(provider: string | null): string {
  return provider === null ? 'none' : provider.startsWith('llm:') ? 'llm' : 'http';
}

function declareLag(metrics: Metrics, lag: () => Promise<Lag>): void {
  const look = shared(lag);
  metrics.gauge({
    name: 'scoring_lag_events',
    help: 'Stored calls (on Kafka: records) that were not looked at yet; NaN = not known',
    collect: set(look, ({ events }) => events),
  });
  metrics.gauge({
    name: 'scoring_lag_seconds',
    help: 'Age of the oldest stored call that was not looked at yet; NaN = not known',
    collect: set(look, ({ oldestMs }) => oldestMs / 1000),
  });
}

function declareBacklog(metrics: Metrics, queue: Pick<JobQueue, 'backlog'>): void {
  const look = shared(() => queue.backlog());
  metrics.gauge({
    name: 'scoring_jobs',
    help: 'Jobs that wait for their turn or for their time, of all workers; NaN = not known',
    labels: ['state'],
    collect: async (gauge) => {
      const seen = await look();
      gauge.set({ state: 'waiting' }, seen?.waiting ?? NaN);
      gauge.set({ state: 'delayed' }, seen?.delayed ?? NaN);
    },
  });
  metrics.gauge({
    name: 'scoring_jobs_oldest_seconds',
    help: 'How long the oldest job that could run has waited; NaN = not known',
    collect: set(look, ({ oldestMs }) => oldestMs / 1000),
  });
}

/** The gauges of one scrape share one look. */
function shared<T>(read: () => Promise<T>): () => Promise<T | undefined> {
  let looking: Promise<T | undefined> | undefined;
  return () => (looking ??= within(read(), LOOK_WAIT_MS).finally(() => (looking = undefined)));
}

/** Not known is not 0. */
function set<T>(look: () => Promise<T | undefined>, value: (seen: T) => number) {
  return async (gauge: Gauge) => {
    const seen = await look();
    gauge.set(seen === undefined ? NaN : value(seen));
  };
}

/** The value, or undefined where there is none in time: a scrape must not fail, nor wait, because a backend is away. */
async function within<T>(value: Promise<T>, timeoutMs: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => (timer = setTimeout(resolve, timeoutMs, undefined)));
  try {
    return await Promise.race([value.catch(() => undefined), late]);
  } finally {
    clearTimeout(timer);
  }
}
