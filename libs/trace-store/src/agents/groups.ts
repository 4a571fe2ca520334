import { hasContainers } from '../calls/containers.ts';
import { VISIBLE_FEEDBACK } from '../feedback/visible.ts';
import type { ClickHouse, Param } from '../clickhouse.ts';
import type { RowReader } from '../row-binary.ts';
import { AgentSql, IDENTITY } from './fields.ts';
import { agentSpans, namesIdentity, type AgentSpans } from './relation.ts';
import {
  AGENT_GROUP_FIGURES,
  AGENT_GROUP_LISTS,
  type AgentBins,
  type AgentBinsQuery,
  type AgentBucket,
  type AgentBucketsQuery,
  type AgentCell,
  type AgentDistribution,
  type AgentDistributionRow,
  type AgentFilter,
  type AgentGroup,
  type AgentGroupFigure,
  type AgentGroupList,
  type AgentGroupsQuery,
  type AgentMeasure,
  type AgentPrices,
  type AgentSignals,
  type AgentsQuery,
  type AgentValue,
  type StoredAgent,
} from './types.ts';
import { boundsSql, cellSql, conditionSql, measureSql, readCell, valueSql, type ValueSql } from './values.ts';

/** Figures of many spans. */

const MS = 'toInt64(greatest(toUnixTimestamp64Milli(ended_at) - toUnixTimestamp64Milli(started_at), 0))';

const FIGURES: Readonly<Record<AgentGroupFigure, string>> = {
  span_count: 'count()',
  invocation_count: "countIf(operation_name = 'invoke_agent')",
  conversation_count: 'uniqExact(conversation_id)',
  total_input_tokens: 'sumIf(input_tokens, NOT repeats_usage)',
  total_cache_creation_input_tokens: 'sumIf(cache_creation_input_tokens, NOT repeats_usage)',
  total_cache_read_input_tokens: 'sumIf(cache_read_input_tokens, NOT repeats_usage)',
  total_output_tokens: 'sumIf(output_tokens, NOT repeats_usage)',
  total_reasoning_tokens: 'sumIf(reasoning_tokens, NOT repeats_usage)',
  total_duration_ms: `sum(${MS})`,
  error_count: "countIf(status_code = 'ERROR')",
};

/** Names that are listed of a group. */
const MAX_LISTED = 1000;
const LISTS: Readonly<Record<AgentGroupList, string>> = {
  agent_names: 'agent_name',
  agent_versions: 'agent_version',
  provider_names: 'provider_name',
  request_models: 'request_model',
  conversation_names: 'conversation_name',
};

const COSTS = ['total_cost_usd', 'input_cost_usd', 'output_cost_usd'];
const NULLABLE_FLOAT = (sql: string) => `toNullable(toFloat64(${sql}))`;
const floatOrNull = (row: RowReader) => (row.uint8() === 1 ? null : row.float64());

