import type { EventLog } from '@weft/event-log';
import {
  requireProject,
  route,
  routerOf,
  unservedRouter,
  type Request,
  type Route,
  type RouteContext,
  type RouteGroup,
} from '@weft/http';
import type { JobQueue, JobState } from '@weft/job-queue';
import { AppError, formatInstant, nowUs } from '@weft/model';
import type { TraceReader } from '@weft/trace-store';
import {
  budgetSet,
  budgetSetPost,
  budgetsRead,
  callsScore,
  deadDrop,
  deadJobs,
  deadRevive,
  monitorsLedger,
  monitorsLedgerGet,
  monitorsScore,
  ONLINE_EVAL_OFF,
  SCORING_ROUTES,
  scoringJob,
  type BudgetSetRequest,
  type LedgerRequest,
  type MonitorsScoreRequest,
  type WhichDead,
} from '@weft/weave-api';
import { budgetEvent } from '../budgets/budget-object.ts';
import type { BudgetBook } from '../budgets/budgets.ts';
import type { History } from '../history/history.ts';
import { createLedger } from '../ledger/ledger.ts';
import { parseDraft } from '../monitors/monitors.ts';
import type { Monitors, Scorers } from '../parts.ts';
import { awaitStored } from './await-stored.ts';
import { toCounts, toDeadJob, toEstimate, toJob, toLedger, toLimits, toSpend } from './render.ts';
import { resolveScorers, scoreCalls } from './score-calls.ts';

export interface ScoringRoutesDeps {
  readonly queue: JobQueue;
  readonly reader: TraceReader;
  readonly eventLog: Pick<EventLog, 'append' | 'endOffsets' | 'waitCommitted'>;
  readonly monitors: Monitors;
  readonly scorers: Scorers;
  readonly budgets: BudgetBook;
  readonly history: History;
}

/**
 * What people ask of online evaluation. `createHttpApp` must have them before the query service's routes, whose last ones
 * say that it is off.
 * @param deps undefined: it is off, which is all that these routes say.
 */
export function scoringRoutes(deps: ScoringRoutesDeps | undefined): RouteGroup[] {
  if (deps === undefined) return [{ router: unservedRouter(SCORING_ROUTES, () => ONLINE_EVAL_OFF) }];
  const routes = [
    ...scoringByRoute(deps),
    ...ledgerRoutes(deps),
    ...historyRoutes(deps),
    ...deadRoutes(deps),
    ...budgetRoutes(deps),
  ];
  return [{ router: routerOf(routes, awaitStored(deps.eventLog)) }];
}

function scoringByRoute(deps: ScoringRoutesDeps): Route[] {
  return [
    route(callsScore, async (request, { req, res, userId }) => {
      const { project_id: projectId, call_ids: callIds } = request;
      const mayRead = (project: string) => mayReadProject(req, project);
      const scorerRefs = await resolveScorers(deps.reader, request.scorer_refs, mayRead);
      await scoreCalls(deps, { projectId, callIds, scorerRefs, userId });
      res.json({});
    }),
  ];
}

function mayReadProject(req: Request, projectId: string): void {
  requireProject(req, projectId, 'read');
}

const FROM_QUEUE = { readsStore: false } as const;

function ledgerRoutes({ queue, reader, monitors, budgets }: ScoringRoutesDeps): Route[] {
  const ledger = createLedger({ queue, reader, monitors, budgets });
  const answer = async ({ project_id: projectId, monitor }: LedgerRequest, { res }: RouteContext) => {
    const [entries, [project]] = await Promise.all([
      ledger.read(projectId, monitor),
      readBudgets(budgets, projectId, [null]),
    ]);
    res.json({ monitors: entries.map(toLedger), project });
  };
  return [route(monitorsLedger, answer, FROM_QUEUE), route(monitorsLedgerGet, answer, FROM_QUEUE)];
}

