import { fileStorageEnv, openFileStorage, type FileStorageConfig } from '@weft/file-storage';
import { createGateway } from '@weft/gateway';
import { createHttpApp } from '@weft/http';
import { createQuery } from '@weft/query';
import { createLogger, createMetrics, type MetricDescription, type Metrics } from '@weft/runtime';
import { createScoringWorker, scoringEnv, type ScoringConfig } from '@weft/scoring-worker';
import { createWriter } from '@weft/writer';

/** What each service exports, as its own parts declare it. */
export function metricsByService(): Map<string, readonly MetricDescription[]> {
  // Declaring needs nothing of them.
  const idle = { deadLetter: () => undefined } as never;
  const logger = createLogger({ name: 'metrics', level: 'silent' });
  const config = {
    WRITER_REJECTED_MAX_PERCENT: 1,
    WEAVE_ENABLE_ONLINE_EVAL: false,
    GATEWAY_OTLP_MAX_BODY_BYTES: 1,
    GATEWAY_CORS_ORIGINS: [],
    WEFT_SPOOL_MAX_BYTES: 1,
    WEFT_EXTRACT_CONTENT: true,
  } as never;
  const services: Record<string, (metrics: Metrics) => unknown> = {
    gateway: (metrics) => createGateway({ eventLog: idle, quarantine: idle, logger, metrics, config }),
    writer: (metrics) => createWriter({ eventLog: idle, store: idle, logger, metrics, config }),
    query: (metrics) =>
      createQuery({ eventLog: idle, reader: idle, llm: idle, logger, metrics, freshnessMaxWaitMs: 0 }),
    'scoring-worker': (metrics) =>
      createScoringWorker({
        eventLog: idle,
        reader: idle,
        queue: idle,
        llm: idle,
        logger,
        metrics,
        config: { ...defaultsOf<ScoringConfig>(scoringEnv), WEFT_STOP_GRACE_MS: 1000 },
      }),
  };
  return new Map(
    Object.entries(services).map(([name, create]) => {
      const metrics = createMetrics();
      openFileStorage({ config: defaultsOf<FileStorageConfig>(fileStorageEnv), logger, metrics });
      create(metrics);
      createHttpApp({ logger, metrics, auth: idle, routes: [] });
      return [name, metrics.describe()];
    }),
  );
}

interface Setting {
  parse(value: undefined): unknown;
}

function defaultsOf<T>(env: Readonly<Record<string, Setting>>): T {
  const values = Object.entries(env).map(([name, type]) => [name, type.parse(undefined)] as const);
  return Object.fromEntries(values) as T;
}
