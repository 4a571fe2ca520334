import type { FlatAttributes } from './chat.ts';
import { MAX_DEPTH } from './json.ts';

/** Lists are dense: one index may not make a list of millions. */
const MAX_INDEX = 100_000;

class Branch {
  value: unknown = undefined;
  readonly below = new Map<string, Branch>();
}

/** What stands below `prefix` as one value: `a.0.b` and `a.1.b` below `a` are `[{b}, {b}]`. Undefined if nothing does. */
export function nested({ keys, values }: FlatAttributes, prefix: string): unknown {
  const root = new Branch();
  const below = `${prefix}.`;
  let found = false;
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i]!;
    if (key !== prefix && !key.startsWith(below)) continue;
    found = true;
    const path = key === prefix ? [] : key.slice(below.length).split('.');
    let at = root;
    // What is too deep for a path keeps its dots.
    const steps = path.length <= MAX_DEPTH ? path : [...path.slice(0, MAX_DEPTH), path.slice(MAX_DEPTH).join('.')];
    for (const step of steps) {
      let next = at.below.get(step);
      if (next === undefined) at.below.set(step, (next = new Branch()));
      at = next;
    }
    at.value = plain(values[i]);
  }
  return found ? grown(root) : undefined;
} // prettier-ignore

function grown({ value, below }: Branch): unknown {
  if (below.size === 0) return value;
  const names = [...below.keys()];
  if (value === undefined && names.every((name) => /^\d{1,6}$/.test(name) && Number(name) <= MAX_INDEX)) {
    names.sort((a, b) => Number(a) - Number(b));
    return names.map((name) => grown(below.get(name)!));
  }
  const own: [string, unknown][] = value === undefined ? [] : [['', value]];
  return Object.fromEntries([...own, ...names.map((name) => [name, grown(below.get(name)!)] as const)]);
}

/** Lists of pairs as objects; bytes and numbers that JSON lacks as texts. */
export function plain(value: unknown, depth = 0): unknown {
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth > MAX_DEPTH) return undefined;
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (Array.isArray(value)) return value.map((item) => plain(item, depth + 1));
  const { keys, values } = value as Partial<FlatAttributes>;
  if (!Array.isArray(keys) || !Array.isArray(values)) return value;
  return Object.fromEntries(keys.map((key: string, i) => [key, plain(values[i], depth + 1)]));
}