/** The spans that match, as SQL with all their columns, and where further pieces are bound. */
function matching(
  query: AgentFilter & { readonly signals?: AgentSignals | undefined; readonly prices?: AgentPrices | undefined },
  identity: boolean,
  contained: boolean,
): { to: AgentSql; spans: AgentSpans; where: string } {
  const params: Record<string, Param> = {};
  const to = new AgentSql(params);
  const attributed = identity || query.signals !== undefined;
  const conditions = [
    ...(query.where === undefined ? [] : [conditionSql(query.where, to)]),
    ...(query.signals === undefined ? [] : [signalsSql(query.signals, to)]),
  ];
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.join('\n  AND ')}`;
  const spans = agentSpans(query, params, { attributed, prices: query.prices, contained, among: where });
  return { to, spans, where };
} // prettier-ignore

const OPERATOR = { gte: '>=', gt: '>', lte: '<=', lt: '<', eq: '=' } as const;

/** Tags and ratings of one conversation may lie on several rows. */
function signalsSql({ tags, ratings }: AgentSignals, to: AgentSql): string {
  const having = [
    ...(tags.length === 0 ? [] : [`max(hasAny(scorer_tags, ${to.bind(tags, 'Array(String)')})) = 1`]),
    ...ratings.map(({ key, op, value }) => {
      const name = to.bind(key);
      return `max(mapContains(scorer_ratings, ${name}) AND scorer_ratings[${name}] ${OPERATOR[op]} ${to.bind(String(value), 'Float64')}) = 1`;
    }),
  ];
  return `conversation_id IN (SELECT span_conversation_id ${VISIBLE_FEEDBACK}
  AND feedback_type IN ('wandb.agent_user_feedback', 'wandb.agent_monitor') AND span_conversation_id != ''
  GROUP BY span_conversation_id HAVING ${having.join(' AND ')})`;
}

function usesIdentity(values: readonly (AgentValue | undefined)[]): boolean {
  return values.some((value) => value?.kind === 'column' && IDENTITY.includes(value.column));
}

function valuesOf(measures: readonly AgentMeasure[]): (AgentValue | undefined)[] {
  return measures.map(({ value }) => value);
}

const groupColumns = (groups: readonly ValueSql[]) =>
  groups.map(({ sql }, i) => `${sql} AS g${i}`).join(', ');
const groupNames = (groups: readonly unknown[]) => groups.map((_, i) => `g${i}`).join(', ');

export const agentGroups = async (db: ClickHouse, query: AgentGroupsQuery): Promise<AgentGroup[]> => {
  const { to, spans, where } = matching(query, true, await hasContainers(db, query.projectId));
  const groups = query.groupBy.map((value) => valueSql(value, to));
  const measures = query.measures.map((measure) => measureSql(measure, to));
  const having = boundsSql(query.bounds, to);
  const costs = COSTS.map((name) => (query.prices === undefined ? 'NULL' : `sumIf(${name}, NOT repeats_usage)`));
  const order = query.sort.map(({ by, direction }) => {
    const sql = typeof by === 'string' ? (SORTABLE[by] ?? by) : 'group' in by ? `g${by.group}` : `m${by.measure}`;
    return `${sql} ${direction === 'asc' ? 'ASC' : 'DESC'}`;
  });
  to.params.limit = query.limit;
  to.params.offset = query.offset;
  const sql = spans.into((from) => `SELECT ${groups.map((group, i) => cellSql({ ...group, sql: `g${i}` })).join(', ')},
  ${AGENT_GROUP_FIGURES.map((name) => `toInt64(f_${name})`).join(', ')},
  ${AGENT_GROUP_LISTS.map((name) => `l_${name}`).join(', ')},
  toUnixTimestamp64Micro(first_at), toUnixTimestamp64Micro(last_at), ${COSTS.map((name) => NULLABLE_FLOAT(`c_${name}`)).join(', ')}
  ${measures.map((measure, i) => `, ${cellSql({ ...measure, sql: `m${i}` })}`).join('')}
