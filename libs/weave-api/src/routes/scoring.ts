import { AppError } from '@weft/model';
import { z } from 'zod';
import { flag, given, projectId } from '../members.ts';
import { defineRoute, json, type RouteSpec } from '../route-spec.ts';
import { instant } from './usage.ts';

/** Online evaluation: what the scoring worker answers. All but `/calls/score` are this server's own. */

const tag = 'Scoring';
const count = z.int();
const usd = z.number();
const name = z.string().min(1).max(128);
const monitor = given(name);

/** What these routes answer (501) where no scoring worker serves them. */
export const ONLINE_EVAL_OFF = 'online evaluation is off: set WEAVE_ENABLE_ONLINE_EVAL=true';

const MAX_CALLS = 10_000;
const MAX_SCORERS = 100;

function list(path: string, max: number) {
  return z.array(z.string().min(1).max(1000)).transform((values) => {
    if (values.length <= max) return [...new Set(values)];
    throw new AppError('invalid_request', `${path}: has more than ${max} values`);
  });
}

export const callsScore = defineRoute({
  method: 'post',
  path: '/calls/score',
  tag,
  access: 'write',
  summary: 'Queues the given calls to be scored by the given scorers',
  request: z.object({
    project_id: projectId,
    call_ids: list('call_ids', MAX_CALLS),
    /** `weave:///entity/project/object/name:version`, of this project or one that the key may read. */
    scorer_refs: list('scorer_refs', MAX_SCORERS),
  }),
});
export type CallsScoreRequest = z.output<typeof callsScore.request>;

/** Requests, tokens and US dollars spent on judges. */
const Spend = z.object({ calls: count, tokens: count, usd });

/** Most that may be spent in a day, UTC; null = no limit. */
const Limits = z.object({
  calls_per_day: count.nullable(),
  tokens_per_day: count.nullable(),
  usd_per_day: usd.nullable(),
});

const Budget = z.object({
  /** Null: of the whole project. */
  monitor: z.string().nullable(),
  limits: Limits,
  /** Today, with what is set aside for scores that are being made. */
  spent: Spend,
  /** Why nothing is spent now: the budget object cannot be read. */
  error: z.string().nullable(),
});

const Ledger = z.object({
  /** Name of the monitor, or `calls/score` for what was asked for by that route. */
  monitor: z.string(),
  display_name: z.string().nullable(),
  /** Null: no such monitor, now. */
  active: z.boolean().nullable(),
  ref: z.string().nullable(),
  sampling_rate: z.number().nullable(),
  /** matched = scored + failed + skipped + pending. */
  matched: count,
  scored: count,
  failed: count,
  skipped_total: count,
  /** By reason. */
  skipped: z.record(z.string(), count),
  pending: count,
  /** Of those pending. */
  running: count,
  /** Spent today, UTC. */
  spend: Spend,
  budget: Limits,
});

const ledgerRequest = z.object({ project_id: projectId, monitor });
const ledgerAnswer = json(z.object({ monitors: z.array(Ledger), project: Budget }));
const ledgerRoute = {
  path: '/monitors/ledger',
  tag,
  summary: 'What became of the calls that each monitor matched, and what was spent on them today',
  request: ledgerRequest,
  answer: ledgerAnswer,
};
export const monitorsLedger = defineRoute({ ...ledgerRoute, method: 'post' });
export const monitorsLedgerGet = defineRoute({ ...ledgerRoute, method: 'get' });
export type LedgerRequest = z.output<typeof ledgerRequest>;

/** How many calls of the past were looked at, and what became of them. */
const HistoryCounts = z.object({
  /** Finished calls in the range that no scorer made. */
  calls: count,
  /** Of the monitor's ops, and its query holds. */
  matched: count,
  /** In the monitor's sample. A debounced monitor scores one call of those that belong together. */
  sampled: count,
  /** Scores there are already, by the same versions of monitor and scorer. */
  scored: count,
  /** Scores that are queued already. */
  queued: count,
  /** Scores to be made; of a run: queued by it. */
  to_score: count,
});

const Estimate = z.object({
  requests: count,
  prompt_tokens: count,
  completion_tokens: count,
  cost_usd: usd,
  /** `none`: nobody is asked; `history`: the forecast of a sample, put right by what earlier scores cost; `forecast`: without that. */
  basis: z.enum(['none', 'history', 'forecast']),
  /** The same in words, with how much it stands on. */
  how: z.string(),
  /** Models without a known price count as free. */
  unpriced_models: z.array(z.string()),
});

const HistoryAnswer = z.object({
  monitor_ref: z.string(),
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  /** Of a dry run. */
  counts: HistoryCounts.optional(),
  estimate: Estimate.optional(),
  /** Of a run: for `GET /weft/v1/scoring/jobs/{id}`. */
  job_id: z.string().optional(),
});

