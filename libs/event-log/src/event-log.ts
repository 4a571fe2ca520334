import type { TraceEvent } from '@weft/model';

/**
 * The topics and who reads them. `trace-events`: everything clients write → writer. `stored-calls`: calls that are
 * readable → scoring worker. Dead letters have a topic of their own per source (`<topic>.dead`), kept by the implementation.
 */
export type Topic = 'trace-events' | 'stored-calls';

/** Next offset to be written (end) or handled (committed) per partition; index = partition. */
export type Offsets = readonly bigint[];

export interface Rejected {
  readonly event: TraceEvent;
  /** Why, for the operator who reads the dead letter: what is wrong and where. */
  readonly reason: string;
}

export interface DeadLetter extends Rejected {
  /** Names it among the dead letters of its topic; stays the same over restarts. */
  readonly id: string;
  readonly topic: Topic;
  readonly group: string;
  readonly rejectedAtUs: number;
}

export interface ConsumeOptions {
  /** Consumers of one group share the partitions; each group sees every event. */
  readonly group: string;
  /** Most events and payload bytes of one batch. A single larger record still arrives, alone. */
  readonly maxBatchEvents: number;
  readonly maxBatchBytes: number;
  /** Aborting stops intake; the batch in hand is finished and committed, then consume() resolves. */
  readonly signal: AbortSignal;
  /** Partitions came or went: forget what was known of their keys. Called before the first batch too. */
  readonly onAssigned?: () => void;
  /**
   * Asked before each batch: how long to let more events gather once something is waiting, in milliseconds. Few large
   * batches are cheaper for the store than many small ones. Default 0: take what is there.
   */
  readonly lingerMs?: () => number;
  /** Attempts at one batch before consume() gives up and throws; default unlimited (the log holds the data). */
  readonly maxAttempts?: number;
}

/** How far a group is behind. */
export interface Lag {
  /** Events that are not committed; a log that counts records only (Kafka) says those: one holds the events of one request. */
  readonly events: number;
  /** Payload bytes of these events; undefined where the log does not know. */
  readonly bytes: number | undefined;
  /** Age of the oldest of them, at most; 0 = there are none. */
  readonly oldestMs: number;
  /** Uncommitted records by partition. */
  readonly partitions: readonly number[];
}

/** Whether a consumer still owns the partitions of the batch in its hand. */
export interface Lease {
  /**
   * False once another consumer may have taken them over: this process was paused or cut off for longer than its session.
   * What is written after that may undo what the other one wrote: ask right before each write, and throw instead.
   */
  isHeld(): boolean;
}

/** Handles a batch; resolves with what can never be handled. */
export type HandleBatch = (events: readonly TraceEvent[], lease: Lease) => Promise<readonly Rejected[]>;

/**
 * An ordered, durable, partitioned log. At-least-once; events with the same `partitionKey` keep their order.
 *
 * - `append` is atomic per partition only: after a failure some events of the request may be in the log. Repeating is
 *   harmless, because what is read is a function of the set of events.
 * - A batch may hold events of several partitions, in order within each. Redelivery after a crash or rebalance may cut
 *   other batches from the same events.
 * - Payloads handed to `handle` are owned by the batch: valid until it resolves, never to be written to.
 */
export interface EventLog {
  /**
   * Resolves once every event is durable (survives kill -9 and, where the medium can promise it, a power cut).
   * While consumers are behind by more than the configured bytes it waits (back-pressure), at most `maxHoldMs`.
   * @throws AppError `log_unavailable` (retryable): full, failing, closed; nothing is promised about the events then.
   */
  append(topic: Topic, events: readonly TraceEvent[]): Promise<void>;

  /**
   * Feeds batches to `handle` until `signal` aborts. Offsets are committed only after `handle` resolved, and only
   * contiguously; events it returns as rejected are durable in the dead letters first. If it throws, the same events
   * come again after back-off with jitter (100 ms to 30 s), perhaps in other batches; after `maxAttempts` consume() throws.
   * @throws AppError `log_unavailable` when a committed offset is no longer in the log (a gap is loud, never skipped).
   */
  consume(topic: Topic, options: ConsumeOptions, handle: HandleBatch): Promise<void>;

  /** Where the log ends now. Whatever was acknowledged before the call is below it. */
  endOffsets(topic: Topic): Promise<Offsets>;

  /**
   * Resolves true once `group` has committed up to `offsets` in every partition, false after `timeoutMs`. This is what
   * "a read sees what was acknowledged" stands on.
   */
  waitCommitted(topic: Topic, group: string, offsets: Offsets, timeoutMs: number): Promise<boolean>;

  /** What `group` has not committed yet. */
  lag(topic: Topic, group: string): Promise<Lag>;

  /**
   * Puts events into the dead letters of `topic` directly, durable on resolve: for what the gateway can tell is bad
   * before it is appended. @throws AppError `log_unavailable`
   */
  deadLetter(topic: Topic, group: string, rejected: readonly Rejected[]): Promise<void>;

  /** Dead letters that are not settled, oldest first: those there are when it is called. */
  deadLetters(topic: Topic): AsyncIterable<DeadLetter>;

  /**
   * Takes dead letters off the list for good (they were replayed, or nobody wants them), durable on resolve. Ids that are
   * unknown or settled already are ignored. @throws AppError `log_unavailable`
   */
  settleDeadLetters(topic: Topic, ids: readonly string[]): Promise<void>;

  /** Stops accepting, makes what was accepted durable, releases the medium. Harmless when repeated. */
  close(): Promise<void>;
}
