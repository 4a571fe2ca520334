import { ScoreError, type Monitor, type Scorer } from '@weft/scoring';
import { feedbackField, type TraceReader } from '@weft/trace-store';
import type { JobQueue, JobState, NewJob } from '@weft/job-queue';
import type { Expr } from '@weft/query-language';
import { scoreJobs } from '../intake/to-jobs.ts';
import { scoreId, type CallKey } from '../jobs.ts';
import type { Scorers } from '../parts.ts';
import type { Chosen } from './pass.ts';

/** One job that a chosen call stands for: a scorer, or the classifiers that are asked together. */
export interface Task<C extends CallKey = CallKey> {
  readonly chosen: C;
  /** Place of its scorer among the monitor's jobs. */
  readonly group: number;
  readonly job: NewJob;
}

/** What of a page is done, under way, and to be done. */
export interface Sorted<C extends CallKey = CallKey> {
  readonly scored: number;
  readonly queued: number;
  readonly toScore: readonly (Task<C> & { readonly before: JobState | undefined })[];
}

/** A scorer of the monitor with what its feedback is known by. */
export interface Group {
  readonly refs: readonly string[];
  /** Undefined: it cannot be run; its scores will say why. */
  readonly scorer: Scorer | undefined;
  readonly problem: string | undefined;
}

/** The monitor's scorers as jobs ask for them. */
export async function loadGroups(scorers: Scorers, monitor: Monitor): Promise<Group[]> {
  const { projectId } = monitor;
  const jobs = scoreJobs(
    monitor,
    { projectId, callId: '', spanTraceId: null },
    { isAgentTurn: false, gathered: null },
  );
  return Promise.all(
    jobs.map(async ({ data }) => {
      const { scorerRefs } = JSON.parse(data) as { scorerRefs: readonly string[] };
      try {
        return {
          refs: scorerRefs,
          scorer: await scorers.load(scorerRefs, { merged: monitor.isClassifier }),
          problem: undefined,
        };
      } catch (error) {
        if (!(error instanceof ScoreError)) throw error;
        return { refs: scorerRefs, scorer: undefined, problem: error.message };
      }
    }),
  );
}

/** Lower priority than live calls, whose is 50. */
const PRIORITY = 90;

export function tasksOf(monitor: Monitor, chosen: readonly Chosen[]): Task<Chosen>[] {
  return chosen.flatMap((each) => {
    const { isAgentTurn, gathered } = each;
    return scoreJobs(monitor, each, { isAgentTurn, gathered }).map((job, group) => ({
      chosen: each,
      group,
      job: { ...job, priority: PRIORITY },
    }));
  });
}

export interface WorkDeps {
  readonly reader: Pick<TraceReader, 'streamFeedback'>;
  readonly queue: Pick<JobQueue, 'find' | 'add' | 'revive'>;
}

/** Tells what is scored already or will be; what failed or was skipped is done again. */
export async function sortTasks<C extends CallKey>(
  { reader, queue }: WorkDeps,
  rule: { readonly projectId: string; readonly monitorRef: string | null },
  groups: readonly Group[],
  tasks: readonly Task<C>[],
): Promise<Sorted<C>> {
  const feedbackIds = tasks.map(({ chosen, group }) => {
    const { refs, scorer } = groups[group]!;
    const known = scorer?.scorers.map(({ ref }) => ref) ?? refs;
    return known.map((ref) => scoreId(rule.monitorRef, ref, chosen, 'feedback'));
  });
  const there = await successes(reader, rule.projectId, feedbackIds.flat());
  const open = tasks.filter((_, i) => !feedbackIds[i]!.every((id) => there.has(id)));
  const states = await Promise.all(open.map(({ job }) => queue.find(rule.projectId, job.id)));
  const toScore: Sorted<C>['toScore'][number][] = [];
  let [scored, queued] = [tasks.length - open.length, 0];
  for (const [i, task] of open.entries()) {
    const before = states[i];
    // Made a moment ago: its feedback cannot be read yet.
    if (before?.state === 'done' && before.outcome === 'scored') scored++;
    else if (before === undefined || before.state === 'done' || before.state === 'dead')
      toScore.push({ ...task, before });
    else queued++;
  }
  return { scored, queued, toScore };
}

/** Puts them into the queue. Repeating it is harmless. */
export async function addTasks(
  { queue }: WorkDeps,
  projectId: string,
  toScore: Sorted['toScore'],
): Promise<void> {
  const dead = toScore.filter(({ before }) => before?.state === 'dead').map(({ job }) => job.id);
  const rest = toScore.filter(({ before }) => before?.state !== 'dead');
  if (dead.length > 0) await queue.revive(projectId, dead);
  if (rest.length > 0)
    await queue.add(
      rest.map(({ job, before }) => (before === undefined ? job : { ...job, ifKnown: 'replace' as const })),
    );
}

const IDS_AT_ONCE = 1000;

/** Feedback that says what a scorer said, not that it could not say anything. */
async function successes(
  reader: Pick<TraceReader, 'streamFeedback'>,
  projectId: string,
  ids: readonly string[],
): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for (let from = 0; from < ids.length; from += IDS_AT_ONCE) {
    const where = succeeded(ids.slice(from, from + IDS_AT_ONCE));
    for await (const rows of reader.streamFeedback({ projectId, where, payloads: false }))
      for (const { id } of rows) found.add(id);
  }
  return found;
}

function succeeded(ids: readonly string[]): Expr {
  const status = { op: 'field', field: feedbackField('payload.status') } as const;
  const compare = (value: string | null): Expr => ({
    op: 'compare',
    by: 'eq',
    left: status,
    right: { op: 'literal', value },
  });
  return {
    op: 'and',
    inputs: [
      {
        op: 'in',
        input: { op: 'field', field: feedbackField('id') },
        members: ids.map((value) => ({ op: 'literal', value })),
      },
      { op: 'or', inputs: [compare(null), { op: 'not', input: compare('error') }] },
    ],
  };
}