FROM (SELECT ${groupColumns(groups)},
  ${AGENT_GROUP_FIGURES.map((name) => `${FIGURES[name]} AS f_${name}`).join(', ')},
  ${AGENT_GROUP_LISTS.map((name) => `arraySort(groupUniqArrayIf(${MAX_LISTED})(${LISTS[name]}, ${LISTS[name]} != '')) AS l_${name}`).join(', ')},
  min(started_at) AS first_at, max(started_at) AS last_at, ${COSTS.map((name, i) => `${costs[i]} AS c_${name}`).join(', ')}
  ${measures.map(({ sql }, i) => `, ${sql} AS m${i}`).join('')}
FROM ${from} ${where} GROUP BY ${groupNames(groups)} ${having.length === 0 ? '' : `HAVING ${having.join(' AND ')}`})
ORDER BY ${[...order, ...(measures.length > 0 && order.length === 0 ? ['m0 DESC'] : []), 'last_at DESC', groupNames(groups)].join(', ')}
LIMIT {limit:UInt64} OFFSET {offset:UInt64}`);
  return db.all({ sql, params: to.params }, (row) => ({
    keys: groups.map(({ type }) => readCell(row, type)),
    figures: Object.fromEntries(AGENT_GROUP_FIGURES.map((name) => [name, row.int64()])) as Record<AgentGroupFigure, number>,
    lists: Object.fromEntries(AGENT_GROUP_LISTS.map((name) => [name, row.texts()])) as Record<AgentGroupList, string[]>,
    firstSeenUs: row.int64(),
    lastSeenUs: row.int64(),
    costs: COSTS.map(() => floatOrNull(row)),
    measures: measures.map(({ type }) => readCell(row, type)),
  }));
}; // prettier-ignore

const SORTABLE: Readonly<Record<string, string>> = {
  ...Object.fromEntries(AGENT_GROUP_FIGURES.map((name) => [name, `f_${name}`])),
  first_seen: 'first_at',
  last_seen: 'last_at',
  total_cost_usd: 'c_total_cost_usd',
  total_input_cost_usd: 'c_input_cost_usd',
  total_output_cost_usd: 'c_output_cost_usd',
};

export const countAgentGroups = async (db: ClickHouse, query: AgentGroupsQuery): Promise<number> => {
  const identity =
    namesIdentity([query.where, ...query.bounds.map(({ measure }) => measure.filter)]) ||
    usesIdentity([...query.groupBy, ...valuesOf(query.bounds.map(({ measure }) => measure))]);
  const { to, spans, where } = matching(query, identity, await hasContainers(db, query.projectId));
  const groups = query.groupBy.map((value) => valueSql(value, to));
  const having = boundsSql(query.bounds, to);
  const sql = spans.into(
    (from) => `SELECT toInt64(count()) FROM (SELECT ${groupColumns(groups)} FROM ${from} ${where}
GROUP BY ${groupNames(groups)} ${having.length === 0 ? '' : `HAVING ${having.join(' AND ')}`})`,
  );
  const [count = 0] = await db.all({ sql, params: to.params }, (row) => row.int64());
  return count;
};

export const agentDistribution = async (
  db: ClickHouse,
  query: AgentGroupsQuery,
  groups: readonly string[],
  { value, bins, topN }: AgentDistribution,
): Promise<AgentDistributionRow[]> => {
  const { to, spans, where } = matching(query, true, false);
  const group = `ifNull(${cellSql(valueSql(query.groupBy[0]!, to))}, '')`;
  const { sql: of, type } = valueSql(value, to);
  const wanted = to.bind(groups, 'Array(String)');
  const isNumber = type === 'number';
  const text = type === 'boolean' ? "if(v = 1, 'true', 'false')" : 'toString(v)';
  const values = spans.into((from) => `SELECT ${group} AS g, ${of} AS given FROM ${from} ${where}`);
  const present = `SELECT g, assumeNotNull(given) AS v FROM (${values}) WHERE isNotNull(given) AND g IN ${wanted}`;
  const sql = isNumber
    ? `SELECT g, toInt64(any(total)), toInt64(count()), toInt64(bin) AS at, any(lo + bin * width), any(if(bin + 1 = ${bins}, hi, lo + (bin + 1) * width)), ''
FROM (SELECT g, total, lo, hi, if(hi > lo, (hi - lo) / ${bins}, 0) AS width, if(hi > lo, toUInt32(least(${bins} - 1, floor((v - lo) / width))), 0) AS bin
  FROM (SELECT g, v, min(v) OVER (PARTITION BY g) AS lo, max(v) OVER (PARTITION BY g) AS hi, count() OVER (PARTITION BY g) AS total FROM (${present})))
GROUP BY g, bin ORDER BY g, at`
    : `SELECT g, toInt64(sum(c) OVER (PARTITION BY g)), toInt64(c), toInt64(0), toFloat64(0), toFloat64(0), substringUTF8(text, 1, 256)
FROM (SELECT g, ${text} AS text, count() AS c FROM (${present}) GROUP BY g, text)
ORDER BY g, c DESC, text LIMIT ${topN} BY g`;
  return db.all({ sql, params: to.params }, (row) => ({
    group: row.text(),
    present: row.int64(),
    count: row.int64(),
    index: row.int64(),
    min: row.float64(),
    max: row.float64(),
    text: row.text(),
  }));
};

export const agentBuckets = async (
  db: ClickHouse,
  query: AgentBucketsQuery,
  limit: number,
): Promise<AgentBucket[]> => {
  const identity =
    namesIdentity([query.where]) ||
    usesIdentity([...query.groupBy, ...valuesOf(query.measures), ...query.among.flatMap(({ groupBy }) => groupBy)]);
  const { to, spans, where } = matching(query, identity, await hasContainers(db, query.projectId));
  to.params.starts = { members: query.bucketStartsUs.map(String) };
  to.params.limit = limit;
  to.params.groups = query.groupLimit;
  const groups = query.groupBy.map((value) => valueSql(value, to));
  const measures = query.measures.map((measure) => measureSql(measure, to));
  const among = query.among.map(({ groupBy, bound }) => ({
    key: tupleOf(groupBy.map((value) => valueSql(value, to))),
    having: boundsSql([bound], to).join(' AND '),
  }));
  const names = groups.length === 0 ? '' : `, ${groupNames(groups)}`;
  const key = tupleOf(groups);
  const sql = spans.into((relation) => {
    let from = `(SELECT * FROM ${relation} ${where})`;
    for (const { key, having } of among)
      from = `(SELECT * FROM ${from} WHERE ${key} IN (SELECT ${key} AS key FROM ${from} GROUP BY key HAVING ${having}))`;
    const ofMostSpans = groups.length === 0 ? '' : `WHERE ${key} IN (SELECT ${key} AS key FROM ${from} GROUP BY key ORDER BY count() DESC, key LIMIT {groups:UInt64})`;
    return `SELECT bucket ${groups.map((group, i) => `, ${cellSql({ ...group, sql: `g${i}` })}`).join('')} ${measures.map((measure, i) => `, ${cellSql({ ...measure, sql: `m${i}` })}`).join('')}
