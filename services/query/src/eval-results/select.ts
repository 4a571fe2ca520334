import { AppError } from '@weft/model';
import {
  compareValues,
  evaluate,
  fieldsOf,
  parseQuery,
  sortValue,
  type Expr,
  type Row,
  type SortDirection,
  type SortValue,
} from '@weft/query-language';
import type { EvalResultsFilter, EvalResultsSort } from '@weft/weave-api';
import { filterField, sortField, type ValueField } from './fields.ts';
import type { ResultRow, Trial } from './trials.ts';

export interface Selection {
  /** Whether the row is shown. */
  readonly matches: (row: ResultRow) => boolean;
  /** In the order wanted: equal rows by their digest. */
  readonly sort: (rows: readonly ResultRow[]) => ResultRow[];
  /** What the two look at. */
  readonly fields: readonly ValueField[];
}

/** @throws AppError `invalid_request`, `unsupported_member` naming what is wrong in filters or sort. */
export function toSelection(
  filters: readonly EvalResultsFilter[],
  operator: 'and' | 'or',
  sort: readonly EvalResultsSort[],
  evaluationIds: readonly string[],
): Selection {
  const conditions = filters.map(({ evaluation_call_id: evaluationId, query }, i) => ({
    evaluationId,
    expr: parseQuery(query, filterField, `filters[${i}].query`),
  }));
  const keys = sort.map((each, i) => toSortKey(each, i, evaluationIds));
  const used = [
    ...conditions.flatMap(({ expr }) => fieldsOf(expr)).filter((field) => field.kind === 'json'),
    ...keys.flatMap(({ field }) => field ?? []),
  ] as ValueField[];
  return {
    matches: toFilter(conditions, operator),
    sort: (rows) => sortRows(rows, keys),
    fields: [...new Map(used.map((field) => [field.column, field])).values()],
  };
}

interface Condition {
  readonly evaluationId: string | undefined;
  readonly expr: Expr;
}

/** `or`: those of one evaluation hold together, for one evaluation at least. `and`: all hold. */
function toFilter(conditions: readonly Condition[], operator: 'and' | 'or'): (row: ResultRow) => boolean {
  if (conditions.length === 0) return () => true;
  const holds =
    (row: ResultRow) =>
    ({ evaluationId, expr }: Condition) =>
      evaluate(expr, seenBy(row, evaluationId));
  if (operator === 'and') return (row) => conditions.every(holds(row));
  const groups = new Map<string | undefined, Condition[]>();
  for (const condition of conditions)
    groups.set(condition.evaluationId, [...(groups.get(condition.evaluationId) ?? []), condition]);
  return (row) => [...groups.values()].some((group) => group.every(holds(row)));
}

/** A row in the eyes of one evaluation, or of all: of several trials the first that has a value counts. */
function seenBy(row: ResultRow, evaluationId: string | undefined): Row {
  return {
    column: () => row.digest,
    json: ({ column }) => firstValue(row, column, evaluationId),
  };
}

function firstValue(
  { trials }: ResultRow,
  path: string,
  evaluationId: string | undefined,
): Uint8Array | null {
  for (const trial of trials) {
    const value = isOf(trial, evaluationId) ? trial.values.get(path) : undefined;
    if (value !== undefined) return value;
  }
  return null;
}

function isOf(trial: Trial, evaluationId: string | undefined): boolean {
  return evaluationId === undefined || trial.evaluationId === evaluationId;
}

interface SortKey {
  /** None: the row's digest. */
  readonly field: ValueField | undefined;
  readonly direction: SortDirection;
  readonly valueOf: (row: ResultRow) => SortValue;
}

function toSortKey(sort: EvalResultsSort, index: number, evaluationIds: readonly string[]): SortKey {
  const { field: path, direction, mode, evaluation_call_id: evaluationId } = sort;
  const field = sortField(path);
  if (mode === 'difference' && field.root !== 'scores')
    throw new AppError(
      'invalid_request',
      `sort_by[${index}]: mode='difference' only supports numeric fields (scores.*), got '${path.slice(0, 80)}'.`,
    );
  const numeric = (row: ResultRow, of: string | undefined) => mean(row, field, of);
  if (mode === 'difference' && evaluationIds.length > 1)
    return {
      field,
      direction,
      valueOf: (row) => toSortValue(spread(evaluationIds.map((id) => numeric(row, id)))),
    };
  if (field.root === 'scores')
    return { field, direction, valueOf: (row) => toSortValue(numeric(row, evaluationId)) };
  return { field, direction, valueOf: (row) => sortValue(field, seenBy(row, evaluationId)) };
}

/** Of the numbers among the values. */
function mean(
  { trials }: ResultRow,
  field: ValueField,
  evaluationId: string | undefined,
): number | undefined {
  let [sum, count] = [0, 0];
  for (const trial of trials) {
    const value = isOf(trial, evaluationId) ? trial.values.get(field.column) : undefined;
    if (value === undefined) continue;
    const number = sortValue(field, { column: () => null, json: () => value })?.num?.value;
    if (number === undefined) continue;
    sum += number;
    count++;
  }
  return count === 0 ? undefined : sum / count;
}

/** Nothing unless two evaluations have a number. */
function spread(means: readonly (number | undefined)[]): number | undefined {
  const numbers = means.filter((each) => each !== undefined);
  return numbers.length < 2 ? undefined : Math.max(...numbers) - Math.min(...numbers);
}

function toSortValue(value: number | undefined): SortValue {
  return value === undefined ? null : { num: { value, exact: 0n }, text: '' };
}

function sortRows(rows: readonly ResultRow[], keys: readonly SortKey[]): ResultRow[] {
  const keyed = rows.map((row) => ({ row, values: keys.map(({ valueOf }) => valueOf(row)) }));
  keyed.sort((a, b) => {
    for (const [i, { direction }] of keys.entries()) {
      const order = compareValues(a.values[i]!, b.values[i]!, direction);
      if (order !== 0) return order;
    }
    return a.row.digest < b.row.digest ? -1 : 1;
  });
  return keyed.map(({ row }) => row);
}
