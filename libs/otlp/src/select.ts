import type { FieldName, Framework, Source } from './fields.ts';
import { KeyValues, type OtlpSpan, type Value } from './span.ts';
import { lookInside, maybeJson, RawJson, Tree, type Leaf } from './tree.ts';

/**
 * Picks, for every field, the best of a span's attributes in one pass over them: each key knows (once computed, cached)
 * which fields it can fill and at which rank. The cost does not grow with the number of frameworks.
 */

const LITERAL = 1;
const SUBTREE = 2;
const INSIDE = 4;

interface Use {
  readonly field: number;
  readonly source: Source;
  readonly mode: number;
  /** For INSIDE: where in the value. */
  readonly path: string;
}

/** What a field was given. */
export interface Selected {
  /** The source's key: in `inputs` and `output` the value goes under this name. */
  readonly key: string;
  readonly value: Leaf | Tree;
  readonly encoded: boolean;
  /** The attribute whose value this is, unchanged; -1 if it was put together or mapped. */
  readonly index: number;
  readonly rank: number;
}

/** A reported zero is a number of tokens; elsewhere zero, false and empty mean "look further". */
const ZERO_COUNTS = /_tokens$/;
/** A text longer than this is content, not a bag of fields: it is not searched for them, once per field. */
const MAX_LOOK_INSIDE = 256 * 1024;
const MAX_CACHED_KEYS = 8192;
const MAX_CACHED_KEY_LENGTH = 128;
const NO_USES: readonly Use[] = [];

export class Selector {
  private readonly ids = new Map<FieldName, number>();
  private readonly zeroCounts: boolean[] = [];
  /** By the first segment of the key: only keys that share it can have to do with each other. */
  private readonly sources = new Map<string, { field: number; source: Source; prefix: string }[]>();
  private readonly usesOf = new Map<string, readonly Use[]>();

  // The state of one span, reused for the next.
  private span: OtlpSpan | null = null;
  private readonly best: Int32Array;
  private readonly modes: Uint8Array;
  private readonly indexes: Int32Array;
  private readonly chosen: (Source | null)[];
  private readonly values: (Leaf | undefined)[];

  /** @throws Error when two sources of one field have the same rank: their order would be an accident. */
  constructor(frameworks: readonly Framework[]) {
    const taken = new Set<string>();
    for (const { name, fields } of frameworks) {
      for (const [field, sources] of Object.entries(fields) as [FieldName, readonly Source[]][]) {
        for (const source of sources) {
          const place = `${field} ${source.rank}`;
          if (taken.has(place)) throw new Error(`${name}: rank ${source.rank} of ${field} is taken`);
          taken.add(place);
          const first = firstSegment(source.key);
          const bucket = this.sources.get(first) ?? [];
          bucket.push({ field: this.idOf(field), source, prefix: `${source.key}.` });
          this.sources.set(first, bucket);
        }
      }
    }
    this.best = new Int32Array(this.ids.size);
    this.modes = new Uint8Array(this.ids.size);
    this.indexes = new Int32Array(this.ids.size);
    this.chosen = new Array<Source | null>(this.ids.size).fill(null);
    this.values = new Array<Leaf | undefined>(this.ids.size).fill(undefined);
  }

  /** Looks through the span's attributes; `take` then answers for this span. */
  read(span: OtlpSpan): void {
    this.span = span;
    this.best.fill(0x7fffffff);
    const { keys, values } = span.attributes;
    for (let i = 0; i < keys.length; i++) {
      const uses = this.usesOf.get(keys[i]!) ?? this.computeUses(keys[i]!);
      for (const use of uses) if (use.source.rank <= this.best[use.field]!) this.consider(use, values[i]!, i);
    }
  }

  take(field: FieldName): Selected | null {
    const id = this.ids.get(field);
    if (id === undefined || this.best[id] === 0x7fffffff) return null;
    const source = this.chosen[id]!;
    const mode = this.modes[id]!;
    const { key, rank } = source;
    const encoded = source.encoded === true;
    if ((mode & SUBTREE) !== 0) return { key, value: this.subtree(source), encoded, index: -1, rank };
    const index = mode === LITERAL && source.map === undefined ? this.indexes[id]! : -1;
    return { key, value: this.values[id]!, encoded, index, rank };
  }

