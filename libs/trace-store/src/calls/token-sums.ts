import type { ClickHouse, Param, Statement } from '../clickhouse.ts';
import type { RowReader } from '../row-binary.ts';
import { excludedRows, type Exclusions } from './compile.ts';
import { hasContainers, repeatsUsage } from './containers.ts';
import { readExclusions } from './read.ts';
import {
  bucketOf,
  bucketParams,
  fewUsageRows,
  rangeWhere,
  STARTED_US,
  summed,
  usageRange,
  usageRows,
  type Ranged,
} from './stats.ts';
import type { StatsRange, TokenSums } from './stats-types.ts';

/**
 * Sums can be taken back: all rows are summed, and those that do not count, which are found by their keys, subtracted. So the
 * rows of whole hours need not be read: the projection `usage_sums` has their sums.
 */
export const tokenSums = async (
  db: ClickHouse,
  range: StatsRange,
  changesUs: readonly number[],
  limit: number,
): Promise<TokenSums[]> => {
  const [exclusions, contained] = await Promise.all([
    readExclusions(db, range.projectId),
    hasContainers(db, range.projectId),
  ]);
  const read = (row: RowReader): TokenSums => ({
    bucketStartUs: row.int64(),
    model: row.text(),
    sinceUs: row.int64(),
    uncached: row.int64(),
    completion: row.int64(),
    cacheRead: row.int64(),
    cacheCreation: row.int64(),
    count: row.int64(),
  });
  // Merging the expressions of this statement takes longer than running it.
  return db.all(compileTokenSums(range, changesUs, limit, { ...exclusions, contained }), read, {
    settings: { query_plan_merge_expressions: 0 },
  });
};

const NAMES = ['uncached', 'completion', 'cache_read', 'cache_creation', 'calls'] as const;

/** @param exclusions which of the tables that leave rows out have any of the project; `contained`: some rows may repeat others. */
export function compileTokenSums(
  range: StatsRange,
  changesUs: readonly number[],
  limit: number,
  exclusions: Exclusions & { readonly contained: boolean },
): Statement {
  const params: Record<string, Param> = {
    ...bucketParams(range),
    project: range.projectId,
    changes: { members: ['0', ...changesUs.map(String)] },
    limit,
  };
  const given = usageRange(range);
  const slots = slotsOf(range, changesUs);
  const arms = [
    ...(slots === undefined
      ? ofRows(given, params, '')
      : [
          ofSlots(range, slots, params),
          ...(slots.cut.length === 0 ? [] : ofRows(given, params, '', `AND (${inSlots(slots.cut)})`)),
        ]),
    ...excludedRows(exclusions).flatMap((which) => ofRows(given, params, '-', `AND ${which}`)),
    ...(exclusions.contained ? ofRows(given, params, '-', repeated(given, exclusions)) : []),
  ];
  const sums = NAMES.map((name) => `sum(${name})`).join(', ');
  return {
    sql: `SELECT bucket, used, since, ${sums}
FROM (${arms.join('\nUNION ALL ')}) GROUP BY bucket, used, since HAVING sum(calls) > 0 ORDER BY bucket, used, since LIMIT {limit:UInt64}`,
    params,
  };
}

/** What spans tell again and is not excluded already. */
function repeated(given: Ranged, exclusions: Exclusions): string {
  const others = excludedRows(exclusions).map((which) => `NOT (${which})`);
  return [repeatsUsage(summed(given), exclusions), ...others]
    .map((condition) => `AND ${condition}`)
    .join(' ');
}

const SINCE = (at: string) => `toInt64(roundDown(${at}, {changes:Array(Int64)})) AS since`;

/** Sums of the rows themselves; those that do not count, with a minus, are few. */
function ofRows(range: Ranged, params: Record<string, Param>, sign: '' | '-', and = ''): string[] {
  const where = rangeWhere(range, params, { superseded: false, deleted: false });
  const rowsOf = sign === '-' ? fewUsageRows : usageRows;
  return rowsOf(range, `${where} ${and}`, (tokens) => [
    SINCE(STARTED_US),
    `${tokens.input_tokens} AS sent`,
    `${tokens.output_tokens} AS received`,
    `${tokens.cache_read_input_tokens} AS hits`,
    `${tokens.cache_creation_input_tokens} AS misses`,
  ]).map(
    // More cached than sent: they were counted apart.
    (
      rows,
    ) => `SELECT bucket, used, since, ${sign}toInt64(sum(sent) - sumIf(hits + misses, hits + misses <= sent)) AS uncached,
  ${sign}toInt64(sum(received)) AS completion, ${sign}toInt64(sum(hits)) AS cache_read, ${sign}toInt64(sum(misses)) AS cache_creation, ${sign}toInt64(count()) AS calls
FROM (${rows}) GROUP BY bucket, used, since`,
  );
}

