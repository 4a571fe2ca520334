import type { Group } from './group.ts';

export interface HoldOptions {
  /** Bytes that the slowest group may be behind before acks wait. */
  readonly maxLagBytes: number;
  /** Longest wait of one ack. */
  readonly maxHoldMs: number;
  /** A group that got no further for this long is stuck: waiting for it would only hurt the senders. */
  readonly stuckAfterMs: number;
}

const CHECK_MS = 50;

/** Back-pressure: holds acks while consumers are behind but moving, so that senders slow down before the lag grows. */
export class Hold {
  readonly #options: HoldOptions;
  readonly #groups: () => Iterable<Group>;
  readonly #held = new Set<{ until: number; release: () => void }>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: HoldOptions, groups: () => Iterable<Group>) {
    this.#options = options;
    this.#groups = groups;
  }

  /** Undefined when nothing is to be waited for, which is the rule. */
  wait(): Promise<void> | undefined {
    if (!this.#mustHold()) return undefined;
    return new Promise((resolve) => {
      this.#held.add({ until: performance.now() + this.#options.maxHoldMs, release: resolve });
      this.#timer ??= setInterval(() => this.#check(), CHECK_MS);
    });
  }

  /** Called after commits. */
  update(): void {
    if (this.#held.size > 0 && !this.#mustHold()) this.releaseAll();
  }

  releaseAll(): void {
    for (const held of this.#held) held.release();
    this.#held.clear();
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #check(): void {
    if (!this.#mustHold()) return this.releaseAll();
    const now = performance.now();
    for (const held of this.#held) {
      if (held.until > now) continue;
      held.release();
      this.#held.delete(held);
    }
    if (this.#held.size === 0) this.releaseAll();
  }

  #mustHold(): boolean {
    const { maxLagBytes, stuckAfterMs } = this.#options;
    const now = performance.now();
    for (const group of this.#groups()) {
      if (group.lag.bytes > maxLagBytes && group.hasMembers && now - group.progressAt < stuckAfterMs)
        return true;
    }
    return false;
  }
}