function historyRoutes({ queue, history }: ScoringRoutesDeps): Route[] {
  return [
    route(monitorsScore, async (request, { res, userId, signal }) => {
      const { project_id: projectId, monitor: name, value } = request;
      const range = rangeOf(request);
      const about = { from: formatInstant(range.fromUs), to: formatInstant(range.toUs) };
      if (request.dry_run) {
        const asked = value === undefined ? name : parseDraft(value, { projectId, name, userId });
        const { monitor, counts, estimate } = await history.forecast(projectId, asked, range, signal);
        const found = { counts: toCounts(counts), estimate: toEstimate(estimate) };
        return void res.json({ monitor_ref: monitor.ref, ...about, ...found });
      }
      if (value !== undefined)
        throw new AppError('invalid_request', 'value: is for a dry run; publish the monitor to run it');
      const { monitor, jobId } = await history.start(projectId, name, range, userId);
      res.json({ monitor_ref: monitor.ref, ...about, job_id: jobId });
    }),
    route(
      scoringJob,
      async ({ project_id: projectId, id }, { res }) => {
        const job = await queue.find(projectId, id);
        if (job === undefined) throw new AppError('not_found', `there is no job ${id} in ${projectId}`);
        const counts = job.kind === 'history' ? await history.counts(projectId, id) : undefined;
        res.json({ ...toJob(job), ...(counts !== undefined && { counts: toCounts(counts) }) });
      },
      FROM_QUEUE,
    ),
  ];
}

function rangeOf({ from: fromUs, to: toUs = nowUs() }: MonitorsScoreRequest) {
  if (fromUs < toUs) return { fromUs, toUs };
  throw new AppError('invalid_request', 'from, to: the range is empty, it ends before it begins');
}

/** As many as the queue keeps of a project. */
const ALL_DEAD = 10_000;

function deadRoutes({ queue }: ScoringRoutesDeps): Route[] {
  const ofMonitor = (jobs: readonly JobState[], monitor: string | undefined) =>
    monitor === undefined ? jobs : jobs.filter(({ group }) => group === monitor);
  const idsOf = async ({ project_id: projectId, ids, monitor }: WhichDead) => {
    if (ids !== undefined && monitor === undefined) return ids;
    const dead = ofMonitor(await queue.dead(projectId, ALL_DEAD), monitor).map(({ id }) => id);
    return ids === undefined ? dead : dead.filter((id) => ids.includes(id));
  };
  return [
    route(
      deadJobs,
      async ({ project_id: projectId, monitor, limit }, { res }) => {
        const dead = await queue.dead(projectId, monitor === undefined ? limit : ALL_DEAD);
        res.json({ jobs: ofMonitor(dead, monitor).slice(0, limit).map(toDeadJob) });
      },
      FROM_QUEUE,
    ),
    route(
      deadRevive,
      async (request, { res }) =>
        void res.json({ changed: await queue.revive(request.project_id, await idsOf(request)) }),
      FROM_QUEUE,
    ),
    route(
      deadDrop,
      async (request, { res }) =>
        void res.json({ changed: await queue.drop(request.project_id, await idsOf(request)) }),
      FROM_QUEUE,
    ),
  ];
}

function budgetRoutes({ eventLog, budgets }: ScoringRoutesDeps): Route[] {
  const set = async (request: BudgetSetRequest, { res, userId }: RouteContext) => {
    const { project_id: projectId, monitor = null } = request;
    const value = {
      monitor,
      calls_per_day: request.calls_per_day ?? null,
      tokens_per_day: request.tokens_per_day ?? null,
      usd_per_day: request.usd_per_day ?? null,
    };
    const { objectId, digest, event } = budgetEvent(value, { projectId, userId });
    await eventLog.append('trace-events', [event]);
    res.json({ object_id: objectId, digest });
  };
  return [
    route(budgetSet, set, FROM_QUEUE),
    route(budgetSetPost, set, FROM_QUEUE),
    route(budgetsRead, async ({ project_id: projectId }, { res }) => {
      // Whoever has just set one looks whether it is there.
      const { monitors } = await budgets.limits(projectId, false);
      res.json({ budgets: await readBudgets(budgets, projectId, [null, ...monitors]) });
    }),
  ];
}

async function readBudgets(budgets: BudgetBook, projectId: string, monitors: readonly (string | null)[]) {
  const [limits, spent] = await Promise.all([
    budgets.limits(projectId),
    budgets.spentToday(projectId, monitors),
  ]);
  return monitors.map((monitor, i) => {
    const { limits: most, error } = limits.of(monitor);
    return { monitor, limits: toLimits(most), spent: toSpend(spent[i]!), error };
  });
}
