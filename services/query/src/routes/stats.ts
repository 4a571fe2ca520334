import { route, type Route, type RouteContext } from '@weft/http';
import { AppError, formatInstant, nowUs } from '@weft/model';
import type {
  Aggregation,
  CallStatsRow,
  Metric,
  StatsRange,
  TokenMetric,
  TokenSums,
  TraceReader,
} from '@weft/trace-store';
import { callsStats, COST_METRICS, type CallsStatsBucketsRequest } from '@weft/weave-api';
import { toCallsFilter } from '../calls-requests.ts';
import { JsonOut } from '../json-out.ts';
import { sendChunks } from '../send.ts';
import { cutIntoBuckets, type Buckets } from '../stats-buckets.ts';
import { priceChangesUs, pricesFor, totalOf } from '../token-costs.ts';

/** Figures of calls by buckets of time (weave-api §4.4). */
export function statsRoutes(reader: TraceReader): Route[] {
  return [route(callsStats, (request, context) => stats(reader, request, context))];
}

const DAY_US = 86_400_000_000;
const MAX_RANGE_US = 31 * DAY_US;
/** Of an answer: buckets × models, those without calls included. */
const MAX_ROWS = 100_000;
/** Of token sums, which are told apart by price too. */
const MAX_SUMS = 4 * MAX_ROWS;

type CostMetric = (typeof COST_METRICS)[number];

async function stats(
  reader: TraceReader,
  request: CallsStatsBucketsRequest,
  { req, res }: RouteContext,
): Promise<void> {
  const { start: fromUs, end: toUs = nowUs(), timezone = 'UTC' } = request;
  if (toUs < fromUs) throw new AppError('invalid_request', 'end: CallStatsReq end must be after start');
  if (toUs - fromUs > MAX_RANGE_US)
    throw new AppError('invalid_request', 'start: CallStatsReq date range cannot exceed 31 days');
  if (request.granularity !== undefined && request.granularity < 1)
    throw new AppError('invalid_request', 'granularity: must be at least 1 second');
  const buckets = cutIntoBuckets(fromUs, toUs, request.granularity, timezone);
  const range: StatsRange = {
    projectId: request.project_id,
    filter: toCallsFilter(request.filter),
    fromUs,
    toUs,
    bucketStartsUs: buckets.startsUs,
  };
  const [usage, calls] = await Promise.all([
    usageBuckets(reader, request, range),
    request.call_metrics.length === 0 ? [] : reader.callStats(range, request.call_metrics),
  ]);
  const head = {
    start: formatInstant(fromUs),
    end: formatInstant(toUs),
    granularity: buckets.granularityS,
    timezone,
  };
  await sendChunks(req, res, 'application/json', render(head, request, buckets, usage, calls));
}

interface UsageBuckets {
  readonly models: readonly string[];
  /** By bucket and model. */
  readonly tokens: ReadonlyMap<string, Pick<CallStatsRow, 'count' | 'values'>>;
  readonly costs: ReadonlyMap<string, Readonly<Record<CostMetric, number>>>;
}

async function usageBuckets(
  reader: TraceReader,
  request: CallsStatsBucketsRequest,
  range: StatsRange,
): Promise<UsageBuckets> {
  const ofTokens = tokenMetrics(request);
  const ofCosts = costMetrics(request);
  const [tokens, sums] = await Promise.all([
    ofTokens.length === 0 ? [] : reader.usageStats(range, ofTokens, MAX_ROWS + 1),
    ofCosts.length === 0 ? [] : sumsOf(reader, range),
  ]);
  const models = [...new Set([...tokens, ...sums].map(({ model }) => model))].sort();
  if (tokens.length > MAX_ROWS || models.length * range.bucketStartsUs.length > MAX_ROWS)
    throw new AppError(
      'invalid_request',
      `usage_metrics: more than ${MAX_ROWS} buckets of models; ask for a longer granularity or a shorter range`,
    );
  return {
    models,
    tokens: new Map(
      ofTokens.length === 0
        ? countsOf(sums)
        : tokens.map((row) => [keyOf(row.bucketStartUs, row.model), row]),
    ),
    costs: await costsOf(reader, range, sums),
  };
}

/** Calls by bucket and model. */
function countsOf(sums: readonly TokenSums[]): Map<string, Pick<CallStatsRow, 'count' | 'values'>> {
  const counts = new Map<string, { count: number; values: [] }>();
  for (const { bucketStartUs, model, count } of sums) {
    const key = keyOf(bucketStartUs, model);
    const sum = counts.get(key);
    if (sum === undefined) counts.set(key, { count, values: [] });
    else sum.count += count;
  }
  return counts;
}

/** Microseconds have no NUL. */
function keyOf(bucketStartUs: number, model: string): string {
  return `${bucketStartUs}\0${model}`;
}

function tokenMetrics(request: CallsStatsBucketsRequest): Metric<TokenMetric>[] {
  return request.usage_metrics.flatMap(({ metric, ...how }) => (isCost(metric) ? [] : [{ metric, ...how }]));
}

const COST_AGGREGATIONS: readonly Aggregation[] = ['sum', 'avg', 'count'];

