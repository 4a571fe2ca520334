import type { EachBatchPayload } from 'kafkajs';
import type { LogSink } from '../log-sink.ts';
import type { RecordBuffer } from './buffer.ts';
import type { Changes } from './changes.ts';
import type { ClusterView } from './cluster-view.ts';
import { GapError, Positions } from './positions.ts';

const MAX_LEAPS = 5;

export interface IntakeOptions {
  readonly buffer: RecordBuffer;
  readonly changes: Changes;
  readonly view: ClusterView;
  /** Kafka's name. */
  readonly topic: string;
  /** Kafka's name. */
  readonly group: string;
  readonly logger: LogSink;
  readonly heartbeatEveryMs: number;
  /** What the next heartbeat of the client will find too. */
  readonly rejoin: () => Error | undefined;
  /** Records between what the group has handled and what the log holds are gone. */
  readonly onGap: (error: GapError) => void;
}

/** Takes what was fetched into the buffer: each record once, in order, while there is room. */
export class Intake {
  readonly #options: IntakeOptions;
  #roomWaiters = 0;
  /** Fetches in a row that began beyond what was expected. */
  #leaps = 0;

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  /** The buffer is full, so that the client does not fetch, as it should. */
  get waitsForRoom(): boolean {
    return this.#roomWaiters > 0;
  }

  /** Ends early once `isStale` says that the records belong to an assignment that has ended. */
  async take(
    { batch, resolveOffset, heartbeat }: EachBatchPayload,
    positions: Positions,
    isStale: () => boolean,
  ): Promise<void> {
    for (const { offset: text, value } of batch.messages) {
      await this.#room(isStale, heartbeat);
      if (isStale()) return;
      const offset = BigInt(text);
      const place = positions.place(batch.partition, offset);
      // What a fetch of the assignment before brings late; the client goes on from where this one is.
      if (place === 'beyond') return this.#refuseGap(batch.partition, offset);
      if (place === 'next') {
        this.#options.buffer.put(batch.partition, offset, value);
        positions.taken(batch.partition, offset);
        this.#leaps = 0;
      }
      resolveOffset(text);
    }
    this.#options.changes.wake();
  }

  async #room(isStale: () => boolean, heartbeat: () => Promise<void>): Promise<void> {
    const { buffer, changes, rejoin, heartbeatEveryMs } = this.#options;
    if (!buffer.isFull) return;
    this.#roomWaiters++;
    changes.wake();
    try {
      while (buffer.isFull && !isStale()) {
        const error = rejoin();
        if (error !== undefined) throw error;
        await changes.next(heartbeatEveryMs);
        if (!isStale()) await heartbeat();
      }
    } finally {
      this.#roomWaiters--;
    }
  }

  async #refuseGap(partition: number, offset: bigint): Promise<void> {
    const { topic, group, view, logger, onGap } = this.#options;
    logger.warn({ topic, partition, offset: offset.toString() }, 'fetched beyond what is expected next');
    try {
      await Positions.load(view, topic, group, [partition]);
    } catch (error) {
      if (error instanceof GapError) onGap(error);
      throw error;
    }
    if (++this.#leaps >= MAX_LEAPS) throw new Error(`${topic}/${partition}: the client has skipped records`);
  }
}
