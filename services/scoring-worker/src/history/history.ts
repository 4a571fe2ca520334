import { JobHopeless, type JobHandler, type JobQueue, type RunningJob } from '@weft/job-queue';
import { AppError, formatInstant } from '@weft/model';
import type { Monitor } from '@weft/scoring';
import type { TraceReader } from '@weft/trace-store';
import type { BudgetBook } from '../budgets/budgets.ts';
import { hashOf } from '../budgets/hash-of.ts';
import type { HistoryJob } from '../jobs.ts';
import { activeVersion } from '../monitors/active-version.ts';
import type { Monitors, Scorers } from '../parts.ts';
import { estimate, SAMPLE_CALLS, SAMPLE_GATHERED, type Estimate } from './estimate.ts';
import { Gathered, pass, type Chosen } from './pass.ts';
import { opFilter, looked, scorable, type Place, type Range } from './range.ts';
import { Sample } from './sample.ts';
import { addTasks, loadGroups, sortTasks, tasksOf, type Group, type Sorted } from './work.ts';

export interface HistoryDeps {
  readonly queue: Pick<JobQueue, 'add' | 'find' | 'revive' | 'counts' | 'get' | 'put'>;
  readonly reader: Pick<TraceReader, 'streamCalls' | 'countCalls' | 'streamFeedback'>;
  readonly monitors: Monitors;
  readonly scorers: Scorers;
  readonly budgets: Pick<BudgetBook, 'drift'>;
  readonly config: {
    readonly WF_SCORING_WORKER_DEBOUNCED_SCORING_MAX_SAMPLING_RATE: number;
    readonly WF_SCORING_WORKER_DEBOUNCED_SCORING_MAX_CALL_HISTORY: number;
    readonly WEFT_SCORING_MAX_PENDING: number;
  };
}

/** What was looked at, and what became of it. Calls, then scores: one for each scorer of the monitor. */
export interface HistoryCounts {
  /** Finished calls in the range that no scorer made. */
  readonly calls: number;
  /** Of the monitor's ops, and its query holds. */
  readonly matched: number;
  /** In its sample; of a monitor that gathers: what it gathers them to. */
  readonly sampled: number;
  readonly scored: number;
  readonly queued: number;
  readonly toScore: number;
}

export interface HistoryForecast {
  readonly monitor: Monitor;
  readonly counts: HistoryCounts;
  readonly estimate: Estimate;
}

/** Monitors on calls of the past. */
export interface History {
  /**
   * What a run would do: the counts are those of a run, the cost is an estimate.
   * @param monitor its name, or one that nobody has published yet.
   * @throws AppError `not_found` for the monitor, `invalid_request` for more than can be gathered.
   */
  forecast(
    projectId: string,
    monitor: string | Monitor,
    range: Range,
    signal: AbortSignal,
  ): Promise<HistoryForecast>;
  /**
   * Queues a run: asked again while it is under way it is the same one.
   * @throws AppError `not_found`; `invalid_request` for a monitor that is not active, because nothing of it is scored.
   */
  start(
    projectId: string,
    monitorName: string,
    range: Range,
    userId: string,
  ): Promise<{ readonly monitor: Monitor; readonly jobId: string }>;
  /** What a run has done so far; undefined = not known. */
  counts(projectId: string, jobId: string): Promise<HistoryCounts | undefined>;
  /** Runs jobs of the kind `history`. */
  readonly run: JobHandler;
}

/** Scores of one monitor that may wait; at most half of what may wait in all, so that live calls have room. */
const MAX_PENDING = 10_000;
const COME_BACK_MS = 2000;
const MAX_GATHERED = 200_000;
const GATHERED_PAGE = 500;
const COUNTS_TTL_MS = 7 * 86_400_000;

const NONE: HistoryCounts = { calls: 0, matched: 0, sampled: 0, scored: 0, queued: 0, toScore: 0 };

/** What a run remembers over a restart. */
interface Saved {
  readonly counts: HistoryCounts;
  readonly place: Place | undefined;
  readonly read: number;
  readonly total: number;
}

