import type { Chat } from '@weft/chat';
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import type { Call } from './calls.ts';
import { ApiError, lines, request } from './request.ts';

/** Conversations: calls of one thread id. A turn is a call that began in the thread; what it called is below it. */

export interface Thread {
  readonly thread_id: string;
  readonly turn_count: number;
  readonly start_time: string;
  readonly last_updated: string;
  readonly p50_turn_duration_ms: number | null;
  readonly p99_turn_duration_ms: number | null;
}

export const THREAD_SORTS = ['last_updated', 'start_time', 'turn_count', 'p50_turn_duration_ms', 'p99_turn_duration_ms'] as const; // prettier-ignore
export type ThreadSort = (typeof THREAD_SORTS)[number];

/** Most threads that a list shows. */
export const MAX_THREADS = 1000;

interface ThreadsHow {
  readonly sort: ThreadSort;
  /** Only turns of the last so many milliseconds count. */
  readonly sinceMs?: number | undefined;
  readonly ids?: readonly string[] | undefined;
}

export function threadsQuery(projectId: string, how: ThreadsHow) {
  return queryOptions({
    queryKey: ['threads', projectId, how],
    queryFn: async ({ signal }) => {
      const { sort, sinceMs, ids } = how;
      const after = sinceMs === undefined ? undefined : new Date(Date.now() - sinceMs).toISOString();
      const body = {
        project_id: projectId,
        filter: { after_datetime: after, thread_ids: ids },
        sort_by: [{ field: sort, direction: 'desc' }],
        limit: MAX_THREADS,
      };
      const found: Thread[] = [];
      for await (const thread of lines<Thread>('/threads/stream_query', body, signal)) found.push(thread);
      return found;
    },
  });
}

const TURN_COLUMNS = ['id', 'project_id', 'op_name', 'display_name', 'trace_id', 'parent_id', 'thread_id', 'started_at', 'ended_at', 'exception', 'inputs', 'output', 'summary', 'wb_user_id']; // prettier-ignore

interface CallsPage {
  readonly calls: readonly Call[];
  readonly next: string | null;
}

/** The newest turns, page by page. */
export function turnsQuery(projectId: string, thread: string) {
  return infiniteQueryOptions({
    queryKey: ['turns', projectId, thread],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) =>
      request<CallsPage>(
        '/weft/v1/calls/page',
        {
          project_id: projectId,
          filter: { thread_ids: [thread] },
          query: { $expr: { $eq: [{ $getField: 'id' }, { $getField: 'turn_id' }] } },
          columns: TURN_COLUMNS,
          preview_bytes: 8000,
          limit: 50,
          after: pageParam,
        },
        { signal },
      ),
    getNextPageParam: ({ next }) => next ?? undefined,
  });
}

export interface Used {
  readonly tokens: number;
  /** US dollars; undefined where no price is known. */
  readonly cost: number | undefined;
}

type UsageByModel = Record<string, Record<string, number | null>>;

/** What calls used with everything below them, by id. */
export function usageQuery(projectId: string, ids: readonly string[]) {
  return queryOptions({
    queryKey: ['usage', projectId, ids],
    queryFn: async ({ signal }) => {
      const body = { project_id: projectId, call_ids: ids.slice(0, 1000), include_costs: true };
      const answer = await request<{ call_usage: Record<string, UsageByModel> }>('/calls/usage', body, { signal });
      return new Map(Object.entries(answer.call_usage).map(([id, usage]) => [id, usedOf(usage)]));
    },
    enabled: ids.length > 0,
  });
} // prettier-ignore

const COSTS = ['prompt_tokens_total_cost', 'completion_tokens_total_cost', 'cache_read_input_tokens_total_cost', 'cache_creation_input_tokens_total_cost'] as const; // prettier-ignore

function usedOf(usage: UsageByModel): Used {
  const models = Object.values(usage);
  const known = models.flatMap((model) => COSTS.flatMap((name) => model[name] ?? []));
  return {
    tokens: models.reduce((sum, model) => sum + (model['total_tokens'] || sumOfTokens(model)), 0),
    cost: known.length === 0 ? undefined : known.reduce((sum, each) => sum + each, 0),
  };
}

function sumOfTokens(model: Record<string, number | null>): number {
  return (model['prompt_tokens'] ?? 0) + (model['completion_tokens'] ?? 0);
}

/** Null: the call is gone. @param isDone a call that goes on changes. */
export function chatQuery(projectId: string, id: string, isDone: boolean) {
  return queryOptions({
    queryKey: ['chat', projectId, id, isDone],
    queryFn: async ({ signal }) => {
      try {
        const query = new URLSearchParams({ project_id: projectId, call_id: id });
        return await request<Chat>(`/weft/v1/chat?${query.toString()}`, undefined, { signal });
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return null;
        throw error;
      }
    },
    staleTime: isDone ? Infinity : 0,
  });
}

/** The newest calls directly in a call. */
export function childrenQuery(projectId: string, id: string) {
  return queryOptions({
    queryKey: ['children', projectId, id],
    queryFn: async ({ signal }) => {
      const body = { project_id: projectId, filter: { parent_ids: [id] }, columns: TURN_COLUMNS, limit: 20 };
      return (await request<CallsPage>('/weft/v1/calls/page', body, { signal })).calls;
    },
  });
}

/** Most calls of a trace that are looked through for the steps of a turn. */
export const MAX_STEPS = 2000;

/** The calls of a trace in their order, without payloads. */
export function stepsQuery(projectId: string, traceId: string) {
  return queryOptions({
    queryKey: ['steps', projectId, traceId],
    queryFn: async ({ signal }) => {
      const columns = ['id', 'project_id', 'op_name', 'display_name', 'parent_id', 'started_at', 'ended_at', 'exception', 'summary']; // prettier-ignore
      const body = { project_id: projectId, filter: { trace_ids: [traceId] }, columns, limit: MAX_STEPS };
      const calls: Call[] = [];
      for await (const call of lines<Call>('/calls/stream_query', body, signal)) calls.push(call);
      return calls;
    },
  });
}
