import type { Shape } from './shape.ts';
import { NONE } from './trace-table.ts';

/** Rows that are shown, in order: not what is below folded ones, and only what `keep` has, if it is given. */
export function visibleRows(
  { order, size }: Shape,
  folded: Uint8Array,
  keep?: (row: number) => boolean,
): Int32Array {
  const rows = new Int32Array(order.length);
  let count = 0;
  for (let i = 0; i < order.length;) {
    const row = order[i]!;
    if (keep !== undefined && !keep(row)) {
      i += size[row]!;
      continue;
    }
    rows[count++] = row;
    i += folded[row] === 1 ? size[row]! : 1;
  }
  return rows.slice(0, count);
}

/** Folds what is at `level` (0 = roots) or below. */
export function foldFrom({ order, depth, first }: Shape, level: number, folded: Uint8Array): void {
  for (const row of order) folded[row] = depth[row]! >= level && first[row] !== NONE ? 1 : 0;
}

/** Unfolds what hides the row. @returns whether anything was folded. */
export function reveal({ up }: Shape, row: number, folded: Uint8Array): boolean {
  let wasHidden = false;
  for (let each = up[row]!; each !== NONE; each = up[each]!) {
    if (folded[each] === 1) wasHidden = true;
    folded[each] = 0;
  }
  return wasHidden;
}
