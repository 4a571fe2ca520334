import type { Chat } from '@weft/chat';
import { queryOptions } from '@tanstack/react-query';
import type { Call } from './calls.ts';
import { request } from './request.ts';

/** One call and what stands around it. */

export function callRef({ project_id, id }: Pick<Call, 'project_id' | 'id'>): string {
  return `weave:///${project_id}/call/${id}`;
}

const eq = (field: string, value: string) => ({ $eq: [{ $getField: field }, { $literal: value }] });

/** All of it, however large. Not for a first look. */
export function wholeCallQuery(projectId: string, id: string) {
  return queryOptions({
    queryKey: ['call', projectId, id, 'whole'],
    staleTime: 60_000,
    queryFn: async ({ signal }) => {
      const body = { project_id: projectId, id };
      return (await request<{ call: Call | null }>('/call/read', body, { signal })).call;
    },
  });
}

/** The conversation in one form. */
export function chatQuery(projectId: string, id: string) {
  return queryOptions({
    queryKey: ['call', projectId, id, 'chat'],
    queryFn: ({ signal }) => {
      const about = new URLSearchParams({ project_id: projectId, call_id: id });
      return request<Chat>(`/weft/v1/chat?${about.toString()}`, undefined, { signal });
    },
  });
}

export const renameCall = ({ project_id, id }: Call, name: string) =>
  request<object>('/call/update', { project_id, call_id: id, display_name: name });

export const deleteCall = ({ project_id, id }: Call) =>
  request<{ num_deleted: number }>('/calls/delete', { project_id, call_ids: [id] });

const BRIEF = ['id', 'project_id', 'op_name', 'display_name', 'trace_id', 'parent_id', 'started_at', 'ended_at', 'exception']; // prettier-ignore

interface Selection {
  readonly filter: object;
  readonly query?: object;
  readonly limit: number;
}

async function briefCalls(
  projectId: string,
  { filter, query, limit }: Selection,
  signal: AbortSignal,
): Promise<readonly Call[]> {
  const body = {
    project_id: projectId,
    columns: BRIEF,
    filter,
    limit,
    ...(query && { query: { $expr: query } }),
  };
  return (await request<{ calls: readonly Call[] }>('/weft/v1/calls/page', body, { signal })).calls;
}

/** All versions of the op of a call; names that are not refs stand for themselves. */
function opVersions(opName: string): string {
  return /^weave:\/\/\/.+\/op\/[^/:]+:/.test(opName)
    ? `${opName.slice(0, opName.lastIndexOf(':'))}:*`
    : opName;
}

/** The calls of the op that began before this one, the newest first. */
export function earlierCallsQuery({ project_id, id, op_name, started_at }: Call) {
  return queryOptions({
    queryKey: ['call', project_id, id, 'earlier'],
    queryFn: ({ signal }) => {
      const query = { $lt: [{ $getField: 'started_at' }, { $literal: started_at }] };
      const filter = { op_names: [opVersions(op_name)] };
      return briefCalls(project_id, { filter, query, limit: 20 }, signal);
    },
  });
}

/** The evaluation that the call is a part of; null where it is none. */
export function evaluationQuery({ project_id, trace_id }: Call) {
  return queryOptions({
    queryKey: ['call', project_id, 'evaluation', trace_id],
    staleTime: 60_000,
    queryFn: async ({ signal }) => {
      const ref = `weave:///${project_id}/op/Evaluation.evaluate:*`;
      const filter = { trace_ids: [trace_id], op_names: [ref] };
      return (await briefCalls(project_id, { filter, limit: 1 }, signal))[0] ?? null;
    },
  });
}

/** Of calls that may be anywhere in the project: those that are stored. */
export function knownCallsQuery(projectId: string, ids: readonly string[]) {
  return queryOptions({
    queryKey: ['call', projectId, 'known', ids],
    queryFn: ({ signal }) => briefCalls(projectId, { filter: { call_ids: ids }, limit: 1000 }, signal),
  });
}

export interface Feedback {
  readonly id: string;
  readonly weave_ref: string;
  readonly wb_user_id: string | null;
  readonly creator: string | null;
  readonly created_at: string;
  readonly feedback_type: string;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly annotation_ref: string | null;
  readonly runnable_ref: string | null;
  readonly call_ref: string | null;
  readonly trigger_ref: string | null;
  readonly scorer_tags?: readonly string[];
  readonly scorer_tag_reasons?: Readonly<Record<string, string>>;
  readonly scorer_ratings?: Readonly<Record<string, number>>;
  readonly scorer_rating_reasons?: Readonly<Record<string, string>>;
}

