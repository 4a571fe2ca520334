import { AppError, parseInstant } from '@weft/model';
import { z } from 'zod';
import { flag, given, limit, projectId } from '../members.ts';
import { defineRoute, json } from '../route-spec.ts';
import { CallsFilter, expression } from './calls.ts';

/** What calls used, and figures of calls over time (weave-api §4.4). */

const tag = 'Usage';

const count = z.int();
const cost = z.number().nullable();
export const Usage = z.object({
  requests: count,
  prompt_tokens: count,
  completion_tokens: count,
  total_tokens: count,
  cache_read_input_tokens: count,
  cache_creation_input_tokens: count,
  prompt_tokens_total_cost: cost,
  completion_tokens_total_cost: cost,
  cache_read_input_tokens_total_cost: cost,
  cache_creation_input_tokens_total_cost: cost,
});
const UsageByCall = z.object({
  call_usage: z.record(z.string(), z.record(z.string(), Usage)),
  unfinished_call_ids: z.array(z.string()),
});

export const traceUsage = defineRoute({
  method: 'post',
  path: '/trace/usage',
  tag,
  summary: 'What the calls that match used, each with everything below it',
  request: z.object({
    project_id: projectId,
    filter: given(CallsFilter),
    query: expression,
    include_costs: flag,
    limit,
  }),
  answer: json(UsageByCall),
});
export type TraceUsageRequest = z.output<typeof traceUsage.request>;

const MAX_CALLS = 1000;

export const callsUsage = defineRoute({
  method: 'post',
  path: '/calls/usage',
  tag,
  summary: 'What the given calls used, with everything below them',
  request: z.object({
    project_id: projectId,
    call_ids: z.array(z.string()).transform((ids) => {
      if (ids.length <= MAX_CALLS) return ids;
      throw new AppError('invalid_request', `call_ids: has more than ${MAX_CALLS} values`);
    }),
    include_costs: flag,
    limit,
  }),
  answer: json(UsageByCall),
});
export type CallsUsageRequest = z.output<typeof callsUsage.request>;

export const TOKEN_METRICS = [
  'input_tokens',
  'output_tokens',
  'total_tokens',
  'cache_read_input_tokens',
  'cache_creation_input_tokens',
] as const;
export const COST_METRICS = ['input_cost', 'output_cost', 'total_cost'] as const;
export const CALL_METRICS = ['latency_ms', 'call_count', 'error_count'] as const;
const AGGREGATIONS = ['sum', 'avg', 'min', 'max', 'count', 'count_true', 'count_false'] as const;

const MAX_METRICS = 20;
const MAX_PERCENTILES = 20;

const percentiles = z
  .array(z.number())
  .max(MAX_PERCENTILES)
  .nullish()
  .transform((values) => {
    const wrong = values?.find((value) => !(value >= 0 && value <= 100));
    if (wrong !== undefined)
      throw new AppError('invalid_request', `Percentile must be between 0 and 100, got ${wrong}`);
    return values ?? [];
  });

/** @param otherwise aggregations where neither they nor percentiles are given. */
function metrics<const M extends readonly string[]>(names: M) {
  const spec = z.object({
    metric: z.enum(names),
    aggregations: z.array(z.enum(AGGREGATIONS)).max(AGGREGATIONS.length).nullish(),
    percentiles,
  });
  return given(z.array(spec).max(MAX_METRICS)).transform((specs = []) =>
    specs.map(({ metric, aggregations, percentiles: of }) => ({
      metric,
      percentiles: of,
      aggregations:
        aggregations === undefined || aggregations === null || (aggregations.length === 0 && of.length === 0)
          ? (['sum'] as const)
          : aggregations,
    })),
  );
}

/** ISO 8601, or Unix seconds; microseconds come out. */
export const instant = z.union([z.string(), z.number()]).transform((given, context) => {
  const us = typeof given === 'number' ? Math.round(given * 1e6) : parseInstant(given);
  if (
    us !== undefined &&
    Number.isSafeInteger(us) &&
    parseInstant(new Date(us / 1000).toJSON() ?? '') !== undefined
  )
    return us;
  context.addIssue({ code: 'custom', message: 'Input should be a valid datetime' });
  return z.NEVER;
});

export const callsStats = defineRoute({
  method: 'post',
  path: '/calls/stats',
  tag,
  summary: 'Figures of calls by buckets of time: tokens and costs by model, counts, errors, durations',
  request: z.object({
    project_id: projectId,
    start: instant,
    end: given(instant),
    granularity: given(z.int()),
    usage_metrics: metrics([...TOKEN_METRICS, ...COST_METRICS]),
    call_metrics: metrics(CALL_METRICS),
    filter: given(CallsFilter),
    timezone: given(z.string()),
  }),
  answer: json(
    z.object({
      start: z.iso.datetime(),
      end: z.iso.datetime(),
      granularity: z.int(),
      timezone: z.string(),
      usage_buckets: z.array(z.looseObject({ timestamp: z.string(), model: z.string(), count: z.int() })),
      call_buckets: z.array(z.looseObject({ timestamp: z.string(), count: z.int() })),
    }),
  ),
});
export type CallsStatsBucketsRequest = z.output<typeof callsStats.request>;

/** In the order of the documentation. */
export const USAGE_ROUTES = [callsStats, callsUsage, traceUsage];
