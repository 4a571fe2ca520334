import type { TraceEvent } from '@weft/model';
import type { Rejected } from '../event-log.ts';
import { decodeRecord } from '../record.ts';

interface Buffered {
  readonly partition: number;
  readonly next: bigint;
  readonly events: readonly TraceEvent[];
  readonly undecodable: readonly Rejected[];
  readonly bytes: number;
}

export interface Batch {
  readonly events: readonly TraceEvent[];
  readonly undecodable: readonly Rejected[];
  /** Offset after the last record, by partition. */
  readonly next: ReadonlyMap<number, bigint>;
}

export interface BatchLimits {
  readonly maxBatchEvents: number;
  readonly maxBatchBytes: number;
}

/** Records that were fetched and wait for their turn, in the order they came: about two batches. */
export class RecordBuffer {
  readonly #limits: BatchLimits;
  #records: Buffered[] = [];
  #events = 0;
  #bytes = 0;

  constructor(limits: BatchLimits) {
    this.#limits = limits;
  }

  get isEmpty(): boolean {
    return this.#records.length === 0;
  }

  /** There is as much as one batch takes. */
  get holdsBatch(): boolean {
    return this.#events >= this.#limits.maxBatchEvents || this.#bytes >= this.#limits.maxBatchBytes;
  }

  get isFull(): boolean {
    return this.#events >= 2 * this.#limits.maxBatchEvents || this.#bytes >= 2 * this.#limits.maxBatchBytes;
  }

  put(partition: number, offset: bigint, value: Buffer | null): void {
    const { events, undecodable } = decodeRecord(value ?? Buffer.alloc(0));
    let bytes = 0;
    for (const { payload } of events) bytes += payload.length;
    for (const { event } of undecodable) bytes += event.payload.length;
    this.#records.push({ partition, next: offset + 1n, events, undecodable, bytes });
    this.#events += events.length;
    this.#bytes += bytes;
  }

  clear(): void {
    this.#records = [];
    this.#events = 0;
    this.#bytes = 0;
  }

  /** A batch within the limits, or one larger record alone; undefined if there is nothing. */
  take(): Batch | undefined {
    if (this.isEmpty) return undefined;
    const { maxBatchEvents, maxBatchBytes } = this.#limits;
    let [count, events, bytes] = [0, 0, 0];
    for (const record of this.#records) {
      const isOver = events + record.events.length > maxBatchEvents || bytes + record.bytes > maxBatchBytes;
      if (count > 0 && isOver) break;
      count++;
      events += record.events.length;
      bytes += record.bytes;
    }
    this.#events -= events;
    this.#bytes -= bytes;
    return toBatch(this.#records.splice(0, count));
  }
}

function toBatch(records: readonly Buffered[]): Batch {
  const next = new Map<number, bigint>();
  for (const record of records) next.set(record.partition, record.next);
  const [only] = records;
  if (records.length === 1) return { events: only!.events, undecodable: only!.undecodable, next };
  return {
    events: records.flatMap(({ events }) => events),
    undecodable: records.flatMap(({ undecodable }) => undecodable),
    next,
  };
}
