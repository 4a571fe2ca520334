import type { ClickHouse, Param } from '../clickhouse.ts';
import type {
  FeedbackAggregate,
  FeedbackAggregateQuery,
  FeedbackDimension,
  FeedbackMetric,
  FeedbackRange,
  FeedbackStats,
} from './types.ts';
import { FEEDBACK_BY_KEY, VISIBLE_FEEDBACK } from './visible.ts';

type Params = Record<string, Param>;

export const feedbackStats = (
  db: ClickHouse,
  range: FeedbackRange,
  metrics: readonly FeedbackMetric[],
  bucketSeconds?: number,
): Promise<FeedbackStats[]> => {
  const params: Params = {};
  const where = compileRange(range, params);
  const values = metrics.map((metric, i) => `${valueSql(metric, i, params)} AS m${i}`);
  const wanted = metrics.map((metric, i) => aggregates(metric, `m${i}`));
  const bucket = bucketSeconds === undefined ? '-1' : bucketSql(bucketSeconds, params);
  const selects = [
    'bucket',
    'toInt64(count())',
    ...wanted.flat().map((sql) => `toFloat64OrNull(toString(${sql}))`),
  ];
  return db.all(
    {
      sql: `SELECT ${selects.join(',\n  ')}
FROM (SELECT ${[`toInt64(${bucket}) AS bucket`, ...values].join(',\n  ')} ${where})
GROUP BY bucket ORDER BY bucket`,
      params,
    },
    (row) => {
      const start = row.int64();
      return {
        startS: bucketSeconds === undefined ? null : start,
        count: row.int64(),
        values: wanted.map((list) => list.map(() => (row.uint8() === 1 ? null : row.float64()))),
      };
    },
  );
};

export async function* feedbackSamples(
  db: ClickHouse,
  range: FeedbackRange,
  limit: number,
  signal?: AbortSignal,
): AsyncGenerator<readonly Uint8Array[]> {
  const params: Params = { samples: limit };
  const where = compileRange(range, params);
  const sql = `SELECT payload ${FEEDBACK_BY_KEY} AND (weave_ref, id) IN (
  SELECT argMax((weave_ref, id), (created_at, id)) ${where} GROUP BY trigger_ref ORDER BY trigger_ref LIMIT {samples:UInt32})`;
  yield* db.stream({ sql, params }, (row) => row.bytes(), { signal });
}

export const aggregateFeedback = (
  db: ClickHouse,
  query: FeedbackAggregateQuery,
  limit: number,
): Promise<FeedbackAggregate[]> => {
  const { bucketSeconds, groupBy } = query;
  const params: Params = { groups: limit };
  const where = compileAggregateWhere(query, params);
  const bucket = bucketSeconds === undefined ? '-1' : bucketSql(bucketSeconds, params);
  const keys = [
    `toInt64(${bucket}) AS bucket`,
    ...groupBy.map((dimension, i) => `${DIMENSIONS[dimension]} AS g${i}`),
  ];
  const names = ['bucket', ...groupBy.map((_, i) => `g${i}`)].join(', ');
  return db.all(
    {
      sql: `SELECT ${names}, toInt64(count()), toInt64(countIf(notEmpty(scorer_tags) OR notEmpty(scorer_ratings))),
  sumMap(scorer_tags, arrayMap(x -> toInt64(1), scorer_tags)),
  sumMap(mapKeys(scorer_ratings), arrayMap(x -> toInt64(1), mapValues(scorer_ratings))),
  sumMap(mapKeys(scorer_ratings), mapValues(scorer_ratings))
FROM (SELECT ${keys.join(', ')}, scorer_tags, scorer_ratings ${where})
GROUP BY ${names} ORDER BY ${names} LIMIT {groups:UInt32}`,
      params,
    },
    (row) => {
      const start = row.int64();
      const group = groupBy.map(() => row.text());
      const [count, scoredCount] = [row.int64(), row.int64()];
      // A tuple of two lists: names, then their values.
      const sums = (value: () => number) => {
        const [keys, values] = [row.texts(), row.list(value)];
        return new Map(keys.map((key, i) => [key, values[i]!]));
      };
      return {
        bucketStartMs: bucketSeconds === undefined ? null : start * 1000,
        group,
        count,
        scoredCount,
        tagCounts: sums(() => row.int64()),
        ratingCounts: sums(() => row.int64()),
        ratingSums: sums(() => row.float64()),
      };
    },
  );
};

/** The name of the object that a ref names, without its version. */
const objectName = (column: string): string => `splitByChar(':', splitByChar('/', ${column})[-1])[1]`;

const DIMENSIONS: Record<FeedbackDimension, string> = {
  scorer_id: objectName('runnable_ref'),
  span_agent_name: 'span_agent_name',
  span_agent_version: 'span_agent_version',
  span_status_code: 'span_status_code',
};

