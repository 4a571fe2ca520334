import type { Dimension } from '../../api/dashboard.ts';
import type { TracesSearch } from '../traces/traces-search.ts';

/** Which calls a figure is made of. */
export interface TracesOf {
  readonly fromMs: number;
  readonly toMs: number;
  readonly key?: { readonly [D in Dimension]?: string };
  readonly errors?: boolean;
  readonly all?: boolean;
}

const FIELDS = ['model', 'user', 'thread'] as const;

/** The search of the traces page that shows these calls: the only place that knows how that is written. */
export function tracesSearch({ fromMs, toMs, key = {}, errors, all }: TracesOf): TracesSearch {
  const filters = FIELDS.flatMap((field) => {
    const value = key[field];
    if (value === undefined) return [];
    return [value === '' ? ([field, '!exists', ''] as const) : ([field, '=', value] as const)];
  });
  return {
    from: new Date(fromMs).toISOString(),
    to: new Date(toMs).toISOString(),
    ...(key.op !== undefined && key.op !== '' && { op: key.op }),
    ...(errors === true && { status: 'error' as const }),
    ...(all === true && { all: true }),
    ...(filters.length > 0 && { filters }),
  };
}
