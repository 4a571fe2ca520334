import { backoffMs } from '../backoff.ts';
import type { LogSink } from '../log-sink.ts';
import type { HandleBatch, Lease, Rejected } from '../event-log.ts';
import type { Batch } from './buffer.ts';
import type { Changes } from './changes.ts';
import { isExpelled, isRejoin } from './errors.ts';

const COMMIT_REPEAT_MS = 100;
const MAX_LAST_COMMIT_MS = 5000;

export interface BatchRunnerOptions {
  readonly handle: HandleBatch;
  readonly bury: (rejected: readonly Rejected[]) => Promise<void>;
  readonly maxAttempts: number | undefined;
  readonly logger: LogSink;
  /** Kafka's names, for log lines. */
  readonly topic: string;
  readonly group: string;
  /** Woken when what `Ownership` says may have changed. */
  readonly changes: Changes;
}

/** Whose the partitions of a batch are. */
export interface Ownership {
  readonly lease: Lease;
  /** They are still ours, as far as this process knows. */
  isOurs(): boolean;
  /** They are to be given back, or this consumer ends: begin nothing anew. */
  isEnding(): boolean;
  /** Makes the next offset of each partition known to the group. */
  commit(next: ReadonlyMap<number, bigint>): Promise<void>;
  /** The group has said that they are not ours. */
  lost(): void;
}

/** Has a batch handled, buries what was rejected, commits: in this order, until it works. */
export class BatchRunner {
  readonly #options: BatchRunnerOptions;
  #failures = 0;
  #handling = false;

  constructor(options: BatchRunnerOptions) {
    this.#options = options;
  }

  get isHandling(): boolean {
    return this.#handling;
  }

  /** The last attempt failed, the next one waits. */
  get isFailing(): boolean {
    return this.#failures > 0;
  }

  /**
   * Resolves true once committed; false if the partitions were lost or given back before: then the events come again.
   * @throws what `handle` threw in the last of `maxAttempts`
   */
  async run(batch: Batch, ownership: Ownership): Promise<boolean> {
    for (;;) {
      try {
        await this.#handleAndBury(batch, ownership.lease);
        break;
      } catch (error) {
        if (!ownership.isOurs()) return false;
        await this.#afterFailure(error, ownership);
        if (ownership.isEnding() || !ownership.isOurs()) return false;
      }
    }
    this.#failures = 0;
    return this.#commit(batch, ownership);
  }

  async #handleAndBury({ events, undecodable }: Batch, lease: Lease): Promise<void> {
    this.#handling = true;
    try {
      const rejected = events.length > 0 ? await this.#options.handle(events, lease) : [];
      const dead = [...undecodable, ...rejected];
      if (dead.length > 0) await this.#options.bury(dead);
    } finally {
      this.#handling = false;
    }
  }

  async #afterFailure(error: unknown, ownership: Ownership): Promise<void> {
    const { maxAttempts, topic, group, logger, changes } = this.#options;
    const attempt = ++this.#failures;
    if (attempt >= (maxAttempts ?? Infinity)) throw error;
    const waitMs = backoffMs(attempt);
    logger.warn({ err: error, topic, group, attempt, waitMs }, 'batch failed, will repeat it');
    const until = performance.now() + waitMs;
    for (let left = waitMs; left > 0; left = until - performance.now()) {
      if (ownership.isEnding() || !ownership.isOurs()) return;
      await changes.next(left);
    }
  }

  /** Repeats until it worked or the partitions are lost. */
  async #commit(batch: Batch, ownership: Ownership): Promise<boolean> {
    const { topic, group, logger, changes } = this.#options;
    const start = performance.now();
    while (ownership.isOurs()) {
      try {
        await ownership.commit(batch.next);
        return true;
      } catch (error) {
        logger.warn({ err: error, topic, group }, 'commit failed');
        if (isExpelled(error)) ownership.lost();
        const isLast = ownership.isEnding() && performance.now() - start > MAX_LAST_COMMIT_MS;
        if (isRejoin(error) || isLast) return false;
        await changes.next(COMMIT_REPEAT_MS);
      }
    }
    return false;
  }
}
