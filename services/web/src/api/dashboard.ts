import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { request } from './request.ts';

export type Dimension = 'model' | 'op' | 'user' | 'thread';
export type Order = 'calls' | 'errors' | 'latency' | 'tokens' | 'cost';

export interface Figures {
  readonly calls: number;
  readonly errors: number;
  readonly p50_latency_ms: number | null;
  readonly p95_latency_ms: number | null;
  readonly p99_latency_ms: number | null;
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly total_tokens: number;
  readonly cost_usd: number;
  /** That used a model; of several models once for each. */
  readonly model_calls: number;
}

/** One value for each of the timestamps. */
export type FiguresOverTime = { readonly [Name in keyof Figures]: readonly Figures[Name][] };

export interface GroupFigures extends Figures {
  readonly series?: FiguresOverTime;
}

export interface Group extends GroupFigures {
  readonly key: { readonly [D in Dimension]?: string };
}

export interface Breakdown {
  readonly start: string;
  readonly end: string;
  readonly granularity: number | null;
  readonly timestamps: readonly string[];
  readonly total: GroupFigures;
  readonly groups: readonly Group[];
  readonly other: GroupFigures | null;
  readonly unpriced_models: readonly string[];
}

/** A time that is shown: up to now, or between two instants. */
export type Span = { readonly lastMs: number } | { readonly fromMs: number; readonly toMs: number };

export function edgesOf(span: Span, nowMs = Date.now()): { readonly fromMs: number; readonly toMs: number } {
  return 'lastMs' in span ? { fromMs: nowMs - span.lastMs, toMs: nowMs } : span;
}

export interface BreakdownAsked {
  readonly projectId: string;
  readonly span: Span;
  /** Every call, not only roots of traces. */
  readonly all?: boolean;
  readonly by?: readonly Dimension[];
  readonly orderBy?: Order;
  readonly limit?: number;
  /** Seconds of a bucket; absent: not over time. */
  readonly granularity?: number;
  readonly timeZone?: string;
}

const REFRESH_MS = 30_000;

/** Figures of calls. A span up to now is asked for again every 30 s. */
export function breakdownQuery(asked: BreakdownAsked) {
  const { projectId, span, all = false, by = [], orderBy, limit, granularity, timeZone } = asked;
  return queryOptions({
    queryKey: ['breakdown', asked],
    refetchInterval: 'lastMs' in span ? REFRESH_MS : false,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => {
      const { fromMs, toMs } = edgesOf(span);
      const body = {
        project_id: projectId,
        start: new Date(fromMs).toISOString(),
        end: new Date(toMs).toISOString(),
        ...(!all && { filter: { trace_roots_only: true } }),
        by,
        order_by: orderBy,
        limit,
        series: granularity !== undefined,
        granularity,
        timezone: timeZone,
      };
      return request<Breakdown>('/weft/v1/calls/breakdown', body, { signal });
    },
  });
}

export interface ScoreSeries {
  /** `<scorer> <member>`: the score, or the part of it. */
  readonly label: string;
  readonly count: number;
  readonly average: number | null;
  readonly values: readonly (number | null)[];
}

export interface Scores {
  readonly timestamps: readonly string[];
  readonly series: readonly ScoreSeries[];
  /** Scorers beyond those that are shown. */
  readonly more: number;
}

/** Scorers that are shown, and members of what each of them says. */
const MAX_SCORERS = 6;
const MAX_MEMBERS = 3;

/** Scores over time: of each scorer the averages of its numbers; of true and false the share of true. */
export function scoresQuery({
  projectId,
  span,
  granularity,
  timeZone,
}: {
  readonly projectId: string;
  readonly span: Span;
  readonly granularity: number;
  readonly timeZone: string;
}) {
  return queryOptions({
    queryKey: ['scores', projectId, span, granularity, timeZone],
    refetchInterval: 'lastMs' in span ? REFRESH_MS : false,
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }): Promise<Scores> => {
      const edges = edgesOf(span);
      const scorers = await scorersOf(projectId, edges, signal);
      const shown = scorers.slice(0, MAX_SCORERS);
      const range = {
        start: new Date(edges.fromMs).toISOString(),
        end: new Date(edges.toMs).toISOString(),
      };
      const each = await Promise.all(
        shown.map((scorer) => seriesOf({ projectId, scorer, range, granularity, timeZone, signal })),
      );
      return {
        timestamps: each[0]?.timestamps ?? [],
        series: each.flatMap(({ series }) => series),
        more: scorers.length - shown.length,
      };
    },
  });
}

async function scorersOf(
  projectId: string,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { buckets } = await request<{
    buckets: { group: { scorer_id: string }; total_count: number }[];
  }>(
    '/feedback/aggregate',
    {
      project_id: projectId,
      after_ms: Math.floor(fromMs),
      before_ms: Math.ceil(toMs),
      group_by: ['scorer_id'],
      feedback_types: ['wandb.runnable.'],
    },
    { signal },
  );
  return buckets
    .filter(({ group }) => group.scorer_id !== '')
    .sort((a, b) => b.total_count - a.total_count)
    .map(({ group }) => group.scorer_id);
}

interface Stats {
  readonly buckets: readonly Readonly<Record<string, unknown>>[];
  readonly window_stats: Readonly<Record<string, Readonly<Record<string, number | null>>>> | null;
}

async function seriesOf({
  projectId,
  scorer,
  range,
  granularity,
  timeZone,
  signal,
}: {
  readonly projectId: string;
  readonly scorer: string;
  readonly range: { readonly start: string; readonly end: string };
  readonly granularity: number;
  readonly timeZone: string;
  readonly signal: AbortSignal;
}): Promise<Pick<Scores, 'timestamps' | 'series'>> {
  const of = { project_id: projectId, ...range, feedback_type: `wandb.runnable.${scorer}` };
  const { paths } = await request<{ paths: { json_path: string; value_type: string }[] }>(
    '/feedback/payload_schema',
    of,
    { signal },
  );
  const members = paths
    .filter(({ json_path: path, value_type: type }) => /^output(\.|$)/.test(path) && type !== 'categorical')
    .slice(0, MAX_MEMBERS);
  if (members.length === 0) return { timestamps: [], series: [] };
  const metrics = members.map(({ json_path, value_type }) => ({
    json_path,
    value_type,
    aggregations: ['avg', 'count'],
  }));
  const stats = await request<Stats>(
    '/feedback/stats',
    { ...of, granularity, timezone: timeZone, metrics },
    { signal },
  );
  return {
    timestamps: stats.buckets.map(({ timestamp }) => timestamp as string),
    series: members.map(({ json_path: path }) => {
      const slug = path.replaceAll('.', '_').replaceAll(' ', '_');
      const whole = stats.window_stats?.[slug];
      return {
        label: [scorer, path.replace(/^output\.?/, '')].filter((text) => text !== '').join(' '),
        count: whole?.['count'] ?? 0,
        average: whole?.['avg'] ?? null,
        // An average of nothing is no score.
        values: stats.buckets.map((bucket) =>
          bucket[`count_${slug}`] === 0 ? null : ((bucket[`avg_${slug}`] as number | null) ?? null),
        ),
      };
    }),
  };
}
