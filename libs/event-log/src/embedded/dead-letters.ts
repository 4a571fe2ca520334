import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { DeadLetter, Topic } from '../event-log.ts';
import { decodeRecord, encodeRecord } from '../record.ts';
import type { Disk, DiskFile } from './disk.ts';
import type { LogSink } from '../log-sink.ts';

/**
 * An entry: bytes u32 | crc u32 | metaBytes u32 | meta (JSON) | record value with the one event. One that takes others off
 * the list has their ids as its meta and nothing after it. An id is `<file>-<position>`.
 */
const HEAD_BYTES = 12;
const WINDOW_BYTES = 256 << 10;
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
  readonly #settled = new Set<string>();
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
    for await (const entry of this.#entries(found)) {
      sound = entry.end;
      for (const id of entry.settled) this.#settled.add(id);
    }
    if (sound === found.size) return;
    // Most likely written but never synced: its batch was not committed and comes again. The bytes stay for a closer look.
    logger.warn({ path, from: sound, to: found.size }, 'dead letters end in bytes that are no entry');
    found.size = sound;
    found.sealed = true;
  }

  /** Resolves once durable. Rejects with the system's error; nothing half-written stays readable. */
  append(letters: readonly NewLetter[]): Promise<void> {
    return this.#inTurn(() => this.#append(letters.flatMap(encodeEntry)));
  }

  /** Takes them off the list. Resolves once durable. */
  settle(ids: readonly string[]): Promise<void> {
    return this.#inTurn(async () => {
      await this.#append(encodeParts([Buffer.from(JSON.stringify({ settled: ids }))]));
      for (const id of ids) this.#settled.add(id);
    });
  }

  #inTurn(write: () => Promise<void>): Promise<void> {
    const done = this.#writing.then(write);
    this.#writing = done.catch(() => undefined);
    return done;
  }

  async #append(chunks: readonly Buffer[]): Promise<void> {
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
      for await (const { letter } of this.#entries(file))
        if (letter?.topic === topic && !this.#settled.has(letter.id)) yield letter;
    }
  }

  async *#entries(file: DeadFile): AsyncGenerator<Entry> {
    const window = new ReadWindow(file);
    let at = 0;
    while (at + HEAD_BYTES <= file.size) {
      const head = await window.read(at, HEAD_BYTES);
      const bytes = head.readUInt32LE(0);
      if (bytes === 0 || at + HEAD_BYTES + bytes > file.size) return;
      // A copy: a letter that is kept must not keep the window.
      const body = Buffer.allocUnsafeSlow(bytes);
      (await window.read(at + HEAD_BYTES, bytes)).copy(body);
      if (crc32(body, crc32(head.subarray(8))) !== head.readUInt32LE(4)) return;
      const id = `${file.sequence}-${at}`;
      at += HEAD_BYTES + bytes;
      yield { ...decodeEntry(id, body, head.readUInt32LE(8)), end: at };
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

/** Reads a file from its beginning in large pieces: letters are small, and a list of them reads all. */
class ReadWindow {
  readonly #file: DeadFile;
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;

  constructor(file: DeadFile) {
    this.#file = file;
  }

  /** The file's bytes, as they are until the next window: `length` of them, which are there. */
  async read(at: number, length: number): Promise<Buffer> {
    const from = at - this.#at;
    if (from < 0 || from + length > this.#bytes.length) {
      const { file, size } = this.#file;
      this.#bytes = Buffer.allocUnsafeSlow(Math.min(size - at, Math.max(length, WINDOW_BYTES)));
      this.#at = at;
      await file.read(this.#bytes, at);
    }
    return this.#bytes.subarray(at - this.#at, at - this.#at + length);
  }
}

type NewLetter = Omit<DeadLetter, 'id'>;
type Meta = Pick<DeadLetter, 'topic' | 'group' | 'reason' | 'rejectedAtUs'>;

interface Entry {
  readonly letter?: DeadLetter;
  readonly settled: readonly string[];
  /** Where the next one begins. */
  readonly end: number;
}

function encodeEntry({ topic, group, reason, rejectedAtUs, event }: NewLetter): Buffer[] {
  const meta: Meta = { topic, group, reason, rejectedAtUs };
  return encodeParts([Buffer.from(JSON.stringify(meta)), ...encodeRecord([event])]);
}

function encodeParts(body: readonly Buffer[]): Buffer[] {
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

function decodeEntry(id: string, body: Buffer, metaBytes: number): Omit<Entry, 'end'> {
  const meta = JSON.parse(body.toString('utf8', 0, metaBytes)) as Meta | { settled: string[] };
  if ('settled' in meta) return { settled: meta.settled };
  const { events, undecodable } = decodeRecord(body.subarray(metaBytes));
  return { letter: { id, ...meta, event: events[0] ?? undecodable[0]!.event }, settled: [] };
}
