import { AppError, formatInstant, nowUs } from '@weft/model';
import {
  measureType,
  valueType,
  type AgentBinsQuery,
  type AgentBucketsQuery,
  type AgentCell,
  type AgentMeasure,
  type AgentValueType,
  type TraceReader,
} from '@weft/trace-store';
import type { AgentSpansStatsRequest } from '@weft/weave-api';
import { cutIntoBuckets } from '../stats-buckets.ts';
import { pricesFor } from './prices.ts';
import { cellOf } from './query-groups.ts';
import {
  asksForInsights,
  boundOf,
  checkAggregation,
  condition,
  groupKeys,
  measureOf,
  senseless,
  signalsOf,
  valueOf,
  type GroupKey,
} from './refs.ts';

/** Figures of spans of agents for charts. */

const DAY_US = 86_400_000_000;
const MAX_RANGE_US = 31 * DAY_US;
/** Of an answer: buckets × groups. */
const MAX_ROWS = 10_000;

interface Column {
  readonly name: string;
  readonly role: 'time' | 'bucket' | 'group' | 'metric';
  readonly value_type: AgentValueType;
  readonly metric: string | null;
  readonly aggregation: string | null;
}

interface Output {
  readonly measure: AgentMeasure;
  readonly column: Column;
}

type NumberBuckets = Extract<NonNullable<AgentSpansStatsRequest['bucket_by']>, { type: 'number' }>;

export async function spansStats(reader: TraceReader, request: AgentSpansStatsRequest): Promise<object> {
  const { start: fromUs, end: toUs = nowUs(), bucket_by: bucketBy } = request;
  const numbers = bucketBy?.type === 'number' ? bucketBy : undefined;
  check(request, numbers, toUs);
  const outputs = request.metrics.flatMap(outputsOf);
  const head = { start: formatInstant(fromUs), end: formatInstant(toUs) };
  return numbers === undefined
    ? { ...head, ...(await overTime(reader, request, outputs, fromUs, toUs)) }
    : { ...head, ...(await byNumber(reader, request, numbers, outputs, fromUs, toUs)) };
}

function check(request: AgentSpansStatsRequest, numbers: NumberBuckets | undefined, toUs: number): void {
  const { metrics, group_by: groupBy, group_filters: filters } = request;
  if (metrics.length === 0 && numbers === undefined) throw senseless('metrics', 'at least one metric is required');
  const twice = metrics.find(({ alias }, i) => metrics.findIndex((each) => each.alias === alias) < i);
  if (twice !== undefined) throw senseless('metrics', `duplicate metric aliases: ${JSON.stringify(twice.alias)}`);
  if (toUs < request.start) throw senseless('end', 'must be after start');
  const isBound = groupBy.length + filters.length + request.insight_filters.length > 0 || numbers !== undefined;
  if (isBound && toUs - request.start > MAX_RANGE_US) throw senseless('start', 'the date range cannot exceed 31 days');
  if (filters.length > 0 && groupBy.length > 0) throw senseless('group_filters', 'do not support group_by');
  if (numbers === undefined) return;
  if (groupBy.length > 0) throw senseless('group_by', 'numeric bucket stats do not support group_by');
  if ((numbers.value === undefined) === (numbers.group_by.length === 0 && numbers.measure === undefined))
    throw senseless('bucket_by', 'exactly one of value or group_by and measure must be set');
  if (numbers.group_by.length > 0 !== (numbers.measure !== undefined))
    throw senseless('bucket_by', 'must set both group_by and measure');
  if (numbers.group_by.length > 0 && metrics.length > 0)
    throw senseless('metrics', 'grouped numeric bucket stats do not support explicit metrics');
  if (filters.length > 0 && numbers.group_by.length === 0)
    throw senseless('group_filters', 'are only supported for time stats or grouped numeric bucket stats');
  if (numbers.min !== undefined && numbers.max !== undefined && numbers.max < numbers.min)
    throw senseless('bucket_by.max', 'must be greater than or equal to min');
} // prettier-ignore

