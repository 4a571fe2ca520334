interface Bucket {
  tokens: number;
  atMs: number;
  perMs: number;
}

/** Buckets that are full are the same as none: they are dropped when there are more than this. */
const MANY = 10_000;

/** Token buckets in memory. */
export class Buckets {
  readonly #buckets = new Map<string, Bucket>();

  take(key: string, max: number, perMs: number, nowMs: number): number {
    const found = this.#buckets.get(key);
    const gained = found === undefined ? 0 : (Math.max(0, nowMs - found.atMs) * max) / perMs;
    const tokens = found === undefined ? max : Math.min(max, found.tokens + gained);
    const isTaken = tokens >= 1;
    this.#buckets.set(key, { tokens: isTaken ? tokens - 1 : tokens, atMs: nowMs, perMs });
    if (this.#buckets.size > MANY) this.#dropFull(nowMs);
    return isTaken ? 0 : Math.max(1, Math.ceil(((1 - tokens) * perMs) / max));
  }

  #dropFull(nowMs: number): void {
    for (const [key, { atMs, perMs }] of this.#buckets) if (atMs + perMs <= nowMs) this.#buckets.delete(key);
  }
}
