import { AppError, nowUs, type TraceEvent } from '@weft/model';
import type {
  ConsumeOptions,
  DeadLetter,
  EventLog,
  HandleBatch,
  Lag,
  Offsets,
  Rejected,
  Topic,
} from '../event-log.ts';
import { groupByPartition } from '../partition.ts';
import { encodeRecord, sizeOf } from '../record.ts';
import { TOPICS } from '../topics.ts';
import { Consumer } from './consumer.ts';
import { CursorFile, type Cursor } from './cursor-file.ts';
import { DeadLetters } from './dead-letters.ts';
import { crcOf, decodeRecordHead, HEAD_BYTES, sequenceOfName } from './frame.ts';
import type { Group } from './group.ts';
import { Hold } from './hold.ts';
import { settingsOf, type EmbeddedEventLogOptions, type Settings } from './options.ts';
import type { PartitionIndex, RecordPlace } from './partition-index.ts';
import { recover, type Recovered } from './recover.ts';
import { Retention } from './retention.ts';
import { TopicLog } from './topic-log.ts';
import { isOutOfSpace, Wal, type WalOptions, type WalRecord } from './wal.ts';

/** Payloads of one record, so that batches of a bounded size can be cut; a larger event has a record of its own. */
const MAX_RECORD_BYTES = 1 << 20;
const DEAD_FILE_BYTES = 16 << 20;
const CLOSE_CONSUMERS_MS = 20_000;
/**
 * Acks that wait for consumers. Only topics that clients write: a consumer that appends (the writer to `stored-calls`)
 * would otherwise be held by the next one.
 */
const HELD_TOPICS: ReadonlySet<Topic> = new Set<Topic>(['trace-events']);

export interface EmbeddedEventLogStats {
  readonly diskBytes: number;
  readonly segments: number;
  /** What was found damaged at the start; empty for a sound log. Belongs into the readiness answer. */
  readonly damage: readonly string[];
}

export interface EmbeddedEventLog extends EventLog {
  stats(): EmbeddedEventLogStats;
}

/**
 * Opens the log in a directory of this machine. An acknowledged event survives a power cut: it was written and synced, with
 * the events of other requests that came meanwhile.
 * @throws AppError `log_unavailable` if another process owns the directory or it is damaged.
 */
export async function openEmbeddedEventLog(options: EmbeddedEventLogOptions): Promise<EmbeddedEventLog> {
  const settings = settingsOf(options);
  const { disk } = settings;
  const { dir, logger } = options;
  await disk.makeDir(dir);
  const unlock = await disk.lock(dir);
  const opened: { close(): Promise<void> }[] = [];
  try {
    const names = await disk.list(dir);
    const { file: cursorFile, cursor: found } = await CursorFile.open(disk, dir, names);
    opened.push(cursorFile);
    const cursor = found ?? newCursor(dir, settings.EVENT_LOG_PARTITIONS, names);
    // Before the first segment: segments without a cursor are damage.
    if (found === undefined) await cursorFile.write(cursor);
    if (settings.EVENT_LOG_PARTITIONS !== cursor.partitions) {
      logger.warn(
        { dir, partitions: cursor.partitions },
        'event log keeps the partitions it was created with',
      );
    }
    const recovered = await recover({ disk, dir, names, cursor, onDamage: settings.EVENT_LOG_ON_DAMAGE });
    for (const damage of recovered.damage) logger.error({ dir, damage }, 'event log is damaged');
    const maxBytes = settings.EVENT_LOG_MAX_DEAD_LETTER_BYTES;
    const fileBytes = Math.min(DEAD_FILE_BYTES, maxBytes / 4);
    const deadLetters = await DeadLetters.open({ disk, dir, names, logger, maxBytes, fileBytes });
    opened.push(deadLetters);
    return await Embedded.start(options, settings, { unlock, cursorFile, deadLetters, cursor, recovered });
  } catch (error) {
    for (const part of opened) await part.close().catch(() => undefined);
    await unlock();
    throw error;
  }
}