export function createHistory(deps: HistoryDeps): History {
  const { queue, reader, monitors, scorers, budgets, config } = deps;
  const passDeps = { reader, maxGathered: config.WF_SCORING_WORKER_DEBOUNCED_SCORING_MAX_SAMPLING_RATE };
  const estimateDeps = {
    reader,
    drift: budgets.drift,
    maxTogether: config.WF_SCORING_WORKER_DEBOUNCED_SCORING_MAX_CALL_HISTORY,
  };

  const maxPending = Math.min(MAX_PENDING, Math.ceil(config.WEFT_SCORING_MAX_PENDING / 2));

  async function known(projectId: string, name: string): Promise<Monitor> {
    const monitor = await monitors.current(projectId, name);
    if (monitor !== undefined) return monitor;
    throw new AppError('not_found', `there is no monitor ${name} in ${projectId}`);
  }

  async function countCalls(projectId: string, range: Range, signal?: AbortSignal): Promise<number> {
    return (await reader.countCalls({ projectId, filter: {}, condition: scorable(range) }, signal)).count;
  }

  /** Pages of what is to be decided on, with the counts up to there. The same for the forecast and the run. */
  async function* decide(
    monitor: Monitor,
    groups: readonly Group[],
    range: Range,
    from: Pick<Saved, 'counts' | 'place' | 'read'>,
    { signal, sizes }: { readonly signal: AbortSignal; readonly sizes: boolean },
  ): AsyncGenerator<Pick<Saved, 'counts' | 'place' | 'read'> & { readonly sorted: Sorted<Chosen> }> {
    let { counts, read } = from;
    const sort = async (chosen: readonly Chosen[], sampled: number, place: Place | undefined) => {
      const sorted = await sortTasks(
        deps,
        { projectId: monitor.projectId, monitorRef: monitor.ref },
        groups,
        tasksOf(monitor, chosen),
      );
      counts = {
        ...counts,
        sampled: counts.sampled + sampled,
        scored: counts.scored + sorted.scored,
        queued: counts.queued + sorted.queued,
        toScore: counts.toScore + sorted.toScore.length,
      };
      return { counts, place, read, sorted };
    };
    // What belongs together is known when all of it was seen: such a run begins anew.
    const gathered = monitor.debounce === undefined ? undefined : new Gathered(MAX_GATHERED);
    for await (const page of pass(passDeps, monitor, range, { after: from.place, signal, sizes })) {
      counts = { ...counts, matched: counts.matched + page.matched };
      read += page.read;
      if (gathered === undefined) yield await sort(page.chosen, page.chosen.length, page.place);
      else if (!gathered.add(page.chosen))
        throw new AppError('invalid_request', `the range has more than ${MAX_GATHERED} threads or traces: choose a shorter one`); // prettier-ignore
    }
    // Also where nothing was gathered: what was matched is to be told.
    if (gathered !== undefined) yield await sort([], 0, undefined);
    for (const some of gathered?.pages(GATHERED_PAGE) ?? []) yield await sort(some, some.length, undefined);
  }

  async function run(job: RunningJob): ReturnType<JobHandler> {
    const { projectId, monitorRef, fromUs, toUs } = JSON.parse(job.data) as HistoryJob;
    const range = { fromUs, toUs };
    const monitor = await activeVersion(monitors, projectId, monitorRef);
    if (monitor === undefined) return { done: 'disabled' };
    if (await isFull(projectId, monitor.name)) return waitForRoom;
    const groups = await loadGroups(scorers, monitor);
    let saved = readSaved(job.saved) ?? (await begin(projectId, monitor, range));
    if (monitor.debounce !== undefined) saved = { ...saved, counts: { ...NONE, calls: saved.counts.calls }, place: undefined, read: 0 }; // prettier-ignore
    const options = { signal: job.signal, sizes: false };
    for await (const { sorted, ...now } of decide(monitor, groups, range, saved, options)) {
      await addTasks(deps, projectId, sorted.toScore);
      saved = { ...now, total: saved.total };
      await keep(job, saved);
      if (job.signal.aborted) return { againInMs: 0, reason: 'the worker stops' };
      if (monitor.debounce === undefined && (await isFull(projectId, monitor.name))) return waitForRoom;
    }
    return { done: 'done' };
  }

  async function begin(projectId: string, monitor: Monitor, range: Range): Promise<Saved> {
    const calls = await countCalls(projectId, range);
    const query = { projectId, filter: opFilter(monitor), condition: looked(monitor, range) };
    const { count: total } = await reader.countCalls(query);
    return { counts: { ...NONE, calls }, place: undefined, read: 0, total };
  }

  async function keep(job: RunningJob, saved: Saved): Promise<void> {
    await job.save(JSON.stringify(saved));
    await queue.put(countsKey(job.projectId, job.id), JSON.stringify(saved.counts), COUNTS_TTL_MS);
    await job.progress(Math.min(saved.read, saved.total), saved.total);
  }

  async function isFull(projectId: string, monitor: string): Promise<boolean> {
    return (await queue.counts(projectId, monitor)).pending >= maxPending;
  }

  return {
    async forecast(projectId, named, range, signal) {
      const monitor = typeof named === 'string' ? await known(projectId, named) : named;
      const groups = await loadGroups(scorers, monitor);
      const most = monitor.debounce === undefined ? SAMPLE_CALLS : SAMPLE_GATHERED;
      const samples = groups.map(() => new Sample(most));
      let counts: HistoryCounts = { ...NONE, calls: await countCalls(projectId, range, signal) };
      const from = { counts, place: undefined, read: 0 };
      for await (const now of decide(monitor, groups, range, from, { signal, sizes: true })) {
        counts = now.counts;
        for (const { chosen, group } of now.sorted.toScore) samples[group]!.add(chosen);
      }
      return { monitor, counts, estimate: await estimate(estimateDeps, monitor, groups, samples) };
    },

    async start(projectId, monitorName, range, userId) {
      const monitor = await known(projectId, monitorName);
      if (!monitor.active)
        throw new AppError('invalid_request', `monitor ${monitorName} is not active: activate it first`);
      const job: HistoryJob = { projectId, monitorRef: monitor.ref, ...range, userId };
      const jobId = `history-${hashOf(monitor.ref, formatInstant(range.fromUs), formatInstant(range.toUs))}`;
      const before = await queue.find(projectId, jobId);
      const isUnderWay = before !== undefined && before.state !== 'done' && before.state !== 'dead';
      if (!isUnderWay) {
        await queue.put(countsKey(projectId, jobId), JSON.stringify(NONE), COUNTS_TTL_MS);
        await queue.add([
          {
            id: jobId,
            projectId,
            kind: 'history',
            group: `history/${monitor.name}`,
            data: JSON.stringify(job),
            ifKnown: 'replace',
          },
        ]);
      }
      return { monitor, jobId };
    },

    async counts(projectId, jobId) {
      const text = await queue.get(countsKey(projectId, jobId));
      return text === undefined ? undefined : (JSON.parse(text) as HistoryCounts);
    },

    async run(job) {
      try {
        return await run(job);
      } catch (error) {
        if (job.signal.aborted) return { againInMs: 0, reason: 'the worker stops' };
        if (!(error instanceof AppError)) throw error;
        if (error.retryable) return { againInMs: COME_BACK_MS, reason: error.message };
        throw new JobHopeless(error.message, { cause: error });
      }
    },
  };
}

const waitForRoom = { againInMs: COME_BACK_MS, reason: 'many scores of this monitor are waiting' };

function readSaved(text: string | undefined): Saved | undefined {
  return text === undefined ? undefined : (JSON.parse(text) as Saved);
}

function countsKey(projectId: string, jobId: string): string {
  return `history:${hashOf(projectId)}:${jobId}`;
}
