import { basename } from 'node:path';
import { AppError, type TraceEvent } from '@weft/model';
import type { Topic } from '../event-log.ts';
import { TOPICS } from '../topics.ts';
import type { Disk } from './disk.ts';
import { encodeRecordHead, HEAD_BYTES } from './frame.ts';
import type { Indexes } from './recover.ts';
import { setAside } from './recover.ts';
import { createSegment, type Segment } from './segment.ts';

/** Payload bytes that one write and sync takes at most, and how many may wait for their turn. */
const MAX_COMMIT_BYTES = 8 << 20;
const MAX_PENDING_BYTES = 256 << 20;
const OUT_OF_SPACE = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

export interface WalRecord {
  readonly topic: Topic;
  readonly partition: number;
  readonly events: readonly TraceEvent[];
  readonly chunks: readonly Buffer[];
  readonly valueBytes: number;
  readonly valueCrc: number;
}

interface Pending {
  readonly records: readonly WalRecord[];
  readonly bytes: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export interface WalOptions {
  readonly disk: Disk;
  readonly dir: string;
  readonly partitions: number;
  readonly segmentBytes: number;
  readonly maxBytes: number;
  /** The records are durable and in the index. */
  readonly onDurable: (record: WalRecord) => void;
  /** After the last record of a commit. */
  readonly onCommit: () => void;
  /** Nothing more is accepted: the process should exit. */
  readonly onFatal: (error: AppError) => void;
}

/**
 * The one physical log of all topics. What arrives while a sync is running is written together and synced once: an idle
 * log answers after one sync, a busy one shares each sync between many.
 */
export class Wal {
  readonly segments: Segment[];
  readonly #indexes: Indexes;
  readonly #options: WalOptions;
  readonly #queue: Pending[] = [];
  #pendingBytes = 0;
  #commit: number;
  #running: Promise<void> | undefined;
  #onRolled: (() => void) | undefined;
  #closed = false;
  #fatal: AppError | undefined;

  private constructor(options: WalOptions, segments: Segment[], indexes: Indexes, commit: number) {
    this.#options = options;
    this.segments = segments;
    this.#indexes = indexes;
    this.#commit = commit;
  }

  /** Takes over recovered segments; begins a new one if there is none or the last one is damaged. */
  static async open(
    options: WalOptions,
    recovered: { segments: Segment[]; indexes: Indexes; commit: number },
    firstSequence: number,
  ): Promise<Wal> {
    const wal = new Wal(options, recovered.segments, recovered.indexes, recovered.commit);
    const last = wal.segments.at(-1);
    if (last === undefined || last.damaged)
      await wal.#addSegment((last?.head.sequence ?? firstSequence - 1) + 1);
    return wal;
  }

  get active(): Segment {
    return this.segments.at(-1)!;
  }

  get diskBytes(): number {
    let bytes = 0;
    for (const segment of this.segments) bytes += segment.size;
    return bytes;
  }

  /** Why nothing is accepted any more, if so. */
  get refusal(): AppError | undefined {
    return (
      this.#fatal ??
      (this.#closed ? new AppError('log_unavailable', `event log ${this.#options.dir} is closed`) : undefined)
    );
  }

  /** Resolves once all records are durable. @throws AppError `log_unavailable` */
  append(records: readonly WalRecord[]): Promise<void> {
    let bytes = 0;
    for (const record of records) bytes += HEAD_BYTES + record.valueBytes;
    const refusal = this.refusal ?? this.#refuseFull(bytes);
    if (refusal !== undefined) return Promise.reject(refusal);
    this.#pendingBytes += bytes;
    return new Promise((resolve, reject) => {
      this.#queue.push({ records, bytes, resolve, reject });
      this.#start();
    });
  }

  #refuseFull(bytes: number): AppError | undefined {
    const { maxBytes, dir } = this.#options;
    if (this.diskBytes + this.#pendingBytes + bytes > maxBytes) {
      return new AppError(
        'log_unavailable',
        `event log ${dir}: full, ${maxBytes} bytes are waiting to be consumed`,
      );
    }
    if (this.#pendingBytes > MAX_PENDING_BYTES) {
      return new AppError('log_unavailable', `event log ${dir}: the disk does not keep up`);
    }
    return undefined;
  }

  /** Ends the active segment once nothing is waiting, so that it can be deleted; then calls `onRolled`. */
  roll(onRolled: () => void): void {
    if (this.refusal !== undefined) return;
    this.#onRolled = onRolled;
    this.#start();
  }