export const monitorsScore = defineRoute({
  method: 'post',
  path: '/weft/v1/monitors/score',
  tag,
  access: 'write',
  summary:
    'Runs a monitor on calls of the past, or tells how many scores that would be and what they would cost',
  request: z.object({
    project_id: projectId,
    monitor: name,
    /** By the start of the calls, half-open. */
    from: instant,
    /** Default: now. */
    to: given(instant),
    dry_run: flag,
    /** Of a dry run: the monitor as it is about to be published under that name, its scorers by their refs. */
    value: given(z.record(z.string(), z.unknown())),
  }),
  answer: json(HistoryAnswer),
});
export type MonitorsScoreRequest = z.output<typeof monitorsScore.request>;

const Job = z.object({
  id: z.string(),
  kind: z.string(),
  state: z.enum(['waiting', 'delayed', 'running', 'done', 'dead']),
  outcome: z.string().nullable(),
  attempt: count,
  reason: z.string().nullable(),
  progress: z.object({ done: count, total: count }).nullable(),
  added_at: z.iso.datetime(),
  /** Of runs on history, as far as they are. */
  counts: HistoryCounts.optional(),
});

export const scoringJob = defineRoute({
  method: 'get',
  path: '/weft/v1/scoring/jobs/{id}',
  tag,
  summary: 'How far a job is; jobs are known until a day after they ended',
  request: z.object({ project_id: projectId, id: z.string().min(1).max(128) }),
  answer: json(Job),
});

const DeadJob = z.object({
  id: z.string(),
  kind: z.string(),
  /** Name of the monitor, or `calls/score`. */
  monitor: z.string(),
  reason: z.string().nullable(),
  attempt: count,
  added_at: z.iso.datetime(),
  call_id: z.string().nullable(),
  monitor_ref: z.string().nullable(),
  scorer_refs: z.array(z.string()),
});

const MAX_DEAD = 10_000;

export const deadJobs = defineRoute({
  method: 'get',
  path: '/weft/v1/scoring/dead',
  tag,
  summary: 'Scores that were given up, newest first, with the reason',
  request: z.object({
    project_id: projectId,
    monitor,
    limit: z.coerce.number().int().min(1).max(MAX_DEAD).default(100),
  }),
  answer: json(z.object({ jobs: z.array(DeadJob) })),
});

const whichDead = z.object({
  project_id: projectId,
  /** Left out: all there are, of the monitor where one is named. */
  ids: given(list('ids', MAX_DEAD)),
  monitor,
});
const changed = json(z.object({ changed: count }));

export const deadRevive = defineRoute({
  method: 'post',
  path: '/weft/v1/scoring/dead/revive',
  tag,
  access: 'write',
  summary: 'Tries scores again that were given up',
  request: whichDead,
  answer: changed,
});

export const deadDrop = defineRoute({
  method: 'post',
  path: '/weft/v1/scoring/dead/drop',
  tag,
  access: 'write',
  summary: 'Forgets scores that were given up',
  request: whichDead,
  answer: changed,
});
export type WhichDead = z.output<typeof whichDead>;

const most = given(z.number().min(0).max(Number.MAX_SAFE_INTEGER));
const mostWhole = given(z.int().min(0));

const budgetRequest = z.object({
  project_id: projectId,
  /** Left out: of the whole project. */
  monitor,
  /** Left out or null: no limit. */
  calls_per_day: mostWhole,
  tokens_per_day: mostWhole,
  usd_per_day: most,
});
const budgetRoute = {
  path: '/weft/v1/monitors/budget',
  tag,
  summary: 'Sets what scoring may take in a day; published as an object of class ScoringBudget',
  access: 'write' as const,
  request: budgetRequest,
  answer: json(z.object({ object_id: z.string(), digest: z.string() })),
};
export const budgetSet = defineRoute({ ...budgetRoute, method: 'put' });
export const budgetSetPost = defineRoute({ ...budgetRoute, method: 'post' });
export type BudgetSetRequest = z.output<typeof budgetRequest>;

export const budgetsRead = defineRoute({
  method: 'get',
  path: '/weft/v1/monitors/budget',
  tag,
  summary: 'What scoring may take in a day, as it counts, and what it took today',
  request: z.object({ project_id: projectId }),
  answer: json(z.object({ budgets: z.array(Budget) })),
});

export const SCORING_ROUTES: readonly RouteSpec[] = [
  callsScore,
  monitorsLedger,
  monitorsLedgerGet,
  monitorsScore,
  scoringJob,
  deadJobs,
  deadRevive,
  deadDrop,
  budgetSet,
  budgetSetPost,
  budgetsRead,
];