  private consider(use: Use, value: Value, index: number): void {
    const { field, source, mode } = use;
    let found: Leaf | undefined;
    if (mode !== SUBTREE) {
      found = mode === INSIDE ? inside(value, use.path) : value;
      if (found !== undefined && source.map !== undefined) found = source.map(plain(found), this.span!);
      if (found === undefined || !isPresent(found, this.zeroCounts[field]!, source.encoded === true)) return;
    }
    const equal = source.rank === this.best[field];
    this.modes[field] = equal ? this.modes[field]! | mode : mode;
    this.best[field] = source.rank;
    this.chosen[field] = source;
    if (mode === SUBTREE) return;
    this.indexes[field] = index;
    this.values[field] = found;
  }

  private subtree(source: Source): Tree {
    const tree = new Tree();
    const prefix = `${source.key}.`;
    const { keys, values } = this.span!.attributes;
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i]!;
      if (key === source.key) tree.insert('', values[i]!, i);
      else if (key.startsWith(prefix) && counts(source, key)) {
        tree.insert(key.slice(prefix.length), source.each?.(values[i]!) ?? values[i]!, i);
      }
    }
    return tree;
  }

  private computeUses(key: string): readonly Use[] {
    const uses: Use[] = [];
    const below = `${key}.`;
    for (const { field, source, prefix } of this.sources.get(firstSegment(key)) ?? []) {
      if (key === source.key) uses.push({ field, source, mode: LITERAL, path: '' });
      else if (key.startsWith(prefix)) {
        if (
          source.exact !== true &&
          source.map === undefined &&
          counts(source, key) &&
          !source.aside?.test(key)
        )
          uses.push({ field, source, mode: SUBTREE, path: '' });
      } else if (source.key.startsWith(below)) {
        uses.push({ field, source, mode: INSIDE, path: source.key.slice(key.length + 1) });
      }
    }
    const result = uses.length === 0 ? NO_USES : uses;
    if (key.length <= MAX_CACHED_KEY_LENGTH) {
      if (this.usesOf.size >= MAX_CACHED_KEYS) this.usesOf.clear();
      this.usesOf.set(key, result);
    }
    return result;
  }

  private idOf(field: FieldName): number {
    let id = this.ids.get(field);
    if (id === undefined) {
      id = this.ids.size;
      this.ids.set(field, id);
      this.zeroCounts.push(ZERO_COUNTS.test(field));
    }
    return id;
  }
}

function firstSegment(key: string): string {
  const dot = key.indexOf('.');
  return dot < 0 ? key : key.slice(0, dot);
}

/** Whether a key below the source's counts as its content. */
function counts({ except, below }: Source, key: string): boolean {
  if (below !== undefined && !below.test(key)) return false;
  return except?.some((other) => key === other || key.startsWith(`${other}.`)) !== true;
}

function inside(value: Value, path: string): Leaf | undefined {
  if (typeof value === 'string') {
    if (!maybeJson(value) || value.length > MAX_LOOK_INSIDE) return undefined;
    const dot = path.indexOf('.');
    // Most texts do not have the name at all: cheaper to see than to scan.
    const first = dot < 0 ? path : path.slice(0, dot);
    if (value.charCodeAt(0) === 0x7b && !value.includes(`"${first}"`)) return undefined;
  } else if (!(value instanceof KeyValues) && !Array.isArray(value)) return undefined;
  return lookInside(value, path);
}

const EMPTY_JSON = /^(?:\{\s*\}|\[\s*\]|""|null)\s*$/;

function isPresent(leaf: Leaf, zeroCounts: boolean, encoded: boolean): boolean {
  if (typeof leaf === 'string') {
    if (leaf === '') return false;
    if (leaf.length > 32) return true;
    return !(maybeJson(leaf) || encoded) || !EMPTY_JSON.test(leaf);
  }
  if (typeof leaf === 'number' || typeof leaf === 'bigint') return zeroCounts || (leaf !== 0 && leaf !== 0n);
  if (leaf === null || typeof leaf === 'boolean') return leaf === true;
  if (leaf instanceof RawJson) {
    if (leaf.bytes.length > 32) return true;
    const text = leaf.bytes.toString();
    return !EMPTY_JSON.test(text) && text !== 'false' && (zeroCounts || !/^-?0(?:\.0+)?$/.test(text));
  }
  return (leaf instanceof KeyValues ? leaf.keys : leaf).length > 0;
}

/** A piece of JSON as the value it is; objects and lists stay text. */
export function plain(leaf: Leaf): Value {
  if (!(leaf instanceof RawJson)) return leaf;
  const text = leaf.bytes.toString();
  return maybeJson(text) ? text : (JSON.parse(text) as Value);
}
