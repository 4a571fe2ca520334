import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { compareKeys, isKey } from '../key.ts';
import { codeOf } from './trouble.ts';

/**
 * Keys of the files below `root` that begin with `prefix` and come after `after`, in the order of their bytes. What no
 * store could have put there (links, pipes, names that are no keys) is passed over. Holds the names of one folder for
 * each level.
 */
export async function* walk(root: string, prefix: string, after: string | undefined): AsyncGenerator<string> {
  const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
  yield* walkFolder({ root, prefix, after }, folder);
}

interface Walk {
  readonly root: string;
  readonly prefix: string;
  readonly after: string | undefined;
}

async function* walkFolder(walk: Walk, folder: string): AsyncGenerator<string> {
  for (const name of await namesIn(walk, folder)) {
    if (name.endsWith('/')) yield* walkFolder(walk, name);
    else yield name;
  }
}

/** A folder's name has a `/` at its end and is sorted with it: `a-` comes before `a/b`. */
async function namesIn({ root, prefix, after }: Walk, folder: string): Promise<string[]> {
  const names: string[] = [];
  for (const entry of await entriesOf(join(root, folder))) {
    if (!isKey(entry.name)) continue;
    const name = folder + entry.name;
    if (entry.isDirectory()) {
      const below = `${name}/`;
      const isWanted = below.startsWith(prefix) || prefix.startsWith(below);
      if (isWanted && (isAfter(below, after) || after!.startsWith(below))) names.push(below);
    } else if (entry.isFile() && name.startsWith(prefix) && isAfter(name, after)) names.push(name);
  }
  return names.sort(compareKeys);
}

async function entriesOf(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}

function isAfter(name: string, after: string | undefined): boolean {
  return after === undefined || compareKeys(name, after) > 0;
}
