import type { Call } from '../../api/calls.ts';

/** A call where it stands in its trace. Times in milliseconds since the trace's start. */
export interface TreeNode {
  readonly call: Call;
  readonly depth: number;
  readonly startMs: number;
  /** Null: it runs. */
  readonly endMs: number | null;
}

export interface TraceTree {
  readonly nodes: readonly TreeNode[];
  /** Of the whole trace. */
  readonly durationMs: number;
}

/** Calls in the order in which they are shown: parents before their children, siblings by start. What has no parent here is a root, and so is one of each circle. */
export function toTraceTree(calls: readonly Call[]): TraceTree {
  const byId = new Map(calls.map((call) => [call.id, call]));
  const children = new Map<string | null, Call[]>();
  for (const call of calls) {
    const parent =
      call.parent_id !== null && byId.has(call.parent_id) && call.parent_id !== call.id
        ? call.parent_id
        : null;
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [call]);
    else siblings.push(call);
  }
  for (const siblings of children.values())
    siblings.sort((a, b) => (a.started_at < b.started_at ? -1 : a.started_at > b.started_at ? 1 : 0));
  const startsAt = Math.min(...extremes(calls.map(({ started_at }) => Date.parse(started_at))));
  const nodes: TreeNode[] = [];
  const seen = new Set<Call>();
  const walk = (roots: readonly Call[]): void => {
    const stack = roots.map((call) => ({ call, depth: 0 })).reverse();
    for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
      const { call, depth } = top;
      if (seen.has(call)) continue;
      seen.add(call);
      const endMs = call.ended_at === null ? null : Date.parse(call.ended_at) - startsAt;
      nodes.push({ call, depth, startMs: Date.parse(call.started_at) - startsAt, endMs });
      const below = children.get(call.id) ?? [];
      for (let i = below.length - 1; i >= 0; i--) stack.push({ call: below[i]!, depth: depth + 1 });
    }
  };
  walk(children.get(null) ?? []);
  for (const call of calls) if (!seen.has(call)) walk([call]);
  const [, last = 0] = extremes(nodes.map(({ startMs, endMs }) => endMs ?? startMs));
  return { nodes, durationMs: Math.max(1, last) };
}

/** Least and greatest; nothing for no values. Lists are too long to be arguments. */
function extremes(values: readonly number[]): number[] {
  if (values.length === 0) return [];
  let [least, greatest] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < least) least = value;
    if (value > greatest) greatest = value;
  }
  return [least, greatest];
}
