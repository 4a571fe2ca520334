import { embeddedEventLogEnv, kafkaEnv } from '@weft/event-log';
import { fileStorageEnv } from '@weft/file-storage';
import { envPortOrOff, gatewayEnv } from '@weft/gateway';
import { drainEnv, keyringEnv, probesEnv } from '@weft/http';
import { queryEnv } from '@weft/query';
import { envInt, envString, loadConfig, startEnv } from '@weft/runtime';
import { scoringEnv } from '@weft/scoring-worker';
import { traceStoreEnv } from '@weft/trace-store';
import { writerEnv } from '@weft/writer';
import { z } from 'zod';

const schema = z.object({
  ...traceStoreEnv,
  /** Set: that ClickHouse server is used. Unset: one is started in the data directory. */
  WF_CLICKHOUSE_HOST: envString().optional(),
  ...embeddedEventLogEnv,
  ...kafkaEnv,
  /** This or KAFKA_BROKERS set: that Kafka is the event log. Neither: a log in the data directory. */
  KAFKA_BROKER_HOST: envString().optional(),
  /** WF_FILE_STORAGE_URI unset: blobs are in the data directory. */
  ...fileStorageEnv,
  ...startEnv,
  ...drainEnv,
  ...probesEnv,
  ...keyringEnv,
  ...gatewayEnv,
  /** Unset: the usual port, or none where another process has that. */
  GATEWAY_OTLP_GRPC_PORT: envPortOrOff().optional(),
  ...writerEnv,
  ...queryEnv,
  QUERY_STORAGE_GC_INTERVAL_HOURS: envInt({ default: 24, max: 24 * 31 }),
  /** WEAVE_REDIS_URL set: jobs are in that Redis. Unset: in the data directory. */
  ...scoringEnv,
});

export type AllInOneConfig = z.output<typeof schema>;

export function loadAllInOneConfig(env?: NodeJS.ProcessEnv): AllInOneConfig {
  return loadConfig(schema, env);
}
