import type { JobQueue } from '@weft/job-queue';
import type { Monitor } from '@weft/scoring';
import { BoundedMap } from '../bounded-map.ts';
import { keyOf } from '../read-calls.ts';
import type { WorkerMetrics } from '../worker-metrics.ts';
import type { Heard } from './candidates.ts';

/** Calls that were told again lately are counted once. */
export type Uncounted = (monitor: Monitor, call: Heard) => boolean;

/** 20 MiB at most. */
const MAX_REMEMBERED = 100_000;

export function createUncounted(): Uncounted {
  const seen = new BoundedMap<true>(MAX_REMEMBERED);
  return (monitor, call) => {
    const key = `${monitor.ref} ${keyOf(call)}`;
    if (seen.get(key) !== undefined) return false;
    seen.set(key, true);
    return true;
  };
}

/** Counts calls that never become a job, by monitor and reason. */
export class Tally {
  private readonly isUncounted: Uncounted;
  private readonly skipped: { readonly monitor: Monitor; readonly call: Heard; readonly reason: string }[] =
    [];

  constructor(isUncounted: Uncounted) {
    this.isUncounted = isUncounted;
  }

  skip(monitor: Monitor, call: Heard, reason: string): void {
    this.skipped.push({ monitor, call, reason });
  }

  /** Last of all: what fails before that comes again, and is not counted twice. */
  async tell(queue: Pick<JobQueue, 'tally'>, projectId: string, metrics: WorkerMetrics): Promise<void> {
    const counts = new Map<string, { group: string; outcome: string; count: number }>();
    for (const { monitor, call, reason } of this.skipped) {
      if (!this.isUncounted(monitor, call)) continue;
      const key = `${reason} ${monitor.name}`;
      const known = counts.get(key);
      if (known === undefined)
        counts.set(key, { group: monitor.name, outcome: `skipped:${reason}`, count: 1 });
      else known.count++;
      metrics.skipped(reason);
    }
    if (counts.size > 0) await queue.tally(projectId, [...counts.values()]);
  }
}
