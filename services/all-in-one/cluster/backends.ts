import { join } from 'node:path';
import { openEmbeddedClickHouse } from '@weft/embedded-clickhouse';
import type { Logger } from '@weft/runtime';
import {
  startKafka,
  startRedis,
  tcpProxy,
  type TcpProxy,
  type TestKafka,
  type TestRedis,
} from '@weft/testkit';
import type { Pool } from './proxy.ts';

export interface BackendsOptions {
  readonly brokers: 1 | 3;
  readonly partitions: number;
  /** With Redis, and services told that calls are scored. */
  readonly scoring: boolean;
  readonly dataDir: string;
  readonly logger: Logger;
  readonly onProgress: (text: string) => void;
  /** Told of each part that has to be closed, in the order they were opened. */
  readonly onOpened: (close: () => Promise<unknown>) => void;
}

export interface Backends {
  readonly kafka: TestKafka;
  readonly redis: TestRedis | undefined;
  readonly clickHouseLink: TcpProxy;
  readonly clickHousePid: () => number | undefined;
  /** Where services find them. */
  readonly env: Readonly<Record<string, string>>;
  /** ClickHouse's users: each service has the least it needs. */
  readonly credentials: Readonly<Record<Pool, Readonly<Record<string, string>>>>;
}

/** Real Apache Kafka, ClickHouse behind a link that can be cut, and Redis where calls are scored. */
export async function openBackends(options: BackendsOptions): Promise<Backends> {
  const { brokers, partitions, scoring, dataDir, logger, onProgress, onOpened } = options;
  onProgress(`starting Kafka with ${brokers} broker(s)`);
  const kafka = await startKafka({ brokers, dir: join(dataDir, 'kafka') });
  onOpened(() => kafka.stop());
  onProgress(`Kafka is up at ${kafka.brokers}; starting ClickHouse`);
  const engine = await openEmbeddedClickHouse({
    dataDir: join(dataDir, 'clickhouse'),
    neverGivesUp: true,
    logger,
  });
  onOpened(() => engine.stop());
  const link = await tcpProxy({ target: { host: '127.0.0.1', port: Number(new URL(engine.url).port) } });
  onOpened(() => link.stop());
  // As deployments do: what it was given is on the disk before it says so.
  const settings = { appendfsync: 'always' };
  const redis = scoring ? await startRedis({ dir: join(dataDir, 'redis'), settings }) : undefined;
  if (redis !== undefined) onOpened(() => redis.stop());
  const reader = { WF_CLICKHOUSE_USER: engine.reader.username, WF_CLICKHOUSE_PASS: engine.reader.password };
  return {
    kafka,
    redis,
    clickHouseLink: link,
    clickHousePid: () => engine.pid,
    env: {
      KAFKA_BROKERS: kafka.brokers,
      KAFKA_TOPIC_PARTITIONS: String(partitions),
      KAFKA_TOPIC_REPLICATION: String(brokers),
      KAFKA_TOPICS_AT_START: 'create',
      WF_CLICKHOUSE_HOST: '127.0.0.1',
      WF_CLICKHOUSE_PORT: String(link.port),
      WF_CLICKHOUSE_DATABASE: engine.database,
      // The engine lets its reader take no more.
      WF_CLICKHOUSE_MAX_MEMORY_USAGE: String(2 ** 30),
      ...(redis !== undefined && { WEAVE_REDIS_URL: redis.url, WEAVE_ENABLE_ONLINE_EVAL: 'true' }),
    },
    credentials: {
      gateway: {},
      writer: { WF_CLICKHOUSE_USER: engine.writer.username, WF_CLICKHOUSE_PASS: engine.writer.password },
      query: reader,
      'scoring-worker': reader,
    },
  };
}
