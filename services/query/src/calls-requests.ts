import { AppError } from '@weft/model';
import { parseQuery, type Expr, type Field } from '@weft/query-language';
import { callFields, type CallsFilter, type CallsQuery } from '@weft/trace-store';
import type { CallsFilter as WireFilter, SortBy } from '@weft/weave-api';

/** `CallsFilter` of the wire as the store takes it. */
export function toCallsFilter(wire: Partial<WireFilter> | undefined): CallsFilter {
  if (wire === undefined) return {};
  return {
    // An empty list means "not given"; only empty thread_ids match nothing (weave-internals §4.1).
    opNames: some(wire.op_names),
    inputRefs: some(wire.input_refs),
    outputRefs: some(wire.output_refs),
    parentIds: some(wire.parent_ids),
    traceIds: some(wire.trace_ids),
    callIds: some(wire.call_ids),
    threadIds: wire.thread_ids,
    turnIds: some(wire.turn_ids),
    traceRootsOnly: wire.trace_roots_only,
    userIds: some(wire.wb_user_ids),
    runIds: some(wire.wb_run_ids),
  };
}

function some(list: string[] | undefined): string[] | undefined {
  return list === undefined || list.length === 0 ? undefined : list;
}

/** Which calls a request is about. */
export interface Selection {
  readonly filter?: Partial<WireFilter> | undefined;
  readonly query?: unknown;
  readonly expand_columns?: readonly string[] | undefined;
}

/** @throws AppError of `parseQuery`: 400 or 422 with the place in `query`. */
export function toCallsSelection(request: Selection): {
  readonly filter: CallsFilter;
  readonly condition?: Expr;
} {
  const filter = toCallsFilter(request.filter);
  if (request.query === undefined) return { filter };
  return { filter, condition: parseQuery(request.query, callFields(request.expand_columns)) };
}

/** @throws AppError `unsupported_member` naming the field that calls do not have. */
export function toCallsSort(
  sort: readonly SortBy[] = [],
  expandColumns: readonly string[] = [],
): CallsQuery['sort'] {
  const fieldOf = callFields(expandColumns);
  return sort.map(({ field: path, direction }, index) => {
    const field = fieldOf(path);
    if (field === undefined || !hasOrder(field))
      throw new AppError(
        'unsupported_member',
        `sort_by[${index}].field: calls cannot be sorted by ${JSON.stringify(path.slice(0, 80))}`,
      );
    return { field, direction };
  });
}

function hasOrder(field: Field): boolean {
  return field.kind === 'json' || field.type !== 'strings';
}
