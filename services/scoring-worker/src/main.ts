import { openKafkaEventLog } from '@weft/event-log';
import { openFileStorage } from '@weft/file-storage';
import { runHttpService } from '@weft/http';
import { openRedisJobQueue } from '@weft/job-queue';
import { createLlm } from '@weft/llm';
import { backend, background, createLogger, createMetrics } from '@weft/runtime';
import { assertMigrated, openTraceReader, storeOptions } from '@weft/trace-store';
import { loadScoringWorkerConfig } from './config.ts';
import { scoringRoutes } from './routes/scoring-routes.ts';
import { createScoringWorker, type ScoringWorker } from './scoring-worker.ts';

const config = loadScoringWorkerConfig();
const logger = createLogger({ name: 'scoring-worker' });
const common = { config, logger, metrics: createMetrics() };
const fileStorage = openFileStorage(common);
const reader = openTraceReader({ ...storeOptions(config), loadClaimed: fileStorage.load });
const timeoutMs = config.WEFT_START_TIMEOUT_MS;
let worker: ScoringWorker | undefined;

const clickHouse = backend({
  name: 'clickhouse',
  awaited: { what: 'ClickHouse (WF_CLICKHOUSE_HOST)', timeoutMs },
  logger,
  open: async () => {
    await assertMigrated(storeOptions(config));
    return reader;
  },
});
const kafka = backend({
  name: 'event log',
  awaited: { what: 'Kafka (KAFKA_BROKERS)', timeoutMs },
  logger,
  open: (onFatal) =>
    openKafkaEventLog({ config, clientId: 'weft-scoring-worker', logger, waitMs: 0, onFatal }),
});
const queue = backend({
  name: 'job queue',
  awaited: { what: 'Redis (WEAVE_REDIS_URL)', timeoutMs },
  logger,
  open: (onFatal) => openRedisJobQueue({ url: config.WEAVE_REDIS_URL!.reveal(), logger, onFatal }),
});

const blobStore = backend({ name: 'blob store', logger, open: async () => fileStorage });

const scoring = {
  name: 'scoring worker',
  start: async () => {
    const backends = { eventLog: kafka.value, fileStorage, reader, queue: queue.value };
    worker = createScoringWorker({ ...common, ...backends, llm: createLlm({ config, logger }) });
    return background(worker.run);
  },
};
const { SCORING_WORKER_HOST: host, SCORING_WORKER_PORT: port } = config;

runHttpService({
  ...common,
  name: 'scoring-worker',
  address: { host, port, names: ['SCORING_WORKER_HOST', 'SCORING_WORKER_PORT'] },
  backends: config.WEAVE_ENABLE_ONLINE_EVAL ? [clickHouse, kafka, blobStore, queue, scoring] : [],
  serve: () =>
    worker === undefined
      ? { routes: scoringRoutes(undefined) }
      : { routes: worker.routes, readiness: { queue: worker.readiness } },
});
