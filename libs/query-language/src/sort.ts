import { Compiler, SORT_CHARACTERS, type CompiledQuery, type Dialect } from './compile.ts';
import { jsonOf, type Row } from './evaluate.ts';
import type { Field } from './expr.ts';
import { compareNumbers, toNum, type Num } from './numbers.ts';
import { compareTexts } from './text.ts';

export type SortDirection = 'asc' | 'desc';

/** What a row is sorted by: nothing, or a number (if it is one) and then a text. */
export type SortValue = { readonly num: Num | null; readonly text: string } | null;

/**
 * The terms of an ORDER BY (without tie-break): rows that have the value first, whatever the direction; among them
 * numbers by value, then texts by code point (either may be turned by the direction, their order not). Texts that are
 * numbers count as numbers, and a JSON value is compared by its text (see docs/semantics.md).
 */
export function compileSortKeys(field: Field, direction: SortDirection, dialect: Dialect): CompiledQuery {
  const compiler = new Compiler(dialect);
  const way = direction === 'asc' ? 'ASC' : 'DESC';
  const terms =
    field.kind === 'column'
      ? [`${dialect.column(field)} ${way} NULLS LAST`]
      : compiler.sortTerms(field).map((term, i) => `${term} ${i === 0 ? 'DESC' : way} NULLS LAST`);
  return { sql: terms.join(', '), params: compiler.params.bound };
}

export function sortValue(field: Field, row: Row): SortValue {
  if (field.kind === 'json') {
    const value = jsonOf(field, row);
    if (!value.isPresent) return null;
    return {
      num: value.num,
      text: [...value.text.slice(0, 2 * SORT_CHARACTERS)].slice(0, SORT_CHARACTERS).join(''),
    };
  }
  const value = row.column(field);
  if (value === null) return null;
  if (typeof value === 'string') return { num: null, text: value };
  if (typeof value === 'object') throw new TypeError(`${field.name} is a list, which has no order`);
  return { num: toNum(typeof value === 'boolean' ? Number(value) : value), text: '' };
}

/** Negative: `a` comes first. The order of `compileSortKeys`; 0 where a tie-break decides. */
export function compareValues(a: SortValue, b: SortValue, direction: SortDirection): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  const sign = direction === 'asc' ? 1 : -1;
  if ((a.num === null) !== (b.num === null)) return a.num === null ? 1 : -1;
  const order = a.num === null || b.num === null ? 0 : compareNumbers(a.num, b.num);
  return sign * (order || compareTexts(a.text, b.text));
}
