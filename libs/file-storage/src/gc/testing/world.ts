import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { BlobInfo, BlobStore } from '@weft/blob-store';
import { blobKey, parseBlobKey, trashKey, TRASH_PREFIX, type BlobKind } from '../../keys.ts';
import { digestOf } from '../../digest.ts';
import type { GcClock, Held, References, Unstored } from '../types.ts';
import type { Actor, Turns } from './turns.ts';

/** What is wrong with the garbage collection on purpose, to see whether anybody would notice. */
export interface Mutation {
  /** What should go to the trash is deleted. */
  readonly noTrash?: boolean;
  /** In the trash nothing counts as referenced. */
  readonly noSecondLook?: boolean;
  /** The log is not waited for, and dead letters are not looked at. */
  readonly noSettle?: boolean;
  /** Dead letters are not looked at. */
  readonly noLetters?: boolean;
}

interface Event {
  /** Of the call or file. */
  readonly id: number;
  readonly key: string;
  readonly isDeletion: boolean;
}

interface Blob {
  readonly key: string;
  readonly bytes: Buffer;
  readonly sha256: Uint8Array;
}

export const PROJECTS = ['e/p', 'e/q'];
const KINDS: readonly BlobKind[] = ['files', 'payloads', 'events'];

/** Few, so that the same content comes again and again. */
const BLOBS: readonly Blob[] = PROJECTS.flatMap((projectId) =>
  KINDS.flatMap((kind) =>
    [1, 2].map((n) => {
      const bytes = Buffer.from(`${projectId} ${kind} ${n}`);
      const sha256 = createHash('sha256').update(bytes).digest();
      return { key: blobKey({ projectId, kind, digest: digestOf(sha256) }), bytes, sha256 };
    }),
  ),
);

export interface Times {
  /** Longest time of a step of a client, such as from a blob to its event: less than a grace. */
  readonly clientMs: number;
  /** Longest time that a deletion of the collection is on its way. */
  readonly deletionMs: number;
  /** Of most other steps of the collection. */
  readonly quickMs: number;
  /** Of a few of them. */
  readonly stallMs: number;
}

/** Clients, a log, a writer with its tables, dead letters, and a bucket. */
export class World {
  private readonly log: Event[] = [];
  private stored = 0;
  private readonly rows = new Map<number, string>();
  private readonly deletedIds = new Set<number>();
  private letters: Event[] = [];
  /** Found or put by clients that have not said so yet. */
  private readonly promised = new Map<Actor, string>();
  private ids = 0;
  readonly store: BlobStore;
  private readonly turns: Turns;
  private readonly random: () => number;
  private readonly times: Times;

  constructor(store: BlobStore, turns: Turns, random: () => number, times: Times) {
    this.store = store;
    this.turns = turns;
    this.random = random;
    this.times = times;
  }

  /** Puts a blob and says so, unless it dies in between. */
  async upload(actor: Actor): Promise<void> {
    const { turns, times } = this;
    const blob = BLOBS[Math.floor(this.random() * BLOBS.length)]!;
    await turns.turn(actor, times.clientMs);
    await turns.during(() =>
      this.store.put(blob.key, {
        size: blob.bytes.length,
        sha256: blob.sha256,
        open: () => Readable.from([blob.bytes]),
      }),
    );
    this.promised.set(actor, blob.key);
    await turns.turn(actor, times.clientMs);
    if (this.random() < 0.2) return void this.promised.delete(actor);
    this.log.push({ id: this.ids++, key: blob.key, isDeletion: false });
    this.promised.delete(actor);
  }

  async deleteCall(actor: Actor): Promise<void> {
    await this.turns.turn(actor, this.times.clientMs);
    const id = Math.floor(this.random() * this.ids);
    const key = this.log.find((event) => event.id === id)?.key ?? '';
    if (parseBlobKey(key)?.kind === 'payloads') this.log.push({ id, key, isDeletion: true });
  }

  /** Stores an event, or makes it a dead letter. */
  async storeNext(actor: Actor): Promise<void> {
    await this.turns.turn(actor, this.times.clientMs);
    const event = this.log[this.stored];
    if (event === undefined) return;
    if (event.isDeletion) this.deletedIds.add(event.id);
    else if (this.random() < 0.15) this.letters.push(event);
    else if (parseBlobKey(event.key)!.kind !== 'events') this.rows.set(event.id, event.key);
    this.stored++;
  }

