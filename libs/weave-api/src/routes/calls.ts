import { z } from 'zod';
import { flag, given, limit, offset, projectId, strings } from '../members.ts';
import { defineRoute, json, lines } from '../route-spec.ts';

/** Reading calls, and commands that read first (weave-api §4.4). */

const MAX_COLUMNS = 200;

export const SortBy = z.object({ field: z.string(), direction: z.enum(['asc', 'desc']) });
export type SortBy = z.output<typeof SortBy>;
export const sortBy = given(z.array(SortBy).max(20));

/** `{"$expr": …}`: checked by the query language, which names what it does not know. */
export const expression = given(z.looseObject({}));

export const CallsFilter = z.object({
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
});
export type CallsFilter = z.output<typeof CallsFilter>;

export const Call = z.looseObject({
  id: z.string(),
  project_id: z.string(),
  op_name: z.string(),
  display_name: z.string().nullable(),
  trace_id: z.string(),
  parent_id: z.string().nullable(),
  thread_id: z.string().nullable(),
  turn_id: z.string().nullable(),
  started_at: z.iso.datetime(),
  ended_at: z.iso.datetime().nullable(),
  exception: z.string().nullable(),
  attributes: z.looseObject({}),
  inputs: z.looseObject({}),
  output: z.unknown(),
  summary: z.looseObject({}),
});

/** Payloads that are stored as blobs and have more bytes are answered as stubs with their heads; without it all are whole. Ours. */
const payloadLimitBytes = given(z.int().min(0));

export const CallsQueryRequest = z.object({
  project_id: projectId,
  filter: given(CallsFilter),
  query: expression,
  limit,
  offset,
  sort_by: sortBy,
  columns: strings('columns', MAX_COLUMNS),
  expand_columns: strings('expand_columns', MAX_COLUMNS),
  return_expanded_column_values: given(z.boolean()),
  /** Calls are always read as they are last. */
  latest_only: flag,
  include_costs: flag,
  include_feedback: flag,
  include_storage_size: flag,
  include_total_storage_size: flag,
  payload_limit_bytes: payloadLimitBytes,
});
export type CallsQueryRequest = z.output<typeof CallsQueryRequest>;

export const CallReadRequest = z.object({
  project_id: projectId,
  id: z.string(),
  include_costs: flag,
  include_storage_size: flag,
  include_total_storage_size: flag,
  payload_limit_bytes: payloadLimitBytes,
});
export type CallReadRequest = z.output<typeof CallReadRequest>;

export const CallsStatsRequest = z.object({
  project_id: projectId,
  filter: given(CallsFilter),
  query: expression,
  expand_columns: strings('expand_columns', MAX_COLUMNS),
  limit,
  include_total_storage_size: flag,
});
export type CallsStatsRequest = z.output<typeof CallsStatsRequest>;

const tag = 'Calls';

export const callsStreamQuery = defineRoute({
  method: 'post',
  path: '/calls/stream_query',
  tag,
  summary: 'Calls that match, as JSON lines',
  request: CallsQueryRequest,
  answer: lines(Call),
});

export const callsQuery = defineRoute({
  method: 'post',
  path: '/calls/query',
  tag,
  summary: 'Calls that match, in one JSON object',
  request: CallsQueryRequest,
  answer: json(z.object({ calls: z.array(Call) })),
});

export const callRead = defineRoute({
  method: 'post',
  path: '/call/read',
  tag,
  summary: 'One call, or null',
  request: CallReadRequest,
  answer: json(z.object({ call: Call.nullable() })),
});

export const callsQueryStats = defineRoute({
  method: 'post',
  path: '/calls/query_stats',
  tag,
  summary: 'How many calls match',
  request: CallsStatsRequest,
  answer: json(
    z.object({
      count: z.int(),
      has_more: z.boolean(),
      total_storage_size_bytes: z.int().nullable(),
    }),
  ),
});

export const callsDelete = defineRoute({
  method: 'post',
  path: '/calls/delete',
  tag,
  summary: 'Deletes calls and everything below them',
  access: 'write',
  request: z.object({ project_id: projectId, call_ids: z.array(z.string()) }),
  answer: json(z.object({ num_deleted: z.int() })),
});
export type CallsDeleteRequest = z.output<typeof callsDelete.request>;

/** In the order of the documentation. */
export const CALL_ROUTES = [callsStreamQuery, callsQuery, callRead, callsQueryStats, callsDelete];
