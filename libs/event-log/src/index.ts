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
export type { ConsumeOptions, DeadLetter, EventLog, Offsets, Rejected, Topic } from './event-log.ts';
