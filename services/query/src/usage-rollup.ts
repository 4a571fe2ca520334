import { toModelUsage, USAGE_COUNTS, type ModelUsage } from '@weft/model';
import type { Cost } from '@weft/prices';

/** A call with what its own summary says it used. */
export interface UsageCall {
  readonly id: string;
  /** Made of an OTLP span. */
  readonly isSpan: boolean;
  /** Parents and children share it. */
  readonly traceId: string;
  readonly parentId: string | null;
  /** Null while it runs. */
  readonly endedAtUs: number | null;
  readonly usage: readonly ModelUsage[];
}

/** Of one model; costs are 0 where none were asked for. */
export interface UsageTotal {
  requests: number;
  promptTokens: number;
  completionTokens: number;
  totalTokens: number;
  cacheReadTokens: number;
  cacheCreationTokens: number;
  promptCost: number;
  completionCost: number;
  cacheReadCost: number;
  cacheCreationCost: number;
}
export type UsageTotals = Map<string, UsageTotal>;

interface Node {
  readonly call: UsageCall;
  readonly children: Node[];
  parent: Node | undefined;
  /** Children whose totals are still to come. */
  pending: number;
  totals: UsageTotals;
}

/**
 * What each call used together with everything below it among the given calls, which come in the order of their start; by
 * id, of several calls of one id the last.
 *
 * SDKs write into a call's summary what its children used, added up, where the call used nothing itself. Such a call counts
 * as having used nothing: its children are counted already. It is told by its numbers, which are those of the children
 * that had ended, all of them.
 *
 * Spans of agents and frameworks tell again what spans below them used, in numbers that need not be the same. Such a span
 * counts as having used nothing where there is usage of its kind below it among the given calls, and else what it says.
 * @param costOf asked for what a call used itself.
 */
export function rollUp(
  calls: readonly UsageCall[],
  costOf?: (call: UsageCall, usage: ModelUsage) => Cost | undefined,
): Map<string, UsageTotals> {
  const nodes = link(calls);
  const ready = nodes.filter((node) => node.pending === 0);
  for (let node = ready.pop(); node !== undefined; node = ready.pop()) {
    node.totals = totalsOf(node, costOf);
    const { parent } = node;
    if (parent !== undefined && --parent.pending === 0) ready.push(parent);
  }
  // What is left are parents in a circle: each for itself.
  for (const node of nodes) if (node.pending > 0) node.totals = totalsOf({ ...node, children: [] }, costOf);
  return new Map(nodes.map(({ call, totals }) => [call.id, totals]));
}

function link(calls: readonly UsageCall[]): Node[] {
  const nameOf = (traceId: string, id: string) => `${traceId}\0${id}`;
  const nodes = calls.map((call): Node => ({
    call, children: [], parent: undefined, pending: 0, totals: new Map(),
  })); // prettier-ignore
  const byName = new Map(nodes.map((node) => [nameOf(node.call.traceId, node.call.id), node]));
  for (const node of nodes) {
    const { parentId, traceId } = node.call;
    const parent = parentId === null ? undefined : byName.get(nameOf(traceId, parentId));
    if (parent === undefined) continue;
    node.parent = parent;
    parent.children.push(node);
    parent.pending++;
  }
  return nodes;
}

function totalsOf(
  { call, children }: Node,
  costOf: ((call: UsageCall, usage: ModelUsage) => Cost | undefined) | undefined,
): UsageTotals {
  const totals: UsageTotals = new Map();
  const repeats =
    children.length > 0 &&
    call.usage.length > 0 &&
    (call.isSpan ? isToldBelow(call, children) : isSumOf(call, children));
  if (!repeats)
    for (const usage of call.usage) add(totals, usage.model, ownTotal(usage, costOf?.(call, usage)));
  for (const child of children) for (const [model, total] of child.totals) add(totals, model, total);
  return totals;
}

function ownTotal(usage: ModelUsage, cost: Cost | undefined): UsageTotal {
  return {
    requests: usage.requests,
    promptTokens: usage.promptTokens,
    completionTokens: usage.completionTokens,
    totalTokens: usage.totalTokens > 0 ? usage.totalTokens : usage.promptTokens + usage.completionTokens,
    cacheReadTokens: usage.cacheReadTokens,
    cacheCreationTokens: usage.cacheCreationTokens,
    promptCost: cost?.prompt ?? 0,
    completionCost: cost?.completion ?? 0,
    cacheReadCost: cost?.cacheRead ?? 0,
    cacheCreationCost: cost?.cacheCreation ?? 0,
  };
}

const COUNTED = [
  'requests',
  'promptTokens',
  'completionTokens',
  'totalTokens',
  'cacheReadTokens',
  'cacheCreationTokens',
] as const;

/** A model without any count is none. */
function add(to: UsageTotals, model: string, total: UsageTotal): void {
  if (COUNTED.every((name) => total[name] === 0)) return;
  const sum = to.get(model);
  if (sum === undefined) to.set(model, { ...total });
  else for (const name of Object.keys(total) as (keyof UsageTotal)[]) sum[name] += total[name];
}

/** Texts that were made are not told by embeddings below: an agent that made some counts beside them. */
function isToldBelow({ usage }: UsageCall, children: readonly Node[]): boolean {
  const made = usage.some(({ completionTokens }) => completionTokens > 0);
  return children.some(({ totals }) => {
    if (!made) return totals.size > 0;
    for (const { completionTokens } of totals.values()) if (completionTokens > 0) return true;
    return false;
  });
}

/** Whether the call's summary repeats its children: those that had ended when it did, or all. */
function isSumOf(call: UsageCall, children: readonly Node[]): boolean {
  const { endedAtUs } = call;
  const ended = children.filter((child) => child.call.endedAtUs !== null && child.call.endedAtUs <= (endedAtUs ?? Infinity));
  return equals(call.usage, sumOf(ended)) || (ended.length < children.length && equals(call.usage, sumOf(children)));
} // prettier-ignore

/** What summaries say, added up as SDKs do: number by number. */
function sumOf(nodes: readonly Node[]): ModelUsage[] {
  const sums = new Map<string, number[]>();
  for (const { call } of nodes) {
    for (const { model, given } of call.usage) {
      const sum = sums.get(model) ?? new Array<number>(USAGE_COUNTS.length).fill(0);
      sums.set(model, sum.map((value, i) => value + given[i]!)); // prettier-ignore
    }
  }
  return [...sums].map(([model, given]) => toModelUsage(model, given));
}

function equals(a: readonly ModelUsage[], b: readonly ModelUsage[]): boolean {
  if (a.length !== b.length) return false;
  const others = new Map(b.map(({ model, given }) => [model, given]));
  return a.every(({ model, given }) => {
    const other = others.get(model);
    return other !== undefined && given.every((value, i) => value === other[i]);
  });
}