function newCursor(dir: string, partitions: number, names: readonly string[]): Cursor {
  if (names.some((name) => sequenceOfName(name) !== undefined)) {
    throw new AppError('log_unavailable', `event log ${dir} is damaged: it has segments but no sound cursor`);
  }
  const zero = new Array<number>(partitions).fill(0);
  return {
    partitions,
    firstSegment: 1,
    synced: { segment: 0, position: 0 },
    ends: new Map(TOPICS.map((topic) => [topic, zero])),
    groups: new Map(TOPICS.map((topic) => [topic, new Map()])),
  };
}

interface Parts {
  readonly unlock: () => Promise<void>;
  readonly cursorFile: CursorFile;
  readonly deadLetters: DeadLetters;
  readonly cursor: Cursor;
  readonly recovered: Recovered;
}

class Embedded implements EmbeddedEventLog {
  readonly #options: EmbeddedEventLogOptions;
  readonly #settings: Settings;
  readonly #parts: Parts;
  readonly #topics = new Map<Topic, TopicLog>();
  readonly #holds = new Map<Topic, Hold>();
  readonly #closing = new AbortController();
  readonly #consumers = new Set<Promise<void>>();
  #wal!: Wal;
  #retention!: Retention;
  #closed: Promise<void> | undefined;

  private constructor(options: EmbeddedEventLogOptions, settings: Settings, parts: Parts) {
    this.#options = options;
    this.#settings = settings;
    this.#parts = parts;
    for (const [topic, indexes] of parts.recovered.indexes) this.#addTopic(topic, indexes);
  }

