import { envBoolean, envInt, envSecret, envString } from '@weft/runtime';
import { z } from 'zod';

const MIB = 1 << 20;
const HOUR_MS = 3_600_000;

const brokers = z.string().transform((text, context) => {
  const parts = text.split(',').map((part) => part.trim());
  if (parts.every((part) => /^[^\s:]+:\d{1,5}$|^\[[\da-fA-F:]+\]:\d{1,5}$/.test(part))) return parts;
  context.addIssue({ code: 'custom', message: 'must be host:port, or several with commas between' });
  return z.NEVER;
});

/** Kafka's own rule for names of topics. */
const topicPrefix = z
  .string()
  .regex(/^[\w.-]{0,100}$/, 'may hold letters, digits, ".", "_" and "-"; at most 100')
  .default('');

/** The variables of the log on Kafka. */
export const kafkaEnv = {
  KAFKA_BROKER_HOST: envString({ default: 'localhost' }),
  KAFKA_BROKER_PORT: envInt({ default: 9092, min: 1, max: 65_535 }),
  /** `host:port,host:port`: brokers to ask for the others. Wins over KAFKA_BROKER_HOST and KAFKA_BROKER_PORT. */
  KAFKA_BROKERS: brokers.optional(),
  /** With a user the client authenticates by SASL. */
  KAFKA_CLIENT_USER: envString().optional(),
  KAFKA_CLIENT_PASSWORD: envSecret().optional(),
  KAFKA_SASL_MECHANISM: z.enum(['plain', 'scram-sha-256', 'scram-sha-512']).default('plain'),
  KAFKA_TLS: envBoolean(false),
  /** PEM files: the authority that signed the brokers' certificates, and the client's own certificate and key. */
  KAFKA_TLS_CA_FILE: envString().optional(),
  KAFKA_TLS_CERT_FILE: envString().optional(),
  KAFKA_TLS_KEY_FILE: envString().optional(),
  /** Put before the names of topics, so that several installations can share a cluster. */
  KAFKA_TOPIC_PREFIX: topicPrefix,
  /** Partitions and replicas of topics that are created. Partitions may grow later, never shrink. */
  KAFKA_TOPIC_PARTITIONS: envInt({ default: 12, min: 1, max: 1000 }),
  KAFKA_TOPIC_REPLICATION: envInt({ default: 3, min: 1, max: 15 }),
  /** How long events are kept: no outage of the store may last longer. Dead letters are kept for at least 30 days. */
  KAFKA_TOPIC_RETENTION_MS: envInt({ default: 7 * 24 * HOUR_MS, min: HOUR_MS }),
  /** `check`: do not start while topics are missing. `create`: create them, and grow and configure what differs. `skip`: neither. */
  KAFKA_TOPICS_AT_START: z.enum(['check', 'create', 'skip']).default('check'),
  /** Of what is written; `zstd` needs Node 22.15 or later. What others wrote is read in these and in lz4. */
  KAFKA_COMPRESSION: z.enum(['none', 'gzip', 'snappy', 'zstd']).default('snappy'),
  /** Most events and bytes that wait for Kafka in this process before appends are refused. */
  KAFKA_PRODUCER_MAX_BUFFER_SIZE: envInt({ default: 100_000, min: 1 }),
  KAFKA_PRODUCER_MAX_BUFFER_BYTES: envInt({ default: 64 * MIB, min: MIB }),
  /** An append that is not acknowledged by then fails; whether its events are in the log is unknown. */
  KAFKA_PRODUCE_TIMEOUT_MS: envInt({ default: 8000, min: 500, max: 120_000 }),
  /** A consumer that is silent for longer loses its partitions to others. */
  KAFKA_SESSION_TIMEOUT_MS: envInt({ default: 8000, min: 1000, max: 300_000 }),
  /** How long a rebalance waits for consumers to finish the batch in their hand. */
  KAFKA_REBALANCE_TIMEOUT_MS: envInt({ default: 60_000, min: 5000, max: 600_000 }),
  /** Largest record. Topics are created with it; the brokers' `socket.request.max.bytes` (100 MiB) must be larger. */
  KAFKA_MAX_MESSAGE_BYTES: envInt({ default: 64 * MIB, min: 64 << 10, max: 99 * MIB }),
  /** `stored-calls` is keyed by project and one of this many buckets, by the hash of the call. */
  WF_KAFKA_PROJECT_ID_BUCKET_COUNT: envInt({ default: 1, min: 1, max: 100_000 }),
};

export type KafkaConfig = z.output<z.ZodObject<typeof kafkaEnv>>;

const DEFAULTS: KafkaConfig = z.object(kafkaEnv).parse({});

/** What is not given has its default. */
export function settingsOf(config: Partial<KafkaConfig>): KafkaConfig {
  return { ...DEFAULTS, ...config };
}
