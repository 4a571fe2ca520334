import { openKafkaEventLog } from '@weft/event-log';
import { openFileStorage } from '@weft/file-storage';
import { runHttpService } from '@weft/http';
import { contentOfLogs } from '@weft/otlp';
import { backend, background, createLogger, createMetrics } from '@weft/runtime';
import { assertMigrated, migrate, openTraceWriter, storeOptions } from '@weft/trace-store';
import { loadWriterConfig } from './config.ts';
import { createWriter, type Writer } from './writer.ts';

const config = loadWriterConfig();
const logger = createLogger({ name: 'writer' });
const metrics = createMetrics();
const fileStorage = openFileStorage({ config, logger, metrics });
const store = openTraceWriter({
  ...storeOptions(config),
  contentOfLogs,
  onSweepError: (err) => logger.warn({ err }, 'could not sweep superseded rows: trying again later'),
});
let writer: Writer;

const clickHouse = backend({
  name: 'clickhouse',
  awaited: { what: 'ClickHouse (WF_CLICKHOUSE_HOST)', timeoutMs: config.WEFT_START_TIMEOUT_MS },
  logger,
  open: async () => {
    const onProgress = (line: string) => logger.info(`migrations: ${line}`);
    await (config.WRITER_MIGRATE
      ? migrate(storeOptions(config), { onProgress })
      : assertMigrated(storeOptions(config)));
    return store;
  },
});
const kafka = backend({
  name: 'event log',
  awaited: { what: 'Kafka (KAFKA_BROKERS)', timeoutMs: config.WEFT_START_TIMEOUT_MS },
  logger,
  open: (onFatal) => openKafkaEventLog({ config, clientId: 'weft-writer', logger, waitMs: 0, onFatal }),
});

runHttpService({
  name: 'writer',
  config,
  logger,
  metrics,
  isBalanced: false,
  address: { host: config.WRITER_HOST, port: config.WRITER_PORT, names: ['WRITER_HOST', 'WRITER_PORT'] },
  backends: [
    clickHouse,
    kafka,
    backend({ name: 'blob store', logger, open: async () => fileStorage }),
    {
      name: 'writer',
      start: async () => {
        writer = createWriter({ eventLog: kafka.value, store, fileStorage, logger, metrics, config });
        return background((signal) => writer.run(signal));
      },
    },
  ],
  serve: () => ({
    routes: writer.routes,
    readiness: { dead_letters: writer.held },
    liveness: { writer: writer.stuck },
  }),
});
