import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';
import {
  eventually,
  httpFaultProxy,
  tcpProxy,
  type HttpFaultProxy,
  type TcpFaults,
  type TcpProxy,
} from '@weft/testkit';
import {
  StorageUnavailable,
  type BlobInfo,
  type BlobStore,
  type BlobStoreOptions,
  type StorageTrouble,
} from './blob-store.ts';
import { compareKeys } from './key.ts';
import { bytesOf, generatedSource, MIB, sourceOf, type WatchedSource } from './testing/content.ts';
import { memoryInUse } from './testing/memory-in-use.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Somewhere buckets can be made. */
export interface BlobBackend {
  /** Of its server; a backend without one says so in `ContractOptions.noServer`. */
  readonly address?: Address;
  /** Makes an empty bucket (container, folder), and names it. */
  createBucket(): Promise<string>;
  /** Any number of times for one bucket. The suite closes what it opened. */
  open(bucket: string, how?: OpenHow): BlobStore | Promise<BlobStore>;
  /** Credentials, right and wrong ones: no error may hold one of them. */
  readonly secrets: readonly string[];
  /** Everything is closed: removes the data. */
  stop(): Promise<void>;
}

export interface OpenHow extends BlobStoreOptions {
  /** Of a proxy, plain TCP or HTTP, to be talked to instead of the server. */
  readonly through?: Address;
  /** `wrong_credentials`: well-formed, of nobody. `no_bucket`: `bucket` is the name of none. */
  readonly as?: 'wrong_credentials' | 'no_bucket';
}

export interface ContractOptions {
  /** Tests that the backend cannot pass, by their titles, and why. */
  readonly skip?: readonly { readonly test: string; readonly reason: string }[];
  /** Why there is no server: what only a network can do is skipped. */
  readonly noServer?: string;
  /** What memory stays flat with, where the server cannot take 1 GiB, and why. */
  readonly largest?: { readonly bytes: number; readonly reason: string };
}

const BIG = 20 * MIB;
const ODD_KEYS = [
  ' leading',
  '!bang*',
  'UPPER',
  'a b',
  'a+b',
  'a%20b',
  'a&b=c',
  'a?b#c',
  'a-',
  'a-b/c',
  'a.b',
  'a/b',
  'a0',
  'quote\'s "',
  '(x)[y]{z}',
  '<tag>&amp;',
  'semi;colon:comma,at@$',
  'tilde~^|`',
  'trailing ',
  'über/日本語',
  '\uffee',
  '🧵',
];

