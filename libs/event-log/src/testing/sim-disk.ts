import type { Disk, DiskFile } from '../embedded/disk.ts';

const SECTOR = 512;

type Pending = { at: number; bytes: Buffer } | { truncate: number };

class Inode {
  data = Buffer.alloc(0);
  durable = Buffer.alloc(0);
  pending: Pending[] = [];

  copy(): Inode {
    const copy = new Inode();
    copy.data = Buffer.from(this.data);
    copy.durable = Buffer.from(this.durable);
    copy.pending = [...this.pending];
    return copy;
  }
}

type Operation = 'write' | 'sync' | 'truncate' | 'create' | 'syncDir' | 'rename' | 'remove' | 'read';

function failure(code: string): Error {
  return Object.assign(new Error(`${code}: simulated`), { code });
}

/**
 * A file system in memory that knows what was synced. `crash()` gives the disk that a power cut may leave: of what was not
 * synced, any sectors, sizes and names survive or not.
 */
export class SimDisk implements Disk {
  /** Asked before each operation: the code of an error to fail with (writes then have done a part). */
  fault: (operation: Operation, path: string) => string | undefined = () => undefined;
  /** Bytes that fit. */
  capacity = Infinity;
  /** Operations until everything fails, as after a power cut. */
  operationsLeft = Infinity;
  #names = new Map<string, Inode>();
  #durableNames = new Map<string, Inode>();

  get isDown(): boolean {
    return this.operationsLeft <= 0;
  }

  /** The bytes of a file, to look at or to spoil; they count as durable. */
  bytes(path: string): Buffer {
    return this.#inode(path).data;
  }

  replace(path: string, bytes: Buffer): void {
    const inode = this.#names.get(path) ?? new Inode();
    inode.data = Buffer.from(bytes);
    inode.durable = Buffer.from(bytes);
    inode.pending = [];
    this.#names.set(path, inode);
    this.#durableNames.set(path, inode);
  }

  delete(path: string): void {
    this.#names.delete(path);
    this.#durableNames.delete(path);
  }

  paths(): string[] {
    return [...this.#names.keys()].sort();
  }

  /** What a killed process leaves: everything as written, but no more of it durable than before. */
  copy(): SimDisk {
    const copy = new SimDisk();
    const copies = new Map<Inode, Inode>();
    const copyOf = (inode: Inode) => {
      const known = copies.get(inode) ?? inode.copy();
      copies.set(inode, known);
      return known;
    };
    for (const [path, inode] of this.#names) copy.#names.set(path, copyOf(inode));
    for (const [path, inode] of this.#durableNames) copy.#durableNames.set(path, copyOf(inode));
    return copy;
  }

  /** What a power cut may leave. */
  crash(random: () => number): SimDisk {
    const after = new SimDisk();
    const survival = [0, 0.5, 1][Math.floor(random() * 3)]!;
    const survives = () => random() < survival;
    const names = new Map(this.#durableNames);
    for (const [path, inode] of this.#names)
      if (names.get(path) !== inode && survives()) names.set(path, inode);
    for (const path of this.#durableNames.keys())
      if (!this.#names.has(path) && survives()) names.delete(path);
    for (const [path, inode] of names) {
      let data = Buffer.from(inode.durable);
      for (const pending of inode.pending) data = survived(data, pending, survives);
      after.replace(path, data);
    }
    return after;
  }

  makeDir = async (): Promise<void> => undefined;

  async list(dir: string): Promise<string[]> {
    const prefix = `${dir}/`;
    const inside = this.paths().filter((path) => path.startsWith(prefix));
    return [...new Set(inside.map((path) => path.slice(prefix.length).split('/')[0]!))];
  }

  async open(path: string, mode: 'create' | 'existing'): Promise<DiskFile> {
    if (mode === 'create') {
      await this.#step('create', path);
      if (this.#names.has(path)) throw failure('EEXIST');
      this.#names.set(path, new Inode());
    }
    return this.#file(path, this.#inode(path));
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#step('rename', from);
    this.#names.set(to, this.#inode(from));
    this.#names.delete(from);
  }

  async remove(path: string): Promise<void> {
    await this.#step('remove', path);
    this.#inode(path);
    this.#names.delete(path);
  }

  async syncDir(dir: string): Promise<void> {
    await this.#step('syncDir', dir);
    const inside = (path: string) => path.startsWith(`${dir}/`) && !path.slice(dir.length + 1).includes('/');
    for (const path of [...this.#durableNames.keys()])
      if (inside(path) && !this.#names.has(path)) this.#durableNames.delete(path);
    for (const [path, inode] of this.#names) if (inside(path)) this.#durableNames.set(path, inode);
  }

  lock = async (): Promise<() => Promise<void>> => async () => undefined;

  #inode(path: string): Inode {
    const inode = this.#names.get(path);
    if (inode === undefined) throw failure('ENOENT');
    return inode;
  }

  #used(): number {
    let bytes = 0;
    for (const { data } of this.#names.values()) bytes += data.length;
    return bytes;
  }

  async #step(operation: Operation, path: string): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    if (operation !== 'read') this.operationsLeft--;
    if (this.isDown) throw failure('EIO');
    const code = this.fault(operation, path);
    if (code !== undefined) throw failure(code);
  }

  #file(path: string, inode: Inode): DiskFile {
    const write = (bytes: Buffer, at: number) => {
      inode.data = overwrite(inode.data, bytes, at);
      inode.pending.push({ at, bytes: Buffer.from(bytes) });
    };
    return {
      write: async (chunks, position) => {
        const bytes = Buffer.concat(chunks);
        const room = this.capacity - this.#used() - Math.max(0, position - inode.data.length);
        const growth = position + bytes.length - inode.data.length;
        try {
          await this.#step('write', path);
          if (growth > room) throw failure('ENOSPC');
        } catch (error) {
          write(bytes.subarray(0, bytes.length >> 1), position);
          throw error;
        }
        write(bytes, position);
      },
      read: async (into, position) => {
        await this.#step('read', path);
        return inode.data.copy(into, 0, position, Math.min(inode.data.length, position + into.length));
      },
      sync: async () => {
        await this.#step('sync', path);
        inode.durable = Buffer.from(inode.data);
        inode.pending = [];
      },
      truncate: async (size) => {
        await this.#step('truncate', path);
        inode.data = resized(inode.data, size);
        inode.pending.push({ truncate: size });
      },
      size: async () => inode.data.length,
      close: async () => undefined,
    };
  }
}

function resized(data: Buffer, size: number): Buffer<ArrayBuffer> {
  const next = Buffer.alloc(size);
  data.copy(next);
  return next;
}

function overwrite(data: Buffer<ArrayBuffer>, bytes: Buffer, at: number): Buffer<ArrayBuffer> {
  const grown = data.length < at + bytes.length ? resized(data, at + bytes.length) : data;
  bytes.copy(grown, at);
  return grown;
}

function survived(data: Buffer<ArrayBuffer>, pending: Pending, survives: () => boolean): Buffer<ArrayBuffer> {
  if ('truncate' in pending) return survives() ? resized(data, pending.truncate) : data;
  let result = data;
  let from = 0;
  while (from < pending.bytes.length) {
    const to = Math.min(pending.bytes.length, from + SECTOR - ((pending.at + from) % SECTOR));
    if (survives()) result = overwrite(result, pending.bytes.subarray(from, to), pending.at + from);
    from = to;
  }
  return result;
}
