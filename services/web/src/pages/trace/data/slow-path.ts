import type { Shape } from './shape.ts';
import { NONE, type TraceTable } from './trace-table.ts';

/**
 * The calls that the end of the trace waited for: from a call's end backwards, the child that ended last, then the one that
 * ended last before that began, and so on; within each of them the same. Making any other call faster gains nothing.
 * @param nowUs where calls that run end for now. @returns 1 for each row on the path.
 */
export function slowPath(
  table: Pick<TraceTable, 'starts' | 'endOf'>,
  shape: Shape,
  nowUs: number,
): Uint8Array {
  const isSlow = new Uint8Array(shape.order.length);
  const todo: [row: number, endUs: number][] = [[NONE, Infinity]];
  for (let top = todo.pop(); top !== undefined; top = todo.pop()) {
    const [parent, endUs] = top;
    let until = endUs;
    const firstChild = parent === NONE ? shape.firstRoot : shape.first[parent]!;
    for (const { row, startUs, endUs: end } of lastFirst(table, shape, firstChild, endUs, nowUs)) {
      if (end > until || end <= startUs) continue;
      isSlow[row] = 1;
      until = startUs;
      todo.push([row, end]);
    }
  }
  return isSlow;
}

interface Span {
  readonly row: number;
  readonly startUs: number;
  readonly endUs: number;
}

/** Children by their end, the latest first. What outlives its parent ends with it here. */
function lastFirst(
  table: Pick<TraceTable, 'starts' | 'endOf'>,
  { next }: Shape,
  firstChild: number,
  untilUs: number,
  nowUs: number,
): Span[] {
  const spans: Span[] = [];
  let isSorted = true;
  for (let row = firstChild; row !== NONE; row = next[row]!) {
    const endUs = Math.min(table.endOf(row, nowUs), untilUs);
    if (spans.length > 0 && spans.at(-1)!.endUs >= endUs) isSorted = false;
    spans.push({ row, startUs: table.starts[row]!, endUs });
  }
  // One after the other: most loops.
  if (isSorted) return spans.reverse();
  return spans.sort((a, b) => b.endUs - a.endUs || a.startUs - b.startUs || a.row - b.row);
}
