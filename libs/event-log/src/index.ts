export type { ConsumeOptions, DeadLetter, EventLog, Offsets, Rejected, Topic } from './event-log.ts';
