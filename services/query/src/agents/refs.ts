import { AppError, parseInstant } from '@weft/model';
import { parseQuery, type Expr } from '@weft/query-language';
import {
  agentColumn,
  agentColumnType,
  agentField,
  CUSTOM_SOURCES,
  DERIVED_VALUES,
  measureType,
  valueType,
  type AgentAggregation,
  type AgentBound,
  type AgentMeasure,
  type AgentSignals,
  type AgentValue,
  type AgentValueType,
  type CustomSource,
} from '@weft/trace-store';
import type { AgentGroupFilterSpec, AgentGroupRef, AgentMeasureSpec, AgentValueRef } from '@weft/weave-api';

/** What requests name, as values of spans. All throw AppError with the place in the request. */

const IDENT = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** A shape that fits its type and makes no sense: W&B's servers answer 422. */
export function senseless(path: string, problem: string): AppError {
  return new AppError('unsupported_member', `${path}: ${problem}`);
}

const shown = (text: string) => JSON.stringify(text.slice(0, 100));

export function condition(query: unknown, path = 'query'): Expr | undefined {
  return query === undefined ? undefined : parseQuery(query, agentField, path);
}

export interface GroupKey {
  readonly alias: string;
  readonly value: AgentValue;
}

const GROUP_COLUMNS: ReadonlySet<string> = new Set([
  'span_name', 'operation_name', 'provider_name', 'agent_name', 'agent_version', 'agent_id', 'request_model', 'response_model',
  'tool_name', 'tool_type', 'tool_call_id', 'conversation_id', 'status_code', 'error_type', 'span_kind', 'trace_id', 'span_id',
  'wb_run_id', 'wb_user_id', 'eval_run_id', 'eval_predict_and_score_call_id', 'eval_kind', 'eval_row_digest', 'eval_example_id',
  'eval_trial_index', 'eval_evaluation_name', 'parent_call_id', 'parent_call_trace_id',
]); // prettier-ignore

export const SORT_COLUMNS: ReadonlySet<string> = new Set([
  ...[...GROUP_COLUMNS].filter((name) => !['agent_id', 'tool_call_id', 'wb_user_id'].includes(name)),
  'started_at', 'ended_at', 'input_tokens', 'output_tokens', 'reasoning_tokens', 'cache_creation_input_tokens',
  'cache_read_input_tokens', 'output_type', 'request_temperature', 'request_max_tokens', 'request_top_p', 'wb_run_step', 'server_address',
]); // prettier-ignore

export function groupKeys(refs: readonly AgentGroupRef[], path = 'group_by'): GroupKey[] {
  const seen = new Set<string>();
  return refs.map(({ source, key, alias: given }, i) => {
    const at = `${path}[${i}]`;
    const isColumn = source === 'field' || source === 'column';
    const column = isColumn ? agentColumn(key) : undefined;
    const alias = given ?? column ?? key;
    if (!IDENT.test(alias)) throw senseless(`${at}.alias`, `must be a plain name, got ${shown(alias)}`);
    if (seen.has(alias)) throw senseless(`${at}.alias`, `is there twice: ${shown(alias)}`);
    seen.add(alias);
    if (!isColumn) return { alias, value: customValue(source as CustomSource, key, at) };
    if (column === undefined || !GROUP_COLUMNS.has(column))
      throw senseless(`${at}.key`, `spans cannot be grouped by ${shown(key)}`);
    return { alias, value: { kind: 'column', column } };
  });
}

function customValue(source: CustomSource, key: string, path: string): AgentValue & { kind: 'custom' } {
  if (key === '') throw senseless(`${path}.key`, 'is empty');
  return { kind: 'custom', source, key };
}

export function valueOf({ source, key }: AgentValueRef, path: string): AgentValue {
  if (source === 'derived') {
    const derived = DERIVED_VALUES.find((each) => each === key);
    if (derived === undefined) throw senseless(`${path}.key`, `unknown derived span value: ${shown(key)}`);
    return { kind: 'derived', key: derived };
  }
  if (source !== 'field') return customValue(source, key, path);
  const column = agentColumn(key);
  if (column === undefined || agentColumnType(column) === undefined)
    throw senseless(`${path}.key`, `field ${shown(key)} is not aggregatable`);
  return { kind: 'column', column };
}

