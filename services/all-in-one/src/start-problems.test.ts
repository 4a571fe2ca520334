import { once } from 'node:events';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { explainListenError, prepareDataDir } from './start-problems.ts';

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

describe('explainListenError', () => {
  async function listen(host: string, port: number) {
    const server = createServer().listen(port, host);
    try {
      await once(server, 'listening');
      return server;
    } catch (error) {
      throw explainListenError(error, host, port);
    }
  }

  it('says what to do about a port or an address that is not to be had', async () => {
    const first = await listen('127.0.0.1', 0);
    const { port } = first.address() as AddressInfo;
    await expect(listen('127.0.0.1', port)).rejects.toThrow(`cannot listen on 127.0.0.1:${port}: something else listens there: stop it, or choose another port with --port`); // prettier-ignore
    await expect(listen('192.0.2.1', port)).rejects.toThrow('--host');
    first.close();
  });

  it('leaves other errors alone', () => {
    const other = new Error('x');
    expect(explainListenError(other, 'h', 1)).toBe(other);
  });
});
