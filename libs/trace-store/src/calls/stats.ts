import type { ClickHouse, Param } from '../clickhouse.ts';
import type { RowReader } from '../row-binary.ts';
import { compileWhere, HAS_ENDED, STILL_RUNS, type Exclusions } from './compile.ts';
import { hasContainers, repeatsUsage, type Summed } from './containers.ts';
import { readExclusions } from './read.ts';
import type {
  Aggregation,
  CallMetric,
  CallStatsRow,
  Metric,
  StatsRange,
  TokenMetric,
  UsageStatsRow,
} from './stats-types.ts';

export const STARTED_US = 'toUnixTimestamp64Micro(started_at)';

/** Counts per model in `usage_counts`, in this order. */
const COUNTS_PER_MODEL = 5;

export const callStats = async (
  db: ClickHouse,
  range: StatsRange,
  metrics: readonly Metric<CallMetric>[],
): Promise<CallStatsRow[]> => {
  const params = bucketParams(range);
  const where = await whereOf(db, range, params);
  const values = metrics.map(({ metric }) => `${CALL_METRICS[metric]} AS m_${metric}`);
  const rows = (state: string) =>
    `SELECT ${[bucketOf(range), ...unique(values)].join(', ')} FROM calls WHERE ${where} AND ${state}`;
  const { columns, read } = aggregated(metrics);
  return db.all(
    {
      // Apart, because only the few running rows need a look at their key.
      sql: `SELECT bucket, toInt64(count()), ${columns}
FROM (${rows(HAS_ENDED)} UNION ALL ${rows(STILL_RUNS)}) GROUP BY bucket ORDER BY bucket`,
      params,
    },
    (row) => ({ bucketStartUs: row.int64(), count: row.int64(), values: read(row) }),
  );
};

/** What `AGGREGATES` are made of. */
export const CALL_METRICS: Record<CallMetric, string> = {
  latency_ms: `if(${HAS_ENDED} AND ended_at >= started_at,
    toFloat64(intDiv(toUnixTimestamp64Micro(ended_at) - toUnixTimestamp64Micro(started_at), 1000)), NULL)`,
  call_count: '1',
  error_count: "status = 'error'",
};

export const usageStats = async (
  db: ClickHouse,
  range: StatsRange,
  metrics: readonly Metric<TokenMetric>[],
  limit: number,
): Promise<UsageStatsRow[]> => {
  const params = bucketParams(range);
  const given = usageRange(range);
  const [exclusions, contained] = await Promise.all([
    readExclusions(db, range.projectId),
    hasContainers(db, range.projectId),
  ]);
  const where = rangeWhere(given, params, exclusions);
  const names = unique(metrics.map(({ metric }) => metric));
  const values = (tokens: TokenSql) => names.map((name) => `${tokens[name]} AS m_${name}`);
  const rows = contained
    ? fewUsageRows(range, `${where} AND NOT ${repeatsUsage(summed(given), exclusions)}`, values)
    : usageRows(range, where, values);
  const { columns, read } = aggregated(metrics);
  return db.all(
    {
      sql: `SELECT bucket, used, toInt64(count()), ${columns} FROM (${rows.join('\nUNION ALL ')})
GROUP BY bucket, used ORDER BY bucket, used LIMIT {limit:UInt64}`,
      params: { ...params, limit },
    },
    (row) => ({
      bucketStartUs: row.int64(),
      model: row.text(),
      count: row.int64(),
      values: read(row),
    }),
  );
};

type TokenSql = Readonly<Record<TokenMetric, string>>;

const OF_ONE_MODEL: TokenSql = {
  input_tokens: 'prompt_tokens',
  output_tokens: 'completion_tokens',
  total_tokens: 'total_tokens',
  cache_read_input_tokens: 'cache_read_tokens',
  cache_creation_input_tokens: 'cache_creation_tokens',
};

const count = (place: number) => `usage_counts[(n - 1) * ${COUNTS_PER_MODEL} + ${place}]`;
const OF_SEVERAL: TokenSql = {
  input_tokens: count(1),
  output_tokens: count(2),
  total_tokens: count(3),
  cache_read_input_tokens: count(4),
  cache_creation_input_tokens: count(5),
};

/** Where roots are asked for, calls made of spans are taken too. */
export function usageRange(range: StatsRange): StatsRange & { readonly extra: string } {
  const { traceRootsOnly, ...filter } = range.filter;
  return {
    ...range,
    filter,
    extra: traceRootsOnly === true ? "AND (parent_id = '' OR span_trace_id != '')" : '',
  };
}

/** Whose containers `repeatsUsage` finds; the parameters are those of `rangeWhere`. */
export function summed({ projectId, filter, fromUs, toUs }: StatsRange): Summed {
  const { sql } = compileWhere(projectId, filter, { superseded: false, deleted: false });
  return { where: [sql], fromUs, toUs };
}

/**
 * One row for each call and model (`used`), in a bucket. Most calls use one model: those need no arrays. Running calls have
 * no usage.
 */
