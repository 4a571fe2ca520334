import type { Store, Table } from './store.ts';

const EVERY_MS = 10_000;
const STEP = 500;

/** Removes what has expired: a step every ten seconds, round and round. What has expired is not seen before that either. */
export class Sweep {
  readonly #timer: NodeJS.Timeout;
  readonly #at = new Map<Table<{ expiresAtMs: number }>, string | undefined>();
  readonly #now: () => number;
  readonly #commit: () => Promise<void>;

  constructor(store: Store, now: () => number, commit: () => Promise<void>) {
    this.#now = now;
    this.#commit = commit;
    for (const table of [store.ended, store.sums, store.texts])
      this.#at.set(table as unknown as Table<{ expiresAtMs: number }>, undefined);
    this.#timer = setInterval(() => void this.step().catch(() => undefined), EVERY_MS);
    this.#timer.unref();
  }

  async step(): Promise<void> {
    const nowMs = this.#now();
    for (const [table, after] of this.#at) {
      const found = table.after(after, STEP);
      for (const { key, value } of found)
        if (value.expiresAtMs <= nowMs && (table.get(key)?.expiresAtMs ?? Infinity) <= nowMs)
          table.remove(key);
      this.#at.set(table, found.length < STEP ? undefined : found.at(-1)!.key);
    }
    await this.#commit();
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