function outputsOf(metric: AgentSpansStatsRequest['metrics'][number], i: number): Output[] {
  const path = `metrics[${i}]`;
  const value = valueOf(metric.value, `${path}.value`);
  const type = valueType(value);
  if (metric.value_type !== type)
    throw senseless(`${path}.value_type`, `the values are of type ${type}, got ${metric.value_type}`);
  const { percentiles } = metric;
  for (const [name, list] of [['aggregations', metric.aggregations], ['percentiles', percentiles]] as const)
    if (new Set<unknown>(list).size < list.length) throw senseless(`${path}.${name}`, 'must be unique');
  if (percentiles.length > 0 && type !== 'number') throw senseless(`${path}.percentiles`, 'are only valid for number metrics');
  const otherwise = type === 'number' ? (['sum'] as const) : (['count'] as const);
  const aggregations = metric.aggregations.length + percentiles.length === 0 ? otherwise : metric.aggregations;
  return [...aggregations, ...percentiles].map((aggregation) => {
    if (typeof aggregation === 'string') checkAggregation(value, undefined, aggregation, path);
    const label = typeof aggregation === 'string' ? aggregation : `p${String(aggregation).replace('.', '_')}`;
    const measure = { value, aggregation };
    return {
      measure,
      column: { name: `${label}_${metric.alias}`, role: 'metric', value_type: measureType(measure), metric: metric.alias, aggregation: label },
    };
  });
} // prettier-ignore

async function storeQuery(reader: TraceReader, request: AgentSpansStatsRequest, fromUs: number, toUs: number, used: readonly (AgentMeasure | undefined)[]) {
  const filter = { projectId: request.project_id, where: condition(request.query), afterUs: fromUs, beforeUs: toUs };
  const needsPrices = used.some((each) => each?.value?.kind === 'derived' && each.value.key.endsWith('_cost_usd'));
  return { ...filter, signals: signalsOf(request.signal_filters), prices: needsPrices ? await pricesFor(reader, filter) : undefined };
} // prettier-ignore

async function overTime(reader: TraceReader, request: AgentSpansStatsRequest, outputs: readonly Output[], fromUs: number, toUs: number): Promise<object> {
  const buckets = cutIntoBuckets(fromUs, toUs, request.granularity, request.timezone);
  const keys = groupKeys(request.group_by);
  const among = request.group_filters.map((spec, i) => {
    const own = groupKeys(spec.group_by, `group_filters[${i}].group_by`).map(({ value }) => value);
    return { groupBy: own.length > 0 ? own : [CONVERSATION], bound: boundOf(spec, `group_filters[${i}]`) };
  });
  const columns: Column[] = [plain('timestamp', 'time', 'datetime'), ...keys.map(({ alias, value }) => plain(alias, 'group', valueType(value))), ...outputs.map(({ column }) => column)];
  refuseTwice(columns);
  const count = buckets.startsUs.length;
  const measures = outputs.map(({ measure }) => measure);
  const query: AgentBucketsQuery = {
    ...(await storeQuery(reader, request, fromUs, toUs, [...measures, ...among.map(({ bound }) => bound.measure)])),
    afterUs: fromUs,
    beforeUs: toUs,
    bucketStartsUs: buckets.startsUs,
    groupBy: keys.map(({ value }) => value),
    groupLimit: Math.min(request.group_limit, Math.max(1, Math.floor(MAX_ROWS / count))),
    measures,
    among,
  };
  const found = asksForInsights(request.insight_filters) ? [] : await reader.agentBuckets(query, Math.max(MAX_ROWS, count) + 1);
  const byGroup = new Map<string, Map<number, readonly AgentCell[]>>();
  const groups = new Map<string, readonly AgentCell[]>();
  for (const { startUs, group, measures: values } of found) {
    const name = JSON.stringify(group);
    groups.set(name, group);
    byGroup.set(name, (byGroup.get(name) ?? new Map<number, readonly AgentCell[]>()).set(startUs, values));
  }
  if (keys.length === 0) groups.set('[]', []);
  const names = [...groups.keys()].sort();
  const rows = buckets.startsUs.flatMap((startUs) =>
    names.map((name) => ({
      timestamp: buckets.format(startUs),
      ...named(keys, groups.get(name)!),
      ...outputCells(outputs, byGroup.get(name)?.get(startUs)),
    })),
  );
  return { granularity: buckets.granularityS, timezone: request.timezone, bucket_type: 'time', columns, rows };
} // prettier-ignore

const CONVERSATION = { kind: 'column', column: 'conversation_id' } as const;

