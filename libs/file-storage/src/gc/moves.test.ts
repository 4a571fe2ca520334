import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { openBlobStore, type BlobStore } from '@weft/blob-store';
import { trashKey } from '../keys.ts';
import { Moves } from './moves.ts';

const GRACE_MS = 3_600_000;
const KEY = 'weave/projects/ZS9w/files/x';

let stores = 0;
let store: BlobStore;

beforeEach(() => {
  jest.useFakeTimers({ now: 1_800_000_000_000, doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] });
  store = openBlobStore(`memory://moves-${stores++}`, {});
});
afterEach(() => void jest.useRealTimers());

const clock = {
  nowMs: () => Date.now(),
  wait: async (ms: number) => void jest.setSystemTime(Date.now() + ms),
};

/** @param between called before the operation. */
function movesOf(between: (operation: string, key: string) => Promise<void> = async () => {}): Moves {
  const seen: BlobStore = {
    ...store,
    head: async (key) => (await between('head', key), store.head(key)),
    copy: async (from, to) => (await between('copy', to), store.copy(from, to)),
    delete: async (keys) => (await between('delete', keys[0]!), store.delete(keys)),
  };
  return new Moves({ store: seen, clock, aheadMs: 0, graceMs: GRACE_MS, timeoutMs: 10_000 });
}

const limitMs = () => Date.now() - GRACE_MS;
const later = (ms: number) => void jest.setSystemTime(Date.now() + ms);

async function put(): Promise<void> {
  const bytes = Buffer.from('x');
  const sha256 = createHash('sha256').update(bytes).digest();
  await store.put(KEY, { size: 1, sha256, open: () => Readable.from([bytes]) });
}

async function where(): Promise<string[]> {
  const found = [];
  if ((await store.head(KEY)) !== undefined) found.push('key');
  if ((await store.head(trashKey(KEY))) !== undefined) found.push('trash');
  return found;
}

describe('toTrash', () => {
  it('moves what is old', async () => {
    await put();
    later(GRACE_MS);
    expect(await movesOf().toTrash(KEY, limitMs())).toBe('trashed');
    expect(await where()).toEqual(['trash']);
  });

  it('leaves what was put again meanwhile', async () => {
    await put();
    later(GRACE_MS);
    const limit = limitMs();
    await store.delete([KEY]);
    await put();
    expect(await movesOf().toTrash(KEY, limit)).toBe('changed');
    expect(await where()).toEqual(['key']);
  });

  it('leaves what goes meanwhile', async () => {
    expect(await movesOf().toTrash(KEY, limitMs())).toBe('changed');
    await put();
    later(GRACE_MS);
    const moves = movesOf(async (operation) => {
      if (operation === 'copy') await store.delete([KEY]);
    });
    expect(await moves.toTrash(KEY, limitMs())).toBe('changed');
    expect(await where()).toEqual([]);
  });

  it('deletes nothing on the ground of an old look, and goes on with the next run', async () => {
    await put();
    later(GRACE_MS);
    let heads = 0;
    const moves = movesOf(async (operation) => {
      if (operation === 'head' && ++heads === 2) later(60_000);
    });
    expect(await moves.toTrash(KEY, limitMs())).toBe('changed');
    expect(await where()).toEqual(['key', 'trash']);
    later(GRACE_MS);
    expect(await movesOf().toTrash(KEY, limitMs())).toBe('trashed');
    expect(await where()).toEqual(['trash']);
  });
});

/** Both places have it, long since: a run was killed between copying and deleting. */
async function inBothPlaces(): Promise<void> {
  await put();
  await store.copy(KEY, trashKey(KEY));
  later(2 * GRACE_MS);
}

describe('drop', () => {
  it('deletes what is old, and nothing else', async () => {
    await put();
    await store.copy(KEY, trashKey(KEY));
    await store.delete([KEY]);
    later(GRACE_MS - 1);
    expect(await movesOf().drop(KEY, limitMs())).toBe('changed');
    expect(await where()).toEqual(['trash']);
    later(1);
    expect(await movesOf().drop(KEY, limitMs())).toBe('deleted');
    expect(await where()).toEqual([]);
  });

  it.each(['head', 'copy', 'delete'])(
    'loses nothing to a move by another run, met before its %s',
    async (operation) => {
      await inBothPlaces();
      const moves = movesOf(async (met) => {
        if (met === operation) await movesOf().drop(KEY, limitMs());
      });
      expect(await moves.toTrash(KEY, limitMs())).toBe('trashed');
      expect(await where()).toEqual(['trash']);
    },
  );

  it.each(['head', 'delete'])('loses nothing to a move by another run during its %s', async (operation) => {
    await inBothPlaces();
    const moves = movesOf(async (met, key) => {
      if (met === operation && key === trashKey(KEY)) await movesOf().toTrash(KEY, limitMs());
    });
    await moves.drop(KEY, limitMs());
    expect(await where()).not.toEqual([]);
  });
});

describe('restore', () => {
  it('copies back, and leaves the trash when that has settled', async () => {
    await put();
    later(GRACE_MS);
    const moves = movesOf();
    await moves.toTrash(KEY, limitMs());
    expect(await moves.restore(KEY)).toBe('restored');
    await moves.settle(false);
    expect(await where()).toEqual(['key', 'trash']);
    await moves.settle(true);
    expect(await where()).toEqual(['key']);
  });

  it.each(['head', 'copy', 'delete'])(
    'loses nothing to a move by another run, met before its %s',
    async (operation) => {
      await inBothPlaces();
      const limit = limitMs();
      const moves = movesOf();
      const other = movesOf(async (met) => {
        if (met !== operation) return;
        await moves.restore(KEY);
        // As long as a look may be trusted and a deletion may take.
        later(40_000);
        await moves.settle(false);
      });
      await other.toTrash(KEY, limit);
      await moves.settle(true);
      expect(await where()).not.toEqual([]);
    },
  );

  it('makes what is in both places young before one of them goes', async () => {
    await inBothPlaces();
    const limit = limitMs();
    const moves = movesOf();
    expect(await moves.restore(KEY)).toBe('changed');
    expect(await movesOf().toTrash(KEY, limit)).toBe('changed');
    await moves.settle(true);
    expect(await where()).toEqual(['key']);
  });
});
