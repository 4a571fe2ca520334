import { AppError } from '@weft/model';
import type { ConsumeOptions, HandleBatch, Lease, Rejected } from '../event-log.ts';
import { backoffMs, pause } from '../backoff.ts';
import type { Group, Member } from './group.ts';
import type { LogSink } from '../log-sink.ts';
import { readBatch, type Batch } from './reader.ts';
import type { Segment } from './segment.ts';
import type { TopicLog } from './topic-log.ts';

export interface ConsumerDeps {
  readonly log: TopicLog;
  readonly group: Group;
  readonly segments: readonly Segment[];
  readonly logger: LogSink;
  /** Makes them durable in the dead letters. */
  readonly bury: (rejected: readonly Rejected[]) => Promise<void>;
  readonly onCommitted: () => void;
}

/** One process owns the log: nobody else can take a partition while it is at work. */
const LEASE: Lease = { isHeld: () => true };

/** One `consume()`: reads, has handled, buries, commits, until its signal aborts. */
export class Consumer implements Member {
  readonly #deps: ConsumerDeps;
  readonly #options: ConsumeOptions;
  readonly #handle: HandleBatch;
  readonly #owned = new Set<number>();
  #awake = false;
  #resolveWait: (() => void) | undefined;

  constructor(deps: ConsumerDeps, options: ConsumeOptions, handle: HandleBatch) {
    this.#deps = deps;
    this.#options = options;
    this.#handle = handle;
  }

  wake(): void {
    this.#awake = true;
    this.#resolveWait?.();
  }

  async run(): Promise<void> {
    const { group } = this.#deps;
    const { signal } = this.#options;
    const onAbort = () => this.wake();
    signal.addEventListener('abort', onAbort);
    group.join(this);
    try {
      await this.#loop(signal);
    } finally {
      signal.removeEventListener('abort', onAbort);
      group.leave(this);
    }
  }

  async #loop(signal: AbortSignal): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      this.#awake = false;
      if (this.#deps.group.settle(this, this.#owned)) this.#options.onAssigned?.();
      await this.#linger();
      const batch = await this.#read();
      if (batch === undefined) {
        await this.#waitForWake();
        continue;
      }
      try {
        await this.#process(batch);
        failures = 0;
      } catch (error) {
        failures++;
        if (failures >= (this.#options.maxAttempts ?? Infinity)) throw error;
        const waitMs = backoffMs(failures);
        const { group, log } = { group: this.#options.group, log: this.#deps.log };
        this.#deps.logger.warn(
          { err: error, topic: log.topic, group, attempt: failures, waitMs },
          'batch failed, will repeat it',
        );
        await pause(waitMs, signal);
      }
    }
  }

  async #read(): Promise<Batch | undefined> {
    const { log, group, segments } = this.#deps;
    this.#refuseGap();
    return readBatch(log, segments, this.#owned, group.committed, this.#options);
  }

  #refuseGap(): void {
    const { log, group } = this.#deps;
    for (const partition of this.#owned) {
      const committed = group.committed[partition]!;
      const { first, next } = log.indexes[partition]!;
      if (committed >= first && committed <= next) continue;
      throw new AppError(
        'log_unavailable',
        `${log.topic}/${partition}: group ${this.#options.group} committed up to ${committed}, the log holds ${first} to ${next}`,
      );
    }
  }

  async #process(batch: Batch): Promise<void> {
    const { group, bury, onCommitted, logger, log } = this.#deps;
    if (batch.lostRecords > 0) {
      logger.error(
        { topic: log.topic, group: this.#options.group, lostRecords: batch.lostRecords },
        'damage took records of the log',
      );
    }
    const rejected = batch.events.length > 0 ? await this.#handle(batch.events, LEASE) : [];
    const dead = batch.undecodable.length > 0 ? [...batch.undecodable, ...rejected] : rejected;
    if (dead.length > 0) await bury(dead);
    for (const [partition, next] of batch.next) group.commit(partition, next);
    group.announce();
    onCommitted();
  }

  /** Lets events gather once something is waiting, but not beyond a full batch. */
  async #linger(): Promise<void> {
    const { lingerMs, maxBatchEvents, maxBatchBytes, signal } = this.#options;
    if (lingerMs === undefined || !this.#hasWork()) return;
    const until = performance.now() + lingerMs();
    const { lag } = this.#deps.group;
    while (!signal.aborted && lag.events < maxBatchEvents && lag.bytes < maxBatchBytes) {
      const leftMs = until - performance.now();
      if (leftMs <= 0) return;
      this.#awake = false;
      await this.#waitForWake(leftMs);
    }
  }

  #hasWork(): boolean {
    const { log, group } = this.#deps;
    for (const partition of this.#owned)
      if (group.committed[partition]! < log.indexes[partition]!.next) return true;
    return false;
  }

  async #waitForWake(timeoutMs?: number): Promise<void> {
    if (this.#awake || this.#options.signal.aborted) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#resolveWait = resolve;
      if (timeoutMs !== undefined) timer = setTimeout(resolve, timeoutMs);
    });
    clearTimeout(timer);
    this.#resolveWait = undefined;
  }
}
