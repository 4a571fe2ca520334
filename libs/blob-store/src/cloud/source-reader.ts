import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { BlobSource } from '../blob-store.ts';
import type { Operations } from './operations.ts';

/** Blobs up to this size go in one request, larger ones in parts of it. Bytes. */
export const PART_BYTES = 8 * 1024 * 1024;

/** Reads a source once, and tells whether it was what it says. */
export class SourceReader {
  readonly #source: BlobSource;
  readonly #ops: Operations;
  readonly #chunks: AsyncIterator<Buffer>;
  readonly #hash = createHash('sha256');
  #rest: Buffer = Buffer.alloc(0);
  #seen = 0;

  constructor(source: BlobSource, stream: Readable, ops: Operations) {
    this.#source = source;
    this.#ops = ops;
    this.#chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  /** Fills the buffer from the front. @throws StorageUnavailable `corrupt` when the source has less than that. */
  async fill(buffer: Buffer): Promise<void> {
    for (let at = 0; at < buffer.length;) {
      if (this.#rest.length === 0 && !(await this.#next())) throw this.#isOther('it ends too soon');
      const taken = this.#rest.copy(buffer, at);
      this.#rest = this.#rest.subarray(taken);
      at += taken;
    }
    this.#hash.update(buffer);
    this.#seen += buffer.length;
  }

  /** After the last byte. @throws StorageUnavailable `corrupt` */
  async finish(): Promise<void> {
    if (this.#rest.length > 0 || (await this.#next())) throw this.#isOther('it goes on after that');
    if (!this.#hash.digest().equals(this.#source.sha256)) throw this.#isOther('its sha256 is another one');
  }

  async #next(): Promise<boolean> {
    for (;;) {
      const next = await this.#chunks.next();
      if (next.done === true) return false;
      if (next.value.length === 0) continue;
      this.#rest = next.value;
      return true;
    }
  }

  #isOther(said: string) {
    const { size } = this.#source;
    return this.#ops.trouble('corrupt', `the source of ${size} bytes was read up to ${this.#seen}: ${said}`);
  }
}

export interface ReadingOptions {
  readonly signal?: AbortSignal | undefined;
  /** By `performance.now()`. */
  readonly until: number;
}

/** Opens the source for `work`, and closes it whatever happens; a source that hangs ends with the time or with `signal`. */
export async function reading<T>(
  source: BlobSource,
  ops: Operations,
  { signal, until }: ReadingOptions,
  work: (reader: SourceReader) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const stream = source.open();
  stream.on('error', () => {}); // who waits for bytes is told; nobody may be waiting
  let timer: NodeJS.Timeout | undefined;
  let onAbort = () => {};
  // A stream that waits for its bytes may not even notice that it is destroyed: it is not waited for.
  const stopped = new Promise<never>((_, reject) => {
    const onTimeout = () => reject(ops.trouble('timeout', 'its source was not read in time'));
    timer = setTimeout(onTimeout, Math.max(0, until - performance.now()));
    onAbort = () => reject(signal!.reason as Error);
    signal?.addEventListener('abort', onAbort);
  });
  try {
    return await Promise.race([work(new SourceReader(source, stream, ops)), stopped]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
    stream.destroy();
  }
}

/** All of a small source. */
export async function readWhole(reader: SourceReader, size: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(size);
  await reader.fill(bytes);
  await reader.finish();
  return bytes;
}

export interface Part {
  readonly bytes: Buffer;
  /** Of its first byte in the blob. */
  readonly start: number;
  readonly isLast: boolean;
}

/**
 * Sends a source in parts, one after the other; the next one is read meanwhile. Two buffers, whatever the size. The last
 * part is sent only after the source has turned out to be what it says.
 */
export async function sendParts(
  reader: SourceReader,
  size: number,
  send: (part: Part) => Promise<void>,
): Promise<void> {
  const buffers = [idle.pop() ?? newPart(), idle.pop() ?? newPart()];
  let sent = Promise.resolve();
  for (let start = 0, n = 0; start < size; start += PART_BYTES, n++) {
    const bytes = buffers[n % 2]!.subarray(0, Math.min(PART_BYTES, size - start));
    const isLast = start + bytes.length === size;
    await reader.fill(bytes);
    if (isLast) await reader.finish();
    await sent;
    sent = send({ bytes, start, isLast });
    sent.catch(() => {}); // awaited before the next part; the source may fail sooner
  }
  await sent;
  // Of an upload that failed somebody may still read them.
  for (const buffer of buffers) if (idle.length < MAX_IDLE) idle.push(buffer);
}

/** Buffers of parts, to be used again: what is freed in such pieces, the C library's allocator seldom gives back. */
const idle: Buffer[] = [];
const MAX_IDLE = 4;
const newPart = () => Buffer.allocUnsafeSlow(PART_BYTES);
