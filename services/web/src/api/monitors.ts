import { queryOptions } from '@tanstack/react-query';
import { request } from './request.ts';

export interface Spend {
  readonly calls: number;
  readonly tokens: number;
  readonly usd: number;
}

export interface Limits {
  readonly calls_per_day: number | null;
  readonly tokens_per_day: number | null;
  readonly usd_per_day: number | null;
}

/** What became of the calls that a monitor matched: matched = scored + failed + skipped + pending. */
export interface LedgerEntry {
  readonly monitor: string;
  readonly active: boolean | null;
  readonly ref: string | null;
  readonly sampling_rate: number | null;
  readonly matched: number;
  readonly scored: number;
  readonly failed: number;
  readonly skipped_total: number;
  readonly skipped: Readonly<Record<string, number>>;
  readonly pending: number;
  readonly running: number;
  /** Today, UTC. */
  readonly spend: Spend;
  readonly budget: Limits;
}

export interface Ledger {
  readonly monitors: readonly LedgerEntry[];
  readonly project: { readonly limits: Limits; readonly spent: Spend; readonly error: string | null };
}

/** What is asked by `/calls/score`, beside monitors. */
export const BY_ROUTE = 'calls/score';

export function ledgerQuery(projectId: string, monitor?: string) {
  return queryOptions({
    queryKey: ['monitors', projectId, 'ledger', monitor],
    refetchInterval: 5000,
    queryFn: ({ signal }) =>
      request<Ledger>('/monitors/ledger', { project_id: projectId, monitor }, { signal }),
  });
}

/** The newest version of a monitor, as it was published. */
export interface MonitorObject {
  readonly object_id: string;
  readonly digest: string;
  readonly created_at: string;
  readonly version_index: number;
  readonly val: Readonly<Record<string, unknown>>;
}

interface Objects {
  readonly objs: readonly MonitorObject[];
}

export function monitorsQuery(projectId: string) {
  return queryOptions({
    queryKey: ['monitors', projectId, 'objects'],
    queryFn: async ({ signal }) => {
      const filter = { base_object_classes: ['Monitor'], latest_only: true };
      const body = { project_id: projectId, filter, limit: 1000 };
      return (await request<Objects>('/objs/query', body, { signal })).objs;
    },
  });
}

export function monitorQuery(projectId: string, name: string) {
  return queryOptions({
    queryKey: ['monitors', projectId, 'object', name],
    queryFn: async ({ signal }) => {
      const body = { project_id: projectId, object_id: name, digest: 'latest' };
      return (await request<{ obj: MonitorObject }>('/obj/read', body, { signal })).obj;
    },
  });
}

/** Scorers that the project has, the newest version of each. */
export function scorersQuery(projectId: string) {
  return queryOptions({
    queryKey: ['monitors', projectId, 'scorers'],
    queryFn: async ({ signal }) => {
      const filter = { base_object_classes: ['Scorer'], latest_only: true };
      const body = { project_id: projectId, filter, limit: 1000 };
      return (await request<Objects>('/objs/query', body, { signal })).objs;
    },
  });
}

export const refOf = (projectId: string, name: string, digest: string): string =>
  `weave:///${projectId}/object/${encodeURIComponent(name)}:${digest}`;

/** Publishes an object. @returns the ref of its version. */
export async function publish(projectId: string, name: string, val: object): Promise<string> {
  const obj = { project_id: projectId, object_id: name, val };
  return refOf(projectId, name, (await request<{ digest: string }>('/obj/create', { obj })).digest);
}

export const setBudget = (projectId: string, monitor: string, limits: Limits) =>
  request<object>('/weft/v1/monitors/budget', { project_id: projectId, monitor, ...limits });

export interface Forecast {
  readonly from: string;
  readonly to: string;
  readonly counts: {
    readonly calls: number;
    readonly matched: number;
    readonly sampled: number;
    readonly scored: number;
    readonly queued: number;
    readonly to_score: number;
  };
  readonly estimate: {
    readonly requests: number;
    readonly prompt_tokens: number;
    readonly completion_tokens: number;
    readonly cost_usd: number;
    readonly how: string;
    readonly unpriced_models: readonly string[];
  };
}

interface Past {
  readonly projectId: string;
  readonly monitor: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** As it is about to be published; absent: as it is. */
  readonly value?: object;
}

const bodyOf = ({ projectId, monitor, fromMs, toMs, value }: Past) => ({
  project_id: projectId,
  monitor,
  from: new Date(fromMs).toISOString(),
  to: new Date(toMs).toISOString(),
  value,
});

