import { TOPICS } from '../topics.ts';
import type { KafkaConfig } from './env.ts';
import { deadTopic, kafkaTopic } from './names.ts';

/** A dead letter's own headers and what its record has beside the event. */
const DEAD_EXTRA_BYTES = 64 << 10;
const DEAD_RETENTION_MS = 30 * 24 * 3_600_000;

export interface WantedTopic {
  readonly name: string;
  readonly partitions: number;
  readonly replicas: number;
  /** Topic settings as Kafka names and writes them. */
  readonly settings: ReadonlyMap<string, string>;
}

export interface FoundTopic {
  readonly partitions: number;
  readonly replicas: number;
  /** All settings that hold for the topic. */
  readonly settings: ReadonlyMap<string, string>;
  /** Those that were set for this topic. */
  readonly own: ReadonlyMap<string, string>;
}

/** Replicas that must have a record before it is acknowledged: all but one, so that one broker may be away. */
export function minInSync(replicas: number): number {
  return Math.max(1, replicas - 1);
}

/** Every topic of an installation as it should be. */
export function wantedTopics(config: KafkaConfig): WantedTopic[] {
  const { KAFKA_TOPIC_PREFIX: prefix, KAFKA_TOPIC_REPLICATION: replicas } = config;
  const { KAFKA_TOPIC_RETENTION_MS: retentionMs, KAFKA_MAX_MESSAGE_BYTES: maxBytes } = config;
  return TOPICS.flatMap((topic) => [
    {
      name: kafkaTopic(prefix, topic),
      partitions: config.KAFKA_TOPIC_PARTITIONS,
      replicas,
      settings: settings(replicas, maxBytes, retentionMs),
    },
    {
      name: deadTopic(prefix, topic),
      partitions: 1,
      replicas,
      settings: settings(replicas, maxBytes + DEAD_EXTRA_BYTES, Math.max(retentionMs, DEAD_RETENTION_MS)),
    },
  ]);
}

function settings(replicas: number, maxBytes: number, retentionMs: number): Map<string, string> {
  return new Map([
    ['cleanup.policy', 'delete'],
    ['compression.type', 'producer'],
    ['max.message.bytes', String(maxBytes)],
    // Retention and age go by the brokers' clocks: those of gateways may be wrong.
    ['message.timestamp.type', 'LogAppendTime'],
    ['min.insync.replicas', String(minInSync(replicas))],
    ['retention.ms', String(retentionMs)],
    ['unclean.leader.election.enable', 'false'],
  ]);
}
