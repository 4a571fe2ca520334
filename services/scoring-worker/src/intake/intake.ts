import type { HandleBatch, Rejected } from '@weft/event-log';
import type { JobQueue, NewJob } from '@weft/job-queue';
import { AppError, hasScoreMark, readStoredCallEvent, type TraceEvent } from '@weft/model';
import type { Logger } from '@weft/runtime';
import { createMatcher, type Matcher, type Monitor } from '@weft/scoring';
import type { StoredCall, TraceReader } from '@weft/trace-store';
import type { Alerts } from '../alerts/alerts.ts';
import type { ScoringConfig } from '../config.ts';
import type { Monitors } from '../parts.ts';
import { keyOf, readCalls } from '../read-calls.ts';
import type { WorkerMetrics } from '../worker-metrics.ts';
import { isInSample, isKnown, type Candidate, type Heard } from './candidates.ts';
import { createHolds, type Holds } from './holds.ts';
import { createRoom } from './room.ts';
import { scoreJobs, settleJob, valueOf } from './to-jobs.ts';
import { createUncounted, Tally } from './tally.ts';

export interface IntakeDeps {
  readonly reader: Pick<TraceReader, 'streamCalls'>;
  readonly queue: Pick<JobQueue, 'add' | 'tally' | 'find' | 'counts'>;
  readonly monitors: Monitors;
  readonly alerts: Pick<Alerts, 'schedule'>;
  readonly metrics: WorkerMetrics;
  readonly logger: Logger;
  readonly config: Pick<
    ScoringConfig,
    'WF_SCORING_WORKER_DEBOUNCED_SCORING_MAX_SAMPLING_RATE' | 'WEFT_SCORING_MAX_PENDING'
  >;
  /** Milliseconds. */
  readonly clock?: () => number;
}

/** Projects of a batch that are looked at at a time. */
const PROJECTS_AT_A_TIME = 8;

/**
 * Stored calls → jobs: which monitors look at a call by its op, whether it is in their sample, whether their query holds for
 * it. All of it follows from the call and the monitors alone, so that a repeat asks for the same jobs, which are known then.
 * Resolves once the jobs are durable.
 */
export function createIntake(deps: IntakeDeps): HandleBatch {
  const project = createProjectIntake(deps);
  return async (batch) => {
    const rejected: Rejected[] = [];
    const byProject = new Map<string, Map<string, Heard>>();
    for (const event of batch) {
      const heard = hear(event, rejected);
      if (heard === undefined || heard.facts.isScore) continue;
      let calls = byProject.get(heard.projectId);
      if (calls === undefined) byProject.set(heard.projectId, (calls = new Map()));
      calls.set(keyOf(heard), heard);
    }
    const rest = [...byProject];
    const work = async () => {
      for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
        const [projectId, calls] = next;
        await project(projectId, [...calls.values()]);
        await deps.alerts.schedule(projectId, endsOf(calls.values()));
      }
    };
    await Promise.all(Array.from({ length: Math.min(PROJECTS_AT_A_TIME, rest.length) }, work));
    return rejected;
  };
}

function endsOf(calls: Iterable<Heard>): number[] {
  return [...calls].filter(isKnown).map(({ facts }) => facts.endedAtUs);
}

function hear(event: TraceEvent, rejected: Rejected[]): Heard | undefined {
  try {
    if (event.kind !== 'call.stored')
      throw new AppError('undecodable_event', `${event.kind} does not belong on the topic stored-calls`);
    const facts = readStoredCallEvent(event);
    const spanTraceId = facts.isSpan ? facts.traceId : null;
    return { projectId: event.projectId, callId: event.id, spanTraceId, facts };
  } catch (error) {
    if (!(error instanceof AppError) || error.retryable) throw error;
    rejected.push({ event, reason: `${error.code}: ${error.message}` });
    return undefined;
  }
}