const SLOT_US = 3_600_000_000;
const SLOT = `intDiv(${STARTED_US}, ${SLOT_US})`;
/** More slots that are cut: reading all rows is no dearer. */
const MAX_CUT = 50;
/** Fewer slots: their rows are few. */
const MIN_SLOTS = 4;

/** Hours that a range consists of; half-open. */
interface Slots {
  readonly from: number;
  readonly to: number;
  /** Those whose rows do not all belong together. */
  readonly cut: readonly number[];
}

/** Undefined = sums of slots are of no use. */
function slotsOf(
  { filter, fromUs, toUs, bucketStartsUs }: StatsRange,
  changesUs: readonly number[],
): Slots | undefined {
  const { traceRootsOnly, ...others } = filter;
  if (Object.values(others).some((value) => value !== undefined)) return undefined;
  const [from, to] = [Math.floor(fromUs / SLOT_US), Math.ceil(toUs / SLOT_US)];
  if (from < 1 || to - from < MIN_SLOTS) return undefined;
  const cuts = [fromUs, toUs, ...bucketStartsUs, ...changesUs].filter(
    (us) => us >= fromUs && us <= toUs && us % SLOT_US !== 0,
  );
  const cut = [...new Set(cuts.map((us) => Math.floor(us / SLOT_US)))];
  return cut.length > MAX_CUT ? undefined : { from, to, cut };
}

function inSlots(slots: readonly number[]): string {
  const at = (slot: number) => `fromUnixTimestamp64Micro(${slot * SLOT_US}, 'UTC')`;
  return slots.map((slot) => `(started_at >= ${at(slot)} AND started_at < ${at(slot + 1)})`).join(' OR ');
}

/** In the very words of migration 010. */
const IS_COUNTED_IN_ROOTS = "(parent_id = '') OR (span_trace_id != '')";
const CACHED = 'cache_read_tokens + cache_creation_tokens';
const IS_PART_OF_PROMPT = '(cache_read_tokens + cache_creation_tokens) <= prompt_tokens';
const count = (place: number) => `usage_counts[((n - 1) * 5) + ${place}]`;
const CACHED_OF_EACH = `arrayMap(n -> if((${count(4)} + ${count(5)}) <= ${count(1)}, ${count(4)} + ${count(5)}, 0), arrayEnumerate(usage_models))`;

/** Sums of whole slots. */
function ofSlots(range: StatsRange, slots: Slots, params: Record<string, Param>): string {
  Object.assign(params, { slot_from: slots.from, slot_to: slots.to });
  const [bucket, since] = [bucketOf(range, `${SLOT} * ${SLOT_US}`), SINCE(`${SLOT} * ${SLOT_US}`)];
  const sums = `SELECT ${bucket}, ${since}, model, usage_models, count() AS uses,
    sum(prompt_tokens) AS sent, sum(completion_tokens) AS received, sum(cache_read_tokens) AS hits, sum(cache_creation_tokens) AS misses,
    sumIf(${CACHED}, ${IS_PART_OF_PROMPT}) AS cached, sumForEach(usage_counts) AS counts, sumForEach(${CACHED_OF_EACH}) AS cached_of_each
  FROM calls WHERE project_id = {project:String} AND ${SLOT} >= {slot_from:Int64} AND ${SLOT} < {slot_to:Int64}
    ${slots.cut.length === 0 ? '' : `AND ${SLOT} NOT IN (${slots.cut.join(', ')})`} ${range.filter.traceRootsOnly === true ? `AND (${IS_COUNTED_IN_ROOTS})` : ''}
  GROUP BY bucket, since, model, usage_models`;
  const of = (place: number, one: string) =>
    `toInt64(if(empty(usage_models), ${one}, counts[(n - 1) * 5 + ${place}]))`;
  return `SELECT bucket, toLowCardinality(name) AS used, since,
  ${of(1, 'sent')} - toInt64(if(empty(usage_models), cached, cached_of_each[n])) AS uncached,
  ${of(2, 'received')} AS completion, ${of(4, 'hits')} AS cache_read, ${of(5, 'misses')} AS cache_creation, toInt64(uses) AS calls
FROM (${sums}) ARRAY JOIN if(empty(usage_models), [toString(model)], usage_models) AS name, arrayEnumerate(if(empty(usage_models), [''], usage_models)) AS n
  WHERE model != '' OR notEmpty(usage_models)`;
}
