import { constants } from 'node:fs';
import { lstat, mkdir, open, readdir, realpath, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { codeOf, trouble } from './trouble.ts';

/** What is written until it is whole. No key has a segment that ends with a dot, so it is in nobody's way. */
const UNFINISHED = 'unfinished.';
const LEFTOVER_MS = 3_600_000;
/** Folders that this process knows to be on disk. */
const MOST_KNOWN = 10_000;

/** The folder that holds the blobs: each is a file at its key, so that any tool can copy them to a bucket. */
export interface Folder {
  /** Without symbolic links. */
  readonly path: string;
  /** Below `path`, on the same file system. */
  readonly unfinished: string;
  /** Makes the folder of a blob and those above it, durably. @returns its path. */
  folderOf(key: string): Promise<string>;
  /** Where the blob is, if it is. @throws an error with code ELOOP where the way there is a symbolic link. */
  pathOf(key: string): Promise<string>;
  /** Whether the folder itself is still there. */
  isThere(): Promise<boolean>;
}

/**
 * Makes the folder unless it is there; the one above it has to be, since a path that leads nowhere is more likely wrong or
 * not mounted. What processes that are gone have left unfinished is removed when it is older than an hour.
 * @throws StorageUnavailable; errors of the file system.
 */
export async function openFolder(uri: string, given: string): Promise<Folder> {
  await mkdir(given, { mode: 0o700 }).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR')
      throw trouble(uri, 'no_bucket', 'the folder above it is not there', error);
    if (codeOf(error) !== 'EEXIST') throw error;
  });
  const path = await realpath(given);
  if (!(await lstat(path)).isDirectory()) throw trouble(uri, 'no_bucket', 'it is no folder');
  const unfinished = join(path, UNFINISHED);
  await makeFolder(unfinished);
  await removeLeftovers(unfinished);
  const known = new Set<string>();

  return {
    path,
    unfinished,
    async folderOf(key) {
      let folder = path;
      for (const segment of key.split('/').slice(0, -1)) {
        const above = folder;
        folder = join(folder, segment);
        const isNew = await makeFolder(folder);
        if (!isNew && (await lstat(folder)).isSymbolicLink()) throw symbolicLink();
        // Whoever made it may not have come to this.
        if (isNew || !known.has(folder)) await sync(above);
        if (known.size >= MOST_KNOWN) known.clear();
        known.add(folder);
      }
      return folder;
    },
    async pathOf(key) {
      const file = join(path, key);
      await checkWay(dirname(file));
      return file;
    },
    isThere: () => isFolder(path),
  };
}

/** Writes what a folder lists to disk: the name of a file in it is durable only then. */
export async function sync(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** @returns false when it was there. */
async function makeFolder(path: string): Promise<boolean> {
  try {
    await mkdir(path, { mode: 0o700 });
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** A symbolic link on the way could lead out of the folder, or into what is someone else's. */
async function checkWay(folder: string): Promise<void> {
  const real = await realpath(folder).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return folder;
    throw error;
  });
  if (real !== folder) throw symbolicLink();
}

function symbolicLink(): Error {
  return Object.assign(new Error('a symbolic link among the folders of the blobs'), { code: 'ELOOP' });
}

async function isFolder(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined);
  return found?.isDirectory() ?? false;
}

async function removeLeftovers(unfinished: string): Promise<void> {
  const before = Date.now() - LEFTOVER_MS;
  for (const name of await readdir(unfinished)) {
    const path = join(unfinished, name);
    // Another process may be doing the same.
    const found = await lstat(path).catch(() => undefined);
    if (found?.isFile() && found.mtimeMs < before) await rm(path, { force: true });
  }
}
