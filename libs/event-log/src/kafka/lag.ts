import type { Lag, Offsets } from '../event-log.ts';
import type { ClusterView } from './cluster-view.ts';

/** Ages are known to within a factor of two: 2 ms, 4 ms, … up to 2^35 ms, which is a year. */
const MAX_EXPONENT = 35;
const KNOWN_FOR_MS = 1000;

/** What a group has not committed of a topic. */
export class LagReader {
  readonly #view: ClusterView;
  readonly #topic: string;
  readonly #group: string;
  #oldest = { at: -Infinity, of: '', ms: 0 };

  constructor(view: ClusterView, topic: string, group: string) {
    this.#view = view;
    this.#topic = topic;
    this.#group = group;
  }

  async read(): Promise<Lag> {
    const committed = await this.#view.committed(this.#topic, this.#group);
    const starts = await this.#view.offsets(this.#topic, 'start');
    const ends = await this.#view.offsets(this.#topic, 'end');
    const nexts = ends.map((_, partition) => larger(committed[partition] ?? -1n, starts[partition] ?? 0n));
    const partitions = ends.map((end, partition) => Math.max(0, Number(end - nexts[partition]!)));
    const events = partitions.reduce((sum, records) => sum + records, 0);
    const oldestMs = events === 0 ? 0 : await this.#oldestMs(nexts, partitions);
    return { events, bytes: undefined, oldestMs, partitions };
  }

  async #oldestMs(nexts: Offsets, partitions: readonly number[]): Promise<number> {
    const of = nexts.join();
    const now = performance.now();
    if (this.#oldest.of === of && now - this.#oldest.at < KNOWN_FOR_MS) return this.#oldest.ms;
    const ms = await this.#search(nexts, partitions);
    this.#oldest = { at: now, of, ms };
    return ms;
  }

  /** The smallest 2^n ms such that nothing uncommitted is older, found by asking for offsets by time. */
  async #search(nexts: Offsets, partitions: readonly number[]): Promise<number> {
    const now = Date.now();
    let [low, high] = [1, MAX_EXPONENT];
    while (low < high) {
      const middle = (low + high) >> 1;
      const since = await this.#view.offsets(this.#topic, Math.max(0, now - 2 ** middle));
      const isYounger = nexts.every(
        (next, partition) => partitions[partition] === 0 || (since[partition] ?? 0n) <= next,
      );
      if (isYounger) high = middle;
      else low = middle + 1;
    }
    return 2 ** low;
  }
}

function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
