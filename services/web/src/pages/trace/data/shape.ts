import { NONE } from './trace-table.ts';

/** Who is below whom, as far as it is known. */
export interface Linked {
  readonly count: number;
  readonly parents: Int32Array;
  readonly byStart: Int32Array;
}

/** The tree of a trace; by row, but `order`. */
export interface Shape {
  /** Rows as they are shown: parents before their children, siblings by start. */
  readonly order: Int32Array;
  /** Where each row is in `order`. */
  readonly placeOf: Int32Array;
  /** Parent, or -1: what has none here is a root, and so is the first of each circle. */
  readonly up: Int32Array;
  readonly first: Int32Array;
  readonly next: Int32Array;
  readonly depth: Int32Array;
  /** Of the row and everything below it. */
  readonly size: Int32Array;
  /** 1 = first among its siblings. */
  readonly position: Int32Array;
  readonly children: Int32Array;
  readonly roots: number;
  readonly firstRoot: number;
  readonly maxDepth: number;
}

/** No recursion: a chain of a million calls is a tree too. */
export function shapeOf({ count, parents, byStart }: Linked): Shape {
  const up = parents.slice(0, count);
  let shape = walk(up, byStart);
  if (shape.reached < count) {
    cutCircles(up, byStart, shape.placeOf);
    shape = walk(up, byStart);
  }
  return shape;
}

function walk(up: Int32Array, byStart: Int32Array): Shape & { readonly reached: number } {
  const count = up.length;
  const links = link(up, byStart);
  const { first, next, firstRoot } = links;
  const order = new Int32Array(count);
  const placeOf = new Int32Array(count).fill(NONE);
  const depth = new Int32Array(count);
  let [reached, maxDepth] = [0, 0];
  for (let row = firstRoot; row !== NONE;) {
    placeOf[row] = reached;
    order[reached++] = row;
    if (up[row] !== NONE) depth[row] = depth[up[row]!]! + 1;
    if (depth[row]! > maxDepth) maxDepth = depth[row]!;
    if (first[row] !== NONE) {
      row = first[row]!;
      continue;
    }
    while (row !== NONE && next[row] === NONE) row = up[row]!;
    if (row !== NONE) row = next[row]!;
  }
  const size = new Int32Array(count).fill(1);
  for (let i = reached - 1; i >= 0; i--) {
    const row = order[i]!;
    if (up[row] !== NONE) size[up[row]!]! += size[row]!;
  }
  return { ...links, up, order, placeOf, depth, size, maxDepth, reached };
}

function link(up: Int32Array, byStart: Int32Array) {
  const count = up.length;
  const first = new Int32Array(count).fill(NONE);
  const next = new Int32Array(count).fill(NONE);
  const last = new Int32Array(count).fill(NONE);
  const position = new Int32Array(count);
  const children = new Int32Array(count);
  let [firstRoot, lastRoot, roots] = [NONE, NONE, 0];
  for (const row of byStart) {
    const parent = up[row]!;
    const before = parent === NONE ? lastRoot : last[parent]!;
    if (before !== NONE) next[before] = row;
    else if (parent === NONE) firstRoot = row;
    else first[parent] = row;
    if (parent === NONE) {
      lastRoot = row;
      position[row] = ++roots;
    } else {
      last[parent] = row;
      position[row] = ++children[parent]!;
    }
  }
  return { first, next, position, children, firstRoot, roots };
}

/** What no root leads to hangs below a circle: the one of it that starts first becomes a root. */
function cutCircles(up: Int32Array, byStart: Int32Array, placeOf: Int32Array): void {
  const rank = new Int32Array(up.length);
  byStart.forEach((row, i) => (rank[row] = i));
  /** 0 = not seen; else the walk that came by. */
  const seen = new Int32Array(up.length);
  for (let i = 0; i < byStart.length; i++) {
    const from = byStart[i]!;
    if (placeOf[from] !== NONE) continue;
    let row = from;
    while (row !== NONE && seen[row] === 0) {
      seen[row] = i + 1;
      row = up[row]!;
    }
    if (row === NONE || seen[row] !== i + 1) continue;
    let cut = row;
    for (let each = up[row]!; each !== row; each = up[each]!) if (rank[each]! < rank[cut]!) cut = each;
    up[cut] = NONE;
  }
}