/** @throws AppError if the reference is to no custom attribute. */
export function customRef(ref: AgentValueRef, path: string): AgentValue & { kind: 'custom' } {
  const value = valueOf(ref, path);
  if (value.kind !== 'custom')
    throw senseless(`${path}.source`, `must be one of ${CUSTOM_SOURCES.join(', ')}`);
  return value;
}

const ALLOWED: Readonly<Record<AgentValueType, readonly AgentAggregation[]>> = {
  datetime: ['min', 'max', 'count', 'count_distinct'],
  number: ['sum', 'avg', 'min', 'max', 'count', 'count_distinct'],
  boolean: ['count', 'count_distinct', 'count_true', 'count_false'],
  string: ['count', 'count_distinct'],
};

/** @throws AppError if the values are of another type than the request says, or have no such figure. */
export function checkAggregation(
  value: AgentValue,
  type: AgentValueType | undefined,
  aggregation: AgentAggregation,
  path: string,
): void {
  const real = valueType(value);
  if (type !== undefined && type !== real)
    throw senseless(`${path}.value_type`, `the values are of type ${real}, got ${type}`);
  if (!ALLOWED[real].includes(aggregation))
    throw senseless(`${path}.aggregation`, `${aggregation} is not valid for values of type ${real}`);
}

export function measureOf(spec: AgentMeasureSpec, path: string): AgentMeasure {
  const { value: ref, aggregation, filter, value_type: type } = spec;
  const value = ref === undefined ? undefined : valueOf(ref, `${path}.value`);
  if (value === undefined && aggregation !== 'count')
    throw senseless(`${path}.value`, 'only count measures may omit it');
  if (value !== undefined) checkAggregation(value, type, aggregation, path);
  return { value, aggregation, filter: condition(filter, `${path}.filter`) };
}

export function boundOf({ measure: spec, min, max }: AgentGroupFilterSpec, path: string): AgentBound {
  if (min === undefined && max === undefined) throw senseless(path, 'group filter must set min or max');
  const measure = measureOf(spec, `${path}.measure`);
  const isTime = measureType(measure) === 'datetime';
  const edge = (value: string | number | undefined, name: string): number | undefined => {
    if (value === undefined) return undefined;
    const number = isTime
      ? typeof value === 'string'
        ? parseInstant(value)
        : undefined
      : typeof value === 'number'
        ? value
        : undefined;
    if (number === undefined) throw senseless(`${path}.${name}`, isTime ? 'must be an instant' : 'must be a number');
    return number;
  };
  const bound = { measure, min: edge(min, 'min'), max: edge(max, 'max') };
  if (bound.min !== undefined && bound.max !== undefined && bound.max < bound.min)
    throw senseless(`${path}.max`, 'must not be less than min');
  if (measureType(measure) === 'string' || measureType(measure) === 'boolean')
    throw senseless(`${path}.measure`, 'must be a number or an instant');
  return bound;
} // prettier-ignore

/** Undefined = nothing is asked for. */
export function signalsOf(
  given:
    | { readonly tags: readonly string[]; readonly ratings: readonly { scorer_key: string; op: AgentSignals['ratings'][number]['op']; value: number }[] }
    | undefined,
): AgentSignals | undefined {
  if (given === undefined || given.tags.length + given.ratings.length === 0) return undefined;
  const ratings = given.ratings.map(({ scorer_key: key, op, value }) => ({ key, op, value }));
  return { tags: given.tags, ratings };
} // prettier-ignore

/** Nobody makes insights here: what asks for some matches nothing, what excludes them everything. */
export function asksForInsights(filters: readonly { readonly exclude: boolean }[]): boolean {
  return filters.some(({ exclude }) => !exclude);
}
