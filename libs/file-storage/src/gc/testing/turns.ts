import { setImmediate as nextTurn } from 'node:timers/promises';

/** One of those that take turns. What a dead one waits for never comes. */
export interface Actor {
  isDead: boolean;
}

interface Parked {
  readonly actor: Actor;
  /** It goes on by then. */
  readonly byMs: number;
  /** It does not go on before. */
  readonly fromMs: number;
  readonly resume: () => void;
}

/**
 * A machine on which everything waits for its turn, and chance says who is next and how much time goes by. The same seed
 * gives the same run.
 */
export class Turns {
  nowMs: number;
  private readonly random: () => number;
  private readonly onTime: (nowMs: number) => void;
  private parked: Parked[] = [];
  private busy = 0;

  /** @param onTime told what time it is. */
  constructor(random: () => number, nowMs: number, onTime: (nowMs: number) => void) {
    this.random = random;
    this.nowMs = nowMs;
    this.onTime = onTime;
  }

  /** Before the next step of the actor: it may take up to `atMostMs` until then. */
  turn(actor: Actor, atMostMs: number): Promise<void> {
    return this.park(actor, this.nowMs, this.nowMs + atMostMs * this.random());
  }

  wait(actor: Actor, ms: number): Promise<void> {
    return this.park(actor, this.nowMs + ms, this.nowMs + ms + 1000);
  }

  /** Work that is not to be interrupted. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.busy++;
    try {
      return await work();
    } finally {
      this.busy--;
    }
  }

  /** Until nobody waits any more. @param check called between any two steps. */
  async run(check: () => Promise<void>): Promise<void> {
    for (;;) {
      do await nextTurn();
      while (this.busy > 0);
      await check();
      this.parked = this.parked.filter(({ actor }) => !actor.isDead);
      if (this.parked.length === 0) return;
      const next = this.next();
      this.parked.splice(this.parked.indexOf(next), 1);
      this.onTime(this.nowMs);
      next.resume();
    }
  }

  private park(actor: Actor, fromMs: number, byMs: number): Promise<void> {
    return new Promise((resume) => this.parked.push({ actor, fromMs, byMs, resume }));
  }

  /** Who goes on; time goes by until they may, and a little more as long as nobody is late. */
  private next(): Parked {
    const pressing = this.parked.reduce((a, b) => (b.byMs < a.byMs ? b : a));
    const candidates = this.parked.filter(({ fromMs }) => fromMs <= pressing.byMs);
    const next = candidates[Math.floor(this.random() * candidates.length)]!;
    const fromMs = Math.max(this.nowMs, next.fromMs);
    // The most pressing one is never made to wait longer than it may.
    this.nowMs = fromMs + Math.max(0, pressing.byMs - fromMs) * this.random() * 0.2;
    return next;
  }
}