FROM (SELECT toInt64(roundDown(toUnixTimestamp64Micro(started_at), {starts:Array(Int64)})) AS bucket ${groups.length === 0 ? '' : `, ${groupColumns(groups)}`}
  ${measures.map(({ sql }, i) => `, ${sql} AS m${i}`).join('')}
FROM ${from} ${ofMostSpans} GROUP BY bucket ${names}) ORDER BY bucket ${names} LIMIT {limit:UInt64}`;
  });
  return db.all({ sql, params: to.params }, (row) => ({
    startUs: row.int64(),
    group: groups.map(({ type }) => readCell(row, type)),
    measures: measures.map(({ type }) => readCell(row, type)),
  }));
}; // prettier-ignore

/** Of texts, because nulls are no members of sets. */
function tupleOf(columns: readonly ValueSql[]): string {
  return `tuple(${columns.map(({ sql }) => `ifNull(toString(${sql}), '')`).join(', ')})`;
}

export const agentBins = async (db: ClickHouse, query: AgentBinsQuery): Promise<AgentBins> => {
  const { of, bins } = query;
  const identity =
    namesIdentity([query.where]) ||
    usesIdentity([...valuesOf(query.measures), ...('groupBy' in of ? [...of.groupBy, of.measure.value] : [of.value])]);
  const { to, spans, where } = matching(query, identity, await hasContainers(db, query.projectId));
  const having = 'groupBy' in of ? boundsSql(of.bounds, to) : [];
  const x = 'groupBy' in of ? measureSql(of.measure, to).sql : valueSql(of.value, to).sql;
  const perGroup = 'groupBy' in of ? `GROUP BY ${of.groupBy.map((value) => valueSql(value, to).sql).join(', ')} ${having.length === 0 ? '' : `HAVING ${having.join(' AND ')}`}` : '';
  const rows = (from: string) => `(SELECT * FROM (SELECT ${perGroup === '' ? '*, ' : ''}toFloat64(${x}) AS x FROM ${from} ${where} ${perGroup}) WHERE isNotNull(x) AND isFinite(x))`;
  const [range] = await db.all(
    { sql: spans.into((from) => `SELECT toInt64(count()), toFloat64(ifNull(min(x), 0)), toFloat64(ifNull(max(x), 0)) FROM ${rows(from)}`), params: to.params },
    (row) => ({ count: row.int64(), min: row.float64(), max: row.float64() }),
  );
  if (range === undefined || range.count === 0) return { range: null, bins: [] };
  const [min, max] = [query.min ?? range.min, query.max ?? range.max];
  const [low, high] = [to.bind(String(min), 'Float64'), to.bind(String(max), 'Float64')];
  const measures = query.measures.map((measure) => measureSql(measure, to));
  const index = max > min ? `toInt64(least(${bins} - 1, floor((x - ${low}) / ((${high} - ${low}) / ${bins}))))` : 'toInt64(0)';
  const sql = spans.into((from) => `SELECT bin ${measures.map((measure, i) => `, ${cellSql({ ...measure, sql: `m${i}` })}`).join('')}
