import type { Topic } from '../event-log.ts';
import type { Cursor, CursorFile } from './cursor-file.ts';
import type { LogSink } from '../log-sink.ts';
import type { TopicLog } from './topic-log.ts';
import type { Wal } from './wal.ts';

/** A consumed segment longer than this is deleted although it is not full. */
const ROLL_CONSUMED_BYTES = 4 << 20;

export interface RetentionDeps {
  readonly topics: ReadonlyMap<Topic, TopicLog>;
  readonly wal: Wal;
  readonly cursorFile: CursorFile;
  readonly partitions: number;
  readonly logger: LogSink;
  readonly delayMs: number;
}

/** Keeps the cursor durable, and deletes segments once a durable cursor is beyond them. */
export class Retention {
  readonly #deps: RetentionDeps;
  #timer: NodeJS.Timeout | undefined;
  #work: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(deps: RetentionDeps) {
    this.#deps = deps;
  }

  /** Something was committed: write the cursor soon. */
  schedule(): void {
    if (this.#closed) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      if (this.#deps.wal.refusal !== undefined) return;
      this.save()
        .then(() => this.#rollConsumed())
        .catch((error) =>
          this.#deps.logger.warn({ err: error }, 'cursor not written, will try again with the next commit'),
        );
    }, this.#deps.delayMs);
    this.#timer.unref();
  }

  /** Makes the committed offsets durable, then deletes the segments that nobody needs any more. */
  save(): Promise<void> {
    const work = this.#work.then(async () => {
      const cursor = this.#cursor();
      await this.#deps.cursorFile.write(cursor);
      await this.#deps.wal.removeBefore(cursor.firstSegment);
    });
    this.#work = work.catch(() => undefined);
    return work;
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.save().catch((error) =>
      this.#deps.logger.warn({ err: error }, 'last cursor not written: events will be repeated'),
    );
  }

  #cursor(): Cursor {
    const { topics, wal, partitions } = this.#deps;
    const groups = new Map<Topic, Map<string, readonly number[]>>();
    const ends = new Map<Topic, readonly number[]>();
    for (const [topic, log] of topics) {
      groups.set(topic, new Map([...log.groups].map(([name, group]) => [name, group.committed])));
      const next = log.indexes.map((index) => index.next);
      ends.set(topic, next);
    }
    const synced = { segment: wal.active.head.sequence, position: wal.active.size };
    return { partitions, firstSegment: this.#firstNeeded(), synced, ends, groups };
  }

  #firstNeeded(): number {
    let first = this.#deps.wal.active.head.sequence;
    for (const [topic, log] of this.#deps.topics) {
      log.indexes.forEach((index, partition) => {
        const needed = log.needed(partition);
        if (needed < index.next) first = Math.min(first, this.#segmentOf(topic, partition, needed));
      });
    }
    return first;
  }

  /** The segment that holds an offset: the last one that begins at or below it. */
  #segmentOf(topic: Topic, partition: number, offset: number): number {
    const { segments } = this.#deps.wal;
    for (let i = segments.length - 1; i > 0; i--) {
      if ((segments[i]!.head.bases.get(topic)?.[partition] ?? 0) <= offset) return segments[i]!.head.sequence;
    }
    return segments[0]!.head.sequence;
  }

  #rollConsumed(): void {
    const { wal, topics } = this.#deps;
    if (wal.active.size < ROLL_CONSUMED_BYTES) return;
    for (const log of topics.values()) {
      if (log.indexes.some((index, partition) => log.needed(partition) < index.next)) return;
    }
    wal.roll(() => this.schedule());
  }
}
