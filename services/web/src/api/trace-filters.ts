import type { CallStatus } from './calls.ts';

/** Conditions on calls as people choose them, and as the API takes them. */

export const OPERATORS = [
  '=',
  '!=',
  'contains',
  '!contains',
  '>',
  '>=',
  '<',
  '<=',
  'exists',
  '!exists',
] as const;
export type Operator = (typeof OPERATORS)[number];

/** As it stands in the address. */
export type FilterChip = readonly [field: string, operator: Operator, value: string];

export const OPERATOR_WORDS: Readonly<Record<Operator, string>> = {
  '=': 'is',
  '!=': 'is not',
  contains: 'contains',
  '!contains': 'does not contain',
  '>': 'is more than',
  '>=': 'is at least',
  '<': 'is less than',
  '<=': 'is at most',
  exists: 'is there',
  '!exists': 'is not there',
};

export type FieldKind = 'text' | 'number' | 'bool' | 'any';

/** Which operators a value of this kind has, the usual one first. */
export function operatorsOf(kind: FieldKind): readonly Operator[] {
  if (kind === 'number') return ['>', '>=', '<', '<=', '=', '!=', 'exists', '!exists'];
  if (kind === 'bool') return ['=', '!=', 'exists', '!exists'];
  if (kind === 'text') return ['=', '!=', 'contains', '!contains', 'exists', '!exists'];
  return OPERATORS;
}

export const takesValue = (operator: Operator) => operator !== 'exists' && operator !== '!exists';

/** Fields by the names that are shown; all others are paths as the API has them. */
export const NAMED_FIELDS: Readonly<Record<string, { readonly path: string; readonly kind: FieldKind }>> = {
  status: { path: 'summary.weave.status', kind: 'text' },
  latency_ms: { path: 'summary.weave.latency_ms', kind: 'number' },
  name: { path: 'summary.weave.trace_name', kind: 'text' },
  op_name: { path: 'op_name', kind: 'text' },
  model: { path: 'model', kind: 'text' },
  user: { path: 'wb_user_id', kind: 'text' },
  thread: { path: 'thread_id', kind: 'text' },
  exception: { path: 'exception', kind: 'text' },
  id: { path: 'id', kind: 'text' },
  trace_id: { path: 'trace_id', kind: 'text' },
  parent_id: { path: 'parent_id', kind: 'text' },
  run: { path: 'wb_run_id', kind: 'text' },
};

export function pathOf(field: string): string {
  return Object.hasOwn(NAMED_FIELDS, field) ? NAMED_FIELDS[field]!.path : field;
}

/** What is wrong with a condition, for who wrote it; undefined = nothing. */
export function problemOf([field, operator, value]: FilterChip): string | undefined {
  if (field.trim() === '') return 'Choose a field.';
  const isKnown =
    Object.hasOwn(NAMED_FIELDS, field) ||
    /^(inputs|output|attributes|summary|started_at|ended_at|display_name|turn_id|wb_)/.test(field) ||
    /^feedback\.\[[^\]]+\]\.(payload|runnable_ref|trigger_ref)/.test(field) ||
    Object.values(NAMED_FIELDS).some(({ path }) => path === field);
  if (!isKnown)
    return `There is no field “${field.slice(0, 60)}”. Paths begin with inputs., output., attributes., summary. or feedback.[type].payload.`;
  if (!takesValue(operator)) return undefined;
  if (value === '') return 'Type a value, or choose “is there”.';
  const isOrder = ['>', '>=', '<', '<='].includes(operator);
  if (isOrder && !isTime(field) && !isNumber(value))
    return `“${value.slice(0, 40)}” is not a number: “${OPERATOR_WORDS[operator]}” compares numbers.`;
  if (isTime(field) && Number.isNaN(Date.parse(value)))
    return `“${value.slice(0, 40)}” is not a time, such as 2026-01-31T12:00Z.`;
  return undefined;
}

const isTime = (field: string) => field === 'started_at' || field === 'ended_at';
const isNumber = (text: string) => text.trim() !== '' && Number.isFinite(Number(text));

type Wire = Readonly<Record<string, unknown>>;
const get = (path: string): Wire => ({ $getField: path });
const literal = (value: unknown): Wire => ({ $literal: value });
const not = (condition: Wire): Wire => ({ $not: [condition] });
const has = (path: string, text: string): Wire => ({
  $contains: { input: get(path), substr: literal(text), case_insensitive: true },
});
const isThere = (path: string): Wire => not({ $eq: [get(path), literal(null)] });