/** @throws AppError for what is not known of costs: they are made of sums. */
function costMetrics(
  request: CallsStatsBucketsRequest,
): { metric: CostMetric; aggregations: readonly Aggregation[] }[] {
  return request.usage_metrics.flatMap(({ metric, aggregations, percentiles }, i) => {
    if (!isCost(metric)) return [];
    if (percentiles.length > 0 || aggregations.some((each) => !COST_AGGREGATIONS.includes(each)))
      throw new AppError(
        'unsupported_member',
        `usage_metrics[${i}]: ${metric} has ${COST_AGGREGATIONS.join(', ')} only`,
      );
    return [{ metric, aggregations }];
  });
}

function isCost(metric: TokenMetric | CostMetric): metric is CostMetric {
  return (COST_METRICS as readonly string[]).includes(metric);
}

/** Tokens by what decides on their price. */
async function sumsOf(reader: TraceReader, range: StatsRange): Promise<TokenSums[]> {
  const sums = await reader.tokenSums(range, await priceChangesUs(reader, range), MAX_SUMS + 1);
  if (sums.length <= MAX_SUMS) return sums;
  throw new AppError('invalid_request', 'usage_metrics: prices change too often; ask for a shorter range');
}

/** What the tokens of each bucket and model cost. */
async function costsOf(
  reader: TraceReader,
  range: StatsRange,
  sums: readonly TokenSums[],
): Promise<Map<string, Record<CostMetric, number>>> {
  const costOf = await pricesFor(
    reader,
    range,
    sums.map(({ model }) => model),
  );
  const costs = new Map<string, Record<CostMetric, number>>();
  for (const row of sums) {
    const cost = costOf(row);
    if (cost === undefined) continue;
    const { bucketStartUs, model } = row;
    const key = keyOf(bucketStartUs, model);
    const sum = costs.get(key) ?? { input_cost: 0, output_cost: 0, total_cost: 0 };
    sum.input_cost += cost.prompt;
    sum.output_cost += cost.completion;
    sum.total_cost += totalOf(cost);
    costs.set(key, sum);
  }
  return costs;
}

const FLUSH_BYTES = 256 * 1024;

async function* render(
  head: object,
  request: CallsStatsBucketsRequest,
  buckets: Buckets,
  usage: UsageBuckets,
  calls: readonly CallStatsRow[],
): AsyncGenerator<Buffer> {
  const out = new JsonOut();
  out.text(`${JSON.stringify(head).slice(0, -1)},"usage_buckets":[`);
  const ofTokens = tokenMetrics(request);
  const ofCosts = costMetrics(request);
  let separator = '';
  for (const startUs of buckets.startsUs) {
    const timestamp = JSON.stringify(buckets.format(startUs));
    for (const model of usage.models) {
      const row = usage.tokens.get(keyOf(startUs, model));
      const cost = usage.costs.get(keyOf(startUs, model));
      const count = row?.count ?? 0;
      const values = [
        ...valuesOf(ofTokens, row),
        ...ofCosts.flatMap(({ metric, aggregations }) =>
          aggregations.map((each) => member(`${each}_${metric}`, ofCost(each, cost?.[metric] ?? 0, count))),
        ),
      ];
      out.text(
        `${separator}{${[`"timestamp":${timestamp}`, `"model":${JSON.stringify(model)}`, ...values, `"count":${count}`].join(',')}}`,
      );
      separator = ',';
      if (out.sizeBytes >= FLUSH_BYTES) yield out.take();
    }
  }
  out.text('],"call_buckets":[');
  separator = '';
  const byStart = new Map(calls.map((row) => [row.bucketStartUs, row]));
  for (const startUs of request.call_metrics.length === 0 ? [] : buckets.startsUs) {
    const row = byStart.get(startUs);
    const members = [
      `"timestamp":${JSON.stringify(buckets.format(startUs))}`,
      ...valuesOf(request.call_metrics, row),
      `"count":${row?.count ?? 0}`,
    ];
    out.text(`${separator}{${members.join(',')}}`);
    separator = ',';
    if (out.sizeBytes >= FLUSH_BYTES) yield out.take();
  }
  out.text(']}');
  yield out.take();
}

/** Where there are no calls sums, averages and counts are 0, the rest is null. */
const ZERO: ReadonlySet<Aggregation> = new Set(['sum', 'avg', 'count', 'count_true', 'count_false']);

function valuesOf(
  metrics: readonly Metric<string>[],
  row: Pick<CallStatsRow, 'values'> | undefined,
): string[] {
  return metrics.flatMap(({ metric, aggregations, percentiles }, i) => {
    const values = row?.values[i] ?? [];
    return [
      ...aggregations.map((each, n) => member(`${each}_${metric}`, values[n] ?? (ZERO.has(each) ? 0 : null))),
      ...percentiles.map((each, n) => member(`p${each}_${metric}`, values[aggregations.length + n] ?? null)),
    ];
  });
}

function ofCost(aggregation: Aggregation, sum: number, count: number): number {
  if (aggregation === 'count') return count;
  return aggregation === 'avg' ? (count === 0 ? 0 : sum / count) : sum;
}

function member(name: string, value: number | null): string {
  return `${JSON.stringify(name)}:${JSON.stringify(value)}`;
}
