import { createHash } from 'node:crypto';
import type { NewJob } from '@weft/job-queue';

/** The jobs of this service and what they carry: references only; calls, monitors and scorers are read when a job runs. */

/** Which call. Of a span its trace is part of its identity. */
export interface CallKey {
  readonly projectId: string;
  readonly callId: string;
  /** Null for calls that are not made of spans. */
  readonly spanTraceId: string | null;
}

/** `score`: runs scorers on one call (or what a debounced monitor gathered) and writes what they say. */
export interface ScoreJob extends CallKey {
  /** Version of the monitor; null = asked for by /calls/score. */
  readonly monitorRef: string | null;
  /** Versions of scorers; several only where a ClassifierMonitor asks one model for all of them. */
  readonly scorerRefs: readonly string[];
  readonly isAgentTurn: boolean;
  /** Of a debounced monitor: score together what has this value in the field. */
  readonly gathered: { readonly field: 'trace_id' | 'thread_id'; readonly value: string } | null;
  /** Who is named as the scorer's user: the monitor's, or who asked. */
  readonly userId: string;
  /** True: the call could not be read when it was told of, so that nobody knows yet whether the monitor looks at it. */
  readonly isUnchecked?: boolean;
}

/** `settle`: a trace or thread of a debounced monitor has come to rest; its newest call becomes a ScoreJob. */
export interface SettleJob extends CallKey {
  readonly monitorRef: string;
  readonly gathered: { readonly field: 'trace_id' | 'thread_id'; readonly value: string };
  readonly endedAtUs: number;
  readonly isAgentTurn: boolean;
}

/** `history`: goes through calls of the past and adds ScoreJobs. */
export interface HistoryJob {
  readonly projectId: string;
  readonly monitorRef: string;
  readonly fromUs: number;
  readonly toUs: number;
  readonly userId: string;
}

/** `alert`: looks at one window of an alert. */
export interface AlertJob {
  readonly projectId: string;
  readonly alertRef: string;
  readonly fromUs: number;
  readonly toUs: number;
}

/**
 * The id of a score: the same for the same rule (versions of monitor and scorer) and call, however often and wherever it is
 * made, so that a repeat overwrites itself. A UUID (version 8 of RFC 9562).
 */
export function scoreId(
  monitorRef: string | null,
  scorerRef: string,
  call: CallKey,
  part: 'feedback' | 'call',
): string {
  const hash = createHash('sha256');
  for (const text of [part, monitorRef ?? '', scorerRef, call.projectId, call.spanTraceId ?? '', call.callId])
    hash.update(`${text.length}:${text}`);
  const hex = hash.digest('hex');
  const variant = ((parseInt(hex[16]!, 16) & 0x3) | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** @param group the monitor's name, or `calls/score`. */
export function toScoreJob(job: ScoreJob, group: string, priority?: number): NewJob {
  return {
    id: `score-${scoreId(job.monitorRef, job.scorerRefs.join(' '), job, 'feedback')}`,
    projectId: job.projectId,
    kind: 'score',
    group,
    data: JSON.stringify(job),
    ...(priority === undefined ? {} : { priority }),
  };
}
