import type { AppError } from '@weft/model';
import { envInt } from '@weft/runtime';
import { z } from 'zod';
import type { Topic } from '../event-log.ts';
import { nodeDisk, type Disk } from './disk.ts';
import type { LogSink } from '../log-sink.ts';

const MIB = 1 << 20;
const bytes = (defaultMib: number, minBytes: number): z.ZodType<number> =>
  envInt({ default: defaultMib * MIB, min: minBytes });

/** The variables of the embedded log. */
export const embeddedEventLogEnv = {
  /** Fixed when the directory is created; a later change is reported and has no effect. */
  EVENT_LOG_PARTITIONS: envInt({ default: 4, min: 1, max: 64 }),
  /** Most bytes on disk before appends are refused with 503. */
  EVENT_LOG_MAX_BYTES: bytes(8192, 16 * MIB),
  EVENT_LOG_SEGMENT_BYTES: envInt({ default: 64 * MIB, min: 64 << 10, max: 1024 * MIB }),
  /** Largest payload of one event. */
  EVENT_LOG_MAX_EVENT_BYTES: envInt({ default: 64 * MIB, min: 1, max: 1024 * MIB }),
  /** Newest events kept in memory for their consumers, per topic. */
  EVENT_LOG_TAIL_BYTES: bytes(64, 0),
  /** Bytes that consumers may be behind before answers to writes are held, and how long at most. */
  EVENT_LOG_MAX_LAG_BYTES: bytes(16, 0),
  EVENT_LOG_MAX_HOLD_MS: envInt({ default: 2000, max: 60_000 }),
  /** A consumer without progress for this long is stuck: nothing is held for it. */
  EVENT_LOG_STUCK_AFTER_MS: envInt({ default: 1000, max: 60_000 }),
  /** Most bytes of dead letters; the oldest are deleted first. */
  EVENT_LOG_MAX_DEAD_LETTER_BYTES: bytes(256, MIB),
  /**
   * What to do with damage beyond a torn tail. `refuse`: do not start. `quarantine`: start with the sound records, report
   * what is lost, keep damaged files in `damaged/`.
   */
  EVENT_LOG_ON_DAMAGE: z.enum(['refuse', 'quarantine']).default('refuse'),
};

export type EmbeddedEventLogConfig = z.output<z.ZodObject<typeof embeddedEventLogEnv>>;

export interface EmbeddedEventLogOptions {
  /** Created if missing; belongs to one process. */
  readonly dir: string;
  readonly logger: LogSink;
  /**
   * The groups for which the log keeps events, per topic. A topic named here has exactly these; others have whichever
   * ever asked for them. Events of a topic without groups are not kept.
   */
  readonly groups?: Partial<Record<Topic, readonly string[]>>;
  /** What is not given has the default of `embeddedEventLogEnv`. */
  readonly config?: Partial<EmbeddedEventLogConfig>;
  /** The disk failed in a way that can't be repaired in this process: exit soon. Nothing is accepted any more. */
  readonly onFatal?: (error: AppError) => void;
  /** Commits are made durable together after this long: a crash before that only repeats events. Default 200. */
  readonly cursorDelayMs?: number;
  /** The file system; tests give one that loses and refuses. */
  readonly disk?: Disk;
}

export interface Settings extends EmbeddedEventLogConfig {
  readonly disk: Disk;
  readonly cursorDelayMs: number;
}

const DEFAULTS: EmbeddedEventLogConfig = z.object(embeddedEventLogEnv).parse({});

export function settingsOf(options: EmbeddedEventLogOptions): Settings {
  return {
    ...DEFAULTS,
    ...options.config,
    disk: options.disk ?? nodeDisk,
    cursorDelayMs: options.cursorDelayMs ?? 200,
  };
}
