import { afterEach, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { ConfigError, Secret } from '@weft/runtime';
import { StorageUnavailable, type BlobStore } from '../blob-store.ts';
import type { BlobStoreConfig } from '../env.ts';
import { bytesOf, generatedSource, MIB, sourceOf } from '../testing/content.ts';
import { memoryInUse } from '../testing/memory-in-use.ts';
import { resumableServer, type ResumableFaults } from '../testing/resumable-server.ts';
import { scriptedServer, type ScriptedAnswer } from '../testing/scripted-server.ts';
import { openGcsStore } from './gcs-store.ts';

const BIG = 20 * MIB;
const PART = 8 * MIB;
const opened: { close?(): Promise<void>; stop?(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await (one.close ?? one.stop)!.call(one);
});

function openAt(url: string, timeoutMs = 20_000): BlobStore {
  const store = openGcsStore('gs://bucket', { WEFT_FILE_STORAGE_GCP_ENDPOINT: url }, { timeoutMs });
  opened.push(store);
  return store;
}

async function resumable(size: number, faults: ResumableFaults = {}, timeoutMs?: number) {
  const server = await resumableServer(size, faults);
  opened.push(server);
  return { server, store: openAt(server.url, timeoutMs) };
}

async function failure(work: Promise<unknown>): Promise<StorageUnavailable> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(StorageUnavailable);
  return error as StorageUnavailable;
}

const base64 = (value: unknown) => new Secret(Buffer.from(JSON.stringify(value)).toString('base64'));

describe('openGcsStore', () => {
  const credentials = 'WF_FILE_STORAGE_GCP_CREDENTIALS_JSON_B64';
  it.each<[string, BlobStoreConfig, string]>([
    ['gs://', {}, 'WF_FILE_STORAGE_URI'],
    ['gs://bucket/folder', {}, 'WF_FILE_STORAGE_URI'],
    ['gs://Bucket', {}, 'WF_FILE_STORAGE_URI'],
    ['gs://bucket', { [credentials]: new Secret('hush!') }, credentials],
    ['gs://bucket', { [credentials]: base64('hush') }, credentials],
    ['gs://bucket', { [credentials]: base64({ type: 'hush' }) }, credentials],
    ['gs://bucket', { [credentials]: base64({ type: 'service_account', client_email: 'a' }) }, credentials],
    ['gs://bucket', { [credentials]: base64({ type: 'service_account', client_email: 'a', private_key: 'hush' }) }, credentials],
    ['gs://bucket', { WEFT_FILE_STORAGE_GCP_ENDPOINT: 'localhost:4443' }, 'WEFT_FILE_STORAGE_GCP_ENDPOINT'],
    ['gs://bucket', { WEFT_FILE_STORAGE_GCP_ENDPOINT: 'http://me:hush@localhost' }, 'WEFT_FILE_STORAGE_GCP_ENDPOINT'],
  ])('refuses %s %p', (uri, config, variable) => {
    const refused = expect.objectContaining({ variables: [variable] });
    expect(() => openGcsStore(uri, config)).toThrow(refused as never);
    expect(() => openGcsStore(uri, config)).toThrow(ConfigError);
    expect(() => openGcsStore(uri, config)).not.toThrow('hush');
  }); // prettier-ignore
});

