import type { Offsets } from '../event-log.ts';

const FIRST_WAIT_MS = 5;
const MAX_WAIT_MS = 20;
const FAILED_WAIT_MS = 100;
/** What the first look may take beyond the time to wait. */
const FIRST_LOOK_MS = 1000;

interface Waiter {
  readonly offsets: Offsets;
  readonly done: (reached: boolean) => void;
}

export interface CommitsSource {
  /** -1 = none. */
  committed(): Promise<Offsets>;
  starts(): Promise<Offsets>;
}

/** Looks at a group's committed offsets for all who wait for them; not at all while nobody waits. */
export class CommitsPoller {
  readonly #source: CommitsSource;
  readonly #waiters = new Set<Waiter>();
  #polling = false;

  constructor(source: CommitsSource) {
    this.#source = source;
  }

  wait(offsets: Offsets, timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      let timer: NodeJS.Timeout | undefined;
      let looked = false;
      const waiter: Waiter = {
        offsets,
        done: (reached) => {
          looked = true;
          if (!reached && timer !== undefined) return;
          clearTimeout(timer);
          this.#waiters.delete(waiter);
          resolve(reached);
        },
      };
      timer = setTimeout(() => {
        timer = undefined;
        // Offsets that were reached before the question are an answer even without time to wait.
        if (looked) waiter.done(false);
        else setTimeout(() => waiter.done(false), FIRST_LOOK_MS).unref();
      }, timeoutMs);
      this.#waiters.add(waiter);
      if (!this.#polling) void this.#poll();
    });
  }

  async #poll(): Promise<void> {
    this.#polling = true;
    let waitMs = FIRST_WAIT_MS;
    while (this.#waiters.size > 0) {
      const asked = [...this.#waiters];
      const reached = await this.#reached().catch(() => undefined);
      for (const waiter of asked) waiter.done(reached !== undefined && covers(reached, waiter.offsets));
      if (this.#waiters.size === 0) break;
      await new Promise((resolve) => setTimeout(resolve, reached === undefined ? FAILED_WAIT_MS : waitMs));
      waitMs = Math.min(MAX_WAIT_MS, waitMs * 1.5);
    }
    this.#polling = false;
  }

  /** Where the group is. In a partition without a commit it starts with the first record. */
  async #reached(): Promise<Offsets> {
    const committed = await this.#source.committed();
    if (!committed.includes(-1n)) return committed;
    const starts = await this.#source.starts();
    return committed.map((offset, partition) => (offset === -1n ? (starts[partition] ?? 0n) : offset));
  }
}

function covers(reached: Offsets, wanted: Offsets): boolean {
  return wanted.every((offset, partition) => offset <= (reached[partition] ?? 0n));
}
