import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { DeadLetter, Topic } from '../event-log.ts';
import { decodeRecord, encodeRecord } from '../record.ts';
import type { Disk, DiskFile } from './disk.ts';
import type { LogSink } from './log-sink.ts';

/** An entry: bytes u32 | crc u32 | metaBytes u32 | meta (JSON) | record value with the one event. */
const HEAD_BYTES = 12;
const NAME = /^dead-(\d{12})\.log$/;

export interface DeadLetterOptions {
  readonly disk: Disk;
  readonly dir: string;
  readonly names: readonly string[];
  readonly logger: LogSink;
  /** A file this long is followed by the next one; the oldest goes when all are longer than `maxBytes`. */
  readonly fileBytes: number;
  readonly maxBytes: number;
}

interface DeadFile {
  readonly sequence: number;
  readonly path: string;
  readonly file: DiskFile;
  size: number;
  /** Nothing is appended any more. */
  sealed: boolean;
}

/** Rejected events of all topics, in append-only files of bounded size. */
export class DeadLetters {
  readonly #options: DeadLetterOptions;
  readonly #files: DeadFile[] = [];
  #writing: Promise<void> = Promise.resolve();

  private constructor(options: DeadLetterOptions) {
    this.#options = options;
  }

  static async open(options: DeadLetterOptions): Promise<DeadLetters> {
    const letters = new DeadLetters(options);
    const sequences = options.names
      .map((name) => NAME.exec(name)?.[1])
      .filter((number) => number !== undefined);
    for (const sequence of sequences.map(Number).sort((a, b) => a - b)) await letters.#openFile(sequence);
    return letters;
  }

  async #openFile(sequence: number): Promise<void> {
    const { disk, logger } = this.#options;
    const path = this.#pathOf(sequence);
    const file = await disk.open(path, 'existing');
    const found: DeadFile = { sequence, path, file, size: await file.size(), sealed: false };
    this.#files.push(found);
    let sound = 0;
    for await (const entry of this.#entries(found)) sound = entry.end;
    if (sound === found.size) return;
    // Most likely written but never synced: its batch was not committed and comes again. The bytes stay for a closer look.
    logger.warn({ path, from: sound, to: found.size }, 'dead letters end in bytes that are no entry');
    found.size = sound;
    found.sealed = true;
  }

  /** Resolves once durable. Rejects with the system's error; nothing half-written stays readable. */
  append(letters: readonly DeadLetter[]): Promise<void> {
    const done = this.#writing.then(() => this.#append(letters));
    this.#writing = done.catch(() => undefined);
    return done;
  }

  async #append(letters: readonly DeadLetter[]): Promise<void> {
    const chunks = letters.flatMap(encodeEntry);
    const target = await this.#target();
    let bytes = 0;
    for (const chunk of chunks) bytes += chunk.length;
    try {
      await target.file.write(chunks, target.size);
    } catch (error) {
      await target.file.truncate(target.size);
      throw error;
    }
    await target.file.sync();
    target.size += bytes;
    await this.#dropOldest();
  }

  async #target(): Promise<DeadFile> {
    const last = this.#files.at(-1);
    if (last !== undefined && !last.sealed && last.size < this.#options.fileBytes) return last;
    const { disk, dir } = this.#options;
    const sequence = (last?.sequence ?? 0) + 1;
    const path = this.#pathOf(sequence);
    const file = await disk.open(path, 'create');
    await disk.syncDir(dir);
    const created = { sequence, path, file, size: 0, sealed: false };
    this.#files.push(created);
    return created;
  }

  async #dropOldest(): Promise<void> {
    const { disk, logger, maxBytes } = this.#options;
    let total = 0;
    for (const { size } of this.#files) total += size;
    while (total > maxBytes && this.#files.length > 1) {
      const oldest = this.#files.shift()!;
      total -= oldest.size;
      await oldest.file.close();
      await disk.remove(oldest.path);
      logger.error(
        { path: oldest.path, bytes: oldest.size },
        'too many dead letters: the oldest file is deleted',
      );
    }
  }

  async *read(topic: Topic): AsyncGenerator<DeadLetter> {
    for (const file of [...this.#files]) {
      for await (const { letter } of this.#entries(file)) if (letter.topic === topic) yield letter;
    }
  }

  async *#entries(file: DeadFile): AsyncGenerator<{ letter: DeadLetter; end: number }> {
    let at = 0;
    const head = Buffer.alloc(HEAD_BYTES);
    while (at + HEAD_BYTES <= file.size) {
      await file.file.read(head, at);
      const bytes = head.readUInt32LE(0);
      if (bytes === 0 || at + HEAD_BYTES + bytes > file.size) return;
      const body = Buffer.allocUnsafeSlow(bytes);
      await file.file.read(body, at + HEAD_BYTES);
      if (crc32(body, crc32(head.subarray(8))) !== head.readUInt32LE(4)) return;
      at += HEAD_BYTES + bytes;
      yield { letter: decodeEntry(body, head.readUInt32LE(8)), end: at };
    }
  }

  #pathOf(sequence: number): string {
    return join(this.#options.dir, `dead-${String(sequence).padStart(12, '0')}.log`);
  }

  async close(): Promise<void> {
    await this.#writing;
    for (const { file } of this.#files) await file.close().catch(() => undefined);
  }
}

type Meta = Pick<DeadLetter, 'topic' | 'group' | 'reason' | 'rejectedAtUs'>;

function encodeEntry({ topic, group, reason, rejectedAtUs, event }: DeadLetter): Buffer[] {
  const meta: Meta = { topic, group, reason, rejectedAtUs };
  const body = [Buffer.from(JSON.stringify(meta)), ...encodeRecord([event])];
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt32LE(
    body.reduce((sum, chunk) => sum + chunk.length, 0),
    0,
  );
  head.writeUInt32LE(body[0]!.length, 8);
  head.writeUInt32LE(
    body.reduce((crc, chunk) => crc32(chunk, crc), crc32(head.subarray(8))),
    4,
  );
  return [head, ...body];
}

function decodeEntry(body: Buffer, metaBytes: number): DeadLetter {
  const meta = JSON.parse(body.toString('utf8', 0, metaBytes)) as Meta;
  const { events, undecodable } = decodeRecord(body.subarray(metaBytes));
  return { ...meta, event: events[0] ?? undecodable[0]!.event };
}
