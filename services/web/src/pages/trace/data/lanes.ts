import type { Shape } from './shape.ts';
import { NONE, type TraceTable } from './trace-table.ts';

/** Calls below each other at most; more are drawn over one another. */
const MAX_LANES = 2000;
/** Lanes tried for a call: thousands side by side would try them all. */
const MAX_TRIES = 200;

export interface Lanes {
  /** By row: below its parent, and beside nothing that it overlaps. */
  readonly laneOf: Uint32Array;
  readonly count: number;
}

export function lanesOf(
  table: Pick<TraceTable, 'starts' | 'endOf'>,
  { order, up }: Shape,
  nowUs: number,
): Lanes {
  const laneOf = new Uint32Array(order.length);
  const ends = new Float64Array(MAX_LANES + 1).fill(-Infinity);
  let count = 0;
  for (const row of order) {
    const start = table.starts[row]!;
    const top = up[row] === NONE ? 0 : Math.min(laneOf[up[row]!]! + 1, MAX_LANES);
    let lane = top;
    while (lane < MAX_LANES && lane < top + MAX_TRIES && ends[lane]! > start) lane++;
    laneOf[row] = lane;
    ends[lane] = Math.max(ends[lane]!, table.endOf(row, nowUs));
    if (lane >= count) count = lane + 1;
  }
  return { laneOf, count };
}
