import { mediaOf } from './media-of.ts';
import { isContainer, scalarText, sizeOf, type Fields } from './json-value.ts';

/** One value of a tree, and how to get to it. */
export interface JsonNode {
  readonly parent: JsonNode | null;
  /** Name or index below its parent; `''` of the root. */
  readonly key: string;
  readonly value: unknown;
  /** The root's children have 0. */
  readonly depth: number;
  /** Among all nodes of the tree. */
  readonly id: string;
}

export interface JsonRow {
  readonly node: JsonNode;
  readonly isOpen: boolean;
  /** Not the node itself, but how many of its children are not shown. */
  readonly left?: number;
}

/** Children of one node that are shown until more are asked for. */
export const FIRST_CHILDREN = 500;
/** Small trees are open, but for pictures: they are seen. */
const SMALL_TREE = 120;
/** Of larger ones the first level, where it is short. */
const SHORT_LIST = 20;

export interface OpenState {
  /** What was opened and closed by hand. */
  readonly toggled: ReadonlyMap<string, boolean>;
  /** Children that are shown, where it is not the default. */
  readonly limits: ReadonlyMap<string, number>;
}

export function rootOf(value: unknown): JsonNode {
  return { parent: null, key: '', value, depth: -1, id: '' };
}

/** @param from where to begin, for large lists. */
export function childrenOf(node: JsonNode, limit = Infinity): JsonNode[] {
  const { value } = node;
  if (!isContainer(value)) return [];
  const keys = Array.isArray(value)
    ? Array.from({ length: Math.min(limit, value.length) }, (_, i) => String(i))
    : Object.keys(value).slice(0, limit);
  return keys.map((key) => ({
    parent: node,
    key,
    value: (value as Fields)[key],
    depth: node.depth + 1,
    id: `${node.id}\u0000${key}`,
  }));
}

/** What leads to the node, without the root. */
export function pathOf(node: JsonNode): string[] {
  const path: string[] = [];
  for (let at = node; at.parent !== null; at = at.parent) path.push(at.key);
  return path.reverse();
}

/** Whether all of it fits a look. Stops counting when it does not. */
export function isSmall(root: unknown): boolean {
  const stack = [root];
  for (let seen = 0; stack.length > 0; seen++) {
    if (seen > SMALL_TREE) return false;
    const value = stack.pop();
    if (!isContainer(value)) continue;
    if (sizeOf(value) > SMALL_TREE) return false;
    stack.push(...Object.values(value));
  }
  return true;
}

/** The rows of a tree, from the top. Deep ones need no stack. */
export function rowsOf(root: JsonNode, { toggled, limits }: OpenState, openAll: boolean): JsonRow[] {
  const rows: JsonRow[] = [];
  const isShort = isContainer(root.value) && sizeOf(root.value) <= SHORT_LIST;
  const isOpen = (node: JsonNode) =>
    isContainer(node.value) &&
    (node.parent === null ||
      (toggled.get(node.id) ??
        ((openAll || (node.depth === 0 && isShort)) && mediaOf(node.value) === undefined)));
  const stack: JsonRow[] = [{ node: root, isOpen: isOpen(root) }];
  for (let row = stack.pop(); row !== undefined; row = stack.pop()) {
    // The root's own line says nothing.
    if (row.node !== root || row.left !== undefined || !isContainer(root.value)) rows.push(row);
    if (row.left !== undefined || !row.isOpen) continue;
    const limit = limits.get(row.node.id) ?? FIRST_CHILDREN;
    const left = sizeOf(row.node.value as Fields) - limit;
    if (left > 0) stack.push({ node: row.node, isOpen: true, left });
    const children = childrenOf(row.node, limit);
    for (let i = children.length - 1; i >= 0; i--)
      stack.push({ node: children[i]!, isOpen: isOpen(children[i]!) });
  }
  return rows;
}

const MAX_MATCHES = 1000;
const MAX_SEARCHED = 300_000;

/** Nodes whose key or value has the text, in the order of the tree. Letter case does not count. */
export function findNodes(root: JsonNode, text: string): JsonNode[] {
  const needle = text.toLowerCase();
  if (needle === '') return [];
  const found: JsonNode[] = [];
  const stack = [root];
  for (let seen = 0; stack.length > 0 && seen < MAX_SEARCHED && found.length < MAX_MATCHES; seen++) {
    const node = stack.pop()!;
    const isHit =
      (node.parent !== null && node.key.toLowerCase().includes(needle)) ||
      (!isContainer(node.value) && scalarText(node.value).toLowerCase().includes(needle));
    if (isHit) found.push(node);
    const children = childrenOf(node);
    for (let i = children.length - 1; i >= 0; i--) stack.push(children[i]!);
  }
  return found;
}

/** The state in which the node is seen. */
export function revealed(node: JsonNode, { toggled, limits }: OpenState): OpenState {
  const [open, shown] = [new Map(toggled), new Map(limits)];
  for (let at = node; at.parent !== null; at = at.parent) {
    if (at !== node) open.set(at.id, true);
    const siblings = at.parent.value as Fields;
    const place = Array.isArray(siblings) ? Number(at.key) : Object.keys(siblings).indexOf(at.key);
    if (place >= (shown.get(at.parent.id) ?? FIRST_CHILDREN)) shown.set(at.parent.id, place + FIRST_CHILDREN);
  }
  return { toggled: open, limits: shown };
}