  static async start(options: EmbeddedEventLogOptions, settings: Settings, parts: Parts): Promise<Embedded> {
    const log = new Embedded(options, settings, parts);
    const { cursor, cursorFile, recovered } = parts;
    const { partitions } = cursor;
    log.#wal = await Wal.open(log.#walOptions(partitions), recovered, cursor.firstSegment);
    const { logger } = options;
    log.#retention = new Retention({
      topics: log.#topics,
      wal: log.#wal,
      cursorFile,
      partitions,
      logger,
      delayMs: settings.cursorDelayMs,
    });
    await log.#retention.save();
    return log;
  }

  #addTopic(topic: Topic, indexes: readonly PartitionIndex[]): void {
    const log = new TopicLog(topic, indexes, this.#settings.EVENT_LOG_TAIL_BYTES);
    const known = this.#parts.cursor.groups.get(topic) ?? new Map<string, readonly number[]>();
    for (const name of this.#options.groups?.[topic] ?? known.keys()) log.group(name, known.get(name));
    this.#topics.set(topic, log);
    if (!HELD_TOPICS.has(topic)) return;
    const hold = {
      maxLagBytes: this.#settings.EVENT_LOG_MAX_LAG_BYTES,
      maxHoldMs: this.#settings.EVENT_LOG_MAX_HOLD_MS,
      stuckAfterMs: this.#settings.EVENT_LOG_STUCK_AFTER_MS,
    };
    this.#holds.set(topic, new Hold(hold, () => log.groups.values()));
  }

  #walOptions(partitions: number): WalOptions {
    const { dir, logger, onFatal } = this.#options;
    return {
      disk: this.#settings.disk,
      dir,
      partitions,
      segmentBytes: this.#settings.EVENT_LOG_SEGMENT_BYTES,
      maxBytes: this.#settings.EVENT_LOG_MAX_BYTES,
      onDurable: (record) => this.#onDurable(record),
      onCommit: () => {
        for (const log of this.#topics.values()) log.wakeConsumers();
      },
      onFatal: (error) => {
        logger.error({ err: error, dir }, 'event log failed');
        onFatal?.(error);
      },
    };
  }

  async append(topic: Topic, events: readonly TraceEvent[]): Promise<void> {
    if (this.#wal.refusal !== undefined) throw this.#wal.refusal;
    if (events.length === 0) return;
    const maxEventBytes = this.#settings.EVENT_LOG_MAX_EVENT_BYTES;
    for (const { payload, id } of events) {
      if (payload.length <= maxEventBytes) continue;
      throw new AppError(
        'request_too_large',
        `event ${id.slice(0, 128)}: ${payload.length} bytes, at most ${maxEventBytes} are taken`,
      );
    }
    const owned = ownMemory(events);
    const groups = groupByPartition(owned, this.#parts.cursor.partitions, MAX_RECORD_BYTES);
    await this.#wal.append(groups.map((group) => toWalRecord(topic, group.partition, group.events)));
    const held = this.#holds.get(topic)?.wait(owned.reduce((sum, event) => sum + event.payload.length, 0));
    if (held !== undefined) await held;
  }

  #onDurable({ topic, partition, events, valueBytes }: WalRecord): void {
    const log = this.#topic(topic);
    log.appended(partition, events, valueBytes);
    // Nobody will commit, so nobody else would see to it that the segment is deleted.
    if (log.groups.size === 0) this.#retention.schedule();
  }

  consume(topic: Topic, options: ConsumeOptions, handle: HandleBatch): Promise<void> {
    if (this.#closed !== undefined) return Promise.reject(this.#closedError());
    const log = this.#topic(topic);
    const known = log.groups.has(options.group);
    const group = log.group(options.group);
    const deps = {
      log,
      group,
      segments: this.#wal.segments,
      logger: this.#options.logger,
      bury: (rejected: readonly Rejected[]) => this.#bury(topic, options.group, rejected),
      onCommitted: () => this.#onCommitted(log),
    };
    const signal = AbortSignal.any([options.signal, this.#closing.signal]);
    const running = (async () => {
      // A new group must hold the log from its first batch on, also over a restart.
      if (!known) await this.#retention.save();
      await new Consumer(deps, { ...options, signal }, handle).run();
    })();
    const tracked = running.catch(() => undefined).finally(() => this.#consumers.delete(tracked));
    this.#consumers.add(tracked);
    return running;
  }

  async deadLetter(topic: Topic, group: string, rejected: readonly Rejected[]): Promise<void> {
    if (this.#closed !== undefined) throw this.#closedError();
    await this.#bury(topic, group, rejected);
  }

  async #bury(topic: Topic, group: string, rejected: readonly Rejected[]): Promise<void> {
    if (rejected.length === 0) return;
    const rejectedAtUs = nowUs();
    const letters = rejected.map((one) => ({ ...one, topic, group, rejectedAtUs }));
    await this.#writeDeadLetters(() => this.#parts.deadLetters.append(letters));
  }

  async #writeDeadLetters(write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (cause) {
      const error = new AppError(
        'log_unavailable',
        `event log ${this.#options.dir}: can't write dead letters`,
        { cause },
      );
      if (!isOutOfSpace(cause)) this.#wal.stop(error);
      throw error;
    }
  }

  #onCommitted(log: TopicLog): void {
    log.forgetCommitted();
    this.#holds.get(log.topic)?.update();
    this.#retention.schedule();
  }

  async endOffsets(topic: Topic): Promise<Offsets> {
    return this.#topic(topic).indexes.map((index) => BigInt(index.next));
  }

  async waitCommitted(topic: Topic, group: string, offsets: Offsets, timeoutMs: number): Promise<boolean> {
    if (this.#closed !== undefined) return false;
    return this.#group(topic, group).waitFor(offsets, timeoutMs);
  }

  async lag(topic: Topic, group: string): Promise<Lag> {
    const found = this.#group(topic, group);
    const { events, bytes } = found.lag;
    const log = this.#topic(topic);
    const appendedAtMs = events === 0 ? undefined : await this.#oldestAppend(log, found);
    return {
      events,
      bytes,
      partitions: log.indexes.map(({ first, next }, i) => next - Math.max(found.committed[i]!, first)),
      oldestMs: appendedAtMs === undefined ? 0 : Math.max(1, Date.now() - appendedAtMs),
    };
  }

  async #oldestAppend(log: TopicLog, group: Group): Promise<number | undefined> {
    let oldest: RecordPlace | undefined;
    log.indexes.forEach((index, partition) => {
      const offset = Math.max(group.committed[partition]!, index.first);
      if (offset >= index.next) return;
      const place = { segment: 0, position: 0, valueBytes: 0, events: 0 };
      index.read(offset, place);
      const before =
        oldest === undefined ||
        place.segment < oldest.segment ||
        (place.segment === oldest.segment && place.position < oldest.position);
      if (place.segment > 0 && before) oldest = place;
    });
    const segment = this.#wal.segments.find(({ head }) => head.sequence === oldest?.segment);
    if (oldest === undefined || segment === undefined) return undefined;
    const bytes = Buffer.alloc(HEAD_BYTES);
    await segment.file.read(bytes, oldest.position);
    return decodeRecordHead(bytes, 0, segment.head.salt)?.appendedAtMs;
  }

  deadLetters(topic: Topic): AsyncIterable<DeadLetter> {
    return this.#parts.deadLetters.read(topic);
  }

  async settleDeadLetters(_topic: Topic, ids: readonly string[]): Promise<void> {
    if (this.#closed !== undefined) throw this.#closedError();
    if (ids.length === 0) return;
    await this.#writeDeadLetters(() => this.#parts.deadLetters.settle(ids));
  }

  stats(): EmbeddedEventLogStats {
    return {
      diskBytes: this.#wal.diskBytes,
      segments: this.#wal.segments.length,
      damage: this.#parts.recovered.damage,
    };
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    for (const hold of this.#holds.values()) hold.releaseAll();
    this.#closing.abort();
    await this.#wal.drain();
    await this.#consumersGone();
    for (const log of this.#topics.values()) for (const group of log.groups.values()) group.close();
    await this.#retention.close();
    await this.#wal.close();
    await this.#parts.deadLetters.close();
    await this.#parts.cursorFile.close();
    await this.#parts.unlock();
  }

  /** Batches in hand are finished, unless they take too long: then they come again after the next start. */
  async #consumersGone(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, CLOSE_CONSUMERS_MS)));
    await Promise.race([late, Promise.all(this.#consumers)]);
    clearTimeout(timer);
  }

  #topic(topic: Topic): TopicLog {
    const log = this.#topics.get(topic);
    if (log === undefined) throw new AppError('internal', `no such topic: ${topic}`);
    return log;
  }

  #group(topic: Topic, name: string): Group {
    return this.#topic(topic).group(name);
  }

  #closedError(): AppError {
    return new AppError('log_unavailable', `event log ${this.#options.dir} is closed`);
  }
}

function toWalRecord(topic: Topic, partition: number, events: readonly TraceEvent[]): WalRecord {
  const chunks = encodeRecord(events);
  return { topic, partition, events, chunks, valueBytes: sizeOf(chunks), valueCrc: crcOf(chunks) };
}

/**
 * Events wait in memory for their consumers. Small payloads that hold on to much larger buffers (a few items of a large
 * body) are copied, so that the bytes counted are the bytes kept.
 */
function ownMemory(events: readonly TraceEvent[]): readonly TraceEvent[] {
  const buffers = new Set<ArrayBufferLike>();
  let held = 0;
  let used = 0;
  for (const { payload } of events) {
    used += payload.length;
    if (buffers.has(payload.buffer)) continue;
    buffers.add(payload.buffer);
    held += payload.buffer.byteLength;
  }
  if (held <= 4 * used + (64 << 10)) return events;
  return events.map((event) => ({ ...event, payload: Buffer.from(event.payload) }));
}