/** The condition in Weave's query language. Where there is no value, only “is there”, “is not” and “does not contain” have an answer. */
export function compileChip(chip: FilterChip): Wire {
  const [field, operator, value] = chip;
  const path = pathOf(field);
  if (path === 'model') return compileModel(operator, value);
  switch (operator) {
    case '=':
      return isEveryVersion(path, value)
        ? { $contains: { input: get(path), substr: literal(value.slice(0, -1)) } }
        : { $eq: [get(path), literal(value)] };
    case '!=':
      return { $or: [not(compileChip([field, '=', value])), not(isThere(path))] };
    case 'contains':
      return has(path, value);
    case '!contains':
      return { $or: [not(has(path, value)), not(isThere(path))] };
    case 'exists':
      return isThere(path);
    case '!exists':
      return not(isThere(path));
    default:
      return compareNumbers(path, operator, value);
  }
}

/** `<` as `not ≥`: as older servers and clients of this protocol know it. */
function compareNumbers(path: string, operator: '>' | '>=' | '<' | '<=', value: string): Wire {
  const isPlain = isTime(path) || path === 'summary.weave.latency_ms';
  const left = isPlain ? get(path) : { $convert: { input: get(path), to: 'double' } };
  const sides = [left, literal(isTime(path) ? Date.parse(value) / 1000 : Number(value))];
  if (operator === '>') return { $gt: sides };
  if (operator === '>=') return { $gte: sides };
  return not(operator === '<' ? { $gte: sides } : { $gt: sides });
}

/** An op with all its versions. */
const isEveryVersion = (path: string, value: string) => path === 'op_name' && value.endsWith(':*');

/** Models are the names of what `summary.usage` has. */
function compileModel(operator: Operator, value: string): Wire {
  const used = isThere(`summary.usage.${value.replaceAll('.', '\\.')}`);
  const any = isThere('summary.usage');
  if (operator === '=') return used;
  if (operator === '!=') return not(used);
  if (operator === 'contains') return has('summary.usage', value);
  if (operator === '!contains') return not(has('summary.usage', value));
  return operator === 'exists' ? any : not(any);
}

export const RANGES = { '15m': 15, '1h': 60, '1d': 1440, '7d': 10_080, '30d': 43_200 } as const;
export type Range = keyof typeof RANGES;

/** What the traces page lists, as its address says it. */
export interface TracesFilter {
  /** Op, by the name that is shown. */
  readonly op?: string | undefined;
  /** Any text in inputs or output. */
  readonly text?: string | undefined;
  readonly status?: CallStatus | undefined;
  /** Every call, not only roots of traces. */
  readonly all?: boolean | undefined;
  /** Started within this time before now. */
  readonly since?: Range | undefined;
  /** Started at or after, and before: ISO 8601. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly filters?: readonly FilterChip[] | undefined;
  /** A condition of the API that no chip says, such as one of a saved view. */
  readonly query?: Wire | undefined;
}

/** `filter` and `query` of a request. @param now milliseconds, for ranges that end there. */
export function selectionOf(filter: TracesFilter, now = Date.now()): { filter?: Wire; query?: Wire } {
  const conditions = conditionsOf(filter, now);
  return {
    ...(!filter.all && { filter: { trace_roots_only: true } }),
    ...(conditions.length > 0 && { query: { $expr: { $and: conditions } } }),
  };
}

function conditionsOf(
  { op, text, status, since, from, to, filters = [], query }: TracesFilter,
  now: number,
): Wire[] {
  const started = get('started_at');
  const begin = since === undefined ? secondsOf(from) : (now - RANGES[since] * 60_000) / 1000;
  const end = since === undefined ? secondsOf(to) : undefined;
  return [
    ...(begin === undefined ? [] : [{ $gte: [started, literal(begin)] }]),
    ...(end === undefined ? [] : [not({ $gte: [started, literal(end)] })]),
    ...(op ? [has('op_name', op)] : []),
    ...(status ? [{ $eq: [get('summary.weave.status'), literal(status)] }] : []),
    ...(text ? [{ $or: [has('inputs', text), has('output', text)] }] : []),
    ...filters.filter((chip) => problemOf(chip) === undefined).map(compileChip),
    ...(query === undefined ? [] : [query]),
  ];
}

function secondsOf(iso: string | undefined): number | undefined {
  const ms = iso === undefined ? NaN : Date.parse(iso);
  return Number.isNaN(ms) ? undefined : ms / 1000;
}