/** What agent monitors call their score. */
const RATING = "'_rating_'";

function compileAggregateWhere(query: FeedbackAggregateQuery, params: Params): string {
  const conditions = [compileRange(query, params)];
  const any = (name: string, values: readonly string[], match: (value: string) => string): void => {
    if (values.length === 0) return;
    params[name] = values;
    conditions.push(`arrayExists(x -> ${match('x')}, {${name}:Array(String)})`);
  };
  const nameMatches = (column: string) => (value: string) =>
    `if(endsWith(${value}, '*'), startsWith(${objectName(column)}, trimRight(${value}, '*')), ${objectName(column)} = ${value})`;
  any('types', query.typePrefixes, (x) => `startsWith(feedback_type, trimRight(${x}, '*'))`);
  any('monitors', query.monitorIds, nameMatches('trigger_ref'));
  any('scorers', query.scorerIds, nameMatches('runnable_ref'));
  any('agents', query.agentNames, (x) => `span_agent_name = ${x}`);
  any('kinds', query.targetKinds, (x) => `splitByChar('/', weave_ref)[-2] = ${x}`);
  any('tags', query.tags, (x) => `has(scorer_tags, ${x})`);
  const { ratingMin, ratingMax } = query;
  if (ratingMin !== undefined || ratingMax !== undefined) {
    conditions.push(`mapContains(scorer_ratings, ${RATING})`);
    if (ratingMin !== undefined) {
      params['rating_min'] = ratingMin;
      conditions.push(`scorer_ratings[${RATING}] >= {rating_min:Float64}`);
    }
    if (ratingMax !== undefined) {
      params['rating_max'] = ratingMax;
      conditions.push(`scorer_ratings[${RATING}] <= {rating_max:Float64}`);
    }
  }
  return conditions.join('\n  AND ');
}

/** FROM and WHERE. */
function compileRange(range: FeedbackRange, params: Params): string {
  Object.assign(params, { project: range.projectId, start: range.startUs, end: range.endUs });
  const conditions = [
    VISIBLE_FEEDBACK,
    "created_at >= fromUnixTimestamp64Micro({start:Int64}, 'UTC')",
    "created_at < fromUnixTimestamp64Micro({end:Int64}, 'UTC')",
  ];
  const { feedbackType, triggerRef } = range;
  if (feedbackType !== undefined) {
    params['type'] = feedbackType;
    conditions.push('feedback_type = {type:String}');
  }
  if (triggerRef !== undefined) {
    const isPrefix = triggerRef.endsWith(':*');
    // The colon belongs to it: versions of `name` are none of `name2`.
    params['trigger'] = isPrefix ? triggerRef.slice(0, -1) : triggerRef;
    conditions.push(
      isPrefix ? 'startsWith(trigger_ref, {trigger:String})' : 'trigger_ref = {trigger:String}',
    );
  }
  return conditions.join('\n  AND ');
}

/** Buckets begin at multiples of their length since the epoch, whatever the time zone. */
function bucketSql(seconds: number, params: Params): string {
  params['bucket'] = seconds;
  return 'intDiv(toUnixTimestamp64Second(created_at), {bucket:Int64}) * {bucket:Int64}';
}

/** The value as a number, NULL where it is none; a text for what is counted only. */
function valueSql({ path, valueType }: FeedbackMetric, index: number, params: Params): string {
  const keys = path.map((key, i) => {
    const name = `m${index}_${i}`;
    params[name] = key;
    return `{${name}:String}`;
  });
  const raw = `JSONExtractRaw(payload, ${keys.join(', ')})`;
  if (valueType === 'numeric') return `toFloat64OrNull(${raw})`;
  if (valueType === 'boolean') return `multiIf(${raw} = 'true', 1, ${raw} = 'false', 0, NULL)`;
  return `nullIf(JSONExtractString(payload, ${keys.join(', ')}), '')`;
}

/** Texts can be counted; what else is asked of them has no value. */
function aggregates({ valueType, aggregations, percentiles }: FeedbackMetric, value: string): string[] {
  const number = valueType === 'categorical' ? "CAST(NULL, 'Nullable(Float64)')" : value;
  return [
    ...aggregations.map((aggregation) => {
      switch (aggregation) {
        case 'count':
          return `count(${value})`;
        case 'count_true':
          return `countIf(${number} = 1)`;
        case 'count_false':
          return `countIf(${number} = 0)`;
        default:
          return `${aggregation}OrNull(${number})`;
      }
    }),
    ...percentiles.map((percentile) => `quantileExactInclusiveOrNull(${percentile / 100})(${number})`),
  ];
}
