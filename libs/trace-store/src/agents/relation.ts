import { fieldsOf, type Expr } from '@weft/query-language';
import { compileWhere } from '../calls/compile.ts';
import { repeatsUsage } from '../calls/containers.ts';
import { spanTextSql } from '../calls/span-sql.ts';
import type { Param } from '../clickhouse.ts';
import type { CallsFilter } from '../trace-store.ts';
import { sqlText } from './sql-text.ts';
import {
  AGENT_ATTRIBUTES,
  KNOWN_AGENT_KEYS,
  OPERATION_PREFIXES,
  SPAN_KINDS,
  STATUS_CODES,
  type AgentAttribute,
} from './attributes.ts';
import { IDENTITY } from './fields.ts';
import type { AgentPrices, AgentScope } from './types.ts';

/** Puts a statement together. */
export interface AgentSpans {
  /** @param statement given the relation, to stand behind FROM. It has the columns that the statement names. */
  into(statement: (spans: string) => string): string;
}

export interface SpansOptions {
  /** Spans without an agent or conversation of their own have their trace's. */
  readonly attributed?: boolean;
  readonly prices?: AgentPrices | undefined;
  /** Also spans of the traces that say nothing of agents. */
  readonly all?: boolean;
  /** Some spans may tell again what others used: `repeats_usage` says which. Default: it is 0. */
  readonly contained?: boolean;
  /** The conditions that spans are looked at under: of what they leave out nothing is told again. WHERE and all, or empty. */
  readonly among?: string;
}

/**
 * Spans of agents as a relation: calls made of OTLP spans that have attributes of the GenAI conventions, read out of the
 * spans stored beside them. Only columns that are used are written down: to look at all of them takes ClickHouse longer than
 * to read a page.
 */
export function agentSpans(
  scope: AgentScope,
  params: Record<string, Param>,
  options: SpansOptions = {},
): AgentSpans {
  return {
    into(statement) {
      const used = new Set(statement('').match(/[a-z_]+/g) ?? []);
      return statement(relationSql(scope, params, options, used));
    },
  };
}

type Names = ReadonlySet<string>;

function relationSql(
  scope: AgentScope,
  params: Record<string, Param>,
  options: SpansOptions,
  used: Names,
): string {
  const { attributed = false, prices, all = false } = options;
  const costs = prices === undefined ? [] : COST_COLUMNS.filter((name) => used.has(name));
  const repeats = repeatsSql(scope, params, options, used);
  const own = spansSql(scope, params, all, repeats, new Set([...used, ...(attributed ? IDENTITY : []), ...(costs.length > 0 ? PRICED_BY : [])])); // prettier-ignore
  const spans = costs.length === 0 ? own : pricedSql(own, prices!, params);
  return attributed ? attributedSql(spans, scope, params, [...used, ...costs]) : spans;
}

/** Whether the expressions name what spans inherit from their trace. */
export function namesIdentity(exprs: readonly (Expr | undefined)[]): boolean {
  return exprs.some((expr) =>
    (expr === undefined ? [] : fieldsOf(expr)).some(
      (field) => field.kind === 'column' && IDENTITY.includes(field.name),
    ),
  );
}

const HOUR_US = 3_600_000_000;

/** Undefined = nobody asks. */
function repeatsSql(
  scope: AgentScope,
  params: Record<string, Param>,
  { attributed = false, contained = false, among = '' }: SpansOptions,
  used: Names,
): string | undefined {
  if (!used.has('repeats_usage')) return undefined;
  if (!contained) return '0';
  const { sql } = compileWhere(scope.projectId, filterOf(scope), { superseded: false, deleted: false });
  const repeats = repeatsUsage(
    { where: [sql], fromUs: scope.afterUs, toUs: scope.beforeUs },
    { superseded: true, deleted: true },
  );
  if (among === '') return repeats;
  const tellers = agentSpans(scope, params, { attributed }).into(
    (from) =>
      `SELECT trace_id FROM ${from} ${among} AND may_repeat_usage = 0 AND input_tokens + output_tokens > 0`,
  );
  return `${repeats} AND trace_id IN (${tellers})`;
}

function spansSql(
  scope: AgentScope,
  params: Record<string, Param>,
  all: boolean,
  repeats: string | undefined,
  used: Names,
): string {
  const columns = COLUMNS.filter((_, i) => used.has(NAMES[i]!));
  return `(SELECT ${['trace_id', ...columns.filter((column) => column !== 'trace_id')].join(',\n  ')}
FROM (SELECT trace_id, id, parent_id, thread_id, span_trace_id, started_at, ended_at, user_id, run_id, run_step, run_step_end, otel_dump,
  inputs, output, claimed, may_repeat_usage, ${PAIRS} AS kv${repeats === undefined ? '' : `,\n  ${repeats} AS repeats_usage`}
FROM calls WHERE ${scopeSql(scope, params)}${all ? '' : `\n  AND multiSearchAny(otel_dump, ['"gen_ai.', '"weave.'])`})
${all ? '' : `WHERE ${IS_OF_AN_AGENT}`})`;
}

