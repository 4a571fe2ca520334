import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { openEmbeddedClickHouse } from '@weft/embedded-clickhouse';
import { openEmbeddedEventLog, openKafkaEventLog, type EventLog } from '@weft/event-log';
import { openFileStorage, type FileStorage } from '@weft/file-storage';
import { openLocalJobQueue, openRedisJobQueue, type JobQueue } from '@weft/job-queue';
import { contentOfLogs } from '@weft/otlp';
import { backend, type Backend, type Logger, type Metrics } from '@weft/runtime';
import {
  migrate,
  openTraceReader,
  openTraceWriter,
  storeOptions,
  type StoreOptions,
  type TraceReader,
  type TraceWriter,
} from '@weft/trace-store';
import { WRITER_GROUP } from '@weft/writer';
import type { AllInOneConfig } from './config.ts';

export interface BackendsOptions {
  readonly dataDir: string;
  readonly config: AllInOneConfig;
  readonly logger: Logger;
}

/** What an operator wants to know of a backend: why it cannot be used now. */
interface Watched {
  readonly trouble: () => string | undefined;
}

/** A ClickHouse server: the configured one, or one of our own in the data directory. */
export function clickHouse(
  options: BackendsOptions,
): Backend<{ reader: StoreOptions; writer: StoreOptions; close(): Promise<void> }> & Watched {
  const { config, dataDir, logger } = options;
  const { WF_CLICKHOUSE_HOST } = config;
  let state = 'running';
  const step = backend({
    name: 'clickhouse',
    logger,
    open: async () => {
      if (WF_CLICKHOUSE_HOST !== undefined) {
        const given = storeOptions({ ...config, WF_CLICKHOUSE_HOST });
        return { reader: given, writer: given, close: async () => {} };
      }
      const onStateChange = (now: string) => void (state = now);
      const engine = await openEmbeddedClickHouse({
        dataDir: join(dataDir, 'clickhouse'),
        logger,
        onStateChange,
      });
      const { url, database, reader, writer } = engine;
      return {
        reader: { url, database, ...reader },
        writer: { url, database, ...writer },
        close: () => engine.stop(),
      };
    },
  });
  return watched(step, () => (state === 'running' ? undefined : `the engine is ${state}`));
}

/** The tables, at the schema of this version. */
export function tables(
  { config, logger }: BackendsOptions,
  server: ReturnType<typeof clickHouse>,
  blobs: Backend<FileStorage>,
): Backend<{ reader: TraceReader; writer: TraceWriter; close(): Promise<void> }> {
  const timeoutMs = config.WEFT_START_TIMEOUT_MS;
  return backend({
    name: 'migrations',
    ...(config.WF_CLICKHOUSE_HOST !== undefined && {
      awaited: { what: 'ClickHouse (WF_CLICKHOUSE_HOST)', timeoutMs },
    }),
    logger,
    open: async () => {
      await migrate(server.value.writer);
      const reader = openTraceReader({ ...server.value.reader, loadClaimed: blobs.value.load });
      const onSweepError = (err: unknown) =>
        logger.warn({ err }, 'could not sweep superseded rows: trying again later');
      const writer = openTraceWriter({ ...server.value.writer, contentOfLogs, onSweepError });
      const close = async () => {
        await writer.close();
        await reader.close();
      };
      return { reader, writer, close };
    },
  });
}

const hasKafka = ({ KAFKA_BROKERS, KAFKA_BROKER_HOST }: AllInOneConfig): boolean =>
  KAFKA_BROKERS !== undefined || KAFKA_BROKER_HOST !== undefined;

/** The event log: the configured Kafka, or one in the data directory. */
export function eventLog({ config, dataDir, logger }: BackendsOptions): Backend<EventLog> & Watched {
  const name = 'event log';
  const { KAFKA_BROKER_HOST = 'localhost' } = config;
  if (!hasKafka(config)) {
    const dir = join(dataDir, 'log');
    // While nobody scores, nothing is kept for those who would.
    const scorers = config.WEAVE_ENABLE_ONLINE_EVAL ? [config.SCORING_WORKER_KAFKA_CONSUMER_GROUP_ID] : [];
    const groups = { 'trace-events': [WRITER_GROUP], 'stored-calls': scorers };
    const open = (onFatal: (error: unknown) => void) =>
      openEmbeddedEventLog({ dir, groups, logger, config, onFatal });
    return watched(backend({ name, logger, open }), () => undefined);
  }
  const kafka = backend({
    name,
    awaited: { what: 'Kafka (KAFKA_BROKERS)', timeoutMs: config.WEFT_START_TIMEOUT_MS },
    logger,
    open: (onFatal) =>
      openKafkaEventLog({
        config: { ...config, KAFKA_BROKER_HOST },
        clientId: 'weft',
        logger,
        waitMs: 0,
        onFatal,
      }),
  });
  return watched(kafka, () => kafka.value.unavailable());
}

/** Jobs of online evaluation: in the configured Redis, or in the data directory. */
export function jobQueue({ config, dataDir, logger }: BackendsOptions): Backend<JobQueue> {
  const { WEAVE_REDIS_URL: url } = config;
  const name = 'job queue';
  if (url === undefined)
    return backend({ name, logger, open: () => openLocalJobQueue({ dir: join(dataDir, 'jobs'), logger }) });
  return backend({
    name,
    awaited: { what: 'Redis (WEAVE_REDIS_URL)', timeoutMs: config.WEFT_START_TIMEOUT_MS },
    logger,
    open: (onFatal) => openRedisJobQueue({ url: url.reveal(), logger, onFatal }),
  });
}

/** Files and large payloads: in the configured store, or in the data directory, unless others read the same log or tables. */
export function blobStore(
  { config, dataDir, logger }: BackendsOptions,
  metrics: Metrics,
): Backend<FileStorage> {
  const isAlone = !hasKafka(config) && config.WF_CLICKHOUSE_HOST === undefined;
  const defaultUri = isAlone ? pathToFileURL(join(resolve(dataDir), 'blobs')).href : undefined;
  const open = async () => openFileStorage({ config, logger, metrics, defaultUri });
  return backend({ name: 'blob store', logger, open });
}

/** Not a spread: that would ask for the value before there is one. */
function watched<T>(step: Backend<T>, trouble: () => string | undefined): Backend<T> & Watched {
  return Object.assign(step, { trouble });
}
