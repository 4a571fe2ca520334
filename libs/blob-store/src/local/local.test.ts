import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { chmod, chown, mkdir, rename } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { eventually } from '@weft/testkit';
import type { BlobInfo, BlobStore, StorageTrouble } from '../blob-store.ts';
import { bytesOf, MIB, sourceOf } from '../testing/content.ts';
import { openLocalStore } from './local.ts';

let above: string;
let folder: string;
let store: BlobStore;

beforeEach(() => {
  above = mkdtempSync(join(tmpdir(), 'weft-blobs-'));
  folder = join(above, 'blobs');
  store = openLocalStore(pathToFileURL(folder).href);
});
afterEach(() => rmSync(above, { recursive: true, force: true }));

const put = (key: string, bytes = bytesOf(10)) => store.put(key, sourceOf(bytes));
const troubled = (trouble: StorageTrouble) =>
  expect.objectContaining({ code: 'storage_unavailable', trouble });
const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);
async function keys(prefix = ''): Promise<string[]> {
  const infos: BlobInfo[] = [];
  for await (const page of store.list(prefix)) infos.push(...page);
  return infos.map(({ key }) => key);
}

describe('on disk', () => {
  it('a blob is a file at its key, for its owner only', async () => {
    await put('weave/projects/p1/files/abc');
    expect(statSync(join(folder, 'weave/projects/p1/files/abc')).size).toBe(10);
    expect(modeOf(join(folder, 'weave/projects/p1/files/abc'))).toBe('600');
    await store.copy('weave/projects/p1/files/abc', 'weave/trash/abc');
    expect(modeOf(join(folder, 'weave/trash/abc'))).toBe('600');
    for (const made of ['', 'weave', 'weave/projects/p1', 'weave/trash', 'unfinished.'])
      expect(modeOf(join(folder, made))).toBe('700');
    expect(readdirSync(join(folder, 'unfinished.'))).toEqual([]);
  });

  it('opens nothing before it has to', () => {
    expect(readdirSync(above)).toEqual([]);
  });

  it('what others have put there is no blob', async () => {
    await put('a/b');
    writeFileSync(join(folder, 'a', 'line\nbreak'), 'x');
    writeFileSync(join(folder, 'unfinished.', 'x'), 'x');
    execFileSync('mkfifo', [join(folder, 'a', 'pipe')]);
    symlinkSync('/etc/passwd', join(folder, 'a', 'link'));
    symlinkSync('/etc', join(folder, 'a', 'etc'));
    expect(await keys()).toEqual(['a/b']);
    expect(await store.get('a/pipe')).toBeUndefined();
    expect(await store.head('a/pipe')).toBeUndefined();
    expect(await store.head('a/link')).toBeUndefined();
    expect(await store.get('a')).toBeUndefined();
    expect(await store.head('a')).toBeUndefined();
    expect(await store.get('a/b/c')).toBeUndefined();
    expect(await store.head('a/b/c')).toBeUndefined();
    await store.delete(['a', 'a/b/c']);
    expect(await keys()).toEqual(['a/b']);
  });

  it('symbolic links lead nowhere', async () => {
    await put('a/b');
    const outside = join(above, 'outside');
    mkdirSync(outside);
    writeFileSync(join(outside, 'secret'), 'x');
    symlinkSync(outside, join(folder, 'out'));
    symlinkSync(join(outside, 'secret'), join(folder, 'a', 'secret'));
    symlinkSync(join(folder, 'a'), join(folder, 'inside'));
    for (const key of ['out/secret', 'inside/b', 'out/new']) {
      await expect(store.get(key)).rejects.toEqual(troubled('denied'));
      await expect(store.head(key)).rejects.toEqual(troubled('denied'));
      await expect(put(key)).rejects.toEqual(troubled('denied'));
      await expect(store.delete([key])).rejects.toEqual(troubled('denied'));
      await expect(store.copy(key, 'copy')).rejects.toEqual(troubled('denied'));
      await expect(store.copy('a/b', key)).rejects.toEqual(troubled('denied'));
    }
    await expect(put('out/deep/new')).rejects.toEqual(troubled('denied'));
    expect(await store.get('out/deep/new')).toBeUndefined();
    await expect(store.get('a/secret')).rejects.toEqual(troubled('denied'));
    await expect(keys('out/')).rejects.toEqual(troubled('denied'));
    expect(await store.copy('a/secret', 'copy')).toBe(false);
    expect(readdirSync(outside)).toEqual(['secret']);
  });

  it('the folder itself may be reached by one', async () => {
    const real = join(above, 'real');
    mkdirSync(real);
    symlinkSync(real, folder);
    await put('a/b');
    expect(await keys()).toEqual(['a/b']);
    expect(statSync(join(real, 'a/b')).size).toBe(10);
  });

  it('no key is another and more', async () => {
    await put('a/b');
    for (const key of ['a', 'a/b/c']) {
      await expect(put(key)).rejects.toMatchObject({ code: 'invalid_request' });
      await expect(store.copy('a/b', key)).rejects.toMatchObject({ code: 'invalid_request' });
    }
    expect(await keys()).toEqual(['a/b']);
    expect(readdirSync(join(folder, 'unfinished.'))).toEqual([]);
  });

  it('folders that somebody removed are made again', async () => {
    await put('a/b/c');
    rmSync(join(folder, 'a'), { recursive: true });
    expect(await store.get('a/b/c')).toBeUndefined();
    expect(await put('a/b/c')).toBe('created');
    await store.copy('a/b/c', 'd/e/f');
    for (const gone of ['d', 'unfinished.']) rmSync(join(folder, gone), { recursive: true });
    await expect(put('a/d')).rejects.toEqual(troubled('unreachable'));
    expect(await put('a/d')).toBe('created');
    expect(await store.copy('a/b/c', 'd/e/f')).toBe(true);
    expect(await keys()).toEqual(['a/b/c', 'a/d', 'd/e/f']);
  });
});

