import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, it } from '@jest/globals';
import { fileStorageEnv, openFileStorage, type FileStorage } from '@weft/file-storage';
import { readStoredFileEvent } from '@weft/model';
import { createLogger, createMetrics, loadConfig } from '@weft/runtime';
import { z } from 'zod';
import { digests } from '../digests.ts';
import { startGateway, type GatewayServer } from '../testing/gateway-server.ts';

const KIB = 1024;
const MIB = KIB * KIB;
const PATHS = ['/file/create', '//files/create', '/traces/files/create'];
const [PATH] = PATHS as [string];

let gateway: GatewayServer;
const closing: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  await gateway.stop();
  for (const close of closing.splice(0).reverse()) await close();
});

/** On disk, below a directory of its own; with `isAway` something stands in its place. */
async function storage(env: Record<string, string> = {}, isAway = false): Promise<FileStorage> {
  const directory = await mkdtemp(join(tmpdir(), 'weft-files-'));
  const blobs = join(directory, 'blobs');
  if (isAway) await writeFile(blobs, 'no directory');
  const uri = pathToFileURL(blobs).href;
  const config = loadConfig(z.object(fileStorageEnv), {
    WF_FILE_STORAGE_URI: uri,
    WEFT_FILE_STORAGE_TIMEOUT_MS: '300',
    ...env,
  });
  const logger = createLogger({ name: 'test', level: 'silent' });
  const metrics = createMetrics('t_', { processMetrics: false });
  const opened = openFileStorage({ config, logger, metrics });
  closing.push(async () => rm(directory, { recursive: true, force: true }));
  closing.push(() => opened.close());
  return opened;
}

function form(fields: Record<string, string>, bytes: Uint8Array | string | null, name?: string): FormData {
  const data = new FormData();
  for (const [key, value] of Object.entries(fields)) data.append(key, value);
  if (bytes !== null) data.append('file', new Blob([bytes as string]), name);
  return data;
}

describe.each(PATHS)('POST %s', (path) => {
  it('answers the digest of the bytes and keeps them with their name', async () => {
    gateway = await startGateway();
    const expected_digest = 'LPJNulXwow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ';
    const answer = await gateway.post(path, form({ project_id: 'e/p', expected_digest }, 'hello', 'obj.py'));
    expect([answer.status, answer.json]).toEqual([200, { digest: expected_digest }]);
    const [event] = await gateway.events();
    expect(event).toMatchObject({ kind: 'file.created', projectId: 'e/p', id: expected_digest, note: 'obj.py' }); // prettier-ignore
    expect(Buffer.from(event!.payload).toString()).toBe('hello');
  });

  it('keeps every byte value, and empty files', async () => {
    gateway = await startGateway();
    const bytes = Buffer.from(Array.from({ length: 700_000 }, (_, i) => (i * 7) % 256));
    await gateway.post(path, form({ project_id: 'e/p' }, bytes, 'b'));
    await gateway.post(path, form({ project_id: 'e/p' }, '', 'e'));
    expect(bytes.equals((await gateway.events())[0]!.payload)).toBe(true);
    expect((await gateway.events())[1]!.payload).toHaveLength(0);
  });

  it('refuses what is incomplete or foreign', async () => {
    gateway = await startGateway({ user: { name: 'ann', projects: ['e/p'] } });
    const status = async (body: FormData | string) => (await gateway.post(path, body)).status;
    expect(await status(form({ project_id: 'e/p' }, null))).toBe(400);
    expect(await status(form({}, 'hello'))).toBe(400);
    expect(await status(form({ project_id: 'e/q' }, 'hello'))).toBe(403);
    expect(await status(form({ project_id: 'e/p', expected_digest: 'nope' }, 'hello'))).toBe(409);
    expect(await status('{}')).toBe(400);
    expect(await gateway.events()).toEqual([]);
  });
});

