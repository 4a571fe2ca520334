import type { BlobInfo, BlobStore } from '@weft/blob-store';
import { trashKey } from '../keys.ts';
import { eachOf } from './each-of.ts';
import type { GcClock } from './types.ts';

/** What became of one blob. `changed`: something else happened to it meanwhile, or it took too long; nothing was lost. */
export type Outcome = 'trashed' | 'restored' | 'deleted' | 'changed';

interface MovesDeps {
  readonly store: BlobStore;
  readonly clock: GcClock;
  /** The store's clock minus ours. */
  readonly aheadMs: number;
  readonly graceMs: number;
  /** Longest time of one of the store's operations. */
  readonly timeoutMs: number;
}

/** The shortest grace with which runs may overlap. @param timeoutMs longest time of one of the store's operations. */
export function shortestGraceMs(timeoutMs: number): number {
  return GRACE_TRUSTS * trustOf(timeoutMs);
}

function trustOf(timeoutMs: number): number {
  return Math.max(MIN_TRUST_MS, timeoutMs);
}

interface Copied {
  readonly key: string;
  readonly atMs: number;
}

/** Most blobs that wait for their copy in the trash to be deleted. */
const MAX_COPIED = 5_000;
const MIN_TRUST_MS = 30_000;
/** Of the longest time from a look to a deletion. */
const GRACE_TRUSTS = 16;
const SETTLE_TRUSTS = 2;
const YOUNG_TRUSTS = 8;
const AT_ONCE = 16;

/**
 * The steps that blobs take, each safe when it is cut short and when others take them at the same time:
 *
 * - A blob never goes while it may be the only copy: to the trash it is copied first, then deleted at its key; back the same
 *   way. Killed in between, both are there, and the next run goes on.
 * - Clients may find a blob at its key and refer to it until the moment it goes from there. From then on the trash has it
 *   for a whole grace: its age there counts from the copy.
 * - Two copies are never deleted by two runs, each trusting in the other's. Who deletes at the key has seen right before
 *   that the blob there is old. Who deletes in the trash has seen right before that there is none at the key; or, after
 *   having copied it back, that it is at its key, and young, for longer than anybody takes from looking to deleting.
 */
export class Moves {
  private readonly deps: MovesDeps;
  /** Longest time from a look to the start of the deletion that trusts in it: what takes longer is left to the next run. */
  private readonly trustMs: number;
  /** Longer than from any look to the end of the deletion that trusts in it. */
  private readonly settleMs: number;
  /** No run takes a blob of this age for old. */
  private readonly youngMs: number;
  private readonly copied: Copied[] = [];

  constructor(deps: MovesDeps) {
    this.deps = deps;
    this.trustMs = Math.min(trustOf(deps.timeoutMs), deps.graceMs / GRACE_TRUSTS);
    this.settleMs = SETTLE_TRUSTS * this.trustMs;
    this.youngMs = YOUNG_TRUSTS * this.trustMs;
  }

  /** To the trash, unless it was put after `limitMs` (of the store's clock). */
  async toTrash(key: string, limitMs: number): Promise<Outcome> {
    const { store } = this.deps;
    if (!isOld(await store.head(key), limitMs)) return 'changed';
    if (!(await store.copy(key, trashKey(key)))) return 'changed';
    const isTrusted = this.look();
    // The copy may have taken long.
    if (!isOld(await store.head(key), limitMs)) return 'changed';
    if (!isTrusted()) return 'changed';
    await store.delete([key]);
    return 'trashed';
  }

  /** Back to its key; `settle` takes it out of the trash. */
  async restore(key: string): Promise<Outcome> {
    const { store, clock } = this.deps;
    const there = await store.head(key);
    if (there === undefined || !this.isYoung(there)) {
      if (!(await store.copy(trashKey(key), key))) return 'changed';
    }
    this.copied.push({ key, atMs: clock.nowMs() });
    return there === undefined ? 'restored' : 'changed';
  }

  /** From the trash, for good, unless it came there after `limitMs` (of the store's clock). */
  async drop(key: string, limitMs: number): Promise<Outcome> {
    const { store } = this.deps;
    const isTrusted = this.look();
    if ((await store.head(key)) !== undefined) return 'changed';
    const inTrash = await store.head(trashKey(key));
    if (inTrash === undefined) return 'changed';
    if (!isOld(inTrash, limitMs) || !isTrusted()) return 'changed';
    await store.delete([trashKey(key)]);
    return 'deleted';
  }

  /** Takes out of the trash what was copied back long enough ago. @param isEnd waits for the rest too. */
  async settle(isEnd: boolean, signal?: AbortSignal): Promise<void> {
    const { clock } = this.deps;
    while (this.copied.length > 0) {
      const waitMs = this.copied[0]!.atMs + this.settleMs - clock.nowMs();
      if (waitMs > 0) {
        if (!isEnd && this.copied.length < MAX_COPIED) return;
        await clock.wait(waitMs, signal);
      }
      signal?.throwIfAborted();
      const settledMs = clock.nowMs() - this.settleMs;
      const count = this.copied.findIndex(({ atMs }) => atMs > settledMs);
      const settled = this.copied.splice(0, count < 0 ? this.copied.length : Math.max(count, 1));
      await eachOf(settled, AT_ONCE, ({ key }) => this.leaveTrash(key));
    }
  }

  private async leaveTrash(key: string): Promise<void> {
    const { store } = this.deps;
    const isTrusted = this.look();
    const there = await store.head(key);
    if (there !== undefined && this.isYoung(there) && isTrusted()) await store.delete([trashKey(key)]);
  }

  private isYoung({ modifiedAt }: BlobInfo): boolean {
    const { clock, aheadMs } = this.deps;
    return clock.nowMs() + aheadMs - modifiedAt.getTime() < this.youngMs;
  }

  private look(): () => boolean {
    const { clock } = this.deps;
    const atMs = clock.nowMs();
    return () => clock.nowMs() - atMs < this.trustMs;
  }
}

/** @param info undefined = it is not there. */
export function isOld(info: BlobInfo | undefined, limitMs: number): boolean {
  return info !== undefined && info.modifiedAt.getTime() <= limitMs;
}
