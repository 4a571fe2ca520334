import type { TestCall } from './calls.ts';

/** The same answers as the code under test gives, the plain way: objects and recursion. */
export interface NaiveNode {
  readonly call: TestCall;
  readonly depth: number;
  readonly children: NaiveNode[];
  readonly size: number;
}

/** @param calls in the order in which they came. */
export function naiveTree(calls: readonly TestCall[]): NaiveNode[] {
  const byId = new Map(calls.map((call) => [call.id, call]));
  const inOrder = calls
    .map((call, i) => ({ call, i }))
    .sort((a, b) => a.call.startUs - b.call.startUs || a.i - b.i)
    .map(({ call }) => call);
  const rank = new Map(inOrder.map((call, i) => [call, i]));
  const parentOf = (call: TestCall) => (typeof call.parent === 'string' ? byId.get(call.parent) : undefined);
  const isFirstOfCircle = (call: TestCall) => {
    const circle = [call];
    for (let up = parentOf(call); up !== call; up = parentOf(up)) {
      if (up === undefined || circle.includes(up)) return false;
      circle.push(up);
    }
    return circle.every((each) => rank.get(each)! >= rank.get(call)!);
  };
  const isRoot = (call: TestCall) => parentOf(call) === undefined || isFirstOfCircle(call);
  const below = (call: TestCall, depth: number): NaiveNode => {
    const children = inOrder
      .filter((each) => parentOf(each) === call && !isRoot(each))
      .map((each) => below(each, depth + 1));
    return { call, depth, children, size: 1 + children.reduce((sum, child) => sum + child.size, 0) };
  };
  return inOrder.filter(isRoot).map((call) => below(call, 0));
}

export function flat(nodes: readonly NaiveNode[]): NaiveNode[] {
  return nodes.flatMap((node) => [node, ...flat(node.children)]);
}

export interface NaiveSums {
  readonly in: number;
  readonly out: number;
  readonly cost: number;
  readonly errors: number;
}

export function naiveSums({ call, children }: NaiveNode): NaiveSums {
  const below = children.map(naiveSums);
  const sum = (of: keyof NaiveSums) => below.reduce((all, each) => all + each[of], 0);
  const usage = call.usage ?? [];
  const made = usage.some(({ out }) => out > 0);
  const repeats =
    children.length > 0 &&
    (call.isSpan === true ? (made ? sum('out') > 0 : sum('in') + sum('out') > 0) : isSum(call, children));
  const own = (of: 'in' | 'out' | 'cost') =>
    repeats ? 0 : usage.reduce((all, each) => all + (each[of] || 0), 0);
  return {
    in: sum('in') + own('in'),
    out: sum('out') + own('out'),
    cost: sum('cost') + own('cost'),
    errors: sum('errors') + (call.state === 1 ? 1 : 0),
  };
}

function isSum(call: TestCall, children: readonly NaiveNode[]): boolean {
  const end = call.durationUs < 0 ? Infinity : call.startUs + call.durationUs;
  const all = children.map((child) => child.call);
  const ended = all.filter((each) => each.durationUs >= 0 && each.startUs + each.durationUs <= end);
  return [all, ended].some((calls) => byModel(calls) === byModel([call]));
}

function byModel(calls: readonly TestCall[]): string {
  const sums = new Map<string, [number, number]>();
  for (const { model, ...used } of calls.flatMap(({ usage = [] }) => usage)) {
    const [tokensIn, out] = sums.get(model) ?? [0, 0];
    sums.set(model, [tokensIn + used.in, out + used.out]);
  }
  return JSON.stringify([...sums].sort());
}

/** Ids of the calls that the end waited for. */
export function naiveSlowPath(roots: readonly NaiveNode[], nowUs: number, untilUs = Infinity): string[] {
  const endOf = ({ call }: NaiveNode) =>
    Math.min(call.durationUs < 0 ? Math.max(nowUs, call.startUs) : call.startUs + call.durationUs, untilUs);
  let until = untilUs;
  const path: string[] = [];
  for (;;) {
    const before = roots.filter(
      (node) => endOf(node) <= until && endOf(node) > node.call.startUs && node.call.startUs < until,
    );
    const latest = before.reduce<NaiveNode | undefined>((best, node) => {
      if (best === undefined || endOf(node) > endOf(best)) return node;
      return endOf(node) === endOf(best) && node.call.startUs < best.call.startUs ? node : best;
    }, undefined);
    if (latest === undefined) return path;
    path.push(latest.call.id, ...naiveSlowPath(latest.children, nowUs, endOf(latest)));
    until = latest.call.startUs;
  }
}
