import { createHash } from 'node:crypto';
import type { NewJob } from '@weft/job-queue';
import type { Monitor } from '@weft/scoring';
import { toScoreJob, type CallKey, type ScoreJob, type SettleJob } from '../jobs.ts';
import { gatheredBy, type Candidate, type Heard } from './candidates.ts';

/** Classifiers that are asked together: their refs have to fit into a job. */
const MAX_TOGETHER = 50;

/** The jobs that score one call: one for each scorer, or one for all where a model is asked for all of them at once. */
export function scoreJobs(
  monitor: Monitor,
  call: CallKey,
  more: Pick<ScoreJob, 'isAgentTurn' | 'gathered' | 'isUnchecked'>,
): NewJob[] {
  const refs = monitor.scorers;
  const size = monitor.isClassifier ? MAX_TOGETHER : 1;
  const together: (readonly string[])[] = [];
  for (let from = 0; from < refs.length; from += size) together.push(refs.slice(from, from + size));
  const { projectId, callId, spanTraceId } = call;
  return together.map((scorerRefs) => {
    const { ref: monitorRef, userId } = monitor;
    const job = { projectId, callId, spanTraceId, monitorRef, scorerRefs, userId, ...more };
    return toScoreJob(job, monitor.name);
  });
}

/** The job that waits until what `call` belongs to has come to rest: each further call puts it off. */
export function settleJob({ monitor, call, isAgentTurn }: Candidate, value: string, nowMs: number): NewJob {
  const { field, timeoutMs } = monitor.debounce!;
  const { projectId, callId, spanTraceId, facts } = call;
  const job: SettleJob = {
    projectId,
    callId,
    spanTraceId,
    monitorRef: monitor.ref,
    gathered: { field, value },
    endedAtUs: facts.endedAtUs,
    isAgentTurn,
  };
  return {
    id: `settle-${hashOf(monitor.ref, projectId, field, value)}`,
    projectId,
    kind: 'settle',
    // Not the monitor's own: what is gathered is counted by the job that scores it.
    group: `settle/${monitor.name}`,
    data: JSON.stringify(job),
    runAtMs: nowMs + timeoutMs,
    ifKnown: 'replace',
  };
}

/** The value that calls are gathered by, where the monitor gathers and the call has one. */
export function valueOf(monitor: Monitor, call: Heard): string | undefined {
  return gatheredBy(monitor, call) || undefined;
}

function hashOf(...texts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const text of texts) hash.update(`${text.length}:${text}`);
  return hash.digest('hex').slice(0, 40);
}