  #start(): void {
    // setImmediate: what else arrives in this turn of the event loop shares the first sync.
    this.#running ??= new Promise<void>((resolve) => setImmediate(resolve))
      .then(() => this.#run())
      .finally(() => {
        this.#running = undefined;
        if (this.#queue.length > 0) this.#start();
      });
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0) {
      if (this.#fatal === undefined) await this.#writeCommit(this.#take());
      else for (const pending of this.#queue.splice(0)) this.#settle(pending, this.#fatal);
    }
    const onRolled = this.#onRolled;
    if (onRolled === undefined || this.refusal !== undefined) return;
    this.#onRolled = undefined;
    await this.#rollNow().then(onRolled, (error) => this.#fail('starting a segment', error));
  }

  #take(): Pending[] {
    let bytes = 0;
    let count = 0;
    while (
      count < this.#queue.length &&
      (count === 0 || bytes + this.#queue[count]!.bytes <= MAX_COMMIT_BYTES)
    ) {
      bytes += this.#queue[count++]!.bytes;
    }
    return this.#queue.splice(0, count);
  }

  async #writeCommit(group: readonly Pending[]): Promise<void> {
    let bytes = 0;
    for (const pending of group) bytes += pending.bytes;
    try {
      if (this.active.size > this.active.dataStart && this.active.size + bytes > this.#options.segmentBytes)
        await this.#rollNow();
      const segment = this.active;
      const placed = this.#place(group, segment);
      await this.#write(segment, placed.chunks, bytes);
      this.#commit++;
      for (const { record, position } of placed.records) {
        const index = this.#indexes.get(record.topic)![record.partition]!;
        index.push(segment.head.sequence, position, record.valueBytes, record.events.length);
        this.#options.onDurable(record);
      }
      for (const pending of group) this.#settle(pending, undefined);
      this.#options.onCommit();
    } catch (error) {
      const failure = this.#fail('write', error);
      for (const pending of group) this.#settle(pending, failure);
    }
  }

  #settle(pending: Pending, error: AppError | undefined): void {
    this.#pendingBytes -= pending.bytes;
    if (error === undefined) pending.resolve();
    else pending.reject(error);
  }

  /** Gives every record its offset and position; all heads share one buffer. */
  #place(group: readonly Pending[], segment: Segment) {
    const records: { record: WalRecord; position: number }[] = [];
    const chunks: Buffer[] = [];
    const next = new Map([...this.#indexes].map(([topic, list]) => [topic, list.map((index) => index.next)]));
    let count = 0;
    for (const pending of group) count += pending.records.length;
    const heads = Buffer.allocUnsafe(count * HEAD_BYTES);
    const appendedAtMs = Date.now();
    let position = segment.size;
    for (const pending of group) {
      for (const record of pending.records) {
        const at = records.length * HEAD_BYTES;
        const offsets = next.get(record.topic)!;
        const { topic, partition, valueBytes, valueCrc } = record;
        const last = records.length === count - 1;
        const offset = offsets[partition]!++;
        const head = {
          topic,
          partition,
          offset,
          commit: this.#commit + 1,
          last,
          events: record.events.length,
          appendedAtMs,
          valueBytes,
          valueCrc,
        };
        encodeRecordHead(heads, at, head, segment.head.salt);
        chunks.push(heads.subarray(at, at + HEAD_BYTES), ...record.chunks);
        records.push({ record, position });
        position += HEAD_BYTES + valueBytes;
      }
    }
    return { records, chunks };
  }

  async #write(segment: Segment, chunks: readonly Buffer[], bytes: number): Promise<void> {
    try {
      await segment.file.write(chunks, segment.size);
    } catch (error) {
      if (isOutOfSpace(error)) await this.#takeBack(segment);
      throw error;
    }
    await this.#sync(segment);
    segment.size += bytes;
  }

  /** Nothing half-written stays, not even after a crash: the segment may be followed by another one before its next sync. */
  async #takeBack(segment: Segment): Promise<void> {
    await segment.file.truncate(segment.size);
    await this.#sync(segment);
  }

  async #sync(segment: Segment): Promise<void> {
    try {
      await segment.file.sync();
    } catch (cause) {
      throw new SyncError(cause);
    }
  }

  async #rollNow(): Promise<void> {
    const { active } = this;
    if (active.size > active.dataStart) await this.#addSegment(active.head.sequence + 1);
  }

  async #addSegment(sequence: number): Promise<void> {
    const { disk, dir, partitions } = this.#options;
    const bases = new Map(
      TOPICS.map((topic) => [topic, this.#indexes.get(topic)!.map((index) => index.next)]),
    );
    this.segments.push(
      await createSegment(disk, dir, { sequence, partitions, commit: this.#commit + 1, bases }),
    );
  }

  /** A full disk passes; after anything else nobody knows what the disk holds, so nothing is accepted any more. */
  #fail(doing: string, cause: unknown): AppError {
    const { dir } = this.#options;
    if (isOutOfSpace(cause)) {
      return new AppError('log_unavailable', `event log ${dir}: no space left on the disk`, { cause });
    }
    const fatal = new AppError('log_unavailable', `event log ${dir}: ${doing} failed, restart the process`, {
      cause: cause instanceof SyncError ? cause.cause : cause,
    });
    this.stop(fatal);
    return fatal;
  }

  /** For failures elsewhere in the directory that leave the log's state unknown. */
  stop(fatal: AppError): void {
    if (this.#fatal !== undefined) return;
    this.#fatal = fatal;
    this.#options.onFatal(fatal);
  }

  /** Deletes segments before `sequence`; the caller's cursor is durable beyond them. A damaged one is set aside. */
  async removeBefore(sequence: number): Promise<void> {
    const { disk, dir } = this.#options;
    while (this.segments.length > 1 && this.segments[0]!.head.sequence < sequence) {
      const segment = this.segments.shift()!;
      await segment.file.close();
      if (segment.damaged) await setAside(disk, dir, basename(segment.path));
      else await disk.remove(segment.path);
      const bases = this.segments[0]!.head.bases;
      for (const [topic, list] of this.#indexes)
        list.forEach((index, i) => index.trim(bases.get(topic)?.[i] ?? 0));
    }
  }

  /** Refuses what comes from now on, and resolves once what was accepted is settled. */
  async drain(): Promise<void> {
    this.#closed = true;
    while (this.#running !== undefined) await this.#running;
  }

  /** After `drain`. */
  async close(): Promise<void> {
    for (const segment of this.segments) await segment.file.close().catch(() => undefined);
  }
}

class SyncError extends Error {
  constructor(cause: unknown) {
    super('sync failed', { cause });
  }
}

/** A full disk or quota: passes when space is freed. */
export function isOutOfSpace(error: unknown): boolean {
  return OUT_OF_SPACE.has((error as NodeJS.ErrnoException | undefined)?.code ?? '');
}
