import { HAS_ENDED, STILL_RUNS } from '../calls/compile.ts';
import { hasContainers, repeatsUsage } from '../calls/containers.ts';
import { readExclusions } from '../calls/read.ts';
import {
  bucketOf,
  bucketParams,
  CALL_METRICS,
  fewUsageRows,
  rangeWhere,
  STARTED_US,
  summed,
  usageRange,
  usageRows,
} from '../calls/stats.ts';
import type { ClickHouse, Param } from '../clickhouse.ts';
import type {
  BreakdownCalls,
  BreakdownDimension,
  BreakdownGroup,
  BreakdownQuery,
  BreakdownReads,
  BreakdownTokens,
} from './types.ts';

type Params = Record<string, Param>;

/** Keys are not longer. */
const MAX_KEY_BYTES = 512;
/** A ref of an op is its name, a free name is itself. */
const OP_NAME = `if(startsWith(op_name, 'weave:///'), splitByChar(':', splitByChar('/', op_name)[-1])[1], op_name)`;

const COLUMNS: Record<Exclude<BreakdownDimension, 'model'>, string> = {
  op: OP_NAME,
  user: 'user_id',
  thread: 'thread_id',
};

const nameOf = (dimension: BreakdownDimension): string => `d_${dimension}`;
const short = (sql: string): string => `substring(${sql}, 1, ${MAX_KEY_BYTES})`;
/** Of calls, without their model. */
const selected = (by: readonly BreakdownDimension[]): string[] =>
  by.flatMap((each) => (each === 'model' ? [] : [`${short(COLUMNS[each])} AS ${nameOf(each)}`]));

/** Names a key: two of them share one of 2^64 numbers as good as never. */
function hashOf(by: readonly BreakdownDimension[]): string {
  return `cityHash64(${by.map((each) => `toString(${nameOf(each)})`).join(', ')})`;
}

/** Place among the groups from 1 on; 0 = any other. */
function placeOf(
  by: readonly BreakdownDimension[],
  groups: readonly BreakdownGroup[],
  params: Params,
): string {
  if (by.length === 0 || groups.length === 0) return 'toUInt32(0)';
  params['groups'] = { members: groups.map(({ id }) => id) };
  params['places'] = { members: groups.map((_, i) => String(i + 1)) };
  return `transform(${hashOf(by)}, {groups:Array(UInt64)}, {places:Array(UInt32)}, toUInt32(0))`;
}

/** One row for each call, of several models one for each. */
async function callRows(
  db: ClickHouse,
  { range, by }: BreakdownQuery,
  params: Params,
  bucket: string,
): Promise<string> {
  const where = rangeWhere(range, params, await readExclusions(db, range.projectId));
  const columns = [
    bucket,
    ...selected(by),
    ...(by.includes('model') ? [`${short('toString(name)')} AS ${nameOf('model')}`] : []),
    `${CALL_METRICS.latency_ms} AS latency`,
    `${CALL_METRICS.error_count} AS failed`,
  ];
  const models = by.includes('model')
    ? 'ARRAY JOIN if(empty(usage_models), [toString(model)], usage_models) AS name'
    : '';
  const rows = (state: string) =>
    `SELECT ${columns.join(', ')} FROM calls ${models} WHERE ${where} AND ${state}`;
  return `${rows(HAS_ENDED)} UNION ALL ${rows(STILL_RUNS)}`;
}

/** One row for each call and model that it used. */
async function tokenRows(
  db: ClickHouse,
  { range, by }: BreakdownQuery,
  params: Params,
  since: string,
): Promise<string> {
  const given = usageRange(range);
  const [exclusions, contained] = await Promise.all([
    readExclusions(db, range.projectId),
    hasContainers(db, range.projectId),
  ]);
  const where = rangeWhere(given, params, exclusions);
  const values: Parameters<typeof usageRows>[2] = (tokens) => [
    ...selected(by),
    `${since} AS since`,
    `${tokens.input_tokens} AS sent`,
    `${tokens.output_tokens} AS received`,
    `${tokens.total_tokens} AS both`,
    `${tokens.cache_read_input_tokens} AS hits`,
    `${tokens.cache_creation_input_tokens} AS misses`,
  ];
  const rows = contained
    ? fewUsageRows(range, `${where} AND NOT ${repeatsUsage(summed(given), exclusions)}`, values)
    : usageRows(range, where, values);
  const model = by.includes('model') ? `, ${short('toString(used)')} AS ${nameOf('model')}` : '';
  return `SELECT *${model} FROM (${rows.join('\nUNION ALL ')})`;
}