describe('trouble', () => {
  it('a folder that is nowhere is no bucket', async () => {
    const nowhere = openLocalStore(pathToFileURL(join(above, 'not/mounted')).href);
    await expect(nowhere.put('a', sourceOf(bytesOf(1)))).rejects.toEqual(troubled('no_bucket'));
    await expect(nowhere.get('a')).rejects.toEqual(troubled('no_bucket'));
    writeFileSync(join(above, 'file'), '');
    const file = openLocalStore(pathToFileURL(join(above, 'file')).href);
    await expect(file.head('a')).rejects.toEqual(troubled('no_bucket'));
    await mkdir(join(above, 'not'));
    expect(await nowhere.put('a', sourceOf(bytesOf(1)))).toBe('created'); // without being opened again
  });

  it('a folder that has gone is no folder without blobs', async () => {
    await put('a/b');
    await rename(folder, join(above, 'elsewhere'));
    await expect(store.get('a/b')).rejects.toEqual(troubled('no_bucket'));
    await expect(store.head('a/b')).rejects.toEqual(troubled('no_bucket'));
    await expect(store.copy('a/b', 'c')).rejects.toEqual(troubled('no_bucket'));
    await expect(keys()).rejects.toEqual(troubled('no_bucket'));
    await expect(store.delete(['a/b'])).rejects.toEqual(troubled('no_bucket'));
    await expect(put('a/c')).rejects.toEqual(troubled('no_bucket'));
    expect(readdirSync(above)).toEqual(['elsewhere']);
    await rename(join(above, 'elsewhere'), folder);
    expect(await keys()).toEqual(['a/b']);
  });

  it('a blob that became shorter fails while it is read', async () => {
    await put('a/b', bytesOf(5 * MIB));
    const { body } = (await store.get('a/b'))!;
    truncateSync(join(folder, 'a/b'), MIB);
    await expect(buffer(body)).rejects.toEqual(troubled('corrupt'));
  });

  it('leaves no file open', async () => {
    const before = readdirSync('/proc/self/fd').length;
    await put('a/b', bytesOf(5 * MIB));
    for (let n = 0; n < 50; n++) {
      const { body } = (await store.get('a/b', { range: { start: n, end: 4 * MIB } }))!;
      if (n % 3 === 0) body.destroy();
      else if (n % 3 === 1) body.once('data', () => body.destroy());
      else await buffer(body);
      await store.get('a/none');
      await store.put('a/c', sourceOf(bytesOf(10), undefined, { size: 11 })).catch(() => undefined);
    }
    await eventually(() => readdirSync('/proc/self/fd').length <= before);
  });

  const isRoot = process.geteuid?.() === 0;
  const asRoot = isRoot ? it : it.skip;
  asRoot(
    `permissions are denied${isRoot ? '' : ' (skipped: only root can become another user)'}`,
    async () => {
      await put('a/b');
      await chmod(above, 0o755);
      await chmod(folder, 0o755);
      process.seteuid!('nobody');
      try {
        await expect(put('c')).rejects.toEqual(troubled('denied'));
        await expect(store.get('a/b')).rejects.toEqual(troubled('denied'));
        await expect(store.head('a/b')).rejects.toEqual(troubled('denied'));
        await expect(keys('a/')).rejects.toEqual(troubled('denied'));
        await expect(store.delete(['a/b'])).rejects.toEqual(troubled('denied'));
        await expect(store.copy('a/b', 'c')).rejects.toEqual(troubled('denied'));
        const other = openLocalStore(pathToFileURL(join(above, 'other')).href);
        await expect(other.head('a')).rejects.toEqual(troubled('denied'));
      } finally {
        process.seteuid!(0);
      }
      await chown(folder, 0, 0);
      expect(await keys()).toEqual(['a/b']);
    },
  );
});

describe('a file system that is full', () => {
  const mounted = mountSmall();
  const test = mounted === undefined ? it.skip : it;
  afterEach(() => {
    if (mounted === undefined) return;
    execFileSync('umount', [mounted]);
    rmSync(mounted, { recursive: true });
  });

  test(`says so, and has room for what fits${mounted ? '' : ' (skipped: only root can mount one)'}`, async () => {
    const small = openLocalStore(pathToFileURL(join(mounted!, 'blobs')).href);
    expect(await small.put('a', sourceOf(bytesOf(MIB)))).toBe('created');
    await expect(small.put('b', sourceOf(bytesOf(2 * MIB)))).rejects.toEqual(troubled('full'));
    await expect(small.head('b')).resolves.toBeUndefined();
    expect(readdirSync(join(mounted!, 'blobs/unfinished.'))).toEqual([]);
    expect(await small.put('c', sourceOf(bytesOf(MIB / 2)))).toBe('created');
    await expect(small.copy('a', 'd')).rejects.toEqual(troubled('full'));
    expect((await buffer((await small.get('a'))!.body)).equals(bytesOf(MIB))).toBe(true);
    await small.delete(['a']);
    expect(await small.put('b', sourceOf(bytesOf(MIB)))).toBe('created');
  });
});

function mountSmall(): string | undefined {
  if (process.platform !== 'linux' || process.geteuid?.() !== 0) return undefined;
  const at = mkdtempSync(join(tmpdir(), 'weft-small-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', at], { stdio: 'ignore' });
    return at;
  } catch {
    rmSync(at, { recursive: true });
    return undefined;
  }
}