function scopeSql(scope: AgentScope, params: Record<string, Param>): string {
  const where = compileWhere(scope.projectId, filterOf(scope));
  Object.assign(params, where.params);
  const conditions = [where.sql, "span_trace_id != ''"];
  const bound = (operator: string, us: number | undefined) => {
    if (us === undefined) return;
    const name = `at${Object.keys(params).length}`;
    params[name] = us;
    conditions.push(`started_at ${operator} fromUnixTimestamp64Micro({${name}:Int64}, 'UTC')`);
  };
  bound('>=', scope.afterUs);
  bound('<', scope.beforeUs);
  return conditions.join('\n  AND ');
}

function filterOf({ traceIds, conversationIds }: AgentScope): CallsFilter {
  return {
    ...(traceIds === undefined ? {} : { traceIds }),
    ...(conversationIds === undefined ? {} : { threadIds: conversationIds }),
  };
}

const TUPLES = "'attributes', 'Array(Tuple(String, String))'";
/** Attributes as texts; integers beyond doubles are stored as marks. A map's first of equal keys counts, of attributes the last. */
const PAIRS = `CAST(arrayReverse(arrayMap(p -> (p.1, if(startsWith(p.2, '{"i":"'), JSONExtractString(p.2, 'i'), p.2)),
  JSONExtract(otel_dump, ${TUPLES}))), 'Map(String, String)')`;

const KNOWN = [...KNOWN_AGENT_KEYS].filter((key) => key.startsWith('weave.')).map(sqlText);
const IS_OF_AN_AGENT = `arrayExists(k -> startsWith(k, 'gen_ai.') OR k IN (${KNOWN.join(', ')}), mapKeys(kv))`;

const firstOf = (texts: readonly string[]): string =>
  texts.reduceRight((rest, text) => (rest === '' ? text : `if(${text} != '', ${text}, ${rest})`), '');
const textOf = ({ keys }: AgentAttribute): string => firstOf(keys.map((key) => `kv[${sqlText(key)}]`));

/** A number, or a text of one, without its fraction; else 0. */
const intOf = (text: string) =>
  `ifNull(toInt64OrNull(${text}), toInt64OrZero(toString(trunc(toFloat64OrZero(${text})))))`;

const lowerName = "lower(JSONExtractString(otel_dump, 'name'))";
const lastException = `arrayLast(e -> JSONExtractString(e, 'name') = 'exception', JSONExtractArrayRaw(otel_dump, 'events'))`;
const isError = "JSONExtractUInt(otel_dump, 'status', 1) = 2";
const ofException = (key: string) =>
  `if(${isError}, CAST(JSONExtract(${lastException}, ${TUPLES}), 'Map(String, String)')[${sqlText(key)}], '')`;

/** What is not simply the text of an attribute. */
const SPECIAL: Readonly<Record<string, (text: string) => string>> = {
  operation_name: (text) =>
    firstOf([
      text,
      `multiIf(${OPERATION_PREFIXES.map((prefix) => `startsWith(${lowerName}, ${sqlText(prefix)}), ${sqlText(prefix)}`).join(', ')}, '')`,
    ]),
  provider_name: (text) => `lower(${text})`,
  agent_name: (text) =>
    firstOf([
      text,
      `if(startsWith(${lowerName}, 'invoke_agent '), trim(substring(JSONExtractString(otel_dump, 'name'), 14)), '')`,
    ]),
  error_type: (text) => firstOf([text, ofException('exception.type')]),
  eval_trial_index: (text) => `if(${text} = '', -1, ${intOf(text)})`,
};

/** Long ones are stored once, as the call's inputs or output. */
const STORED_ONCE = new Set(['tool_call_arguments', 'tool_call_result']);

function columnSql(attribute: AgentAttribute): string {
  const { column, type, keys } = attribute;
  if (STORED_ONCE.has(column))
    return firstOf(keys.map((key) => plainText(spanTextSql(['attributes', key], sqlText))));
  const text = textOf(attribute);
  const special = SPECIAL[column];
  if (special !== undefined) return special(text);
  if (type === 'int') return intOf(text);
  return type === 'float' ? `toFloat64OrZero(${text})` : text;
}

/** Of JSON text: a string's own text. */
const plainText = (json: string) =>
  `arrayMap(j -> multiIf(startsWith(j, '"'), JSONExtractString(j), j = 'null', '', j), [${json}])[1]`;

const list = (texts: readonly string[]) => `[${texts.map(sqlText).join(', ')}]`;

