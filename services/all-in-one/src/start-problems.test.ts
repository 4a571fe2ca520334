import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { prepareDataDir } from './start-problems.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weft-start-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('prepareDataDir', () => {
  it('makes what is missing and takes what is there', async () => {
    const dir = join(folder, 'a/b/c');
    await prepareDataDir(dir);
    await prepareDataDir(dir);
    expect((await stat(dir)).isDirectory()).toBe(true);
  });

  it('names the option when it is a file, below one, or in a place that takes none', async () => {
    const file = join(folder, 'file');
    await writeFile(file, '');
    await expect(prepareDataDir(file)).rejects.toThrow(
      `--data-dir: cannot keep traces in ${file}: it is not`,
    );
    await expect(prepareDataDir(join(file, 'x'))).rejects.toThrow('--data-dir: cannot keep traces in');
    await expect(prepareDataDir('/proc/weft/x')).rejects.toThrow(
      '--data-dir: cannot keep traces in /proc/weft',
    );
  });
});
