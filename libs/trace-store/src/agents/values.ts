import { compileQuery } from '@weft/query-language';
import type { RowReader } from '../row-binary.ts';
import { type AgentSql, agentColumnType, CUSTOM_TYPE, DERIVED, type AgentValueType } from './fields.ts';
import type { AgentAggregation, AgentBound, AgentCell, AgentMeasure, AgentValue } from './types.ts';

/** Values of spans, and figures of many, as SQL of `agentSpans`. */

export interface ValueSql {
  /** NULL = no value. */
  readonly sql: string;
  readonly type: AgentValueType;
}

const BOOLEANS: Readonly<Record<string, string>> = {
  is_error: "status_code = 'ERROR'",
  is_invocation: "operation_name = 'invoke_agent'",
};

export function valueSql(value: AgentValue, to: AgentSql): ValueSql {
  switch (value.kind) {
    case 'column': {
      const type = agentColumnType(value.column)!;
      return { sql: type === 'number' ? `toFloat64(${value.column})` : value.column, type };
    }
    case 'derived':
      if (value.key in BOOLEANS) return { sql: BOOLEANS[value.key]!, type: 'boolean' };
      return { sql: DERIVED[value.key] ?? value.key, type: 'number' };
    case 'custom':
      return { sql: to.custom(value.source, value.key), type: CUSTOM_TYPE[value.source] };
  }
}

/** What a value is, before there is SQL. */
export function valueType(value: AgentValue): AgentValueType {
  switch (value.kind) {
    case 'column':
      return agentColumnType(value.column)!;
    case 'derived':
      return value.key in BOOLEANS ? 'boolean' : 'number';
    case 'custom':
      return CUSTOM_TYPE[value.source];
  }
}

/** What a measure is: extremes are what their values are, all others numbers. */
export function measureType({ value, aggregation }: AgentMeasure): AgentValueType {
  return value !== undefined && (aggregation === 'min' || aggregation === 'max')
    ? valueType(value)
    : 'number';
}

const AGGREGATES: Readonly<Record<AgentAggregation, (value: string) => string>> = {
  sum: (value) => `sumOrNull(${value})`,
  avg: (value) => `avgOrNull(${value})`,
  min: (value) => `minOrNull(${value})`,
  max: (value) => `maxOrNull(${value})`,
  count: (value) => `count(${value})`,
  count_distinct: (value) => `uniq(${value})`,
  count_true: (value) => `countIf(${value} = 1)`,
  count_false: (value) => `countIf(${value} = 0)`,
};

export function measureSql(measure: AgentMeasure, to: AgentSql): ValueSql {
  const { value, aggregation, filter } = measure;
  const condition = filter === undefined ? undefined : conditionSql(filter, to);
  const type = measureType(measure);
  if (value === undefined)
    return { sql: condition === undefined ? 'count()' : `countIf(ifNull(${condition}, 0))`, type };
  const { sql } = valueSql(value, to);
  const conditions = [
    ...(condition === undefined ? [] : [`ifNull(${condition}, 0)`]),
    ...(aggregation === 'sum' && isUsage(value) ? ['NOT repeats_usage'] : []),
  ];
  const counted = conditions.length === 0 ? sql : `if(${conditions.join(' AND ')}, ${sql}, NULL)`;
  if (typeof aggregation === 'number')
    // Exact, so that the same question has the same answer.
    return { sql: `quantileExactInclusiveOrNull(${aggregation / 100})(${counted})`, type };
  return { sql: AGGREGATES[aggregation](counted), type };
}

/** What spans may tell again of those below them. */
function isUsage(value: AgentValue): boolean {
  if (value.kind === 'custom') return false;
  return /_tokens$|_cost_usd$/.test(value.kind === 'column' ? value.column : value.key);
}

/** Conditions on a figure of a group. */
export function boundsSql(bounds: readonly AgentBound[], to: AgentSql): string[] {
  return bounds.flatMap(({ measure, min, max }) => {
    const { sql, type } = measureSql(measure, to);
    const figure = type === 'datetime' ? `toFloat64(toUnixTimestamp64Micro(${sql}))` : sql;
    return [
      ...(min === undefined ? [] : [`${figure} >= ${to.bind(String(min), 'Float64')}`]),
      ...(max === undefined ? [] : [`${figure} <= ${to.bind(String(max), 'Float64')}`]),
    ];
  });
}

export function conditionSql(filter: NonNullable<AgentMeasure['filter']>, to: AgentSql): string {
  const { sql, params } = compileQuery(filter, to.dialect());
  Object.assign(to.params, params);
  return sql;
}

const CELLS: Readonly<Record<AgentValueType, (sql: string) => string>> = {
  string: (sql) => `toString(${sql})`,
  number: (sql) => `toString(toFloat64(${sql}))`,
  boolean: (sql) => `toString(toUInt8(${sql}))`,
  datetime: (sql) => `toString(toUnixTimestamp64Micro(${sql}))`,
};

/** A column that `readCell` reads. */
export function cellSql({ sql, type }: ValueSql): string {
  return `toNullable(${CELLS[type](sql)})`;
}

export function readCell(row: RowReader, type: AgentValueType): AgentCell {
  const text = row.nullableText();
  if (text === null || type === 'string') return text;
  if (type === 'boolean') return text === '1';
  const number = Number(text);
  return Number.isFinite(number) ? number : null;
}
