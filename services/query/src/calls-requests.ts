import { AppError } from '@weft/model';
import { CALL_SORT_FIELDS, type CallsFilter, type CallSortField } from '@weft/trace-store';
import { z } from 'zod';
import { flag, given, limit, notYet, offset, projectId, strings } from './parse.ts';

const MAX_SORT_FIELDS = 20;
const MAX_COLUMNS = 200;

/** `CallsFilter` of the wire (weave-api §3). */
const filter = given(
  z.object({
    op_names: strings('filter.op_names'),
    input_refs: strings('filter.input_refs'),
    output_refs: strings('filter.output_refs'),
    parent_ids: strings('filter.parent_ids'),
    trace_ids: strings('filter.trace_ids'),
    call_ids: strings('filter.call_ids'),
    thread_ids: strings('filter.thread_ids'),
    turn_ids: strings('filter.turn_ids'),
    trace_roots_only: given(z.boolean()),
    wb_user_ids: strings('filter.wb_user_ids'),
    wb_run_ids: strings('filter.wb_run_ids'),
  }),
).transform((wire): CallsFilter => {
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
});

function some(list: string[] | undefined): string[] | undefined {
  return list === undefined || list.length === 0 ? undefined : list;
}

const SORTABLE: ReadonlySet<string> = new Set(CALL_SORT_FIELDS);

const sortBy = given(z.array(z.object({ field: z.string(), direction: z.enum(['asc', 'desc']) }))).transform(
  (sort = []) => {
    if (sort.length > MAX_SORT_FIELDS)
      throw new AppError('invalid_request', `sort_by: has more than ${MAX_SORT_FIELDS} fields`);
    return sort.map(({ field, direction }, index) => {
      if (SORTABLE.has(field)) return { field: field as CallSortField, direction };
      throw new AppError(
        'unsupported_member',
        `sort_by[${index}].field: cannot sort by ${JSON.stringify(field.slice(0, 80))} in this version; one of ${CALL_SORT_FIELDS.join(', ')}`,
      );
    });
  },
);

const query = notYet('query', 'the query expression language');
const expandColumns = notYet('expand_columns', 'expanding refs');

/** `POST /calls/stream_query`, `/calls/query`. */
export const CallsQueryRequest = z.object({
  project_id: projectId,
  filter,
  query,
  limit,
  offset,
  sort_by: sortBy,
  columns: strings('columns', MAX_COLUMNS),
  expand_columns: expandColumns,
  // Nothing to expand means nothing to return expanded; no prices are known, so no call has costs.
  include_feedback: flag,
  include_storage_size: flag,
  include_total_storage_size: flag,
});
export type CallsQueryRequest = z.output<typeof CallsQueryRequest>;

/** `POST /call/read`. */
export const CallReadRequest = z.object({
  project_id: projectId,
  id: z.string(),
  include_storage_size: flag,
  include_total_storage_size: flag,
});

/** `POST /calls/query_stats`. */
export const CallsStatsRequest = z.object({
  project_id: projectId,
  filter,
  query,
  expand_columns: expandColumns,
  limit,
  include_total_storage_size: flag,
});

/** `POST /calls/delete`. */
export const CallsDeleteRequest = z.object({ project_id: projectId, call_ids: z.array(z.string()) });
export type CallReadRequest = z.output<typeof CallReadRequest>;
export type CallsStatsRequest = z.output<typeof CallsStatsRequest>;
export type CallsDeleteRequest = z.output<typeof CallsDeleteRequest>;