export function usageRows(
  range: StatsRange,
  where: string,
  values: (tokens: TokenSql) => readonly string[],
): string[] {
  const bucket = bucketOf(range);
  return [
    `SELECT ${[bucket, 'model AS used', ...values(OF_ONE_MODEL)].join(', ')}
  FROM calls WHERE ${where} AND model != '' AND empty(usage_models)`,
    `SELECT ${[bucket, 'toLowCardinality(name) AS used', ...values(OF_SEVERAL)].join(', ')}
  FROM calls ARRAY JOIN usage_models AS name, arrayEnumerate(usage_models) AS n WHERE ${where} AND notEmpty(usage_models)`,
  ];
}

const either = (name: TokenMetric) => `if(empty(usage_models), ${OF_ONE_MODEL[name]}, ${OF_SEVERAL[name]})`;
const OF_ANY: TokenSql = {
  input_tokens: either('input_tokens'),
  output_tokens: either('output_tokens'),
  total_tokens: either('total_tokens'),
  cache_read_input_tokens: either('cache_read_input_tokens'),
  cache_creation_input_tokens: either('cache_creation_input_tokens'),
};

/** As `usageRows`, for conditions that take long to look up and leave few rows: they are looked up once. */
export function fewUsageRows(
  range: StatsRange,
  where: string,
  values: (tokens: TokenSql) => readonly string[],
): string[] {
  return [
    `SELECT ${[bucketOf(range), 'toLowCardinality(name) AS used', ...values(OF_ANY)].join(', ')}
  FROM calls ARRAY JOIN if(empty(usage_models), [toString(model)], usage_models) AS name,
    arrayEnumerate(if(empty(usage_models), [''], usage_models)) AS n
  WHERE ${where} AND (model != '' OR notEmpty(usage_models))`,
  ];
}

export type Ranged = StatsRange & { readonly extra?: string };

async function whereOf(db: ClickHouse, range: Ranged, params: Record<string, Param>): Promise<string> {
  return rangeWhere(range, params, await readExclusions(db, range.projectId));
}

export function rangeWhere(range: Ranged, params: Record<string, Param>, exclusions: Exclusions): string {
  const where = compileWhere(range.projectId, range.filter, exclusions);
  Object.assign(params, where.params, { from_us: range.fromUs, to_us: range.toUs });
  return `${where.sql}
    AND started_at >= fromUnixTimestamp64Micro({from_us:Int64}, 'UTC') AND started_at < fromUnixTimestamp64Micro({to_us:Int64}, 'UTC') ${range.extra ?? ''}`;
}

/** Microseconds of the start of the bucket that `at` lies in. */
export function bucketOf(range: StatsRange, at = STARTED_US): string {
  const width = uniformWidth(range.bucketStartsUs);
  return width === undefined
    ? `toInt64(roundDown(${at}, {starts:Array(Int64)})) AS bucket`
    : `toInt64({first:Int64} + intDiv(${at} - {first:Int64}, {width:Int64}) * {width:Int64}) AS bucket`;
}

export function bucketParams({ bucketStartsUs }: StatsRange): Record<string, Param> {
  const width = uniformWidth(bucketStartsUs);
  return width === undefined
    ? { starts: { members: bucketStartsUs.map(String) } }
    : { first: bucketStartsUs[0]!, width };
}

/** Buckets of one length need a division; others, as days are where clocks change, a search. */
function uniformWidth(startsUs: readonly number[]): number | undefined {
  if (startsUs.length < 2) return Number.MAX_SAFE_INTEGER;
  const width = startsUs[1]! - startsUs[0]!;
  return startsUs.every((start, i) => i === 0 || start - startsUs[i - 1]! === width) ? width : undefined;
}

const AGGREGATES: Record<Aggregation, (value: string) => string> = {
  sum: (value) => `sumOrNull(${value})`,
  avg: (value) => `avgOrNull(${value})`,
  min: (value) => `minOrNull(${value})`,
  max: (value) => `maxOrNull(${value})`,
  count: (value) => `count(${value})`,
  count_true: (value) => `countIf(${value} = 1)`,
  count_false: (value) => `countIf(${value} = 0)`,
};

/** The columns of all metrics, and how their row is read. */
function aggregated(metrics: readonly Metric<string>[]): {
  columns: string;
  read: (row: RowReader) => (number | null)[][];
} {
  const widths = metrics.map(({ aggregations, percentiles }) => aggregations.length + percentiles.length);
  const columns = metrics.flatMap(({ metric, aggregations, percentiles }) => [
    ...aggregations.map((aggregation) => AGGREGATES[aggregation](`m_${metric}`)),
    // Exact, so that the same question has the same answer.
    ...percentiles.map((percentile) => `quantileExactInclusiveOrNull(${percentile / 100})(m_${metric})`),
  ]);
  return {
    columns: columns.length === 0 ? '0' : columns.map((sql) => `toNullable(toFloat64(${sql}))`).join(', '),
    read: (row) => {
      const values = widths.map((width) =>
        Array.from({ length: width }, () => (row.uint8() === 1 ? null : row.float64())),
      );
      if (columns.length === 0) row.uint8();
      return values;
    },
  };
}

function unique<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}
