import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ConfigError, createLogger } from '@weft/runtime';
import { eventually } from '@weft/testkit';
import { blobKey, trashKey } from './keys.ts';
import { openFileStorage } from './open.ts';
import { CONFIG, fileOf, openTestStorage, type TestStorage } from './testing/storage.ts';

const projectId = 'acme/shop';
const bytes = Buffer.alloc(3_000_000, 'blob ');
const logger = createLogger({ name: 'test', level: 'silent' });

let storage: TestStorage;
afterEach(() => storage.close());

const put = async (content: Uint8Array | string = bytes) => {
  const file = await fileOf(content);
  const uri = await storage.putFile(projectId, file);
  return { digest: file.digest, sizeBytes: file.size, uri };
};
const keyOf = (digest: string) => blobKey({ projectId, kind: 'files', digest });
const count = async (line: string) => {
  const { body } = await storage.metrics.render();
  return Number(
    body
      .split('\n')
      .find((text) => text.startsWith(`${line} `))
      ?.slice(line.length),
  );
};

describe('files', () => {
  beforeEach(() => void (storage = openTestStorage()));

  it('come back whole and in ranges', async () => {
    const file = await put();
    expect(storage.blobs.puts).toEqual([keyOf(file.digest)]);
    expect((await buffer((await storage.openFile(projectId, file))!)).equals(bytes)).toBe(true);
    const range = { start: 5, end: 12 };
    const part = await buffer((await storage.openFile(projectId, file, { range }))!);
    expect(part.toString()).toBe('blob bl');
    expect(await count('file_storage_puts_total{kind="files",result="created"}')).toBe(1);
    expect(await count('file_storage_bytes_total{operation="get"}')).toBe(bytes.length + 7);
  });

  it('of other projects are not seen', async () => {
    expect(await storage.openFile('acme/other', await put())).toBeUndefined();
  });

  it.each(['', '../../x', `${'a'.repeat(42)}/`, 'a'.repeat(44)])('are not named %j', async (digest) => {
    const uri = storage.uri!;
    expect(await storage.openFile(projectId, { digest, sizeBytes: 1, uri })).toBeUndefined();
  });

  it('are read from the trash', async () => {
    const file = await put();
    const key = keyOf(file.digest);
    await storage.blobs.copy(key, trashKey(key));
    await storage.blobs.delete([key]);
    expect((await buffer((await storage.openFile(projectId, file))!)).equals(bytes)).toBe(true);
    expect(await count('file_storage_gets_total{kind="files",result="trash"}')).toBe(1);
    await storage.blobs.delete([trashKey(key)]);
    expect(await storage.openFile(projectId, file)).toBeUndefined();
  });

  it('that are not what their digest says fail before their end', async () => {
    const [file, other] = [await put(), await put('other')];
    await storage.blobs.copy(keyOf(other.digest), keyOf(file.digest));
    let received = 0;
    const stream = (await storage.openFile(projectId, file))!;
    stream.on('data', (chunk: Buffer) => (received += chunk.length));
    await expect(new Promise((_, reject) => stream.on('error', reject))).rejects.toMatchObject({
      trouble: 'corrupt',
    });
    expect(received).toBeLessThan('other'.length);
  });

  it('of one digest are put once at a time', async () => {
    let open!: () => void;
    storage.blobs.gate = new Promise((resolve) => (open = resolve));
    const both = [put(), put(), put('another')];
    await eventually(() => storage.blobs.puts.length === 2);
    open();
    const [a, b] = await Promise.all(both);
    expect(a).toEqual(b);
    expect(storage.blobs.puts).toHaveLength(2);
    await put();
    expect(storage.blobs.puts).toHaveLength(3);
    expect(await count('file_storage_puts_total{kind="files",result="exists"}')).toBe(1);
  });

  it('are tried again by those who waited when the bytes of the first one went away', async () => {
    const good = await fileOf('content');
    const first = storage.putFile(projectId, {
      ...good,
      open: () => {
        throw new Error('the spool file is gone');
      },
    });
    const second = storage.putFile(projectId, good);
    await expect(first).rejects.toThrow('the spool file is gone');
    expect(await second).toBe(storage.uri);
  });

  it('fail with a word on the store while it is away', async () => {
    const file = await put();
    storage.blobs.trouble = 'denied';
    const expected = { code: 'storage_unavailable', trouble: 'denied', status: 503 };
    await expect(put('new')).rejects.toMatchObject(expected);
    await expect(storage.openFile(projectId, file)).rejects.toMatchObject(expected);
    expect(await count('file_storage_errors_total{trouble="denied"}')).toBe(2);
    expect(await count('file_storage_in_flight_bytes')).toBe(0);
  });
});