/** What a scorer said, not a person. */
export function isScore({ feedback_type: type }: Feedback): boolean {
  return type.startsWith('wandb.runnable.') || type === 'otel.evaluation';
}

/** Most feedback of one call that is shown. */
export const SHOWN_FEEDBACK = 500;

/** What was said of the call, the newest first. */
export function feedbackQuery(call: Pick<Call, 'project_id' | 'id'>) {
  return queryOptions({
    queryKey: ['feedback', call.project_id, call.id],
    queryFn: async ({ signal }) => {
      const body = {
        project_id: call.project_id,
        query: { $expr: eq('weave_ref', callRef(call)) },
        sort_by: [{ field: 'created_at', direction: 'desc' }],
        limit: SHOWN_FEEDBACK,
      };
      return (await request<{ result: readonly Feedback[] }>('/feedback/query', body, { signal })).result;
    },
  });
}

export interface NewFeedback {
  readonly feedback_type: string;
  readonly payload: object;
  readonly annotation_ref?: string;
}

export const addFeedback = (call: Call, feedback: NewFeedback) =>
  request<object>('/feedback/create', { project_id: call.project_id, weave_ref: callRef(call), ...feedback });

export const purgeFeedback = (projectId: string, id: string) =>
  request<object>('/feedback/purge', { project_id: projectId, query: { $expr: eq('id', id) } });

/** What people may be asked about calls: an object of the class `AnnotationSpec`. */
export interface AnnotationSpec {
  readonly name: string;
  readonly description: string | null;
  readonly ref: string;
  readonly schema: Readonly<Record<string, unknown>>;
}

interface SpecObject {
  readonly object_id: string;
  readonly digest: string;
  readonly val: {
    readonly description?: string | null;
    readonly field_schema?: Readonly<Record<string, unknown>> | null;
  } | null;
}

/** The latest of each. */
export function annotationSpecsQuery(projectId: string) {
  return queryOptions({
    queryKey: ['annotation-specs', projectId],
    queryFn: async ({ signal }) => {
      const body = {
        project_id: projectId,
        filter: { base_object_classes: ['AnnotationSpec'], latest_only: true },
        limit: 200,
      };
      const { objs } = await request<{ objs: readonly SpecObject[] }>('/objs/query', body, { signal });
      return objs.map(({ object_id, digest, val }): AnnotationSpec => ({
        name: object_id,
        description: val?.description ?? null,
        ref: `weave:///${projectId}/object/${object_id}:${digest}`,
        schema: val?.field_schema ?? {},
      }));
    },
  });
}

export interface UsageOfModel {
  readonly requests: number;
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
  readonly cache_read_input_tokens: number;
  readonly cache_creation_input_tokens: number;
  readonly prompt_tokens_total_cost: number | null;
  readonly completion_tokens_total_cost: number | null;
  readonly cache_read_input_tokens_total_cost: number | null;
  readonly cache_creation_input_tokens_total_cost: number | null;
}

export type Usage = Readonly<Record<string, UsageOfModel>>;

/** What the call and everything below it used, by model. */
export function callUsageQuery({ project_id, id }: Call) {
  return queryOptions({
    queryKey: ['call', project_id, id, 'usage'],
    queryFn: async ({ signal }) => {
      const body = { project_id, call_ids: [id], include_costs: true };
      const { call_usage } = await request<{ call_usage: Record<string, Usage> }>('/calls/usage', body, { signal }); // prettier-ignore
      return Object.hasOwn(call_usage, id) ? call_usage[id]! : {};
    },
  });
}

/** What each root of the trace used, with everything below it. */
export function traceUsageQuery({ project_id, trace_id }: Call) {
  return queryOptions({
    queryKey: ['call', project_id, 'trace-usage', trace_id],
    queryFn: async ({ signal }) => {
      const body = {
        project_id,
        filter: { trace_ids: [trace_id], trace_roots_only: true },
        include_costs: true,
      };
      const { call_usage } = await request<{ call_usage: Record<string, Usage> }>('/trace/usage', body, { signal }); // prettier-ignore
      return Object.values(call_usage);
    },
  });
}

export interface OpVersion {
  readonly object_id: string;
  readonly digest: string;
  readonly version_index: number;
  readonly created_at: string;
  readonly is_latest: number;
  readonly val: unknown;
}

/** The version of the op that was called. @throws ApiError 404: it was never published, or is deleted */
export function opQuery(projectId: string, name: string, digest: string) {
  return queryOptions({
    queryKey: ['op', projectId, name, digest],
    staleTime: 60_000,
    retry: false,
    queryFn: async ({ signal }) => {
      const body = { project_id: projectId, object_id: name, digest };
      return (await request<{ obj: OpVersion }>('/obj/read', body, { signal })).obj;
    },
  });
}