  /** Appends a dead letter again; it is settled once its event is stored. */
  async replay(actor: Actor): Promise<void> {
    await this.turns.turn(actor, this.times.clientMs);
    const letter = this.letters[Math.floor(this.random() * this.letters.length)];
    if (letter === undefined) return;
    this.log.push(letter);
    const end = this.log.length;
    while (this.stored < end) await this.turns.wait(actor, 500);
    const isAgain = this.letters.filter(({ id }) => id === letter.id).length > 1;
    const at = this.letters.indexOf(letter);
    if (at >= 0 && (isAgain || this.rows.has(letter.id) || this.random() < 0.5)) this.letters.splice(at, 1);
  }

  /** @throws Error when something that is needed cannot be read. */
  async check(): Promise<void> {
    const there = new Set(await this.keys());
    for (const key of this.needed())
      if (!there.has(key) && !there.has(trashKey(key))) throw new Error(`lost: ${key}`);
  }

  async keys(): Promise<string[]> {
    const keys: string[] = [];
    for await (const page of this.store.list('weave/')) keys.push(...page.map(({ key }) => key));
    return keys;
  }

  /** All keys that rows, the log, dead letters or clients refer to. */
  needed(): Set<string> {
    const waiting = this.log.slice(this.stored).filter(({ isDeletion }) => !isDeletion);
    return new Set([
      ...this.promised.values(),
      ...[...waiting, ...this.letters].map(({ key }) => key),
      ...this.referenced(),
    ]);
  }

  referenced(): string[] {
    return [...this.rows].filter(([id]) => !this.deletedIds.has(id)).map(([, key]) => key);
  }

  get isStored(): boolean {
    return this.stored === this.log.length;
  }

  /** Nobody wants the dead letters any more. */
  dropLetters(): void {
    this.letters = [];
  }

  /** What the garbage collection of the actor sees of it. */
  seenBy(actor: Actor, mutation: Mutation = {}) {
    const { turns, times, store } = this;
    let isInTrash = false;
    const step = async <T>(atMostMs: number, work: () => Promise<T>): Promise<T> => {
      await turns.turn(actor, atMostMs);
      return turns.during(work);
    };
    // Most steps are quick, some stall.
    const slow = () => (this.random() < 0.05 ? times.stallMs : times.quickMs);
    const seen: BlobStore = {
      uri: store.uri,
      put: (...args) => step(times.quickMs, () => store.put(...args)),
      get: (...args) => step(times.quickMs, () => store.get(...args)),
      head: async (key) => {
        const info = await step(slow(), () => store.head(key));
        return info && inSeconds(info);
      },
      async *list(prefix, options) {
        isInTrash = prefix.startsWith(TRASH_PREFIX);
        for await (const page of store.list(prefix, options)) {
          const infos = page.map(inSeconds);
          for (let at = 0; at < infos.length; at += 3) {
            await turns.turn(actor, slow());
            yield infos.slice(at, at + 3);
          }
        }
      },
      copy: (from, to) =>
        step(slow(), async () =>
          mutation.noTrash === true && to.startsWith(TRASH_PREFIX) ? true : store.copy(from, to),
        ),
      delete: (keys) => step(times.deletionMs, () => store.delete(keys)),
      close: async () => {},
    };
    const references: References = {
      knows: async () => true,
      referenced: (projectId, kind, digests) =>
        step(slow(), async () => {
          if (mutation.noSecondLook === true && isInTrash) return new Set();
          const keys = new Set(this.referenced());
          return new Set(digests.filter((digest) => keys.has(blobKey({ projectId, kind, digest }))));
        }),
    };
    const unstored: Unstored = {
      settle: async () => {
        const end = this.log.length;
        while (mutation.noSettle !== true && this.stored < end) await turns.wait(actor, 500);
        const isBlind = mutation.noSettle === true || mutation.noLetters === true;
        return heldBy(isBlind ? [] : this.letters.map(({ key }) => key));
      },
    };
    const clock: GcClock = {
      nowMs: () => turns.nowMs,
      wait: (ms) => turns.wait(actor, ms),
    };
    return { store: seen, references, unstored, clock };
  }
}

function heldBy(keys: readonly string[]): Held {
  const names = keys.map((key) => parseBlobKey(key)!);
  return {
    of: (projectId, kind) =>
      new Set(
        names
          .filter((name) => name.projectId === projectId && name.kind === kind)
          .map(({ digest }) => digest),
      ),
  };
}

/** As stores tell time. */
function inSeconds(info: BlobInfo): BlobInfo {
  return { ...info, modifiedAt: new Date(Math.floor(info.modifiedAt.getTime() / 1000) * 1000) };
}
