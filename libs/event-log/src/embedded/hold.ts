import type { Group } from './group.ts';

export interface HoldOptions {
  /** Bytes that the slowest group may be behind; acks are paced so that the lag settles at half of it. */
  readonly maxLagBytes: number;
  /** Longest wait of one ack. */
  readonly maxHoldMs: number;
  /** A group that got no further for this long is stuck: waiting for it would only hurt the senders. */
  readonly stuckAfterMs: number;
}

/** What is needed of a group. */
export type HeldFor = Pick<Group, 'hasMembers' | 'progressAt'> & { readonly lag: { readonly bytes: number } };

/** Until a first rate is measured: low enough for a laptop's store, high enough not to hurt a quick one. */
const FIRST_RATE = 6 * 1024;
/** Least bytes per millisecond, so that one slow batch does not throttle everybody. */
const MIN_RATE = 1024;
const WINDOW_MS = 1000;

/**
 * Back-pressure: while consumers are behind, acks are spaced out to the rate at which the slowest group commits. Holding all
 * of them until a batch is committed and letting them all go then would bound the lag as well, but stop every sender for
 * the length of a batch; pacing gives each a small, even wait.
 */
export class Hold {
  readonly #options: HoldOptions;
  readonly #groups: () => Iterable<HeldFor>;
  readonly #held = new Map<NodeJS.Timeout, () => void>();
  /** Bytes per millisecond that the slowest group commits while it is behind. */
  #rate = FIRST_RATE;
  #appended = 0;
  /** Since when the rate is being measured; undefined while nobody is behind. */
  #window: { readonly at: number; readonly committed: number } | undefined;
  /** When the next ack may go. */
  #slotAt = 0;

  constructor(options: HoldOptions, groups: () => Iterable<HeldFor>) {
    this.#options = options;
    this.#groups = groups;
  }

  /** Undefined when nothing is to be waited for, which is the rule. Called once for each append, with what it appended. */
  wait(bytes: number): Promise<void> | undefined {
    this.#appended += bytes;
    const lag = this.#lag();
    const target = this.#options.maxLagBytes / 2;
    if (lag <= target) {
      this.#window = undefined;
      this.#slotAt = 0;
      return undefined;
    }
    const now = performance.now();
    this.#window ??= { at: now, committed: this.#appended - lag };
    // At the target as much comes in as goes out; above it less, so that the lag shrinks to it.
    const inflow = this.#rate * Math.max(0.25, 2 - lag / target);
    this.#slotAt = Math.max(now, this.#slotAt) + bytes / inflow;
    const waitMs = Math.min(this.#slotAt - now, this.#options.maxHoldMs);
    if (waitMs < 1) return undefined;
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#held.delete(timer);
        resolve();
      }, waitMs);
      this.#held.set(timer, resolve);
    });
  }

  /** Called after commits. */
  update(): void {
    const lag = this.#lag();
    this.#measure(lag);
    // Half of where pacing begins: what was spaced out is late by now.
    if (this.#held.size > 0 && lag < this.#options.maxLagBytes / 4) this.releaseAll();
  }

  releaseAll(): void {
    for (const [timer, release] of this.#held) {
      clearTimeout(timer);
      release();
    }
    this.#held.clear();
    this.#slotAt = 0;
  }

  #measure(lag: number): void {
    const window = this.#window;
    const now = performance.now();
    if (window === undefined || now - window.at < WINDOW_MS / 4) return;
    const committed = this.#appended - lag;
    const rate = (committed - window.committed) / (now - window.at);
    this.#rate = Math.max(MIN_RATE, (this.#rate + rate) / 2);
    if (now - window.at > WINDOW_MS) this.#window = { at: now, committed };
  }

  /** Bytes of the slowest group that moves. */
  #lag(): number {
    const now = performance.now();
    let most = 0;
    for (const group of this.#groups()) {
      if (group.hasMembers && now - group.progressAt < this.#options.stuckAfterMs)
        most = Math.max(most, group.lag.bytes);
    }
    return most;
  }
}