/** What every implementation of BlobStore must do. `start` is called once; tests keep to prefixes of their own in one bucket. */
export function describeBlobStore(
  title: string,
  start: () => Promise<BlobBackend>,
  { skip = [], noServer, largest }: ContractOptions = {},
): void {
  describe(`BlobStore contract: ${title}`, () => {
    const excused = new Map(skip.map(({ test, reason }) => [test, reason]));
    const test = (name: string, body: () => Promise<void>, ms?: number): void => {
      const reason = excused.get(name);
      excused.delete(name);
      if (reason === undefined) it(name, body, ms);
      else it.skip(`${name} (skipped: ${reason})`, body);
    };
    const networkTest = (name: string, body: () => Promise<void>, ms?: number): void => {
      if (noServer === undefined) test(name, body, ms);
      else it.skip(`${name} (skipped: ${noServer})`, body);
    };

    let backend: BlobBackend;
    let bucket: string;
    let store: BlobStore;
    const opened: BlobStore[] = [];
    const proxies: (TcpProxy | HttpFaultProxy)[] = [];
    let count = 0;
    /** Of this test's keys. */
    let prefix: string;

    beforeAll(async () => {
      backend = await start();
      bucket = await backend.createBucket();
      store = await open();
    }, 120_000);
    afterAll(async () => {
      await Promise.all(opened.map((one) => one.close()));
      await backend?.stop();
    }, 60_000);
    afterEach(async () => void (await Promise.all(proxies.splice(0).map((proxy) => proxy.stop()))));
    beforeEach(() => void (prefix = `t${String(++count).padStart(3, '0')}/`));

    async function open(how: OpenHow = {}, name = bucket): Promise<BlobStore> {
      const one = await backend.open(name, how);
      opened.push(one);
      return one;
    }
    const key = (rest: string | number = 'key') => `${prefix}${rest}`;
    const put = (at: string, bytes: Buffer, to = store) => to.put(at, sourceOf(bytes));
    async function read(at: string, from = store): Promise<Buffer | undefined> {
      const content = await from.get(at);
      return content && buffer(content.body);
    }
    async function expectWhole(at: string, bytes: Buffer, from = store): Promise<void> {
      const found = await read(at, from);
      expect(found?.length).toBe(bytes.length);
      expect(found!.equals(bytes)).toBe(true);
      expect(await from.head(at)).toMatchObject({ key: at, size: bytes.length });
    }
    async function keysBelow(below: string, after?: string): Promise<string[]> {
      const keys: string[] = [];
      for await (const page of store.list(below, { after })) {
        expect(page.length).toBeGreaterThan(0);
        keys.push(...page.map((info) => info.key));
      }
      return keys;
    }
    /** Every stream that was opened has been read to its end or destroyed: files behind them are closed. */
    const closed = ({ opened: streams }: WatchedSource) =>
      eventually(() => streams.every((s) => s.destroyed));

    /** What it rejects with, which is a StorageUnavailable that holds no secret. */
    async function trouble(work: Promise<unknown>): Promise<StorageTrouble> {
      const error = await failure(work);
      expect(error).toBeInstanceOf(StorageUnavailable);
      expect(error.message).not.toBe('');
      return (error as StorageUnavailable).trouble;
    }
    async function failure(work: Promise<unknown>): Promise<Error> {
      const error: unknown = await work.then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(Error);
      const shown = `${inspect(error, { depth: 12, showHidden: true })} ${JSON.stringify(error)}`;
      for (const secret of backend.secrets) expect(shown.includes(secret)).toBe(false);
      return error as Error;
    }
    const every = (one: BlobStore): Record<string, () => Promise<unknown>> => ({
      put: () => put(key(), bytesOf(1000), one),
      'put of parts': () => put(key(), bytesOf(BIG), one),
      get: () => one.get(key()),
      head: () => one.head(key()),
      list: () => pagesOf(one.list(prefix)),
      copy: () => one.copy(key(), key('copy')),
      delete: () => one.delete([key()]),
    });

    describe('put and get', () => {
      const sizes = [0, 1, 65_537, 8 * MIB - 1, 8 * MIB, 8 * MIB + 1, BIG];
      test('what was put comes back whole, whatever its size', async () => {
        for (const size of sizes) {
          const source = sourceOf(bytesOf(size, 7));
          expect(await store.put(key(size), source)).toBe('created');
          await expectWhole(key(size), bytesOf(size, 7));
          await closed(source);
        }
      }, 120_000);

      test('what is there stays', async () => {
        for (const size of [1000, 9 * MIB]) {
          const first = bytesOf(size, 1);
          expect(await put(key(size), first)).toBe('created');
          const again = sourceOf(bytesOf(size, 2));
          expect(await store.put(key(size), again)).toBe('exists');
          expect(await put(key(size), bytesOf(5, 3))).toBe('exists');
          await expectWhole(key(size), first);
          await closed(again);
        }
      });

      test('of puts at once one creates', async () => {
        for (const size of [1000, 9 * MIB]) {
          const rivals = Array.from({ length: size > MIB ? 4 : 12 }, (_, i) => bytesOf(size, i + 1));
          const outcomes = await Promise.all(rivals.map((bytes) => put(key(size), bytes)));
          expect(outcomes.filter((outcome) => outcome === 'created')).toHaveLength(1);
          await expectWhole(key(size), rivals[outcomes.indexOf('created')]!);
        }
      }, 60_000);

      test('any text that is a key is one', async () => {
        for (const [i, odd] of ODD_KEYS.entries()) await put(key(odd), bytesOf(100, i));
        for (const [i, odd] of ODD_KEYS.entries()) await expectWhole(key(odd), bytesOf(100, i));
        expect(await keysBelow(prefix)).toEqual(ODD_KEYS.map(key).sort(compareKeys));
        expect(await store.copy(key('a%20b'), key('copy of/ü ?'))).toBe(true);
        await expectWhole(key('copy of/ü ?'), bytesOf(100, ODD_KEYS.indexOf('a%20b')));
        await store.delete([...ODD_KEYS, 'copy of/ü ?'].map(key));
        expect(await keysBelow(prefix)).toEqual([]);
      });

      test('other text is refused', async () => {
        for (const bad of ['', '/a', 'a//b', '../a', 'a/../../b', 'a\0b', 'a\\b', 'x'.repeat(1025)]) {
          const refused = expect.objectContaining({ code: 'invalid_request' });
          await expect(put(bad, bytesOf(1))).rejects.toEqual(refused);
          await expect(store.get(bad)).rejects.toEqual(refused);
          await expect(store.head(bad)).rejects.toEqual(refused);
          await expect(store.copy(key(), bad)).rejects.toEqual(refused);
          await expect(store.copy(bad, key())).rejects.toEqual(refused);
          await expect(store.delete([key(), bad])).rejects.toEqual(refused);
          if (bad !== '' && bad.length < 100)
            await expect(pagesOf(store.list(`${bad}/`))).rejects.toEqual(refused);
        }
      });

      test('what is not what it says is not stored', async () => {
        for (const size of [1000, BIG]) {
          const bytes = bytesOf(size);
          const other = sourceOf(bytes, undefined, { sha256: new Uint8Array(32) });
          expect(await trouble(store.put(key(size), other))).toBe('corrupt');
          await closed(other);
          const sha256 = createHash('sha256').update(bytes).digest();
          for (const said of [size - 1, size + 1]) {
            const source = sourceOf(bytes, undefined, { size: said, sha256 });
            expect(await trouble(store.put(key(size), source))).toBe('corrupt');
            await closed(source);
          }
        }
        expect(await keysBelow(prefix)).toEqual([]);
        expect(await put(key(1000), bytesOf(1000))).toBe('created');
      }, 60_000);

      test('a source that fails leaves nothing', async () => {
        for (const [size, at] of [[1000, 0], [BIG, 0], [BIG, 10 * MIB]] as const) {
          const error = new Error('the disk is gone');
          const source = sourceOf(bytesOf(size), (read) => {
            if (read > at) throw error;
          });
          const failed = await failure(store.put(key(size), source));
          const chain = [failed, failed.cause, (failed.cause as Error | undefined)?.cause];
          expect(chain.includes(error)).toBe(true);
          await closed(source);
        }
        expect(await keysBelow(prefix)).toEqual([]);
      }); // prettier-ignore

      test('a source that stalls ends with the deadline', async () => {
        const hasty = await open({ timeoutMs: 1000 });
        const source = sourceOf(bytesOf(BIG), (read) =>
          read < 10 * MIB ? undefined : new Promise(() => {}),
        );
        expect(await trouble(hasty.put(key(), source))).toBe('timeout');
        await closed(source);
        expect(await store.head(key())).toBeUndefined();
      });

      const whole = largest?.bytes ?? 1024 * MIB;
      const flat =
        largest === undefined
          ? '1 GiB goes in and out with flat memory'
          : `${whole / MIB} MiB go in and out with flat memory (not 1 GiB: ${largest.reason})`;
      test(
        flat,
        async () => {
          const source = generatedSource(whole);
          const patient = await open({ timeoutMs: 600_000 });
          const before = memoryInUse();
          let most = 0;
          let checkAt = 0;
          const watch = (moved: number) => {
            if (moved < checkAt) return;
            checkAt += whole / 4;
            most = Math.max(most, memoryInUse() - before);
          };
          let sent = 0;
          async function* read() {
            for await (const chunk of source.open() as AsyncIterable<Buffer>) {
              watch((sent += chunk.length));
              yield chunk;
            }
          }
          const watchedSource = { ...source, open: () => Readable.from(read(), { objectMode: false }) };
          expect(await patient.put(key(), watchedSource)).toBe('created');
          checkAt = 0;
          const hash = createHash('sha256');
          let size = 0;
          for await (const chunk of (await patient.get(key()))!.body as AsyncIterable<Buffer>) {
            hash.update(chunk);
            watch((size += chunk.length));
          }
          expect(size).toBe(whole);
          expect(hash.digest().equals(source.sha256)).toBe(true);
          expect(most / MIB).toBeLessThan(64);
          await patient.delete([key()]);
        },
        600_000,
      );
    });

    describe('get', () => {
      test('has nothing where nothing is', async () => {
        expect(await store.get(key())).toBeUndefined();
        expect(await store.get(key(), { range: { start: 0, end: 1 } })).toBeUndefined();
        expect(await store.get(key(), { range: { start: 0, end: 0 } })).toBeUndefined();
        expect(await store.head(key())).toBeUndefined();
      });

      test('gives ranges, to their edges', async () => {
        const size = 200_000;
        const bytes = bytesOf(size);
        await put(key(), bytes);
        await put(key('empty'), Buffer.alloc(0));
        for (const [start, end] of [
          [0, size],
          [0, 1],
          [1, size],
          [size - 1, size],
          [70_000, 140_001],
          [0, 0],
          [500, 500],
          [size, size],
        ] as const) {
          const content = await store.get(key(), { range: { start, end } });
          expect(content!.size).toBe(size);
          expect((await buffer(content!.body)).equals(bytes.subarray(start, end))).toBe(true);
        }
        const empty = await store.get(key('empty'), { range: { start: 0, end: 0 } });
        expect(empty!.size).toBe(0);
        expect((await buffer(empty!.body)).length).toBe(0);
      });

      test('waits for a slow reader, longer than for a store', async () => {
        const hasty = await open({ timeoutMs: 1000 });
        await put(key(), bytesOf(BIG));
        const { body } = (await hasty.get(key()))!;
        const hash = createHash('sha256');
        let isFirst = true;
        for await (const chunk of body as AsyncIterable<Buffer>) {
          if (isFirst) await delay(1500);
          isFirst = false;
          hash.update(chunk);
        }
        expect(hash.digest().equals(sourceOf(bytesOf(BIG)).sha256)).toBe(true);
      });

      test('can be left at any time', async () => {
        await put(key(), bytesOf(BIG));
        const before = openFiles();
        for (let i = 0; i < 60; i++) {
          const { body } = (await store.get(key()))!;
          if (i % 3 > 0) await new Promise((resolve) => body.once('readable', resolve));
          if (i % 3 > 1) body.read();
          body.destroy();
        }
        // Idle connections may wait for their next request.
        await eventually(() => openFiles() - before < 30);
        await expectWhole(key(), bytesOf(BIG));
        expect(await put(key('after'), bytesOf(10))).toBe('created');
      }, 60_000);
    });

    describe('list', () => {
      test('gives all in the order of their bytes, across pages', async () => {
        const names = Array.from({ length: 1100 }, (_, i) => key(`many/${i % 7}/${i}`));
        await inTurns(names, 16, (name) => put(name, Buffer.from(name)));
        await put(key('many-other'), bytesOf(1));
        const sorted = [...names].sort(compareKeys);
        expect(await keysBelow(key('many/'))).toEqual(sorted);
        expect(await keysBelow(key('many'))).toEqual([key('many-other'), ...sorted]);
        expect(await keysBelow(key('many/3/1'))).toEqual(
          sorted.filter((name) => name.startsWith(key('many/3/1'))),
        );
        for (const at of [0, 500, 1050, 1099])
          expect(await keysBelow(key('many/'), sorted[at])).toEqual(sorted.slice(at + 1));
        expect(await keysBelow(key('many/'), key('many/3'))).toEqual(
          sorted.filter((name) => name > key('many/3')),
        );
        expect(await keysBelow(key('many/'), key('many/3/~'))).toEqual(
          sorted.filter((name) => name > key('many/3/~')),
        );
        expect(await keysBelow(key('many/'), key('a'))).toEqual(sorted);
        expect(await keysBelow(key('many/'), key('z'))).toEqual([]);
        expect(await keysBelow(key('nothing/'))).toEqual([]);

        for await (const page of store.list(key('many/'))) {
          expect(page[0]!.key).toBe(sorted[0]);
          break; // leaving early is allowed
        }
        await store.delete([...names, key('many-other'), key('never was')]);
        expect(await keysBelow(prefix)).toEqual([]);
      }, 120_000);

      test('says size and time', async () => {
        const before = Date.now();
        await put(key('a'), bytesOf(10));
        await put(key('b'), Buffer.alloc(0));
        const infos: BlobInfo[] = (await pagesOf(store.list(prefix))).flat();
        expect(infos.map((info) => [info.key, info.size])).toEqual([
          [key('a'), 10],
          [key('b'), 0],
        ]);
        for (const info of [...infos, (await store.head(key('a')))!]) {
          expect(info.modifiedAt.getTime()).toBeGreaterThanOrEqual(before - 2000);
          expect(info.modifiedAt.getTime()).toBeLessThanOrEqual(Date.now() + 2000);
        }
      });
    });

    describe('copy and delete', () => {
      test('a copy is as of now and replaces what was there', async () => {
        await put(key('from'), bytesOf(BIG));
        await put(key('to'), bytesOf(10));
        await delay(1100); // times are to the second
        expect(await store.copy(key('from'), key('to'))).toBe(true);
        await expectWhole(key('to'), bytesOf(BIG));
        const [from, to] = [await store.head(key('from')), await store.head(key('to'))];
        expect(to!.modifiedAt.getTime()).toBeGreaterThan(from!.modifiedAt.getTime());
        await store.delete([key('from')]);
        await expectWhole(key('to'), bytesOf(BIG));
        expect(await store.copy(key('from'), key('to'))).toBe(false);
        await expectWhole(key('to'), bytesOf(BIG));
        expect(await store.copy(key('to'), key('from'))).toBe(true);
        await expectWhole(key('from'), bytesOf(BIG));
      });

      test('what is not there is deleted too', async () => {
        await put(key('a'), bytesOf(10));
        await store.delete([]);
        await store.delete([key('never was'), key('a'), key('a'), key('folder/never was')]);
        expect(await store.head(key('a'))).toBeUndefined();
        await store.delete([key('a')]);
        expect(await put(key('a'), bytesOf(20))).toBe('created');
      });
    });

    describe('signals', () => {
      const aborted = { name: 'AbortError' };

      test('nothing begins after one', async () => {
        await put(key(), bytesOf(10));
        const signal = AbortSignal.abort();
        await expect(store.put(key('new'), sourceOf(bytesOf(10)), { signal })).rejects.toMatchObject(aborted);
        await expect(store.get(key(), { signal })).rejects.toMatchObject(aborted);
        await expect(store.head(key(), { signal })).rejects.toMatchObject(aborted);
        await expect(pagesOf(store.list(prefix, { signal }))).rejects.toMatchObject(aborted);
        expect(await keysBelow(prefix)).toEqual([key()]);
      });

      test('one ends a put, which leaves nothing', async () => {
        for (const at of [0, 10 * MIB]) {
          const controller = new AbortController();
          const source = sourceOf(bytesOf(BIG), (read) => {
            if (read <= at) return;
            controller.abort();
            return new Promise(() => {});
          });
          const putting = store.put(key(), source, { signal: controller.signal });
          await expect(putting).rejects.toMatchObject(aborted);
          await closed(source);
          expect(await store.head(key())).toBeUndefined();
        }
      });

      test('one ends a stream', async () => {
        await put(key(), bytesOf(BIG));
        const controller = new AbortController();
        const { body } = (await store.get(key(), { signal: controller.signal }))!;
        const reading = (async () => {
          for await (const _ of body) controller.abort();
        })();
        await expect(reading).rejects.toMatchObject(aborted);
        expect(body.destroyed).toBe(true);
        await expectWhole(key(), bytesOf(BIG));
      });
    });

    describe('trouble', () => {
      networkTest('wrong credentials are denied', async () => {
        const stranger = await open({ as: 'wrong_credentials' });
        for (const [name, work] of Object.entries(every(stranger)))
          expect([name, await trouble(work())]).toEqual([name, 'denied']);
      });

      networkTest('a missing bucket is told from a missing blob', async () => {
        const { head, ...others } = every(await open({ as: 'no_bucket' }, `${bucket}-none`));
        for (const [name, work] of Object.entries(others))
          expect([name, await trouble(work())]).toEqual([name, 'no_bucket']);
        // Over HTTP its answer has no body, which some need to tell.
        const said = await head!().then((info) => info ?? 'no_bucket', async (error: unknown) => trouble(Promise.reject(error as Error))); // prettier-ignore
        expect(said).toBe('no_bucket');
      });

      networkTest('a store that says nothing is given up at the deadline', async () => {
        const proxy = await lineProxy({ isSilent: true });
        const silent = await open({ through: at(proxy), timeoutMs: 1000 });
        const startedAt = performance.now();
        const works = Object.entries(every(silent));
        const told = await Promise.all(works.map(async ([name, work]) => [name, await trouble(work())]));
        expect(told).toEqual(works.map(([name]) => [name, 'timeout']));
        expect(performance.now() - startedAt).toBeLessThan(8000);
      });

      networkTest(
        'nobody at the address is unreachable',
        async () => {
          const proxy = await lineProxy();
          const lost = await open({ through: at(proxy), timeoutMs: 1000 });
          await proxy.cut();
          for (const [name, work] of Object.entries(every(lost)))
            expect([name, await trouble(work())]).toEqual([name, 'unreachable']);
          await proxy.mend();
          expect(await put(key(), bytesOf(10), lost)).toBe('created');
        },
        60_000,
      );

      networkTest(
        'a pause of the store is waited out',
        async () => {
          await put(key('there'), bytesOf(1000));
          const proxy = await httpProxy();
          const store503 = await open({ through: at(proxy) });
          const busy = { status: 503, headers: { 'content-type': 'text/plain' }, body: 'busy' };
          const twice = () => proxy.inject({ times: 2, answer: busy });
          const faults = [twice()];
          expect(await put(key(), bytesOf(1000), store503)).toBe('created');
          faults.push(twice());
          expect(await put(key('big'), bytesOf(BIG), store503)).toBe('created');
          faults.push(twice());
          await expectWhole(key('there'), bytesOf(1000), store503);
          faults.push(twice());
          expect(await store503.head(key('there'))).toMatchObject({ size: 1000 });
          faults.push(twice());
          expect(await pagesOf(store503.list(key('there')))).toHaveLength(1);
          faults.push(twice());
          expect(await store503.copy(key('there'), key('copy'))).toBe(true);
          faults.push(twice());
          await store503.delete([key('copy')]);
          expect(faults.map(({ hits }) => hits)).toEqual(faults.map(() => 2));
          await expectWhole(key(), bytesOf(1000));
          await expectWhole(key('big'), bytesOf(BIG));
          expect(await store.head(key('copy'))).toBeUndefined();
        },
        60_000,
      );

      networkTest(
        'a store that is never well again is unavailable',
        async () => {
          const proxy = await httpProxy();
          const broken = await open({ through: at(proxy), timeoutMs: 1500 });
          for (const [status, troubles] of [
            [503, ['unreachable', 'throttled']],
            [500, ['unreachable']],
            [429, ['throttled']],
          ] as const) {
            const fault = proxy.inject({ answer: { status, body: 'no' } });
            const works = Object.entries(every(broken));
            for (const [name, said] of await Promise.all(works.map(async ([n, work]) => [n, await trouble(work())] as const))) // prettier-ignore
            expect([status, name, troubles.some((one) => one === said) ? 'ok' : said]).toEqual([status, name, 'ok']); // prettier-ignore
            expect(fault.hits).toBeGreaterThan(works.length); // it did try again
            fault.remove();
          }
          // Not the key of the puts that were given up: one of them may still be on its way.
          expect(await put(key('well'), bytesOf(10), broken)).toBe('created');
        },
        60_000,
      );

      networkTest(
        'connections that break are made anew',
        async () => {
          const proxy = await lineProxy();
          const shaky = await open({ through: at(proxy) });
          for (const size of [MIB, BIG]) {
            let resets = 0;
            const source = sourceOf(bytesOf(size), (read) => {
              if (read < size / 2 || resets++ >= 2) return;
              proxy.reset();
            });
            expect(await shaky.put(key(size), source)).toBe('created');
            await expectWhole(key(size), bytesOf(size));
            await closed(source);
          }
        },
        60_000,
      );

      networkTest(
        'a put whose answer is lost is still whole',
        async () => {
          const proxy = await httpProxy();
          const deaf = await open({ through: at(proxy) });
          for (const size of [1000, BIG]) {
            const matches = ({ method }: { method: string }) => method !== 'GET' && method !== 'HEAD';
            const fault = proxy.inject({ matches, times: 1, isExecuted: true, answer: 'reset' });
            expect(['created', 'exists']).toContain(await put(key(size), bytesOf(size), deaf));
            expect(fault.hits).toBe(1);
            await expectWhole(key(size), bytesOf(size));
          }
        },
        60_000,
      );

      networkTest(
        'a stream that breaks off fails, or goes on where it was',
        async () => {
          await put(key(), bytesOf(BIG));
          const proxy = await httpProxy();
          const shaky = await open({ through: at(proxy), timeoutMs: 3000 });
          const wholeOrTrouble = async () => {
            const { body } = (await shaky.get(key()))!;
            return buffer(body).then(
              (found) => (found.equals(bytesOf(BIG)) ? 'whole' : `${found.length} other bytes`),
              (error: unknown) => trouble(Promise.reject(error as Error)),
            );
          };
          const isRead = ({ method }: { method: string }) => method === 'GET';
          proxy.inject({ matches: isRead, times: 1, cutBodyAt: 5 * MIB });
          expect(['whole', 'unreachable']).toContain(await wholeOrTrouble());
          const always = proxy.inject({ matches: isRead, cutBodyAt: 5 * MIB });
          expect(['unreachable', 'timeout']).toContain(await wholeOrTrouble());
          always.remove();
          expect(await wholeOrTrouble()).toBe('whole');
        },
        60_000,
      );

      networkTest(
        'a slow line is no trouble while bytes come',
        async () => {
          const faults: TcpFaults = { latencyMs: 20, jitterMs: 20, sliceBytes: 16_384 };
          const proxy = await lineProxy(faults);
          const far = await open({ through: at(proxy) });
          expect(await put(key(), bytesOf(2 * MIB), far)).toBe('created');
          await expectWhole(key(), bytesOf(2 * MIB), far);
        },
        60_000,
      );
    });

    if (excused.size > 0) throw new Error(`no such tests to skip: ${[...excused.keys()].join(', ')}`);

    const at = ({ port }: TcpProxy | HttpFaultProxy): Address => ({ host: '127.0.0.1', port });
    const httpProxy = async () => closing(await httpFaultProxy(backend.address!));
    const lineProxy = async (faults?: TcpFaults) =>
      closing(await tcpProxy({ target: backend.address!, ...(faults && { faults }) }));
    /** Its end does not wait for the test's, which may fail: it would keep the process. */
    function closing<P extends TcpProxy | HttpFaultProxy>(proxy: P): P {
      proxies.push(proxy);
      return proxy;
    }
  });
}

async function pagesOf(list: AsyncIterable<readonly BlobInfo[]>): Promise<(readonly BlobInfo[])[]> {
  const pages: (readonly BlobInfo[])[] = [];
  for await (const page of list) pages.push(page);
  return pages;
}

/** Of this process, sockets too. */
function openFiles(): number {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return 0; // no such folder here
  }
}

/** So many at a time. */
async function inTurns<T>(items: readonly T[], width: number, work: (item: T) => Promise<unknown>) {
  const rest = [...items];
  const worker = async () => {
    for (let item = rest.pop(); item !== undefined; item = rest.pop()) await work(item);
  };
  await Promise.all(Array.from({ length: width }, worker));
}
