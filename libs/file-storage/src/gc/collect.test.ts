import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { openBlobStore, type BlobStore } from '@weft/blob-store';
import { digestOf } from '../digest.ts';
import { blobKey, parseBlobKey, PROBES_PREFIX, trashKey, type BlobKind } from '../keys.ts';
import { checkStore } from './check-store.ts';
import { collectGarbage, isGcCursor } from './collect.ts';
import type { GcDone, GcOptions, GcProgress, Held } from './types.ts';

const GRACE_MS = 3_600_000;
const DAY_MS = 24 * GRACE_MS;

let stores = 0;
let store: BlobStore;
/** Keys that rows refer to. */
let rows: Set<string>;
let held: Held;
let asked: number[];

beforeEach(() => {
  jest.useFakeTimers({ now: 1_800_000_000_000, doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] });
  store = openBlobStore(`memory://collect-${stores++}`, {});
  rows = new Set();
  held = { of: () => new Set() };
  asked = [];
});
afterEach(() => void jest.useRealTimers());

const clock = {
  nowMs: () => Date.now(),
  wait: async (ms: number) => void jest.setSystemTime(Date.now() + ms),
};
const later = (ms: number) => void jest.setSystemTime(Date.now() + ms);

async function put(text: string, given: { projectId?: string; kind?: BlobKind; key?: string } = {}) {
  const { projectId = 'e/p', kind = 'files' } = given;
  const bytes = Buffer.from(text);
  const sha256 = createHash('sha256').update(bytes).digest();
  const key = given.key ?? blobKey({ projectId, kind, digest: digestOf(sha256) });
  await store.put(key, { size: bytes.length, sha256, open: () => Readable.from([bytes]) });
  return key;
}

async function run(
  options: Partial<GcOptions> = {},
  on: BlobStore = store,
): Promise<{ done: GcDone; lines: GcProgress[] }> {
  const references = {
    knows: async (projectId: string) => !projectId.startsWith('unknown/'),
    referenced: async (projectId: string, kind: BlobKind, digests: readonly string[]) => {
      asked.push(digests.length);
      return new Set(digests.filter((digest) => rows.has(blobKey({ projectId, kind, digest }))));
    },
  };
  const deps = { store: on, references, unstored: { settle: async () => held }, clock };
  const lines: GcProgress[] = [];
  const given = { graceMs: GRACE_MS, eventsRetentionMs: 7 * DAY_MS, perSecond: 1e6, ...options };
  for await (const line of collectGarbage(deps, given)) {
    if (line.kind === 'done') return { done: line, lines };
    lines.push(line);
  }
  throw new Error('no end');
}

async function keys(): Promise<string[]> {
  const found: string[] = [];
  for await (const page of store.list('')) found.push(...page.map(({ key }) => key));
  return found.sort();
}

