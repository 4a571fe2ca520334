import type { Shape } from './shape.ts';
import { NONE, RUNNING, type TraceTable } from './trace-table.ts';
import type { UsageList } from './usage-list.ts';

/** Of each row and everything below it. */
export interface Sums {
  readonly tokensIn: Float64Array;
  readonly tokensOut: Float64Array;
  /** US dollars; calls without a known price count as 0. */
  readonly cost: Float64Array;
  /** Calls that failed. */
  readonly errors: Int32Array;
}

type Facts = Pick<TraceTable, 'usage' | 'spans' | 'starts' | 'durations' | 'isError'>;

/**
 * Calls may say again what calls below them used, and that counts once, as the server's own roll-ups do it: a call that no span
 * made repeats if its numbers are its children's, all of them, added up; a span if a span below it has usage of its kind.
 */
export function rollUp(table: Facts, shape: Shape): Sums {
  const { order, up } = shape;
  const sums = {
    tokensIn: new Float64Array(order.length),
    tokensOut: new Float64Array(order.length),
    cost: new Float64Array(order.length),
    errors: new Int32Array(order.length),
  };
  /** Whether any count below is above 0. */
  const hasAny = new Uint8Array(order.length);
  for (let i = order.length - 1; i >= 0; i--) {
    const row = order[i]!;
    if (table.isError(row)) sums.errors[row]!++;
    if (table.usage.first(row) !== NONE && !repeats(table, shape, row, sums, hasAny))
      addOwn(table.usage, row, sums, hasAny);
    const parent = up[row]!;
    if (parent === NONE) continue;
    sums.tokensIn[parent]! += sums.tokensIn[row]!;
    sums.tokensOut[parent]! += sums.tokensOut[row]!;
    sums.cost[parent]! += sums.cost[row]!;
    sums.errors[parent]! += sums.errors[row]!;
    hasAny[parent]! |= hasAny[row]!;
  }
  return sums;
}

function addOwn(usage: UsageList, row: number, sums: Sums, hasAny: Uint8Array): void {
  for (let at = usage.first(row); at !== NONE; at = usage.after(at)) {
    sums.tokensIn[row]! += usage.value(at, 0);
    sums.tokensOut[row]! += usage.value(at, 1);
    sums.cost[row]! += usage.value(at, 4) || 0;
    if (usage.value(at, 0) + usage.value(at, 1) + usage.value(at, 2) + usage.value(at, 3) > 0)
      hasAny[row] = 1;
  }
}

function repeats(table: Facts, shape: Shape, row: number, sums: Sums, hasAny: Uint8Array): boolean {
  if (shape.first[row] === NONE) return false;
  if (table.spans[row] === 0) return isSumOfChildren(table, shape, row);
  // Texts that were made are not told by embeddings below.
  return hasMade(table.usage, row) ? sums.tokensOut[row]! > 0 : hasAny[row] === 1;
}

function hasMade(usage: UsageList, row: number): boolean {
  for (let at = usage.first(row); at !== NONE; at = usage.after(at)) if (usage.value(at, 1) > 0) return true;
  return false;
}

/** Of all children, or of those that had ended when the call did. */
function isSumOfChildren({ usage, starts, durations }: Facts, { first, next }: Shape, row: number): boolean {
  const duration = durations[row]!;
  const end = duration === RUNNING ? Infinity : starts[row]! + duration;
  const [own, all, ended] = [new TokenSums(), new TokenSums(), new TokenSums()];
  own.add(usage, row);
  for (let child = first[row]!; child !== NONE; child = next[child]!) {
    if (usage.first(child) === NONE) continue;
    all.add(usage, child);
    if (durations[child] !== RUNNING && starts[child]! + durations[child]! <= end) ended.add(usage, child);
  }
  return own.equals(ended) || own.equals(all);
}

const COUNTS = [0, 1, 2, 3] as const;

class TokenSums {
  private readonly byModel = new Map<number, number[]>();

  add(usage: UsageList, row: number): void {
    for (let at = usage.first(row); at !== NONE; at = usage.after(at)) {
      const sum = this.byModel.get(usage.model(at));
      if (sum === undefined)
        this.byModel.set(
          usage.model(at),
          COUNTS.map((field) => usage.value(at, field)),
        );
      else for (const field of COUNTS) sum[field]! += usage.value(at, field);
    }
  }

  equals(other: TokenSums): boolean {
    if (this.byModel.size !== other.byModel.size) return false;
    for (const [model, sum] of this.byModel) {
      const others = other.byModel.get(model);
      if (others === undefined || COUNTS.some((field) => sum[field] !== others[field])) return false;
    }
    return true;
  }
}
