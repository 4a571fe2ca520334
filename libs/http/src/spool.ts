import { createHash } from 'node:crypto';
import { mkdtemp, open, rm, rmdir, unlink, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { AppError } from '@weft/model';
import { joined } from './inflate.ts';

/** Where uploads wait while they are received: small ones in memory, others in files that nobody else can open. */
export interface Spool {
  /** Bytes in files, of all uploads. */
  readonly heldBytes: number;
  /** @param hold told of the bytes that are taken into memory, and given back (negative); may throw to refuse. */
  open(hold: (bytes: number) => void): SpoolFile;
}

export interface SpoolOptions {
  /** Of all uploads at one time, bytes in files. */
  readonly maxBytes: number;
  /** Default: the system's directory for temporary files (TMPDIR). */
  readonly directory?: string;
}

/** One upload. Not for concurrent use while it is written. */
export interface SpoolFile {
  /** Bytes. */
  readonly size: number;
  /**
   * The chunks are the spool's from now on. @throws AppError `storage_unavailable` when there is no room left for them, or
   * what `hold` throws.
   */
  write(chunks: readonly Buffer[]): Promise<void>;
  /** Nothing is written any more. @returns SHA-256, 32 bytes. */
  finish(): Promise<Uint8Array>;
  /** From the first byte, as often as it is called. */
  open(): Readable;
  /** All of it, in memory. @throws what `hold` throws. */
  bytes(): Promise<Buffer>;
  /** Leaves nothing behind. Harmless when repeated. */
  dispose(): Promise<void>;
}

/** Of one upload. Beyond it it becomes a file. */
const MEMORY_BYTES = 256 * 1024;
/** Of one write to a file, and of one read. */
const BLOCK_BYTES = 256 * 1024;

export function createSpool({ maxBytes, directory = tmpdir() }: SpoolOptions): Spool {
  let heldBytes = 0;
  const take = (bytes: number) => {
    if (heldBytes + bytes > maxBytes)
      throw new AppError(
        'storage_unavailable',
        `the uploads in hand fill the room there is for them (WEFT_SPOOL_MAX_BYTES, ${maxBytes} bytes); try again`,
      );
    heldBytes += bytes;
  };
  return {
    get heldBytes() {
      return heldBytes;
    },
    open: (hold) => new Upload(directory, { take, give: (bytes) => (heldBytes -= bytes) }, hold),
  };
}

interface Room {
  readonly take: (bytes: number) => void;
  readonly give: (bytes: number) => void;
}

class Upload implements SpoolFile {
  size = 0;
  private readonly hash = createHash('sha256');
  /** In memory; with a file: what is not written to it yet. */
  private chunks: Buffer[] = [];
  private memoryBytes = 0;
  private file: TemporaryFile | undefined;
  private fileBytes = 0;
  /** What is being written. */
  private writing: Promise<void> = Promise.resolve();
  private isDisposed = false;
  private readonly directory: string;
  private readonly room: Room;
  private readonly hold: (bytes: number) => void;

  constructor(directory: string, room: Room, hold: (bytes: number) => void) {
    this.directory = directory;
    this.room = room;
    this.hold = hold;
  }

  write(chunks: readonly Buffer[]): Promise<void> {
    this.writing = this.take(chunks);
    return this.writing;
  }

  private async take(chunks: readonly Buffer[]): Promise<void> {
    for (const chunk of chunks) {
      this.hold(chunk.length);
      this.memoryBytes += chunk.length;
      this.size += chunk.length;
      this.hash.update(chunk);
      this.chunks.push(chunk);
    }
    if (this.memoryBytes > MEMORY_BYTES || (this.file !== undefined && this.memoryBytes >= BLOCK_BYTES))
      await this.flush();
  }

  async finish(): Promise<Uint8Array> {
    if (this.file !== undefined && this.memoryBytes > 0) await this.flush();
    return this.hash.digest();
  }

  open(): Readable {
    return Readable.from(this.blocks(), { objectMode: false });
  }

  async bytes(): Promise<Buffer> {
    if (this.file === undefined) return joined(this.chunks, this.size);
    this.hold(this.size);
    this.memoryBytes += this.size;
    const bytes = Buffer.allocUnsafe(this.size);
    for (let at = 0; at < this.size;) at += await this.read(bytes.subarray(at), at);
    return bytes;
  }

  async dispose(): Promise<void> {
    if (this.isDisposed) return;
    this.isDisposed = true;
    await this.writing.catch(() => {});
    this.chunks = [];
    this.hold(-this.memoryBytes);
    this.room.give(this.fileBytes);
    await this.file?.remove();
  }

  private async *blocks(): AsyncGenerator<Buffer> {
    if (this.file === undefined) yield* this.chunks;
    else
      for (let at = 0; at < this.size;) {
        const block = Buffer.allocUnsafe(Math.min(BLOCK_BYTES, this.size - at));
        const read = await this.read(block, at);
        yield block.subarray(0, read);
        at += read;
      }
  }

  private async flush(): Promise<void> {
    const block = joined(this.chunks, this.memoryBytes);
    this.room.take(block.length);
    const at = this.fileBytes;
    this.fileBytes += block.length;
    try {
      this.file ??= await openTemporary(this.directory);
      for (let written = 0; written < block.length;)
        written += (await this.file.handle.write(block, written, block.length - written, at + written))
          .bytesWritten;
    } catch (cause) {
      throw this.trouble('written to', cause);
    }
    this.chunks = [];
    this.memoryBytes = 0;
    this.hold(-block.length);
  }

  private async read(into: Buffer, at: number): Promise<number> {
    try {
      const { bytesRead } = await this.file!.handle.read(into, 0, into.length, at);
      if (bytesRead > 0) return bytesRead;
    } catch (cause) {
      throw this.trouble('read', cause);
    }
    throw this.trouble('read', undefined);
  }

  private trouble(what: string, cause: unknown): AppError {
    const code = (cause as NodeJS.ErrnoException | undefined)?.code;
    const why = code === undefined ? 'it is shorter than what was written' : (REASONS.get(code) ?? code);
    return new AppError(
      'storage_unavailable',
      `uploads wait in ${this.directory} (TMPDIR), which cannot be ${what}: ${why}`,
      { cause },
    );
  }
}

const REASONS = new Map([
  ['ENOSPC', 'no space is left'],
  ['EDQUOT', 'the quota is used up'],
  ['EROFS', 'it is read-only'],
  ['ENOENT', 'it does not exist'],
  ['EACCES', 'permission denied'],
  ['EMFILE', 'too many files are open'],
]);

interface TemporaryFile {
  readonly handle: FileHandle;
  remove(): Promise<void>;
}

/** A file without a name, where the system allows that: however the process ends, it is gone with it. */
async function openTemporary(parent: string): Promise<TemporaryFile> {
  const directory = await mkdtemp(join(parent, 'weft-upload-'));
  const path = join(directory, 'body');
  let handle: FileHandle;
  try {
    handle = await open(path, 'wx+', 0o600);
  } catch (error) {
    await rmdir(directory);
    throw error;
  }
  const isNameless = await unlink(path)
    .then(() => rmdir(directory))
    .then(() => true)
    .catch(() => false);
  return {
    handle,
    remove: async () => {
      await handle.close();
      if (!isNameless) await rm(directory, { recursive: true, force: true });
    },
  };
}
