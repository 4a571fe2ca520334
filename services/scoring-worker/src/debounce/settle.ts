import type { JobHandler, JobQueue } from '@weft/job-queue';
import type { Monitor } from '@weft/scoring';
import type { TraceReader } from '@weft/trace-store';
import { scoreJobs } from '../intake/to-jobs.ts';
import type { CallKey, SettleJob } from '../jobs.ts';
import { activeVersion } from '../monitors/active-version.ts';
import type { Monitors } from '../parts.ts';
import type { WorkerMetrics } from '../worker-metrics.ts';
import { findGathered, type Gathered } from './gathered.ts';

export interface SettleDeps {
  readonly reader: Pick<TraceReader, 'streamCalls'>;
  readonly queue: Pick<JobQueue, 'add'>;
  readonly monitors: Monitors;
  readonly metrics: WorkerMetrics;
}

/** Ends jobs that handed over: the score they asked for is counted by its own job. */
export const SETTLED = 'settled';

/**
 * A trace or thread has come to rest: its newest call, as the store has it now, is to be scored. Calls that were told in
 * another order than they ended, or while this waits, change nothing.
 */
export function createSettleHandler({ reader, queue, monitors, metrics }: SettleDeps): JobHandler {
  return async ({ data }) => {
    const job = JSON.parse(data) as SettleJob;
    const monitor = await activeVersion(monitors, job.projectId, job.monitorRef);
    if (monitor === undefined) {
      metrics.skipped('disabled');
      return { done: 'skipped:disabled' };
    }
    const { projectId, gathered, isAgentTurn } = job;
    const newest = await newestOf(reader, monitor, { projectId, ...gathered });
    const all = monitor.debounce?.method === 'all_messages';
    const jobs = scoreJobs(monitor, newest ?? job, {
      isAgentTurn: newest?.isAgentTurn ?? isAgentTurn,
      gathered: all ? gathered : null,
    });
    metrics.queued((await queue.add(jobs)).length);
    return { done: SETTLED };
  };
}

async function newestOf(
  reader: SettleDeps['reader'],
  monitor: Monitor,
  gathered: Gathered,
): Promise<(CallKey & { isAgentTurn: boolean }) | undefined> {
  const [found] = await findGathered(reader, monitor, gathered, { limit: 1, payloads: [] });
  if (found === undefined) return undefined;
  const { projectId, id: callId, isSpan, traceId } = found.call;
  return { projectId, callId, spanTraceId: isSpan ? traceId : null, isAgentTurn: found.isAgentTurn };
}
