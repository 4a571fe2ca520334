import type { TraceEvent } from '@weft/model';

const CHUNK = 4096;
const FIELDS = 4;
const NONE: readonly TraceEvent[] = [];

/** Where a record lies. `segment` 0: lost to damage. */
export interface RecordPlace {
  segment: number;
  position: number;
  valueBytes: number;
  events: number;
}

/**
 * The records of one partition that are in the log: where each lies (16 bytes a record, no object), and the events
 * themselves of those that are kept in memory.
 */
export class PartitionIndex {
  /** Offset of the oldest record and of the next one to be written. */
  first: number;
  next: number;
  #chunks: Uint32Array[] = [];
  /** Offset of slot 0 of the first chunk. */
  #chunkBase: number;
  #tail: (readonly TraceEvent[])[] = [];
  #tailHead = 0;
  #tailFirst: number;

  constructor(first: number) {
    this.first = first;
    this.next = first;
    this.#chunkBase = first;
    this.#tailFirst = first;
  }

  push(segment: number, position: number, valueBytes: number, events: number): void {
    const slot = this.next - this.#chunkBase;
    const at = (slot % CHUNK) * FIELDS;
    const number = Math.floor(slot / CHUNK);
    if (number === this.#chunks.length) this.#chunks.push(new Uint32Array(CHUNK * FIELDS));
    const chunk = this.#chunks[number]!;
    chunk[at] = segment;
    chunk[at + 1] = position;
    chunk[at + 2] = valueBytes;
    chunk[at + 3] = events;
    this.next++;
  }

  /** Reads the place of a record that is in the index into `into`, so that walking allocates nothing. */
  read(offset: number, into: RecordPlace): void {
    const slot = offset - this.#chunkBase;
    const chunk = this.#chunks[Math.floor(slot / CHUNK)]!;
    const at = (slot % CHUNK) * FIELDS;
    into.segment = chunk[at]!;
    into.position = chunk[at + 1]!;
    into.valueBytes = chunk[at + 2]!;
    into.events = chunk[at + 3]!;
  }

  /** Keeps the events of the record that was pushed last. */
  keep(events: readonly TraceEvent[]): void {
    if (this.#tail.length === this.#tailHead) {
      this.#tail = [];
      this.#tailHead = 0;
      this.#tailFirst = this.next - 1;
    }
    this.#tail.push(events);
  }

  kept(offset: number): readonly TraceEvent[] | undefined {
    return offset < this.#tailFirst + this.#tailHead ? undefined : this.#tail[offset - this.#tailFirst];
  }

  /** Oldest offset that is kept in memory, or undefined. */
  get firstKept(): number | undefined {
    return this.#tail.length === this.#tailHead ? undefined : this.#tailFirst + this.#tailHead;
  }

  forgetOldestKept(): void {
    this.#tail[this.#tailHead++] = NONE;
    if (this.#tailHead < 1024 || this.#tailHead * 2 < this.#tail.length) return;
    this.#tail.splice(0, this.#tailHead);
    this.#tailFirst += this.#tailHead;
    this.#tailHead = 0;
  }

  /** Forgets records below `offset`: their segment is gone. */
  trim(offset: number): void {
    if (offset <= this.first) return;
    this.first = Math.min(offset, this.next);
    const whole = Math.floor((this.first - this.#chunkBase) / CHUNK);
    if (whole > 0) {
      this.#chunks.splice(0, whole);
      this.#chunkBase += whole * CHUNK;
    }
  }

  /** Takes back the newest records down to `next`: they were not durable. */
  cut(next: number): void {
    this.next = next;
    this.#chunks.length = Math.ceil((next - this.#chunkBase) / CHUNK);
  }
}