/** What the monitor would do with calls of the past. Asks no model. */
export const forecast = (past: Past) =>
  request<Forecast>('/weft/v1/monitors/score', { ...bodyOf(past), dry_run: true });

/** Scores calls of the past. */
export const scorePast = async (past: Past) =>
  (await request<{ job_id: string }>('/weft/v1/monitors/score', bodyOf(past))).job_id;

export interface Job {
  readonly state: 'waiting' | 'delayed' | 'running' | 'done' | 'dead';
  readonly outcome: string | null;
  readonly reason: string | null;
  readonly progress: { readonly done: number; readonly total: number } | null;
  readonly counts?: Forecast['counts'];
}

export async function readJob(projectId: string, id: string, signal: AbortSignal): Promise<Job> {
  const query = new URLSearchParams({ project_id: projectId }).toString();
  return request<Job>(`/weft/v1/scoring/jobs/${encodeURIComponent(id)}?${query}`, undefined, { signal });
}

export interface DeadJob {
  readonly id: string;
  readonly reason: string | null;
  readonly attempt: number;
  readonly added_at: string;
  readonly call_id: string | null;
  readonly scorer_refs: readonly string[];
}

/** Scores of a monitor that were given up. */
export function deadQuery(projectId: string, monitor: string) {
  return queryOptions({
    queryKey: ['monitors', projectId, 'dead', monitor],
    refetchInterval: 10_000,
    queryFn: async ({ signal }) => {
      const query = new URLSearchParams({ project_id: projectId, monitor, limit: '100' }).toString();
      const path = `/weft/v1/scoring/dead?${query}`;
      return (await request<{ jobs: DeadJob[] }>(path, undefined, { signal })).jobs;
    },
  });
}

export const settleDead = (
  verb: 'revive' | 'drop',
  projectId: string,
  monitor: string,
  ids: readonly string[],
) => request<{ changed: number }>(`/weft/v1/scoring/dead/${verb}`, { project_id: projectId, monitor, ids });

export interface Score {
  readonly id: string;
  readonly created_at: string;
  readonly weave_ref: string;
  readonly feedback_type: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** The newest scores that a monitor gave, of any of its versions. */
export function monitorScoresQuery(projectId: string, name: string, withErrorsOnly: boolean) {
  return queryOptions({
    queryKey: ['monitors', projectId, 'scores', name, withErrorsOnly],
    refetchInterval: 5000,
    queryFn: async ({ signal }) => {
      const isOfMonitor = {
        $contains: {
          input: { $getField: 'trigger_ref' },
          substr: { $literal: `weave:///${projectId}/object/${encodeURIComponent(name)}:` },
        },
      };
      const failed = { $eq: [{ $getField: 'payload.status' }, { $literal: 'error' }] };
      const body = {
        project_id: projectId,
        fields: ['id', 'created_at', 'weave_ref', 'feedback_type', 'payload'],
        query: { $expr: { $and: [isOfMonitor, ...(withErrorsOnly ? [failed] : [])] } },
        sort_by: [{ field: 'created_at', direction: 'desc' }],
        limit: 50,
      };
      return (await request<{ result: Score[] }>('/feedback/query', body, { signal })).result;
    },
  });
}

export interface LastDay {
  readonly scores: number;
  readonly failed: number;
}

const DAY_MS = 86_400_000;

/** Scores of 24 hours by a monitor's own feedback. */
export function lastDayQuery(projectId: string, name: string) {
  return queryOptions({
    queryKey: ['monitors', projectId, 'day', name],
    refetchInterval: 30_000,
    queryFn: async ({ signal }): Promise<LastDay> => {
      const nowMs = Date.now();
      const body = {
        project_id: projectId,
        start: new Date(nowMs - DAY_MS).toISOString(),
        end: new Date(nowMs).toISOString(),
        trigger_ref: `weave:///${projectId}/object/${encodeURIComponent(name)}:*`,
        granularity: 3600,
        metrics: [{ json_path: 'status', value_type: 'categorical', aggregations: ['count'] }],
      };
      const { buckets, window_stats: whole } = await request<{
        buckets: readonly { readonly count: number }[];
        window_stats: { readonly status?: { readonly count?: number } } | null;
      }>('/feedback/stats', body, { signal });
      const all = buckets.reduce((sum, { count }) => sum + count, 0);
      // Only failures have a status.
      const failed = whole?.status?.count ?? 0;
      return { scores: all - failed, failed };
    },
  });
}
