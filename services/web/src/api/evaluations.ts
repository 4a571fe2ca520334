import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import type { Call } from './calls.ts';
import { request } from './request.ts';

/** Runs of evaluations, whichever SDK made them: calls of `Evaluation.evaluate`. */

export interface RunsFilter {
  /** Part of the evaluation's name, and of the model's. */
  readonly evaluation?: string | undefined;
  readonly model?: string | undefined;
}

interface RunsPage {
  readonly calls: readonly Call[];
  readonly next: string | null;
}

export function evaluateOps(projectId: string): string[] {
  return [`weave:///${projectId}/op/Evaluation.evaluate:*`, 'Evaluation.evaluate'];
}

/** Outputs of runs are sums by scorer: whole, except of scorers without measure. */
const PREVIEW_BYTES = 16_384;
const RUN_COLUMNS = ['id', 'project_id', 'op_name', 'display_name', 'trace_id', 'parent_id', 'started_at', 'ended_at', 'exception', 'inputs', 'output', 'summary', 'wb_user_id']; // prettier-ignore

/** The newest runs, page by page. */
export function runsQuery(projectId: string, filter: RunsFilter) {
  return infiniteQueryOptions({
    queryKey: ['evaluation-runs', projectId, filter],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) =>
      runsPage(projectId, { limit: 50, after: pageParam, ...selection(filter) }, signal),
    getNextPageParam: ({ next }) => next ?? undefined,
  });
}

function runsPage(projectId: string, how: object, signal: AbortSignal): Promise<RunsPage> {
  const { filter, ...rest } = how as { filter?: object };
  const body = {
    project_id: projectId,
    filter: { op_names: evaluateOps(projectId), ...filter },
    columns: RUN_COLUMNS,
    preview_bytes: PREVIEW_BYTES,
    include_costs: true,
    ...rest,
  };
  return request<RunsPage>('/weft/v1/calls/page', body, { signal });
}

function selection({ evaluation, model }: RunsFilter): object {
  const contains = (name: string, value: string) => ({
    $contains: { input: { $getField: name }, substr: { $literal: value }, case_insensitive: true },
  });
  const conditions = [
    ...(evaluation
      ? // The TypeScript SDK calls itself `this`.
        [{ $or: ['inputs.self', 'inputs.this', 'display_name'].map((name) => contains(name, evaluation)) }]
      : []),
    ...(model ? [contains('inputs.model', model)] : []),
  ];
  return conditions.length > 0 ? { query: { $expr: { $and: conditions } } } : {};
}

/** Those of given ids: gone ones are missing. */
export function runsByIdQuery(projectId: string, ids: readonly string[]) {
  return queryOptions({
    queryKey: ['evaluation-runs-by-id', projectId, ids],
    queryFn: async ({ signal }) => {
      const body = { filter: { op_names: undefined, call_ids: ids }, limit: 100 };
      const { calls } = await runsPage(projectId, body, signal);
      return ids.flatMap((id) => calls.find((call) => call.id === id) ?? []);
    },
    enabled: ids.length > 0,
  });
}

/** Enough to know which evaluations, scorers and figures there are. */
export function recentRunsQuery(projectId: string) {
  return queryOptions({
    queryKey: ['evaluation-runs-recent', projectId],
    queryFn: async ({ signal }) => (await runsPage(projectId, { limit: 200 }, signal)).calls,
  });
}

/** Most runs that a leaderboard is made of. */
export const BOARD_RUNS = 1000;

/** The newest runs of given evaluations (refs). */
export function runsOfQuery(projectId: string, evaluations: readonly string[]) {
  return queryOptions({
    queryKey: ['evaluation-runs-of', projectId, evaluations],
    queryFn: async ({ signal }) => {
      const body = { filter: { input_refs: evaluations }, limit: BOARD_RUNS };
      return (await runsPage(projectId, body, signal)).calls;
    },
    enabled: evaluations.length > 0,
  });
}

/** How often models were asked in a run: examples times trials. */
export function trialCountQuery(projectId: string, id: string) {
  return queryOptions({
    queryKey: ['evaluation-trials', projectId, id],
    queryFn: async ({ signal }) => {
      const ops = ['Evaluation.predict_and_score', 'Evaluation.predictAndScore'];
      const body = {
        project_id: projectId,
        filter: {
          parent_ids: [id],
          op_names: ops.flatMap((op) => [`weave:///${projectId}/op/${op}:*`, op]),
        },
      };
      return (await request<{ count: number }>('/calls/query_stats', body, { signal })).count;
    },
  });
}

export interface Trial {
  readonly predict_and_score_call_id: string;
  readonly predict_call_id: string | null;
  readonly model_output: unknown;
  readonly scores: Record<string, unknown>;
  readonly model_latency_seconds: number | null;
  readonly total_tokens: number | null;
  readonly total_cost: number | null;
  readonly scorer_call_ids: Record<string, string>;
  readonly error: string | null;
  readonly running: boolean;
}

export interface ResultRow {
  readonly row_digest: string;
  readonly raw_data_row: unknown;
  readonly evaluations: readonly { readonly evaluation_call_id: string; readonly trials: readonly Trial[] }[];
}

interface ResultsPage {
  readonly rows: readonly ResultRow[];
  readonly total_rows: number;
  readonly warnings: readonly string[];
}

export interface Results {
  readonly rows: readonly ResultRow[];
  /** Those that were not loaded count too. */
  readonly total: number;
  readonly warnings: readonly string[];
}

/** Most examples that are loaded, and of one request. */
export const MAX_ROWS = 10_000;
const PAGE_ROWS = 1000;

/** Examples of one or more runs side by side, with previews of what is large. */
export function resultsQuery(projectId: string, ids: readonly string[]) {
  return queryOptions({
    queryKey: ['evaluation-results', projectId, ids],
    queryFn: async ({ signal }): Promise<Results> => {
      const rows: ResultRow[] = [];
      for (;;) {
        const page = await request<ResultsPage>(
          '/weft/v1/evaluations/results',
          {
            project_id: projectId,
            evaluation_call_ids: ids,
            include_raw_data_rows: true,
            resolve_row_refs: true,
            include_costs: true,
            preview_bytes: 600,
            limit: PAGE_ROWS,
            offset: rows.length,
          },
          { signal },
        );
        rows.push(...page.rows);
        if (page.rows.length === 0 || rows.length >= Math.min(MAX_ROWS, page.total_rows))
          return { rows, total: page.total_rows, warnings: page.warnings };
      }
    },
    enabled: ids.length > 0,
  });
}