FROM (SELECT ${index} AS bin ${measures.map((measure, i) => `, ${measure.sql} AS m${i}`).join('')} FROM ${rows(from)} WHERE x >= ${low} AND x <= ${high} GROUP BY bin) ORDER BY bin`);
  const found = await db.all({ sql, params: to.params }, (row) => ({
    index: row.int64(),
    measures: measures.map(({ type }): AgentCell => readCell(row, type)),
  }));
  return { range: { min, max }, bins: found };
}; // prettier-ignore

/**
 * Of one agent in one trace. Where spans that are requests to a model name their agent, those around them tell the same
 * again; where only the agent's own do, they are all that is told of it.
 */
const ofAgent = (value: string) =>
  `if(countIf(may_repeat_usage = 0 AND input_tokens + output_tokens > 0) > 0, sumIf(${value}, may_repeat_usage = 0), sum(${value}))`;

const OF_TRACE = {
  invocations: FIGURES.invocation_count,
  spans: 'count()',
  errors: FIGURES.error_count,
  sent: ofAgent('input_tokens'),
  made: ofAgent('output_tokens'),
  ms: FIGURES.total_duration_ms,
  first_at: 'toUnixTimestamp64Micro(min(started_at))',
  last_at: 'toUnixTimestamp64Micro(max(started_at))',
};

const AGENT_FIGURES = {
  invocation_count: 'sum(invocations)',
  span_count: 'sum(spans)',
  error_count: 'sum(errors)',
  total_input_tokens: 'sum(sent)',
  output: 'sum(made)',
  duration: 'sum(ms)',
  first_seen: 'min(first_at)',
  last_seen: 'max(last_at)',
};

export const listAgents = async (db: ClickHouse, query: AgentsQuery): Promise<StoredAgent[]> => {
  const { spans, where, params, name } = agentsSql(query);
  const order = query.sort.map(({ field, direction }) => `${field} ${direction === 'asc' ? 'ASC' : 'DESC'}`);
  const cost = query.prices === undefined ? 'NULL' : ofAgent('total_cost_usd');
  const ofTrace = Object.entries(OF_TRACE).map(([as, sql]) => `toInt64(${sql}) AS ${as}`);
  const figures = Object.entries(AGENT_FIGURES).map(([as, sql]) => `toInt64(${sql}) AS ${as}`);
  return db.all(
    {
      sql: spans.into(
        (from) => `SELECT name, ${Object.keys(AGENT_FIGURES).join(', ')}, ${NULLABLE_FLOAT('cost')} FROM (
  SELECT name, ${figures.join(', ')}, sum(cost_of_trace) AS cost FROM (
    SELECT ${name} AS name, ${ofTrace.join(', ')}, ${cost} AS cost_of_trace FROM ${from} ${where} GROUP BY name, trace_id)
  GROUP BY name)
ORDER BY ${[...order, 'last_seen DESC', 'name'].join(', ')} LIMIT {limit:UInt64} OFFSET {offset:UInt64}`,
      ),
      params: { ...params, limit: query.limit, offset: query.offset },
    },
    (row) => ({
      name: row.text(),
      invocationCount: row.int64(),
      spanCount: row.int64(),
      errorCount: row.int64(),
      inputTokens: row.int64(),
      outputTokens: row.int64(),
      durationMs: row.int64(),
      firstSeenUs: row.int64(),
      lastSeenUs: row.int64(),
      costUsd: floatOrNull(row),
    }),
  );
};

export const countAgents = async (
  db: ClickHouse,
  query: Pick<AgentsQuery, 'projectId' | 'versionsOf' | 'agentName'>,
): Promise<number> => {
  const { spans, where, params, name } = agentsSql(query);
  const [count = 0] = await db.all(
    { sql: spans.into((from) => `SELECT toInt64(uniqExact(${name})) FROM ${from} ${where}`), params },
    (row) => row.int64(),
  );
  return count;
};

/** Only spans that name their agent themselves. */
function agentsSql(query: Pick<AgentsQuery, 'projectId' | 'versionsOf' | 'agentName' | 'prices'>) {
  const params: Record<string, Param> = {};
  const spans = agentSpans({ projectId: query.projectId }, params, { prices: query.prices });
  const named = query.versionsOf ?? query.agentName;
  if (named !== undefined) params.named = named;
  return {
    params,
    spans,
    where: `WHERE agent_name != '' ${named === undefined ? '' : 'AND agent_name = {named:String}'}`,
    name: query.versionsOf === undefined ? 'agent_name' : 'agent_version',
  };
}
