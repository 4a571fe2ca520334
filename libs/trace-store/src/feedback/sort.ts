import { compileSortKeys } from '@weft/query-language';
import type { Param } from '../clickhouse.ts';
import { feedbackDialect } from './fields.ts';
import type { FeedbackQuery } from './types.ts';

/** What follows ORDER BY: total, so that pages have no gaps and no repeats. Binds into `params`. */
export function compileFeedbackSort(
  sort: NonNullable<FeedbackQuery['sort']>,
  params: Record<string, Param>,
): string {
  const keys = sort.map(({ field, direction }, i) => {
    const compiled = compileSortKeys(field, direction, feedbackDialect(params, `sort${LETTERS[i]}`));
    Object.assign(params, compiled.params);
    return compiled.sql;
  });
  return [...keys, 'created_at', 'id', 'weave_ref'].join(', ');
}

/** Prefixes of parameters have no digits. */
const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