describe('what the bucket answers', () => {
  const refusal = (reason: string) => JSON.stringify({ error: { errors: [{ reason }] } });
  it.each<[number, string, string, RegExp]>([
    [401, 'authError', 'denied', /401 authError.*WF_FILE_STORAGE_GCP_CREDENTIALS_JSON_B64/],
    [403, 'forbidden', 'denied', /Storage Object Admin/],
    [403, 'rateLimitExceeded', 'throttled', /rateLimitExceeded/],
    [404, 'notFound', 'no_bucket', /create the bucket.*WF_FILE_STORAGE_URI/],
    [429, 'rateLimitExceeded', 'throttled', /429/],
    [408, 'requestTimeout', 'timeout', /408/],
    [500, 'backendError', 'unreachable', /500/],
    [507, 'full', 'full', /make room/],
  ])('%i %s is %s', async (status, reason, trouble, message) => {
    const answer: ScriptedAnswer = { status, body: refusal(reason) };
    const server = await scriptedServer(() => answer);
    opened.push(server);
    // What is tried again ends with the time: a busy machine needs some for the first answer.
    const store = openAt(server.url, ['denied', 'no_bucket', 'full'].includes(trouble) ? 20_000 : 1500);
    for (const work of [() => store.put('key', sourceOf(bytesOf(10))), () => store.delete(['key'])]) {
      const error = await failure(work());
      expect(error.trouble).toBe(trouble);
      expect(error.message).toMatch(message);
    }
  });

  it('another checksum than that of the bytes is corrupt, and what was stored goes', async () => {
    const answers = { POST: { status: 200, body: '{"crc32c":"AAAAAA==","generation":"7"}' }, DELETE: { status: 204 } }; // prettier-ignore
    const server = await scriptedServer(({ method }) => answers[method as keyof typeof answers]);
    opened.push(server);
    const error = await failure(openAt(server.url).put('key', sourceOf(bytesOf(10))));
    expect(error.trouble).toBe('corrupt');
    expect(server.seen.map(({ method }) => method)).toEqual([
      'POST',
      'DELETE',
      'POST',
      'DELETE',
      'POST',
      'DELETE',
    ]);
    expect(server.seen[1]!.path).toBe('/storage/v1/b/bucket/o/key?ifGenerationMatch=7');
  });
});

describe('an upload in parts', () => {
  it.each([1, PART - 1, PART, PART + 12_345, BIG - 1])(
    'that breaks after %d bytes goes on there',
    async (breakAt) => {
      const { server, store } = await resumable(BIG, { breakAt });
      expect(await store.put('key', generatedSource(BIG))).toBe('created');
      expect(server.begun).toBe(1);
      const asked = server.ranges.indexOf(`bytes */${BIG}`);
      const end = Math.min(BIG, Math.ceil((breakAt + 1) / PART) * PART);
      expect(server.ranges[asked + 1]).toBe(`bytes ${breakAt}-${end - 1}/${BIG}`);
    },
  );

  it('that was ended before its end is removed and begun again', async () => {
    const { server, store } = await resumable(BIG, { breakAt: PART + 1, endsWhenAsked: true });
    expect(await store.put('key', generatedSource(BIG))).toBe('created');
    expect(server.begun).toBe(2);
    expect(server.deleted).toEqual(['/storage/v1/b/bucket/o/key?ifGenerationMatch=1']);
  });

  it('whose bytes have another checksum in the end is removed', async () => {
    const { server, store } = await resumable(BIG, { lies: true });
    expect((await failure(store.put('key', generatedSource(BIG)))).trouble).toBe('corrupt');
    expect(server.deleted).toEqual([1, 2, 3].map((n) => `/storage/v1/b/bucket/o/key?ifGenerationMatch=${n}`));
  });

  it('of 1 GiB goes in and out with flat memory', async () => {
    const size = 1024 * MIB;
    const { store } = await resumable(size, { believes: true }, 600_000);
    const source = generatedSource(size);
    const before = memoryInUse();
    let most = 0;
    async function* watched(stream: Readable) {
      let checkAt = 0;
      let moved = 0;
      for await (const chunk of stream as AsyncIterable<Buffer>) {
        if ((moved += chunk.length) > checkAt) {
          checkAt += 256 * MIB;
          most = Math.max(most, memoryInUse() - before);
        }
        yield chunk;
      }
    }
    const open = () => Readable.from(watched(source.open()), { objectMode: false });
    expect(await store.put('key', { ...source, open })).toBe('created');
    const hash = createHash('sha256');
    for await (const chunk of watched((await store.get('key'))!.body)) hash.update(chunk);
    expect(hash.digest().equals(source.sha256)).toBe(true);
    expect(most / MIB).toBeLessThan(64);
  }, 600_000);
});
