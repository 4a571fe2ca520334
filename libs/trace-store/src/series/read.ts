import { compileWhere, HAS_ENDED } from '../calls/compile.ts';
import { readExclusions } from '../calls/read.ts';
import type { ClickHouse, Param } from '../clickhouse.ts';
import { VISIBLE_FEEDBACK } from '../feedback/visible.ts';
import type { CallSeries, ScoreSeries, SeriesQuery, SeriesSummary } from './types.ts';

type Params = Record<string, Param>;

/** Calls are found by their start: of a longer one nobody looks for the end. */
const LONGEST_CALL_US = 86_400_000_000;
/** Values that are compared as texts are not longer. */
const MAX_TEXT_BYTES = 256;

export const summariseSeries = async (
  db: ClickHouse,
  query: SeriesQuery,
  signal?: AbortSignal,
): Promise<SeriesSummary> => {
  const params: Params = {
    project: query.projectId,
    from_us: query.fromUs,
    to_us: query.toUs,
    newest: query.newest,
    match: query.match ?? '',
  };
  const rows =
    query.of.kind === 'calls' ? await callRows(db, query, query.of, params) : scoreRows(query.of, params);
  const [summary] = await db.all(
    {
      sql: `SELECT toInt64(count()), toInt64(count(number)), toInt64(countIf(number != 0)),
  toInt64(${query.match === undefined ? '0' : 'countIf(text = {match:String})'}), toInt64(max(at)),
  avgOrNull(number), quantileExactInclusiveOrNull(0.5)(number), minOrNull(number), maxOrNull(number),
  if(count(number) = 0, NULL, (sumMapIf([ifNull(number, 0)], [toInt64(1)], number IS NOT NULL) AS counts).1[
    indexOf(counts.2, arrayMax(counts.2))])
FROM (SELECT at, text, multiIf(text = 'true', 1., text = 'false', 0., isFinite(toFloat64OrNull(raw)), toFloat64OrNull(raw), NULL) AS number
  FROM (${rows}) WHERE text != '' ORDER BY at DESC LIMIT {newest:UInt64})`,
      params,
    },
    (row) => {
      const [count, numbers, nonZero] = [row.int64(), row.int64(), row.int64()];
      const [matched, newestUs] = [row.int64(), row.int64()];
      const number = () => (row.uint8() === 1 ? null : row.float64());
      const [mean, median, min, max, mode] = [number(), number(), number(), number(), number()];
      return { count, numbers, nonZero, matched, newestUs, mean, median, min, max, mode };
    },
    { signal },
  );
  return summary!;
};

/** `at`, `raw` (JSON of the value) and `text` (of a text without its quotes). Each call once, as it is known last. */
async function callRows(
  db: ClickHouse,
  { projectId, fromUs }: SeriesQuery,
  { opNames, spansOnly, value }: CallSeries,
  params: Params,
): Promise<string> {
  const exclusions = await readExclusions(db, projectId);
  const where = compileWhere(projectId, opNames.length === 0 ? {} : { opNames }, exclusions);
  Object.assign(params, where.params, { starts_us: fromUs - LONGEST_CALL_US });
  const [raw, text] = callValue(value, params);
  return `SELECT toUnixTimestamp64Micro(ended_at) AS at, ${raw} AS raw, ${text} AS text FROM calls
WHERE ${where.sql} AND ${HAS_ENDED}
  AND started_at >= fromUnixTimestamp64Micro({starts_us:Int64}, 'UTC') AND started_at < fromUnixTimestamp64Micro({to_us:Int64}, 'UTC')
  AND ended_at >= fromUnixTimestamp64Micro({from_us:Int64}, 'UTC') AND ended_at < fromUnixTimestamp64Micro({to_us:Int64}, 'UTC')
  ${spansOnly ? "AND span_trace_id != ''" : ''}
  ${opNames.length === 0 ? "AND NOT (position(attributes, '\"weft\"') > 0 AND JSONHas(attributes, 'weft', 'score'))" : ''}
ORDER BY ver DESC LIMIT 1 BY id, span_trace_id`;
}

function callValue(value: CallSeries['value'], params: Params): [raw: string, text: string] {
  if (typeof value !== 'string') return jsonValue(value.payload, value.path, params);
  const number = (sql: string): [string, string] => [`toString(${sql})`, `toString(${sql})`];
  switch (value) {
    case 'latency_ms':
      return number(
        'greatest(0, toUnixTimestamp64Micro(ended_at) - toUnixTimestamp64Micro(started_at)) / 1000',
      );
    case 'input_tokens':
      return number('prompt_tokens');
    case 'output_tokens':
      return number('completion_tokens');
    case 'tokens':
      return number('prompt_tokens + completion_tokens');
    case 'is_error':
      return number("toUInt8(status = 'error')");
    case 'status':
      return ["''", 'toString(status)'];
  }
}

function scoreRows({ triggerRef, runnableRef, path }: ScoreSeries, params: Params): string {
  const [raw, text] = jsonValue('payload', path, params);
  const conditions = [refIs('trigger_ref', triggerRef, params), refIs('runnable_ref', runnableRef, params)];
  return `SELECT toUnixTimestamp64Micro(created_at) AS at, ${raw} AS raw, ${text} AS text ${VISIBLE_FEEDBACK}
  AND created_at >= fromUnixTimestamp64Micro({from_us:Int64}, 'UTC') AND created_at < fromUnixTimestamp64Micro({to_us:Int64}, 'UTC')
  ${conditions.join(' ')}`;
}

/** The colon belongs to what all versions share: those of `name` are none of `name2`. */
function refIs(column: string, ref: string | undefined, params: Params): string {
  if (ref === undefined) return '';
  const isAny = ref.endsWith(':*');
  params[column] = isAny ? ref.slice(0, -1) : ref;
  return isAny ? `AND startsWith(${column}, {${column}:String})` : `AND ${column} = {${column}:String}`;
}

/** Null is no value. */
function jsonValue(column: string, path: readonly string[], params: Params): [raw: string, text: string] {
  const keys = path.map((key, i) => {
    params[`key${i}`] = key;
    return `{key${i}:String}`;
  });
  const args = [column, ...keys].join(', ');
  const found = `JSONExtractRaw(${args})`;
  const raw = `substring(${found}, 1, ${MAX_TEXT_BYTES})`;
  return [
    raw,
    `multiIf(${found} = 'null', '', startsWith(${found}, '"'), substring(JSONExtractString(${args}), 1, ${MAX_TEXT_BYTES}), ${raw})`,
  ];
}
