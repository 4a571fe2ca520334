import { createHash, randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { StorageUnavailable, type BlobStore } from '@weft/blob-store';
import { PROBES_PREFIX } from '../keys.ts';
import type { GcClock } from './types.ts';

export const systemClock: GcClock = {
  nowMs: () => performance.timeOrigin + performance.now(),
  wait: (ms, signal) => pause(ms, undefined, { signal }),
};

/**
 * The store's own time, by which blobs tell their age: a clock of ours that runs ahead would make young ones old.
 * Puts a blob and takes it away. @returns what to add to `clock`'s, to the second and rounded down.
 */
export async function storeAheadMs(store: BlobStore, clock: GcClock, signal?: AbortSignal): Promise<number> {
  const bytes = Buffer.from(randomUUID());
  const key = `${PROBES_PREFIX}${bytes.toString()}`;
  const sha256 = createHash('sha256').update(bytes).digest();
  const given = signal === undefined ? {} : { signal };
  const askedMs = clock.nowMs();
  await store.put(key, { size: bytes.length, sha256, open: () => Readable.from([bytes]) }, given);
  try {
    const info = await store.head(key, given);
    if (info === undefined)
      throw new StorageUnavailable('unreachable', `${store.uri}: a blob that was just stored is not there`);
    // What the clock said last before the blob was there: the difference is at most too small.
    return info.modifiedAt.getTime() - Math.max(askedMs, clock.nowMs());
  } finally {
    await store.delete([key]);
  }
}

/** Takes away what checks that were cut short have left. @param limitMs what came later, by the store's clock, stays. */
export async function sweepProbes(store: BlobStore, limitMs: number, signal?: AbortSignal): Promise<void> {
  for await (const page of store.list(PROBES_PREFIX, signal === undefined ? {} : { signal })) {
    const left = page.filter(({ modifiedAt }) => modifiedAt.getTime() <= limitMs);
    if (left.length > 0) await store.delete(left.map(({ key }) => key));
  }
}

/** Lets through so many a second, evenly. */
export function createPace(perSecond: number, clock: GcClock): (signal?: AbortSignal) => Promise<void> {
  let nextMs = clock.nowMs();
  return async (signal) => {
    signal?.throwIfAborted();
    const nowMs = clock.nowMs();
    // What was not used of the last 100 ms may be caught up with.
    nextMs = Math.max(nextMs, nowMs - 100) + 1000 / perSecond;
    if (nextMs > nowMs) await clock.wait(nextMs - nowMs, signal);
  };
}
