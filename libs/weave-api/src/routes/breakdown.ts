import { z } from 'zod';
import { flag, given, projectId } from '../members.ts';
import { defineRoute, json } from '../route-spec.ts';
import { CallsFilter } from './calls.ts';
import { instant } from './usage.ts';

/** Figures of calls told apart by model, op, user or thread: what the dashboard is made of. */

export const BREAKDOWN_DIMENSIONS = ['model', 'op', 'user', 'thread'] as const;
export const BREAKDOWN_ORDERS = ['calls', 'errors', 'latency', 'tokens', 'cost'] as const;

const MAX_GROUPS = 1000;

const count = z.int();
const ms = z.number().nullable();

const Figures = z.object({
  calls: count,
  errors: count,
  /** Of calls that have ended. */
  p50_latency_ms: ms,
  p95_latency_ms: ms,
  p99_latency_ms: ms,
  input_tokens: count,
  output_tokens: count,
  total_tokens: count,
  /** Models without a known price count as free. */
  cost_usd: z.number(),
  /** That used a model; of several models once for each. */
  model_calls: count,
});

/** One value for each of `timestamps`. */
const Series = z.object({
  calls: z.array(count),
  errors: z.array(count),
  p50_latency_ms: z.array(ms),
  p95_latency_ms: z.array(ms),
  p99_latency_ms: z.array(ms),
  input_tokens: z.array(count),
  output_tokens: z.array(count),
  total_tokens: z.array(count),
  cost_usd: z.array(z.number()),
  model_calls: z.array(count),
});

const WithSeries = Figures.extend({ series: Series.optional() });

export const callsBreakdown = defineRoute({
  method: 'post',
  path: '/weft/v1/calls/breakdown',
  tag: 'Weft',
  summary:
    'Calls, errors, latency, tokens and cost, by model, op, user or thread: the first groups, and the others together',
  request: z.object({
    project_id: projectId,
    start: instant,
    end: given(instant),
    filter: given(CallsFilter),
    by: given(z.array(z.enum(BREAKDOWN_DIMENSIONS)).max(2)).transform((by) => [...new Set(by ?? [])]),
    order_by: given(z.enum(BREAKDOWN_ORDERS)).transform((order) => order ?? 'calls'),
    limit: given(z.int().min(1).max(MAX_GROUPS)).transform((limit) => limit ?? 10),
    /** Also over time. */
    series: flag,
    granularity: given(z.int().min(1)),
    timezone: given(z.string()),
  }),
  answer: json(
    z.object({
      start: z.iso.datetime(),
      end: z.iso.datetime(),
      /** Seconds; null without series. */
      granularity: z.int().nullable(),
      timezone: z.string(),
      timestamps: z.array(z.string()),
      total: WithSeries,
      groups: z.array(WithSeries.extend({ key: z.record(z.string(), z.string()) })),
      /** Of all groups that are not named; null = there are none. */
      other: WithSeries.nullable(),
      /** Used in the range, without a known price. */
      unpriced_models: z.array(z.string()),
    }),
  ),
});
export type CallsBreakdownRequest = z.output<typeof callsBreakdown.request>;

export const BREAKDOWN_ROUTES = [callsBreakdown];