const NO_BUCKET = 'toInt64(0) AS bucket';
const P95 = 'quantileExactInclusiveOrNull(0.95)(latency)';
/** What the first groups have most of. */
const ORDER = {
  calls: 'toFloat64(count())',
  errors: 'toFloat64(sum(failed))',
  latency: `ifNull(toFloat64(${P95}), 0)`,
  tokens: 'toFloat64(sum(both))',
};

export const topGroups: WithDb<BreakdownReads['topGroups']> = async (db, query, order, limit, signal) => {
  const { by } = query;
  const params: Params = { limit };
  const rows =
    order === 'tokens'
      ? await tokenRows(db, query, Object.assign(params, bucketParams(query.range)), 'toInt64(0)')
      : await callRows(db, query, params, NO_BUCKET);
  const names = by.map(nameOf).join(', ');
  return db.all(
    {
      sql: `SELECT toString(${hashOf(by)}), [${by.map((each) => `toString(${nameOf(each)})`).join(', ')}]
FROM (${rows}) GROUP BY ${names} HAVING ${ORDER[order]} > 0 ORDER BY ${ORDER[order]} DESC, ${names} LIMIT {limit:UInt32}`,
      params,
    },
    (row) => ({ id: row.text(), key: row.texts() }),
    { signal },
  );
};

export const breakdownCalls: WithDb<BreakdownReads['breakdownCalls']> = async (
  db,
  query,
  groups,
  withBuckets,
  signal,
) => {
  const params: Params = withBuckets ? bucketParams(query.range) : {};
  const rows = await callRows(db, query, params, withBuckets ? bucketOf(query.range) : NO_BUCKET);
  const quantile = (level: number) =>
    `toNullable(toFloat64(quantileExactInclusiveOrNull(${level})(latency)))`;
  return db.all<BreakdownCalls>(
    {
      sql: `SELECT toInt64(place), toInt64(${withBuckets ? 'grouping(bucket)' : '1'}), bucket, toInt64(count()), toInt64(sum(failed)),
  ${quantile(0.5)}, ${quantile(0.95)}, ${quantile(0.99)}
FROM (SELECT bucket, ${placeOf(query.by, groups, params)} AS place, latency, failed FROM (${rows}))
GROUP BY ${withBuckets ? 'GROUPING SETS ((place, bucket), (place))' : 'place, bucket'} ORDER BY place, bucket`,
      params,
    },
    (row) => {
      const group = row.int64() - 1;
      const isAllTime = row.int64() === 1;
      const bucketStartUs = row.int64();
      const number = () => (row.uint8() === 1 ? null : row.float64());
      return {
        group,
        bucketStartUs: isAllTime ? null : bucketStartUs,
        calls: row.int64(),
        errors: row.int64(),
        p50Ms: number(),
        p95Ms: number(),
        p99Ms: number(),
      };
    },
    { signal, settings: { force_grouping_standard_compatibility: 1 } },
  );
};

export const breakdownTokens: WithDb<BreakdownReads['breakdownTokens']> = async (
  db,
  query,
  groups,
  changesUs,
  limit,
  signal,
) => {
  const params: Params = {
    ...bucketParams(query.range),
    changes: { members: ['0', ...changesUs.map(String)] },
    limit,
  };
  const since = `toInt64(roundDown(${STARTED_US}, {changes:Array(Int64)}))`;
  const rows = await tokenRows(db, query, params, since);
  const int = (sql: string) => `toInt64(${sql})`;
  const sums = [
    'count()',
    'sum(sent)',
    'sum(received)',
    'sum(both)',
    // More cached than sent: they were counted apart.
    'sum(sent) - sumIf(hits + misses, hits + misses <= sent)',
    'sum(hits)',
    'sum(misses)',
  ];
  return db.all<BreakdownTokens>(
    {
      sql: `SELECT toInt64(place), bucket, toString(used), since, ${sums.map(int).join(', ')}
FROM (SELECT *, ${placeOf(query.by, groups, params)} AS place FROM (${rows}))
GROUP BY place, bucket, used, since ORDER BY place, bucket, used, since LIMIT {limit:UInt64}`,
      params,
    },
    (row) => {
      const [group, bucketStartUs, model, sinceUs] = [row.int64() - 1, row.int64(), row.text(), row.int64()];
      const [count, input, output, total] = [row.int64(), row.int64(), row.int64(), row.int64()];
      const [uncached, cacheRead, cacheCreation] = [row.int64(), row.int64(), row.int64()];
      const tokens = { input, output, total, uncached, completion: output, cacheRead, cacheCreation };
      return { group, bucketStartUs, model, sinceUs, count, ...tokens };
    },
    { signal },
  );
};

type WithDb<F extends (...args: never[]) => unknown> = (
  db: ClickHouse,
  ...args: Parameters<F>
) => ReturnType<F>;
