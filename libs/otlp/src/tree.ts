import { JsonScanner } from '@weft/model';
import { isJson, type JsonWriter, type Written } from './json-writer.ts';
import { KeyValues, type Value } from './span.ts';

/** One JSON value as bytes, cut out of a longer text. */
export class RawJson {
  readonly bytes: Buffer;
  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }
}

export type Leaf = Value | RawJson;

/** Told of every text that was written as it was inserted: under which number, where, and how. */
export type OnText = (index: number, from: number, to: number, written: Written) => void;

/** Deeper dots stay part of the key: readers recurse. */
const MAX_PATH = 32;

/**
 * The nested view of dotted keys. A text that is JSON and dotted keys below it merge, the dotted key wins; of any other
 * value and keys below it the keys win the path and the value stays beside them under an empty name. Children are a Map,
 * so that `__proto__` is a name like any other, and lists are made of what is there, never of the largest index.
 */
export class Tree {
  private leaf: Leaf | undefined;
  /** The number the leaf was inserted under. */
  private index = -1;
  private children: Map<string, Tree> | null = null;
  private isList = false;

  static of(leaf: Leaf): Tree {
    const tree = new Tree();
    tree.leaf = leaf;
    return tree;
  }

  /** `index` is a number of the caller's, for `OnText`. */
  insert(path: string, leaf: Leaf, index = -1): void {
    let node: Tree = this;
    if (path !== '') {
      const segments = path.split('.');
      if (segments.length > MAX_PATH)
        segments.splice(MAX_PATH - 1, Infinity, segments.slice(MAX_PATH - 1).join('.'));
      for (const segment of segments) node = node.child(segment);
    }
    if (node.children !== null) node.merge(leaf);
    else {
      node.leaf = leaf;
      node.index = index;
    }
  }

  /** The named members of an object, or null for anything else. */
  members(): Map<string, Tree> | null {
    if (this.children === null && this.leaf !== undefined) this.expand();
    return this.isList ? null : this.children;
  }

  /**
   * Writes the value. `lists`: objects whose names are 0 to n-1 become arrays; `parse`: strings that are JSON objects
   * or arrays are written as what they are.
   */
  write(out: JsonWriter, lists: boolean, onText?: OnText): void {
    if (this.children === null) {
      const from = out.mark();
      const written = writeLeaf(out, this.leaf ?? null, true);
      if (written !== null && this.index >= 0) onText?.(this.index, from, out.mark(), written);
      return;
    }
    const asList = (lists || this.isList) && this.hasListNames();
    out.raw(asList ? '[' : '{');
    if (asList) {
      for (let i = 0; i < this.children.size; i++) {
        out.next();
        this.children.get(String(i))!.write(out, lists, onText);
      }
    } else {
      for (const [name, child] of this.children) {
        out.member(name);
        child.write(out, lists, onText);
      }
    }
    out.raw(asList ? ']' : '}');
  }

  private hasListNames(): boolean {
    const { children } = this;
    if (children === null || children.size === 0) return this.isList;
    for (let i = 0; i < children.size; i++) if (!children.has(String(i))) return false;
    return true;
  }

  private child(name: string): Tree {
    if (this.children === null) {
      if (this.leaf === undefined) this.children = new Map();
      else if (!this.expand()) this.beside();
    }
    let child = this.children!.get(name);
    if (child === undefined) this.children!.set(name, (child = new Tree()));
    return child;
  }

  private beside(): void {
    this.children = new Map([['', Tree.of(this.leaf ?? null)]]);
    this.leaf = undefined;
  }

  /** A value arrives where there are keys already: its members fill the gaps. */
  private merge(leaf: Leaf): void {
    const other = Tree.of(leaf);
    if (!other.expand()) {
      this.children!.set('', other);
      return;
    }
    for (const [name, child] of other.children!) {
      const mine = this.children!.get(name);
      if (mine === undefined) this.children!.set(name, child);
      else if (mine.children !== null) mine.merge(child.leaf ?? null);
    }
  }

  /** Turns a leaf that is an object or list into children, one level. False if it is neither. */
  private expand(): boolean {
    const parts = partsOf(this.leaf ?? null);
    if (parts === null) return false;
    this.children = new Map();
    for (const [name, leaf] of parts.entries) this.children.set(name, Tree.of(leaf));
    this.isList = parts.isList;
    this.leaf = undefined;
    return true;
  }
}

/** Strings that are JSON objects or arrays count as such, where `parse` is set; says how a string was written then. */
export function writeLeaf(out: JsonWriter, leaf: Leaf, parse: boolean): Written | null {
  if (typeof leaf === 'string' && parse) return out.jsonOrString(leaf);
  if (leaf instanceof RawJson) out.json(leaf.bytes);
  else out.value(leaf);
  return null;
}

interface Parts {
  readonly entries: [string, Leaf][];
  readonly isList: boolean;
}

function partsOf(leaf: Leaf): Parts | null {
  if (leaf instanceof KeyValues) {
    return { entries: leaf.keys.map((key, i) => [key, leaf.values[i]!]), isList: false };
  }
  if (Array.isArray(leaf)) return { entries: leaf.map((value, i) => [String(i), value]), isList: true };
  const bytes = jsonBytes(leaf);
  if (bytes === null) return null;
  const entries: [string, Leaf][] = [];
  const scanner = new JsonScanner(bytes);
  const isList = bytes[0] === 0x5b;
  const cut = (from: number, to: number): RawJson => new RawJson(bytes.subarray(from, to));
  if (isList) scanner.elements(0, (from, to) => entries.push([String(entries.length), cut(from, to)]));
  else scanner.members(0, (key, from, to) => entries.push([key, cut(from, to)]));
  return { entries, isList };
}

/** Several fields look into the same text one after the other: it is scanned once. */
let lastText = '';
let lastParts: Parts | null = null;

function partsOfText(text: string): Parts | null {
  if (text === lastText) return lastParts;
  lastParts = partsOf(text);
  lastText = text;
  return lastParts;
}

/** The bytes of a JSON object or array, or null. */
function jsonBytes(leaf: Leaf): Buffer | null {
  const bytes =
    leaf instanceof RawJson
      ? leaf.bytes
      : typeof leaf === 'string' && maybeJson(leaf)
        ? Buffer.from(leaf)
        : null;
  if (bytes === null || (bytes[0] !== 0x7b && bytes[0] !== 0x5b)) return null;
  return leaf instanceof RawJson || isJson(bytes) ? bytes : null;
}

/** Names and values of a list of pairs or of a text that is a JSON object, duplicates included; null for anything else. */
export function objectEntries(leaf: Leaf): [string, Leaf][] | null {
  const parts = partsOf(leaf);
  return parts === null || parts.isList ? null : parts.entries;
}

export function maybeJson(text: string): boolean {
  const first = text.charCodeAt(0);
  return first === 0x7b || first === 0x5b;
}

/** What lies at the dotted path inside a value, or undefined. List elements go by index. */
export function lookInside(leaf: Leaf, path: string): Leaf | undefined {
  let at: Leaf | undefined = leaf;
  for (const segment of path.split('.')) {
    const parts: Parts | null = typeof at === 'string' ? partsOfText(at) : partsOf(at);
    if (parts === null) return undefined;
    at = parts.entries.findLast(([name]) => name === segment)?.[1];
    if (at === undefined) return undefined;
  }
  return at;
}