function createProjectIntake(deps: IntakeDeps) {
  const { reader, queue, monitors, metrics, logger, config, clock = Date.now } = deps;
  const matchers = new WeakMap<readonly Monitor[], { matcher: Matcher; holds: Holds }>();
  const uncounted = createUncounted();
  const room = createRoom(queue, config.WEFT_SCORING_MAX_PENDING, clock);
  const maxGathered = config.WF_SCORING_WORKER_DEBOUNCED_SCORING_MAX_SAMPLING_RATE;

  const tellFailed = ({ ref }: Monitor, err: unknown) =>
    logger.warn({ err, monitor: ref }, 'the query of a monitor cannot be held against calls');

  function rulesOf(active: readonly Monitor[]) {
    let rules = matchers.get(active);
    if (rules === undefined)
      matchers.set(
        active,
        (rules = { matcher: createMatcher(active), holds: createHolds(active, tellFailed) }),
      );
    return rules;
  }

  return async (projectId: string, heard: readonly Heard[]): Promise<void> => {
    const active = await monitors.active(projectId);
    if (active.length === 0) return;
    const { matcher, holds } = rulesOf(active);
    const tally = new Tally(uncounted);
    const candidates: Candidate[] = [];
    const consider = (call: Heard) => {
      for (const match of matcher.match(call.facts)) {
        metrics.matched(1);
        if (isInSample(match.monitor, call, maxGathered)) candidates.push({ ...match, call });
        else tally.skip(match.monitor, call, 'sample');
      }
    };

    for (const call of heard) if (isKnown(call)) consider(call);
    const unknown = heard.filter((call) => !isKnown(call));
    const asking = candidates.filter(({ monitor }) => holds.asks(monitor)).map(({ call }) => call);
    const payloads = unknown.length === 0 ? holds.payloads : [...new Set([...holds.payloads, ...MARK_IN])];
    // Queries of monitors look at heads, as those of clients do: a batch of whole ones would not fit memory.
    const read = await readCalls(reader, projectId, [...new Set([...asking, ...unknown])], payloads, 0);
    const lost: Heard[] = [];
    for (const call of unknown) {
      const stored = read.get(keyOf(call));
      if (stored === undefined) lost.push(call);
      else consider(told(call, stored));
    }

    const jobs = new Jobs(queue, projectId, clock());
    for (const candidate of candidates) {
      const { monitor, call } = candidate;
      const stored = read.get(keyOf(call));
      if (stored !== undefined && !holds.of(monitor, stored)) {
        tally.skip(monitor, call, 'filter');
        continue;
      }
      if (!(await room.has(projectId, monitor))) {
        tally.skip(monitor, call, 'queue_full');
        continue;
      }
      metrics.sampled(1);
      // Whoever runs the job looks again.
      jobs.want(candidate, stored === undefined && holds.asks(monitor), tally);
    }
    // Nobody knows what they are: whoever runs the jobs finds out.
    for (const call of lost)
      for (const monitor of active) {
        if (monitor.debounce !== undefined || isInSample(monitor, call, maxGathered))
          jobs.want({ monitor, isAgentTurn: false, call }, true, tally);
        else tally.skip(monitor, call, 'sample');
      }

    metrics.queued(await jobs.add(tally));
    await tally.tell(queue, projectId, metrics);
  };
}

/** Where the mark of calls that scorers made lies. */
const MARK_IN = ['attributes'] as const;

/** What the writer did not know of it. */
function told(call: Heard, stored: StoredCall): Heard {
  const { traceId, parentId, threadId, opName, isSpan, endedAtUs } = stored;
  const isScore = hasScoreMark(stored.attributes);
  const facts = { traceId, parentId, threadId, opName, isSpan, isScore, endedAtUs: endedAtUs ?? 0 };
  return { ...call, facts };
}

/** Most jobs that are added at once. */
const MAX_JOBS = 500;

/** The jobs that one project's share of a batch asks for. */
class Jobs {
  private readonly queue: IntakeDeps['queue'];
  private readonly projectId: string;
  private readonly nowMs: number;
  private readonly jobs: NewJob[] = [];
  /** By job: the newest call of what is gathered comes last. */
  private readonly settling = new Map<string, { job: NewJob; calls: Candidate[] }>();

  constructor(queue: IntakeDeps['queue'], projectId: string, nowMs: number) {
    this.queue = queue;
    this.projectId = projectId;
    this.nowMs = nowMs;
  }

  want(candidate: Candidate, isUnchecked: boolean, tally: Tally): void {
    const { monitor, call, isAgentTurn } = candidate;
    if (monitor.debounce === undefined || !isKnown(call)) {
      const more = { isAgentTurn, gathered: null, ...(isUnchecked && { isUnchecked }) };
      this.jobs.push(...scoreJobs(monitor, call, more));
      return;
    }
    const value = valueOf(monitor, call);
    if (value === undefined) {
      tally.skip(monitor, call, 'nothing_to_gather_by');
      return;
    }
    const job = settleJob(candidate, value, this.nowMs);
    const known = this.settling.get(job.id);
    if (known === undefined) this.settling.set(job.id, { job, calls: [candidate] });
    else {
      known.calls.push(candidate);
      if (call.facts.endedAtUs >= known.calls[0]!.call.facts.endedAtUs) known.job = job;
    }
  }

  /** @returns how many are new. */
  async add(tally: Tally): Promise<number> {
    for (const { job, calls } of this.settling.values()) {
      const before = await this.queue.find(this.projectId, job.id);
      const waits = before?.state === 'waiting' || before?.state === 'delayed';
      // One call of all is scored in the end: it is counted by its job.
      for (const { monitor, call } of calls.slice(waits ? 0 : 1)) tally.skip(monitor, call, 'gathered');
      this.jobs.push(job);
    }
    let added = 0;
    for (let from = 0; from < this.jobs.length; from += MAX_JOBS)
      added += (await this.queue.add(this.jobs.slice(from, from + MAX_JOBS))).length;
    return added;
  }
}
