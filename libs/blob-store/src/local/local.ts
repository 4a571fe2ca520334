import { randomBytes } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { copyFile, link, lstat, open, rename, rm, unlink, type FileHandle } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { addAbortSignal } from 'node:stream';
import { fileURLToPath } from 'node:url';
import {
  StorageUnavailable,
  type BlobContent,
  type BlobInfo,
  type BlobSource,
  type BlobStore,
  type BlobStoreOptions,
  type GetBlobOptions,
  type ListBlobsOptions,
} from '../blob-store.ts';
import { checkKey, checkPrefix } from '../key.ts';
import { DeadlineExceeded, retry, timeoutOf } from '../retry.ts';
import { readVerified } from '../verified.ts';
import { FileBody } from './file-body.ts';
import { openFolder, sync, type Folder } from './folder.ts';
import { codeOf, isPassing, keyInKey, translated, trouble } from './trouble.ts';
import { walk } from './walk.ts';

const PAGE = 1000;
const AT_ONCE = 64;
/** Not through a symbolic link, and not waiting for the other end of a pipe. */
const READ_ONLY = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * Blobs as files below a folder, which may be shared by processes and machines. A blob is written beside, synced, and
 * then linked under its key: it is there whole or not at all, whatever happens to the process or the machine.
 * @param uri `file:///dir`.
 */
export function openLocalStore(uri: string, options: BlobStoreOptions = {}): BlobStore {
  return new LocalStore(uri, options);
}

interface RunOptions {
  readonly signal?: AbortSignal | undefined;
  /** Of a put or a copy. */
  readonly bytes?: number;
}

class LocalStore implements BlobStore {
  readonly uri: string;
  readonly #options: BlobStoreOptions;
  #folder: Promise<Folder> | undefined;

  constructor(uri: string, options: BlobStoreOptions) {
    this.uri = uri;
    this.#options = options;
  }

