import { queryOptions } from '@tanstack/react-query';
import { lines, request } from './request.ts';

export interface Provider {
  readonly provider: string;
  /** Settings that the server lacks to ask it. */
  readonly missing: readonly string[];
}

export function providersQuery(projectId: string) {
  return queryOptions({
    queryKey: ['models', projectId],
    staleTime: 60_000,
    queryFn: async ({ signal }) => {
      const path = `/weft/v1/models?project_id=${encodeURIComponent(projectId)}`;
      return (await request<{ providers: readonly Provider[] }>(path, undefined, { signal })).providers;
    },
  });
}

export interface Usage {
  readonly prompt_tokens?: number;
  readonly completion_tokens?: number;
  readonly total_tokens?: number;
}

/** A line of an answer: the ids of its call, a piece of it, or why there is none. */
export interface AnswerLine {
  readonly _meta?: { readonly weave_call_id: string | null };
  readonly error?: unknown;
  readonly choices?: readonly {
    readonly delta?: { readonly content?: unknown; readonly reasoning_content?: unknown; readonly tool_calls?: unknown } | null;
    readonly finish_reason?: unknown;
  }[];
  readonly usage?: Usage | null;
} // prettier-ignore

/** Asks a model. @throws ApiError with `details.api_key` where the server has no key for it. */
export function streamAnswer(
  projectId: string,
  inputs: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
): AsyncGenerator<AnswerLine> {
  const body = { project_id: projectId, inputs, source: 'playground' };
  return lines<AnswerLine>('/completions/create_stream', body, signal);
}

/** What a call cost; undefined = no price is known, or not yet. */
export async function costOfCall(projectId: string, id: string): Promise<number | undefined> {
  const body = { project_id: projectId, id, include_costs: true, payload_limit_bytes: 1000 };
  const { call } = await request<{ call: { summary?: { weave?: { costs?: object } } } | null }>('/call/read', body); // prettier-ignore
  const costs = Object.values(call?.summary?.weave?.costs ?? {}) as Record<string, unknown>[];
  if (costs.length === 0) return undefined;
  return costs.reduce(
    (sum, cost) =>
      sum +
      (Number(cost['prompt_tokens_total_cost']) || 0) +
      (Number(cost['completion_tokens_total_cost']) || 0),
    0,
  );
}