describe('collectGarbage', () => {
  it('takes two graces to delete, and one to keep', async () => {
    const [young, orphan, used] = [await put('young'), await put('orphan'), await put('used')];
    rows.add(used);
    await store.delete([young]);
    later(GRACE_MS);
    await put('young');
    const first = await run();
    expect(first.done.total).toMatchObject({
      scanned: { blobs: 3, bytes: 15 },
      referenced: { blobs: 1, bytes: 4 },
      kept: { blobs: 1, bytes: 5 },
      trashed: { blobs: 1, bytes: 6 },
      deleted: { blobs: 0, bytes: 0 },
    });
    expect(await keys()).toEqual([used, young, trashKey(orphan)].sort());
    expect((await run()).done.total).toMatchObject({ trashed: { blobs: 0 }, deleted: { blobs: 0 } });
    rows.add(young);
    later(GRACE_MS);
    const { done } = await run();
    expect(done.projects).toEqual([{ projectId: 'e/p', tally: done.total }]);
    expect(done.total).toMatchObject({ scanned: { blobs: 3 }, deleted: { blobs: 1, bytes: 6 } });
    expect(await keys()).toEqual([used, young].sort());
  });

  it('brings back what is referred to after all', async () => {
    const key = await put('late');
    later(GRACE_MS);
    await run();
    expect(await keys()).toEqual([trashKey(key)]);
    rows.add(key);
    later(GRACE_MS);
    expect((await run()).done.total).toMatchObject({
      restored: { blobs: 1, bytes: 4 },
      deleted: { blobs: 0 },
    });
    expect(await keys()).toEqual([key]);
  });

  it('says what it would do, and does nothing', async () => {
    const [one, two] = [await put('one'), await put('two')];
    await store.copy(one, trashKey(one));
    await store.delete([one]);
    later(GRACE_MS);
    const before = await keys();
    const { total } = (await run({ dryRun: true })).done;
    expect(total).toMatchObject({ trashed: { blobs: 1 }, deleted: { blobs: 1 } });
    expect(await keys()).toEqual(before);
    expect((await run()).done.total).toEqual(total);
    expect(await keys()).toEqual([trashKey(two)]);
  });

  it('never touches what is not ours', async () => {
    const foreign = [
      await put('1', { key: 'weave/projects/ZS9w/other/x' }),
      await put('2', { key: 'weave/projects/readme' }),
      await put('3', { key: 'weave/trash/weave/projects/x' }),
      await put('4', { key: 'elsewhere/file' }),
    ];
    const unknown = await put('5', { projectId: 'unknown/p' });
    later(DAY_MS);
    const { done } = await run();
    expect(await keys()).toEqual([...foreign, unknown].sort());
    expect(done.foreign).toEqual({
      blobs: 3,
      bytes: 3,
      examples: expect.arrayContaining(foreign.slice(0, 3)),
    });
    expect(done.unknown).toEqual({ blobs: 1, bytes: 1, examples: ['unknown/p'] });
    expect(done.total.scanned.blobs).toBe(0);
  });

  it('keeps payloads of events as long as the log keeps events, there and in the trash', async () => {
    const key = await put('event', { kind: 'events' });
    later(7 * DAY_MS - 1);
    expect((await run()).done.total.kept.blobs).toBe(1);
    later(1);
    expect((await run()).done.total.trashed.blobs).toBe(1);
    later(7 * DAY_MS - 1);
    await run();
    expect(await keys()).toEqual([trashKey(key)]);
    later(1);
    expect((await run()).done.total.deleted.blobs).toBe(1);
    expect(asked).toEqual([]);
  });

  it('keeps what dead letters may refer to', async () => {
    const [one, two] = [await put('one'), await put('two')];
    await put('three', { projectId: 'e/q' });
    const { digest } = parseBlobKey(one)!;
    held = { of: (projectId) => (projectId === 'e/q' ? 'all' : new Set([digest])) };
    later(GRACE_MS);
    expect((await run()).done.total).toMatchObject({ kept: { blobs: 2 }, trashed: { blobs: 1 } });
    expect(await keys()).toContain(trashKey(two));
  });

  it('looks at one project, and goes on where it is told', async () => {
    const ours = await Promise.all(['a', 'b', 'c'].map((text) => put(text)));
    const other = await put('d', { projectId: 'e/q' });
    later(GRACE_MS);
    const after = ours.sort()[0]!;
    expect((await run({ projectId: 'e/p', after })).done.total.trashed.blobs).toBe(2);
    expect(await keys()).toEqual([after, other, ...ours.slice(1).map(trashKey)].sort());
    const { lines } = await run({ dryRun: true });
    expect(lines.map((line) => isGcCursor(line.after))).toEqual([true, true]);
    expect((await run({ after: lines.at(-1)!.after })).done.total.scanned.blobs).toBe(0);
  });

  it('asks for a thousand digests at a time', async () => {
    await Promise.all(Array.from({ length: 2_100 }, (_, i) => put(String(i))));
    later(GRACE_MS);
    const { lines } = await run({ dryRun: true });
    expect(asked).toEqual([1000, 1000, 100]);
    expect(lines).toHaveLength(3);
  });

  it('tells ages by the clock of the store', async () => {
    const key = await put('young');
    const ahead = { ...clock, nowMs: () => Date.now() + DAY_MS };
    const references = { knows: async () => true, referenced: async () => new Set<string>() };
    const deps = { store, references, unstored: { settle: async () => held }, clock: ahead };
    for await (const line of collectGarbage(deps, { graceMs: GRACE_MS, eventsRetentionMs: DAY_MS }))
      if (line.kind === 'done') expect(line.total.kept.blobs).toBe(1);
    expect(await keys()).toEqual([key]);
  });

  it('does nothing when the log cannot be asked, and leaves no probe', async () => {
    await put('orphan');
    later(GRACE_MS);
    const before = await keys();
    const settle = async () => {
      throw new Error('behind');
    };
    const references = { knows: async () => true, referenced: async () => new Set<string>() };
    const lines = collectGarbage(
      { store, references, unstored: { settle }, clock },
      { graceMs: GRACE_MS, eventsRetentionMs: DAY_MS },
    );
    await expect(lines.next()).rejects.toThrow('behind');
    expect(await keys()).toEqual(before);
  });

  it('ends at the first trouble of the store', async () => {
    await put('orphan');
    later(GRACE_MS);
    const broken: BlobStore = {
      ...store,
      copy: async () => {
        throw new Error('no copy');
      },
    };
    await expect(run({}, broken)).rejects.toThrow('no copy');
  });

  it('takes away probes that were left', async () => {
    await put('x', { key: `${PROBES_PREFIX}left` });
    later(GRACE_MS - 1);
    await run();
    expect(await keys()).toEqual([`${PROBES_PREFIX}left`]);
    later(1);
    await run();
    expect(await keys()).toEqual([]);
  });
});

describe('checkStore', () => {
  const steps = async (of: BlobStore) => {
    const found = [];
    for await (const { step, ok, trouble } of checkStore(of)) found.push(ok ? step : `${step}: ${trouble}`);
    return found;
  };

  it('does all that is done with blobs, and leaves none', async () => {
    jest.useRealTimers();
    expect(await steps(store)).toEqual(['write', 'read', 'range', 'list', 'copy', 'delete']);
    expect(await keys()).toEqual([]);
  });

  it('stops at what does not work', async () => {
    jest.useRealTimers();
    const other = Buffer.from('other bytes');
    const get: BlobStore['get'] = async () => ({ size: other.length, body: Readable.from([other]) });
    expect(await steps({ ...store, get })).toEqual(['write', 'read: wrong']);
    expect(await steps({ ...store, async *list() {} })).toEqual(['write', 'read', 'range', 'list: wrong']);
    expect(await steps({ ...store, copy: async () => false })).toContain('copy: wrong');
    expect(await keys()).toEqual([]);
  });
});