describe('a file', () => {
  it('goes to the blob store where there is one, and the log says where it is', async () => {
    const fileStorage = await storage();
    gateway = await startGateway({ fileStorage });
    const bytes = randomBytes(33 * MIB);
    const answer = await gateway.post(PATH, form({ project_id: 'e/p' }, bytes, 'ö.bin'));
    const digest = digests.bytes(bytes);
    expect(answer.json).toEqual({ digest });
    const [event] = await gateway.events();
    expect(event).toMatchObject({ kind: 'file.stored', projectId: 'e/p', id: digest, note: '' });
    const stored = readStoredFileEvent(event!);
    expect(stored).toEqual({ name: 'ö.bin', sizeBytes: bytes.length, uri: fileStorage.uri });
    const body = await fileStorage.openFile('e/p', { digest, ...stored });
    expect((await buffer(body!)).equals(bytes)).toBe(true);
    expect(await gateway.metrics()).toContain('weft_gateway_files_total{to="blob_store"} 1');
  });

  it('of another project rides the log, and is not larger than what fits there', async () => {
    const fileStorage = await storage({ WF_FILE_STORAGE_PROJECT_ALLOW_LIST: 'e/other' });
    gateway = await startGateway({ fileStorage });
    expect((await gateway.post(PATH, form({ project_id: 'e/p' }, randomBytes(MIB), 'x'))).status).toBe(200);
    expect(await gateway.events()).toMatchObject([{ kind: 'file.created', note: 'x' }]);
    const large = await gateway.post(PATH, form({ project_id: 'e/p' }, Buffer.alloc(32 * MIB + 1), 'x'));
    expect([large.status, large.json.reason]).toEqual([413, expect.stringMatching(/at most 33554432 bytes.*WF_FILE_STORAGE_URI.*the project among/)]); // prettier-ignore
    expect(await gateway.metrics()).toContain('weft_gateway_files_total{to="log"} 1');
  });

  it('without a blob store is refused above 32 MiB, with the way to lift that', async () => {
    gateway = await startGateway();
    const large = await gateway.post(PATH, form({ project_id: 'e/p' }, Buffer.alloc(32 * MIB + 1), 'x'));
    expect([large.status, large.json.reason]).toEqual([413, expect.stringMatching(/33554432 bytes.*bucket.*1073741824.*WF_FILE_STORAGE_URI/)]); // prettier-ignore
  });

  it('has a limit in the blob store too', async () => {
    gateway = await startGateway({ fileStorage: await storage(), maxFileBytes: MIB });
    const large = await gateway.post(PATH, form({ project_id: 'e/p' }, Buffer.alloc(MIB + 1), 'x'));
    expect([large.status, large.json.reason]).toEqual([413, expect.stringContaining(`${MIB} bytes (WEFT_MAX_FILE_BYTES)`)]); // prettier-ignore
    expect(await gateway.events()).toEqual([]);
  });

  it('rides the log while the store is away if it is small, and is refused with 503 if not', async () => {
    gateway = await startGateway({ fileStorage: await storage({}, true) });
    const small = await gateway.post(PATH, form({ project_id: 'e/p' }, Buffer.alloc(256 * KIB), 's'));
    expect(small.status).toBe(200);
    const large = await gateway.post(PATH, form({ project_id: 'e/p' }, Buffer.alloc(256 * KIB + 1), 'l'));
    expect([large.status, large.headers.has('retry-after')]).toEqual([503, true]);
    expect(await gateway.events()).toMatchObject([{ kind: 'file.created', note: 's' }]);
  });

  it('that is small rides the log where the store is the folder of the process', async () => {
    const fileStorage = await storage();
    gateway = await startGateway({ fileStorage: { ...fileStorage, smallFileBytes: 256 * KIB } });
    for (const size of [0, 256 * KIB, 256 * KIB + 1])
      await gateway.post(PATH, form({ project_id: 'e/p' }, Buffer.alloc(size), 'x'));
    expect((await gateway.events()).map(({ kind }) => kind)).toEqual(['file.created', 'file.created', 'file.stored']); // prettier-ignore
  });

  it('is not stored when the log does not take what says so', async () => {
    gateway = await startGateway({ fileStorage: await storage() });
    await gateway.breakLog();
    expect((await gateway.post(PATH, form({ project_id: 'e/p' }, Buffer.alloc(MIB), 'x'))).status).toBe(503);
  });
});
