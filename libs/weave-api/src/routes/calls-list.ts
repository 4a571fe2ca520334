import { z } from 'zod';
import { flag, given, projectId, strings } from '../members.ts';
import { bytes, defineRoute, events, json } from '../route-spec.ts';
import { Call, CallsFilter, expression } from './calls.ts';

/** What a list of calls is made with: its filters' suggestions, what comes in while one looks, and a file of it. */

const selection = { project_id: projectId, filter: given(CallsFilter), query: expression };
const tag = 'Weft';

export const callsFacets = defineRoute({
  method: 'post',
  path: '/weft/v1/calls/facets',
  tag,
  summary: 'The values that fields have among the calls that match, with how many calls have them',
  request: z.object({
    ...selection,
    /** `op_name` (without versions: refs end in `:*`), `status`, `model` (keys of `summary.usage`), any field of `query` that is one value. */
    fields: z.array(z.string().min(1).max(1000)).min(1).max(10),
    /** Values that hold this text, in either case. */
    contains: given(z.string().max(256)),
    limit: given(z.int().min(1).max(50)).transform((limit) => limit ?? 20),
  }),
  answer: json(
    z.object({
      facets: z.array(
        z.object({
          field: z.string(),
          values: z.array(z.object({ value: z.string(), count: z.int() })),
          /** Not every call was looked at: the newest were. */
          is_approximate: z.boolean(),
        }),
      ),
    }),
  ),
});
export type CallsFacetsRequest = z.output<typeof callsFacets.request>;

export const callsFields = defineRoute({
  method: 'post',
  path: '/weft/v1/calls/fields',
  tag,
  summary: 'Paths into payloads, usage and feedback that the newest calls that match have',
  request: z.object({
    ...selection,
    /** How many calls are looked at. */
    sample: given(z.int().min(1).max(500)).transform((sample) => sample ?? 100),
  }),
  answer: json(
    z.object({
      fields: z.array(
        z.object({
          /** As `query`, `sort_by` and exports take it. */
          path: z.string(),
          kinds: z.array(z.enum(['text', 'number', 'bool', 'list', 'object'])),
          /** Of the calls looked at. */
          count: z.int(),
        }),
      ),
      /** Calls looked at. */
      sampled: z.int(),
    }),
  ),
});
export type CallsFieldsRequest = z.output<typeof callsFields.request>;

export const callsLive = defineRoute({
  method: 'post',
  path: '/weft/v1/calls/live',
  tag,
  summary: 'Calls that match, as they start, end or are renamed: server-sent events',
  request: z.object({
    ...selection,
    columns: strings('columns', 200),
    preview_bytes: given(z.int().min(100).max(65_536)).transform((size) => size ?? 1000),
    include_costs: flag,
    include_feedback: flag,
  }),
  answer: events(
    z.object({
      /** Calls of which something was stored, whether they match or not. */
      changed: z.array(z.string()),
      /** Those that match, as they are now. */
      calls: z.array(Call),
    }),
  ),
});
export type CallsLiveRequest = z.output<typeof callsLive.request>;

export const EXPORT_FORMATS = ['csv', 'jsonl', 'parquet'] as const;

export const callsExport = defineRoute({
  method: 'post',
  path: '/weft/v1/calls/export',
  tag,
  summary: 'The calls that match as a file, the newest first',
  request: z.object({
    ...selection,
    format: z.enum(EXPORT_FORMATS),
    /** Members of calls and paths into payloads, in this order. */
    columns: z.array(z.string().min(1).max(1000)).min(1).max(200),
    limit: given(z.int().min(1).max(10_000_000)),
  }),
  answer: bytes,
});
export type CallsExportRequest = z.output<typeof callsExport.request>;

export const CALLS_LIST_ROUTES = [callsFacets, callsFields, callsLive, callsExport];
