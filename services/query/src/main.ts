import { fileURLToPath } from 'node:url';
import { openKafkaEventLog } from '@weft/event-log';
import { openFileStorage } from '@weft/file-storage';
import { runHttpService } from '@weft/http';
import { createLlm } from '@weft/llm';
import { backend, createLogger, createMetrics } from '@weft/runtime';
import { assertMigrated, openTraceReader, storeOptions } from '@weft/trace-store';
import { garbageOptions, loadQueryConfig } from './config.ts';
import { createQuery } from './query.ts';

const config = loadQueryConfig();
const logger = createLogger({ name: 'query' });
const metrics = createMetrics();
const fileStorage = openFileStorage({ config, logger, metrics });
const reader = openTraceReader({ ...storeOptions(config), loadClaimed: fileStorage.load });

const clickHouse = backend({
  name: 'clickhouse',
  awaited: { what: 'ClickHouse (WF_CLICKHOUSE_HOST)', timeoutMs: config.WEFT_START_TIMEOUT_MS },
  logger,
  open: () => assertMigrated(storeOptions(config)).then(() => reader),
});
const kafka = backend({
  name: 'event log',
  awaited: { what: 'Kafka (KAFKA_BROKERS)', timeoutMs: config.WEFT_START_TIMEOUT_MS },
  logger,
  open: (onFatal) => openKafkaEventLog({ config, clientId: 'weft-query', logger, waitMs: 0, onFatal }),
});

runHttpService({
  name: 'query',
  config,
  logger,
  metrics,
  address: { host: config.QUERY_HOST, port: config.QUERY_PORT, names: ['QUERY_HOST', 'QUERY_PORT'] },
  backends: [clickHouse, kafka, backend({ name: 'blob store', logger, open: async () => fileStorage })],
  serve: () =>
    createQuery({
      eventLog: kafka.value,
      fileStorage,
      reader,
      llm: createLlm({ config, logger }),
      logger,
      metrics,
      freshnessMaxWaitMs: config.QUERY_FRESHNESS_MAX_WAIT_MS,
      webDir: fileURLToPath(new URL('./web', import.meta.url)),
      garbage: garbageOptions(config),
    }),
});