function plain(name: string, role: Column['role'], type: AgentValueType): Column {
  return { name, role, value_type: type, metric: null, aggregation: null };
}

function refuseTwice(columns: readonly Column[]): void {
  const twice = columns.find(({ name }, i) => columns.findIndex((each) => each.name === name) < i);
  if (twice !== undefined)
    throw new AppError('invalid_request', `metrics: duplicate output columns: ${JSON.stringify(twice.name)}`);
}

function named(keys: readonly GroupKey[], values: readonly AgentCell[]): Record<string, AgentCell> {
  return Object.fromEntries(keys.map(({ alias }, i) => [alias, values[i]!]));
}

const ZERO: ReadonlySet<unknown> = new Set(['sum', 'count', 'count_distinct', 'count_true', 'count_false']);

/** Where there is nothing, sums and counts are 0 and all else is unknown. */
function outputCells(
  outputs: readonly Output[],
  values: readonly AgentCell[] | undefined,
): Record<string, AgentCell> {
  return Object.fromEntries(
    outputs.map(({ measure, column }, i) => {
      const value = cellOf(values?.[i] ?? null, measure);
      return [column.name, value === null && ZERO.has(measure.aggregation) ? 0 : value];
    }),
  );
}

async function byNumber(reader: TraceReader, request: AgentSpansStatsRequest, spec: NumberBuckets, metrics: readonly Output[], fromUs: number, toUs: number): Promise<object> {
  const outputs: readonly Output[] = metrics.length > 0 ? metrics : [ROWS];
  const of = numbersOf(request, spec);
  const used = 'measure' in of ? [of.measure, ...of.bounds.map(({ measure }) => measure)] : [{ value: of.value, aggregation: 'sum' as const }];
  const columns = [plain('bucket_index', 'bucket', 'number'), plain('bucket_min', 'bucket', 'number'), plain('bucket_max', 'bucket', 'number'), ...outputs.map(({ column }) => column)];
  refuseTwice(columns);
  const measures = outputs.map(({ measure }) => measure);
  const query: AgentBinsQuery = { ...(await storeQuery(reader, request, fromUs, toUs, [...measures, ...used])), bins: spec.bins, min: spec.min, max: spec.max, of, measures };
  const { range, bins } = asksForInsights(request.insight_filters) ? { range: null, bins: [] } : await reader.agentBins(query);
  const byIndex = new Map(bins.map((bin) => [bin.index, bin.measures]));
  const shown = range === null ? 0 : range.max > range.min ? spec.bins : 1;
  const width = range === null ? 0 : (range.max - range.min) / spec.bins;
  const rows = Array.from({ length: shown }, (_, i) => ({
    bucket_index: i,
    bucket_min: range!.min + i * width,
    bucket_max: i === shown - 1 ? range!.max : range!.min + (i + 1) * width,
    ...outputCells(outputs, byIndex.get(i)),
  }));
  return { granularity: null, timezone: request.timezone, bucket_type: 'number', columns, rows };
} // prettier-ignore

const ROWS: Output = {
  measure: { aggregation: 'count' },
  column: { name: 'count', role: 'metric', value_type: 'number', metric: 'rows', aggregation: 'count' },
};

function numbersOf(request: AgentSpansStatsRequest, spec: NumberBuckets): AgentBinsQuery['of'] {
  if (spec.value !== undefined) {
    const value = valueOf(spec.value, 'bucket_by.value');
    if (valueType(value) !== 'number') throw senseless('bucket_by.value', 'must be a number');
    return { value };
  }
  const keys = groupKeys(spec.group_by, 'bucket_by.group_by');
  const groupBy = keys.map(({ value }) => value);
  const measure = measureOf(spec.measure!, 'bucket_by.measure');
  if (measureType(measure) !== 'number') throw senseless('bucket_by.measure', 'must produce a number');
  const bounds = request.group_filters.map((filter, i) => {
    const own = groupKeys(filter.group_by, `group_filters[${i}].group_by`).map(({ value }) => value);
    if (own.length > 0 && JSON.stringify(own) !== JSON.stringify(groupBy))
      throw senseless(`group_filters[${i}].group_by`, 'must be the same as that of the buckets');
    return boundOf(filter, `group_filters[${i}]`);
  });
  return { groupBy, measure, bounds };
}