  async put(
    key: string,
    source: BlobSource,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<'created' | 'exists'> {
    checkKey(key);
    return this.#run({ signal, bytes: source.size }, async (folder, ending) => {
      if (await this.#io(() => this.#isThere(folder, key))) return 'exists';
      return this.#beside(folder, async (path) => {
        const file = await this.#io(() => open(path, 'wx', 0o600));
        try {
          await readVerified(source, ending, (chunk) => this.#io(() => writeAll(file, chunk)));
          await this.#io(() => file.sync());
        } finally {
          await file.close();
        }
        return this.#io(() => this.#link(folder, path, key, ending));
      });
    });
  }

  async get(key: string, { range, signal }: GetBlobOptions = {}): Promise<BlobContent | undefined> {
    checkKey(key);
    return this.#run({ signal }, async (folder, ending) => {
      const found = await this.#io(() => this.#orNone(folder, () => this.#openBlob(folder, key)));
      if (found === undefined) return undefined;
      const { file, size } = found;
      const body = new FileBody(file, {
        start: range?.start ?? 0,
        end: Math.min(range?.end ?? size, size),
        translate: (error) => translated(this.uri, error) as Error,
        tooShort: () => trouble(this.uri, 'corrupt', 'a blob has become shorter'),
      });
      if (ending.aborted) body.destroy();
      return { size, body: signal ? addAbortSignal(signal, body) : body };
    });
  }

  async head(key: string, { signal }: { readonly signal?: AbortSignal } = {}): Promise<BlobInfo | undefined> {
    checkKey(key);
    return this.#run({ signal }, (folder) =>
      this.#io(async () => {
        const found = await this.#orNone(folder, async () => lstat(await folder.pathOf(key)));
        return found?.isFile() ? infoOf(key, found) : undefined;
      }),
    );
  }

  async *list(prefix: string, { after, signal }: ListBlobsOptions = {}): AsyncGenerator<readonly BlobInfo[]> {
    checkPrefix(prefix);
    const keys = await this.#run({ signal }, async (folder) => {
      await this.#io(() => folder.pathOf(`${prefix}x`));
      return walk(folder.path, prefix, after);
    });
    for (let isLast = false; !isLast;) {
      const page = await this.#run({ signal }, (folder) =>
        this.#io(async () => {
          const names = await take(keys, PAGE);
          isLast = names.length < PAGE;
          if (isLast && !(await folder.isThere())) throw this.#gone();
          return infosOf(folder, names);
        }),
      );
      if (page.length > 0) yield page;
    }
  }

  async copy(from: string, to: string): Promise<boolean> {
    checkKey(from);
    checkKey(to);
    const size = (await this.head(from))?.size;
    if (size === undefined) return false;
    return this.#run({ bytes: size }, (folder, ending) =>
      this.#beside(folder, (path) =>
        this.#io(async () => {
          const source = await folder.pathOf(from);
          const isCopied = await this.#orNone(folder, async () => {
            await copyFile(source, path, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
            return true;
          });
          if (!isCopied) return false;
          await syncFile(path);
          ending.throwIfAborted();
          const at = await folder.folderOf(to);
          await rename(path, join(at, basename(to)));
          await sync(at);
          return true;
        }),
      ),
    );
  }

  async delete(keys: readonly string[]): Promise<void> {
    for (const key of keys) checkKey(key);
    for (let at = 0; at < keys.length; at += AT_ONCE)
      await this.#run({}, (folder) =>
        this.#io(() => Promise.all(keys.slice(at, at + AT_ONCE).map((key) => this.#unlink(folder, key)))),
      );
  }

  async close(): Promise<void> {}

  /** With the folder, within the time of one operation. */
  async #run<T>(
    { signal, bytes }: RunOptions,
    work: (folder: Folder, ending: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const timeoutMs = timeoutOf(this.#options, bytes);
    try {
      return await retry((ending) => this.#attempt(work, ending), {
        ...{ timeoutMs, signal },
        isRetryable: isPassing,
      });
    } catch (error) {
      if (!(error instanceof DeadlineExceeded)) throw error;
      if (error.cause instanceof Error) throw error.cause;
      throw trouble(this.uri, 'timeout', error.message, error);
    }
  }

  async #attempt<T>(
    work: (folder: Folder, ending: AbortSignal) => Promise<T>,
    ending: AbortSignal,
  ): Promise<T> {
    const folder = await this.#open();
    try {
      return await work(folder, ending);
    } catch (error) {
      if (!(error instanceof StorageUnavailable) || codeOf(error.cause) !== 'ENOENT') throw error;
      this.#folder = undefined; // what is missing is made when it is opened again
      throw (await folder.isThere()) ? error : this.#gone();
    }
  }

  /** Errors of the file system become ours; those of a source do not pass through here. */
  async #io<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw translated(this.uri, error);
    }
  }

  #open(): Promise<Folder> {
    const opening = this.#folder ?? this.#io(() => openFolder(this.uri, fileURLToPath(this.uri)));
    this.#folder = opening;
    opening.catch(() => {
      if (this.#folder === opening) this.#folder = undefined;
    });
    return opening;
  }

  #gone() {
    return trouble(this.uri, 'no_bucket', 'the folder is not there any more');
  }

  /** undefined where nothing is, as long as the folder itself is. */
  async #orNone<T>(folder: Folder, ask: () => Promise<T>): Promise<T | undefined> {
    try {
      return await ask();
    } catch (error) {
      if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'ENOTDIR') throw error;
      if (await folder.isThere()) return undefined;
      throw this.#gone();
    }
  }

  /** Hands out the name of a new file, and sees to it that none is left there. */
  async #beside<T>(folder: Folder, work: (path: string) => Promise<T>): Promise<T> {
    const path = join(folder.unfinished, `${process.pid}-${randomBytes(12).toString('hex')}`);
    try {
      return await work(path);
    } finally {
      await rm(path, { force: true }).catch(() => undefined); // what stays goes when the folder is opened again
    }
  }

  async #isThere(folder: Folder, key: string): Promise<boolean> {
    const path = await folder.pathOf(key);
    const found = await lstat(path).catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    });
    if (found === undefined) return false;
    if (!found.isFile()) throw keyInKey();
    // Who put it there may not have come to this.
    await sync(await folder.folderOf(key));
    return true;
  }

  async #link(folder: Folder, path: string, key: string, ending: AbortSignal): Promise<'created' | 'exists'> {
    const at = await folder.folderOf(key);
    for (;;) {
      ending.throwIfAborted();
      try {
        await link(path, join(at, basename(key)));
        break;
      } catch (error) {
        if (codeOf(error) !== 'EEXIST') throw error;
        // What was in the way may be deleted before it is looked at.
        if (await this.#isThere(folder, key)) return 'exists';
      }
    }
    await sync(at);
    return 'created';
  }

  async #openBlob(folder: Folder, key: string): Promise<{ file: FileHandle; size: number } | undefined> {
    const file = await open(await folder.pathOf(key), READ_ONLY);
    const found = await file.stat();
    if (found.isFile()) return { file, size: found.size };
    await file.close();
    return undefined;
  }

  async #unlink(folder: Folder, key: string): Promise<void> {
    await this.#orNone(folder, async () => {
      const path = await folder.pathOf(key);
      await unlink(path).catch(async (error: unknown) => {
        // A folder is no blob; systems differ in how they say so.
        const isFolder = await lstat(path).then((found) => found.isDirectory(), () => false); // prettier-ignore
        if (!isFolder) throw error;
      });
    });
  }
}

function infoOf(key: string, { size, mtime }: Stats): BlobInfo {
  return { key, size, modifiedAt: mtime };
}

/** Without those that have gone meanwhile. */
async function infosOf(folder: Folder, keys: readonly string[]): Promise<BlobInfo[]> {
  const infos: BlobInfo[] = [];
  for (let at = 0; at < keys.length; at += AT_ONCE) {
    const some = keys.slice(at, at + AT_ONCE).map(async (key) => {
      const found = await lstat(join(folder.path, key)).catch((error: unknown) => {
        if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined;
        throw error;
      });
      return found?.isFile() ? [infoOf(key, found)] : [];
    });
    infos.push(...(await Promise.all(some)).flat());
  }
  return infos;
}

async function take(names: AsyncGenerator<string>, most: number): Promise<string[]> {
  const taken: string[] = [];
  while (taken.length < most) {
    const { value, done } = await names.next();
    if (done) break;
    taken.push(value);
  }
  return taken;
}

async function writeAll(file: FileHandle, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length;) at += (await file.write(bytes, at)).bytesWritten;
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
