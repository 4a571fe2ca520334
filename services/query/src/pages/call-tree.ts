import type { StoredCall } from '@weft/trace-store';

export interface Branch {
  readonly call: StoredCall;
  readonly depth: number;
}

/**
 * The calls of a trace, parents before their children, siblings by start. Calls whose parent is not among them are roots;
 * those in a circle of parents come last, each once.
 */
export function inTreeOrder(calls: readonly StoredCall[]): Branch[] {
  const ids = new Set(calls.map(({ id }) => id));
  const children = new Map<string, StoredCall[]>();
  const roots: StoredCall[] = [];
  for (const call of calls) {
    const { parentId } = call;
    if (parentId === null || !ids.has(parentId)) roots.push(call);
    else children.set(parentId, [...(children.get(parentId) ?? []), call]);
  }
  const branches: Branch[] = [];
  const seen = new Set<StoredCall>();
  const walk = (from: readonly StoredCall[]): void => {
    const stack = from.map((call) => ({ call, depth: 0 })).reverse();
    for (let branch = stack.pop(); branch !== undefined; branch = stack.pop()) {
      const { call, depth } = branch;
      if (seen.has(call)) continue;
      seen.add(call);
      branches.push(branch);
      const below = children.get(call.id) ?? [];
      for (let at = below.length - 1; at >= 0; at--) stack.push({ call: below[at]!, depth: depth + 1 });
    }
  };
  walk(roots);
  for (const call of calls) if (!seen.has(call)) walk([call]);
  return branches;
}
