import { queryOptions } from '@tanstack/react-query';
import { request } from './request.ts';

export interface Call {
  readonly id: string;
  readonly project_id: string;
  readonly op_name: string;
  readonly display_name: string | null;
  readonly trace_id: string;
  readonly parent_id: string | null;
  readonly thread_id: string | null;
  readonly started_at: string;
  readonly ended_at: string | null;
  readonly exception: string | null;
  readonly attributes: Record<string, unknown>;
  readonly inputs: Record<string, unknown>;
  readonly output: unknown;
  readonly summary: Record<string, unknown>;
  readonly wb_user_id: string | null;
}

export type CallStatus = 'success' | 'error' | 'running' | 'descendant_error';

/** What the server writes below `summary.weave`. */
export interface WeaveSummary {
  readonly status?: CallStatus;
  readonly latency_ms?: number;
  readonly costs?: Record<string, Record<string, unknown>>;
}

export function weaveOf({ summary }: Call): WeaveSummary {
  return (summary['weave'] ?? {}) as WeaveSummary;
}

export function statusOf(call: Call): CallStatus {
  return (
    weaveOf(call).status ??
    (call.exception !== null ? 'error' : call.ended_at === null ? 'running' : 'success')
  );
}

export function latencyMs(call: Call): number | undefined {
  const said = weaveOf(call).latency_ms;
  if (said !== undefined || call.ended_at === null) return said;
  return Date.parse(call.ended_at) - Date.parse(call.started_at);
}

export type { TracesFilter } from './trace-filters.ts';

/** One call, whole. */
export function callQuery(projectId: string, id: string) {
  return queryOptions({
    queryKey: ['call', projectId, id],
    queryFn: async ({ signal }) => {
      const body = { project_id: projectId, id, include_costs: true, payload_limit_bytes: 1_000_000 };
      return (await request<{ call: Call | null }>('/call/read', body, { signal })).call;
    },
  });
}
