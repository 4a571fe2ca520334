import { callFields } from '@weft/trace-store';

export interface CallPath {
  readonly path: string;
  readonly kinds: readonly Kind[];
  /** Of the calls that were looked at. */
  readonly count: number;
}
type Kind = 'text' | 'number' | 'bool' | 'list' | 'object';

const MAX_DEPTH = 5;
/** Of one object: what has more is a map, not a shape. */
const MAX_MEMBERS = 60;
const MAX_PATHS = 1000;

/** Paths of calls as the API gives them (with feedback) that conditions can name: into payloads, usage and feedback. */
export function pathsOf(calls: readonly Record<string, unknown>[]): CallPath[] {
  const found = new Map<string, { kinds: Set<Kind>; count: number }>();
  const see = (path: string, kind: Kind, seen: Set<string>): void => {
    let entry = found.get(path);
    if (entry === undefined) {
      if (found.size >= MAX_PATHS) return;
      found.set(path, (entry = { kinds: new Set(), count: 0 }));
    }
    entry.kinds.add(kind);
    if (seen.has(path)) return;
    seen.add(path);
    entry.count++;
  };
  for (const call of calls) {
    const seen = new Set<string>();
    const walk = (path: string, value: unknown, depth: number): void => {
      const kind = kindOf(value);
      if (kind === undefined) return;
      if (depth > 0 || kind !== 'object') see(path, kind, seen);
      if (kind !== 'object' || depth >= MAX_DEPTH) return;
      for (const [name, member] of Object.entries(value as object).slice(0, MAX_MEMBERS))
        if (name !== '') walk(`${path}.${name.replaceAll('.', '\\.')}`, member, depth + 1);
    };
    for (const payload of ['inputs', 'output', 'attributes'] as const) walk(payload, call[payload], 0);
    const { weave, ...summary } = (call['summary'] ?? {}) as Record<string, unknown>;
    walk('summary', summary, 0);
    for (const each of feedbackOf(weave)) {
      const root = `feedback.[${String(each['feedback_type'])}].payload`;
      // Feedback has no place of its own below the call: it is not listed as a whole.
      walk(root, each['payload'], 0);
    }
  }
  return [...found]
    .filter(([path]) => isField(path))
    .map(([path, { kinds, count }]) => ({ path, kinds: [...kinds], count }))
    .sort((a, b) => b.count - a.count || (a.path < b.path ? -1 : 1));
}

function feedbackOf(weave: unknown): Record<string, unknown>[] {
  const { feedback } = (weave ?? {}) as { feedback?: unknown };
  return Array.isArray(feedback) ? (feedback as Record<string, unknown>[]) : [];
}

function kindOf(value: unknown): Kind | undefined {
  if (value === null || value === undefined) return undefined;
  if (Array.isArray(value)) return 'list';
  if (typeof value === 'string') return 'text';
  if (typeof value === 'boolean') return 'bool';
  return typeof value === 'object' ? 'object' : 'number';
}

const fieldOf = callFields();
function isField(path: string): boolean {
  try {
    return path.length <= 1000 && fieldOf(path) !== undefined;
  } catch {
    return false;
  }
}
