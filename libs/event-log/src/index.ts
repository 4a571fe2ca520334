export {
  openEmbeddedEventLog,
  type EmbeddedEventLog,
  type EmbeddedEventLogStats,
} from './embedded/embedded.ts';
export {
  embeddedEventLogEnv,
  type EmbeddedEventLogConfig,
  type EmbeddedEventLogOptions,
} from './embedded/options.ts';
export { kafkaEnv, type KafkaConfig } from './kafka/env.ts';
export { openKafkaEventLog, type KafkaEventLog, type KafkaEventLogOptions } from './kafka/kafka.ts';
export {
  openKafkaTopics,
  type KafkaTopics,
  type KafkaTopicsOptions,
  type TopicChange,
} from './kafka/topics.ts';
export type {
  ConsumeOptions,
  DeadLetter,
  EventLog,
  HandleBatch,
  Lag,
  Lease,
  Offsets,
  Rejected,
  Topic,
} from './event-log.ts';
export { partitionOf } from './partition.ts';
