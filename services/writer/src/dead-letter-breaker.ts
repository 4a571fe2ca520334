import { partitionOf, type Rejected } from '@weft/event-log';
import type { TraceEvent } from '@weft/model';

/** So many rejected events of one partition in a row are not the data any more. */
const MAX_IN_A_ROW = 1_000;
const BUCKET_MS = 60_000;
const BUCKETS = 10;
/** Below so many rejected events in the window their share says nothing: three of a quiet hour are three. */
const MIN_REJECTED = 1_000;

interface Bucket {
  readonly startMs: number;
  readonly total: number;
  readonly rejected: number;
}

interface Seen {
  /** Rejected events at the end of each partition; none = 0. */
  readonly runs: ReadonlyMap<number, number>;
  /** Newest last. */
  readonly buckets: readonly Bucket[];
}

const NOTHING: Seen = { runs: new Map(), buckets: [] };

export interface DeadLetterBreaker {
  /**
   * What speaks against committing this batch; undefined: go on. A batch that is held comes again and counts once. So does
   * one that was let pass and comes again because it could not be committed.
   */
  judge(batch: readonly TraceEvent[], rejected: readonly Rejected[]): string | undefined;
}

export interface BreakerOptions {
  /** Most rejected events of 10 minutes, in percent; 100 = the breaker never opens. */
  readonly maxPercent: number;
  readonly partitions: number;
  readonly nowMs?: () => number;
}

/**
 * Tells bad data from a bad version: more than `maxPercent` of the events of 10 minutes rejected (and at least 1,000), or 1,000
 * of one partition in a row. It counts for one process, from its start.
 */
export function createDeadLetterBreaker(options: BreakerOptions): DeadLetterBreaker {
  const { maxPercent, partitions, nowMs = Date.now } = options;
  let seen = NOTHING;
  let before = NOTHING;
  let lastRejected: ReadonlySet<string> = new Set();

  return {
    judge(batch, rejected) {
      if (maxPercent >= 100) return undefined;
      const keys = new Set(rejected.map(({ event }) => keyOf(event)));
      const base = [...keys].some((key) => lastRejected.has(key)) ? before : seen;
      const next: Seen = {
        runs: runsAfter(base.runs, batch, rejected, partitions),
        buckets: bucketsAfter(base.buckets, batch.length, rejected.length, nowMs()),
      };
      const reason = verdict(next, maxPercent);
      if (reason !== undefined) return reason;
      if (keys.size > 0) lastRejected = keys;
      before = base;
      seen = next;
      return undefined;
    },
  };
}

function verdict({ runs, buckets }: Seen, maxPercent: number): string | undefined {
  for (const [partition, run] of runs)
    if (run >= MAX_IN_A_ROW) return `${run} events of partition ${partition} in a row were rejected`;
  const rejected = buckets.reduce((sum, bucket) => sum + bucket.rejected, 0);
  const total = buckets.reduce((sum, bucket) => sum + bucket.total, 0);
  if (rejected < MIN_REJECTED || rejected * 100 <= total * maxPercent) return undefined;
  return `${rejected} of ${total} events of the last 10 minutes were rejected, more than ${maxPercent} %`;
}

/** A run that has become long enough stays, whatever follows it in the batch. */
function runsAfter(
  runs: ReadonlyMap<number, number>,
  batch: readonly TraceEvent[],
  rejected: readonly Rejected[],
  partitions: number,
): ReadonlyMap<number, number> {
  if (runs.size === 0 && rejected.length === 0) return runs;
  const bad = new Set(rejected.map(({ event }) => event));
  const after = new Map(runs);
  for (const event of batch) {
    const partition = partitionOf(event, partitions);
    const run = after.get(partition) ?? 0;
    if (bad.has(event)) after.set(partition, run + 1);
    else if (run < MAX_IN_A_ROW) after.delete(partition);
  }
  return after;
}

function bucketsAfter(
  buckets: readonly Bucket[],
  total: number,
  rejected: number,
  nowMs: number,
): readonly Bucket[] {
  const startMs = nowMs - (nowMs % BUCKET_MS);
  const kept = buckets.filter((bucket) => bucket.startMs > startMs - BUCKETS * BUCKET_MS);
  const last = kept.at(-1);
  if (last?.startMs !== startMs) return [...kept, { startMs, total, rejected }];
  return [...kept.slice(0, -1), { startMs, total: last.total + total, rejected: last.rejected + rejected }];
}

function keyOf({ kind, projectId, id, receivedAtUs }: TraceEvent): string {
  return `${kind} ${projectId}/${id} ${receivedAtUs}`;
}
