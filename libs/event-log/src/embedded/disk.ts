import * as fs from 'node:fs';
import { promisify } from 'node:util';
import { acquireLock } from './lock.ts';

/** An open file, written and read by position. */
export interface DiskFile {
  /** Writes all of it, or rejects and may have written a part. */
  write(chunks: readonly Buffer[], position: number): Promise<void>;
  /** Fills `into` as far as the file goes; returns the bytes read. */
  read(into: Buffer, position: number): Promise<number>;
  /** Data and the size that is needed to find it are on the medium. After a rejection the file's state is unknown. */
  sync(): Promise<void>;
  truncate(size: number): Promise<void>;
  size(): Promise<number>;
  close(): Promise<void>;
}

/**
 * What the log asks of a file system: the real one, or in tests one that forgets what was not synced, runs full and fails.
 */
export interface Disk {
  makeDir(path: string): Promise<void>;
  list(dir: string): Promise<string[]>;
  /** Opens for reading and writing. `create` refuses an existing file. @throws the system's error with its `code`. */
  open(path: string, mode: 'create' | 'existing'): Promise<DiskFile>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Makes created, renamed and removed names durable. */
  syncDir(dir: string): Promise<void>;
  /** One owner per directory; resolves to the release. @throws AppError `log_unavailable` naming the owner. */
  lock(dir: string): Promise<() => Promise<void>>;
}

const open = promisify(fs.open);
const writev = promisify(fs.writev);
const read = promisify(fs.read);
const fdatasync = promisify(fs.fdatasync);
const fsync = promisify(fs.fsync);
const ftruncate = promisify(fs.ftruncate);
const fstat = promisify(fs.fstat);
const close = promisify(fs.close);

class NodeFile implements DiskFile {
  readonly #fd: number;

  constructor(fd: number) {
    this.#fd = fd;
  }

  async write(chunks: readonly Buffer[], position: number): Promise<void> {
    let rest: readonly Buffer[] = chunks;
    let at = position;
    while (rest.length > 0) {
      const { bytesWritten } = await writev(this.#fd, rest as Buffer[], at);
      at += bytesWritten;
      rest = skipBytes(rest, bytesWritten);
    }
  }

  async read(into: Buffer, position: number): Promise<number> {
    let done = 0;
    while (done < into.length) {
      const { bytesRead } = await read(this.#fd, into, done, into.length - done, position + done);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return done;
  }

  sync = (): Promise<void> => fdatasync(this.#fd);
  truncate = (size: number): Promise<void> => ftruncate(this.#fd, size);
  size = async (): Promise<number> => (await fstat(this.#fd)).size;
  close = (): Promise<void> => close(this.#fd);
}

/** A write may take less than it was given: what is left of the vector. */
function skipBytes(chunks: readonly Buffer[], bytes: number): readonly Buffer[] {
  let left = bytes;
  for (let i = 0; i < chunks.length; i++) {
    const chunk = chunks[i]!;
    if (left < chunk.length) return [chunk.subarray(left), ...chunks.slice(i + 1)];
    left -= chunk.length;
  }
  return [];
}

export const nodeDisk: Disk = {
  makeDir: async (path) => void (await fs.promises.mkdir(path, { recursive: true })),
  list: (dir) => fs.promises.readdir(dir),
  open: async (path, mode) => new NodeFile(await open(path, mode === 'create' ? 'wx+' : 'r+', 0o600)),
  rename: (from, to) => fs.promises.rename(from, to),
  remove: (path) => fs.promises.unlink(path),
  async syncDir(dir) {
    const fd = await open(dir, 'r');
    try {
      await fsync(fd);
    } finally {
      await close(fd);
    }
  },
  lock: acquireLock,
};