const UNREAD = new Set(['strings']);
const COLUMNS: readonly string[] = [
  'trace_id',
  'id AS span_id',
  'span_trace_id',
  'parent_id AS parent_span_id',
  'thread_id AS conversation_id',
  'started_at',
  'ended_at',
  "JSONExtractString(otel_dump, 'name') AS span_name",
  `${list(SPAN_KINDS)}[JSONExtractUInt(otel_dump, 'kind') + 1] AS span_kind`,
  `${list(STATUS_CODES)}[JSONExtractUInt(otel_dump, 'status', 1) + 1] AS status_code`,
  `${firstOf(["JSONExtractString(otel_dump, 'status', 2)", ofException('exception.message')])} AS status_message`,
  'user_id AS wb_user_id',
  'run_id AS wb_run_id',
  'greatest(run_step, 0) AS wb_run_step',
  'greatest(run_step_end, 0) AS wb_run_step_end',
  ...AGENT_ATTRIBUTES.filter(({ type, column }) => !UNREAD.has(type) && !column.endsWith('_messages')).map(
    (attribute) => `${columnSql(attribute)} AS ${attribute.column}`,
  ),
  ...(['input', 'output'] as const).map(
    (side) =>
      `(${firstOf(AGENT_ATTRIBUTES.find(({ column }) => column === `${side}_messages`)!.keys.map((key) => `kv[${sqlText(key)}]`))}) != '' AS has_${side}`,
  ),
  'otel_dump',
  'inputs',
  'output',
  'claimed',
  'may_repeat_usage',
  'repeats_usage',
];

const NAMES: readonly string[] = COLUMNS.map((column) => column.slice(column.lastIndexOf(' ') + 1));

export const COST_COLUMNS = [
  'input_cost_usd',
  'output_cost_usd',
  'cache_read_cost_usd',
  'cache_creation_cost_usd',
  'total_cost_usd',
] as const;

const PRICED_BY = ['request_model', 'response_model', 'input_tokens', 'output_tokens', 'cache_read_input_tokens', 'cache_creation_input_tokens']; // prettier-ignore

/** The model that answered, else the one that was asked. */
export const PRICED_MODEL = "if(response_model != '', response_model, request_model)";

/** NULL where the model has no price. Cached tokens have prices of their own, and are part of the input. */
function pricedSql(spans: string, prices: AgentPrices, params: Record<string, Param>): string {
  params.models = prices.map(({ model }) => model);
  const rate = (name: string, of: (price: AgentPrices[number]) => number) => {
    params[name] = { members: prices.map((price) => String(of(price))) };
    return `if(pi = 0, NULL, {${name}:Array(Float64)}[pi])`;
  };
  const cached = 'cache_read_input_tokens + cache_creation_input_tokens';
  const costs = [
    `if(input_tokens < ${cached}, input_tokens, input_tokens - (${cached})) * ${rate('price_in', ({ input }) => input)}`,
    `output_tokens * ${rate('price_out', ({ output }) => output)}`,
    `cache_read_input_tokens * ${rate('price_read', ({ cacheRead }) => cacheRead)}`,
    `cache_creation_input_tokens * ${rate('price_create', ({ cacheCreation }) => cacheCreation)}`,
  ];
  const named = costs.map((sql, i) => `${sql} AS ${COST_COLUMNS[i]}`);
  return `(SELECT *, indexOf({models:Array(String)}, ${PRICED_MODEL}) AS pi, ${named.join(', ')},
  ${COST_COLUMNS.slice(0, 4).join(' + ')} AS total_cost_usd FROM ${spans})`;
}

/**
 * An agent's name, version and id go together: a span that names its agent keeps all three, another one takes those of the
 * first span in its trace that does.
 */
function attributedSql(
  spans: string,
  scope: AgentScope,
  params: Record<string, Param>,
  used: readonly string[],
): string {
  const wide: AgentScope = {
    ...scope,
    conversationIds: undefined,
    ...(scope.afterUs === undefined ? {} : { afterUs: scope.afterUs - HOUR_US }),
    ...(scope.beforeUs === undefined ? {} : { beforeUs: scope.beforeUs + HOUR_US }),
  };
  const others = [...NAMES, ...COST_COLUMNS].filter(
    (name) => used.includes(name) && !IDENTITY.includes(name),
  );
  const agent = ['agent_name', 'agent_version', 'agent_id'].map(
    (name, i) => `if(o.agent_name != '', o.${name}, t.agent.${i + 1}) AS ${name}`,
  );
  const identities = agentSpans(wide, params).into(identitiesSql);
  return `(SELECT ${[...others.map((name) => `o.${name} AS ${name}`), ...agent].join(', ')},
  if(o.conversation_id != '', o.conversation_id, t.conversation) AS conversation_id
FROM ${spans} AS o LEFT JOIN (${identities}) AS t ON o.trace_id = t.trace_id)`;
}

/** Whom the spans of each trace belong to that do not say it. */
export function identitiesSql(spans: string): string {
  return `SELECT trace_id, argMinIf((agent_name, agent_version, agent_id), (started_at, span_id), agent_name != '') AS agent,
  argMinIf(conversation_id, (started_at, span_id), conversation_id != '') AS conversation
FROM ${spans} GROUP BY trace_id`;
}