describe('claims', () => {
  beforeEach(() => void (storage = openTestStorage()));

  it('are loaded when they are what they say', async () => {
    const [claimed] = await storage.claim([started({ text: 'x'.repeat(9000) })]);
    const claim = claimOf(claimed!.note);
    const whole = (await storage.load(projectId, claim))!;
    expect(JSON.parse(Buffer.from(whole).toString())).toEqual({ text: 'x'.repeat(9000) });
    const missing = { ...claim, digest: claim.digest.replace(/^./, (first) => (first === 'a' ? 'b' : 'a')) };
    expect(await storage.load(projectId, missing)).toBeUndefined();
    for (const sizeBytes of [claim.sizeBytes - 1, claim.sizeBytes + 1])
      await expect(storage.load(projectId, { ...claim, sizeBytes })).rejects.toMatchObject({
        trouble: 'corrupt',
      });
  });
});

describe('openFileStorage', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'file storage-'));
    storage = openTestStorage();
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));
  const uriOf = (name: string) => pathToFileURL(join(dir, name)).href;

  it('keeps blobs in the folder of the process where nothing else is said, and finds them when it was moved', async () => {
    const before = openFileStorage({ config: CONFIG, logger, defaultUri: uriOf('a') });
    const file = await fileOf('kept');
    const uri = await before.putFile(projectId, file);
    expect([before.uri, before.smallFileBytes]).toEqual([uri, 262_144]);
    await before.close();
    await rename(join(dir, 'a'), join(dir, 'b'));
    const memory = { ...CONFIG, WF_FILE_STORAGE_URI: 'memory://moved' };
    for (const config of [CONFIG, memory]) {
      const after = openFileStorage({ config, logger, defaultUri: uriOf('b') });
      const stored = { digest: file.digest, sizeBytes: file.size, uri };
      expect((await buffer((await after.openFile(projectId, stored))!)).toString()).toBe('kept');
      await after.close();
    }
    expect(readdirSync(dir)).toEqual(['b']);
  });

  it('opens no folder because a row names it', async () => {
    const config = { ...CONFIG, WF_FILE_STORAGE_URI: 'memory://here' };
    const here = openFileStorage({ config, logger });
    for (const uri of [uriOf('a'), 'http://127.0.0.1/', 'memory://there', ''])
      await expect(
        here.openFile(projectId, { digest: (await fileOf('x')).digest, sizeBytes: 1, uri }),
      ).rejects.toMatchObject({ trouble: 'no_bucket' });
    expect(here.smallFileBytes).toBe(0);
    await here.close();
  });

  it('has no store where none is named, takes no project, and claims nothing', async () => {
    const none = openFileStorage({ config: CONFIG, logger });
    const events = [started({ text: 'x'.repeat(9000) })];
    expect([none.uri, none.store(), none.takes(projectId)]).toEqual([undefined, undefined, false]);
    expect(await none.claim(events)).toEqual(events);
    await expect(none.putFile(projectId, await fileOf('x'))).rejects.toMatchObject({
      code: 'storage_unavailable',
    });
    await none.close();
  });

  it('refuses settings that cannot be right', () => {
    const config = { ...CONFIG, WF_FILE_STORAGE_URI: 'ftp://somewhere' };
    expect(() => openFileStorage({ config, logger })).toThrow(ConfigError);
    expect(() => openFileStorage({ config, logger })).toThrow('WF_FILE_STORAGE_URI');
  });

  it('takes no project whose blobs no store can name', () => {
    expect(storage.takes(`${'😀'.repeat(64)}/${'中'.repeat(128)}`)).toBe(false);
  });

  it('says once that the store is away, and that it is back', async () => {
    const lines: string[] = [];
    const write = (line: string) => void lines.push(line);
    const loud = createLogger({ name: 'test', level: 'info', destination: { write } });
    await storage.close();
    storage = openTestStorage({}, { logger: loud });
    await eventually(() => storage.blobs.heads.length === 1);
    expect(lines).toEqual([]);
    storage.blobs.trouble = 'unreachable';
    for (let i = 0; i < 3; i++) await expect(put(`new ${i}`)).rejects.toThrow();
    storage.blobs.trouble = undefined;
    await put();
    await put('more');
    expect(lines.map((line) => JSON.parse(line).msg)).toEqual([
      'the blob store cannot be used: files and large payloads are refused, everything else goes on',
      'the blob store can be used again',
    ]);
  });
});

function started(inputs: object) {
  return {
    kind: 'call.started',
    projectId,
    id: 'c',
    userId: '',
    receivedAtUs: 1,
    note: '',
    payload: Buffer.from(JSON.stringify({ inputs })),
  } as const;
}

function claimOf(note: string) {
  const [, column, sizeBytes, digest, uri] = /"(\w+) (\d+) (\w+) ([^"]+)"/.exec(note)!;
  return { column: column as 'inputs', sizeBytes: Number(sizeBytes), digest: digest!, uri: uri! };
}
