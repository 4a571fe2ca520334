import { AppError } from '@weft/model';
import type { ClusterView } from './cluster-view.ts';

/** Where the next record of each partition is expected: nothing is skipped unseen. */
export class Positions {
  readonly #next = new Map<number, bigint>();

  /**
   * What a group has committed in `partitions`, after comparing it with what the log holds.
   * @throws AppError `log_unavailable` when a committed offset is no longer in the log.
   */
  static async load(
    view: ClusterView,
    topic: string,
    group: string,
    partitions: readonly number[],
  ): Promise<Positions> {
    const positions = new Positions();
    const [committed, starts, ends] = await Promise.all([
      view.committed(topic, group),
      view.offsets(topic, 'start'),
      view.offsets(topic, 'end'),
    ]);
    for (const partition of partitions) {
      const next = committed[partition] ?? -1n;
      const [start, end] = [starts[partition] ?? 0n, ends[partition] ?? 0n];
      if (next === -1n) continue;
      if (next < start || next > end) throw new GapError({ topic, partition, group, next, start, end });
      positions.#next.set(partition, next);
    }
    return positions;
  }

  /** The place of an offset: to be taken, seen already, or beyond what is expected. */
  place(partition: number, offset: bigint): 'next' | 'seen' | 'beyond' {
    const next = this.#next.get(partition);
    if (next === undefined || offset === next) return 'next';
    return offset < next ? 'seen' : 'beyond';
  }

  taken(partition: number, offset: bigint): void {
    this.#next.set(partition, offset + 1n);
  }
}

interface Gap {
  readonly topic: string;
  readonly partition: number;
  readonly group: string;
  readonly next: bigint;
  readonly start: bigint;
  readonly end: bigint;
}

/** Records between what a group has handled and what the log holds are gone: someone must decide to go on without them. */
export class GapError extends AppError {
  constructor({ topic, partition, group, next, start, end }: Gap) {
    super(
      'log_unavailable',
      `${topic}/${partition}: group ${group} committed up to ${next}, the log holds ${start} to ${end}`,
    );
  }
}
