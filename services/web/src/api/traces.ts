import {
  infiniteQueryOptions,
  keepPreviousData,
  queryOptions,
  type InfiniteData,
  type QueryClient,
} from '@tanstack/react-query';
import type { Call } from './calls.ts';
import { request } from './request.ts';
import { pathOf, selectionOf, type FieldKind, type TracesFilter } from './trace-filters.ts';

export interface TracesSort {
  readonly field: string;
  readonly direction: 'asc' | 'desc';
}

/** The trace of a call that a list has shown. */
export function listedTraceOf(queries: QueryClient, projectId: string, callId: string): string | undefined {
  for (const [, list] of queries.getQueriesData<InfiniteData<{ readonly calls: readonly Call[] }>>({
    queryKey: ['traces', projectId],
  }))
    for (const { calls } of list?.pages ?? []) {
      const found = calls.find(({ id }) => id === callId);
      if (found !== undefined) return found.trace_id;
    }
  return undefined;
}

/** Which members of calls a list shows. */
export interface TracesShown {
  readonly members: readonly string[];
  readonly costs: boolean;
  readonly feedback: boolean;
  /** Values inside of payloads are shown: their previews have to be longer. */
  readonly paths: boolean;
}

export interface CallsPage {
  readonly calls: readonly Call[];
  readonly next: string | null;
  readonly is_capped: boolean;
}

const ALWAYS = ['id', 'project_id', 'op_name', 'display_name', 'trace_id', 'parent_id', 'started_at', 'ended_at', 'exception', 'summary']; // prettier-ignore

/** The part of a request that says what of each call is wanted. */
export function shownOf({ members, costs, feedback, paths }: TracesShown): object {
  return {
    columns: [...new Set([...ALWAYS, ...members])],
    preview_bytes: paths ? 4000 : 400,
    include_costs: costs,
    include_feedback: feedback,
  };
}

/** The calls of a list, page by page. */
export function tracesQuery(
  projectId: string,
  filter: TracesFilter,
  shown: TracesShown,
  sort: TracesSort | undefined,
) {
  return infiniteQueryOptions({
    queryKey: ['traces', projectId, filter, shown, sort ?? null],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) =>
      request<CallsPage>(
        '/weft/v1/calls/page',
        {
          project_id: projectId,
          limit: 100,
          after: pageParam,
          ...(sort && { sort_by: [{ ...sort, field: pathOf(sort.field) }] }),
          ...shownOf(shown),
          ...selectionOf(filter),
        },
        { signal },
      ),
    getNextPageParam: ({ next }) => next ?? undefined,
  });
}

/** How many calls match, counted up to a bound. */
export const COUNTED = 100_000;

export function countQuery(projectId: string, filter: TracesFilter) {
  return queryOptions({
    queryKey: ['traces-count', projectId, filter],
    queryFn: ({ signal }) =>
      request<{ count: number; has_more: boolean }>(
        '/calls/query_stats',
        { project_id: projectId, limit: COUNTED, ...selectionOf(filter) },
        { signal },
      ),
  });
}

export interface Facet {
  readonly field: string;
  readonly values: readonly { readonly value: string; readonly count: number }[];
  readonly is_approximate: boolean;
}

/** The values that a field has among the calls of a list. Some fields have none that can be counted: then there are none. */
export function facetQuery(projectId: string, filter: TracesFilter, field: string, contains: string) {
  const path = pathOf(field);
  return queryOptions({
    queryKey: ['traces-facet', projectId, filter, path, contains],
    enabled: path !== '',
    retry: false,
    staleTime: 30_000,
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => {
      const body = { project_id: projectId, fields: [path], contains, limit: 30, ...selectionOf(filter) };
      return (await request<{ facets: Facet[] }>('/weft/v1/calls/facets', body, { signal })).facets[0]!;
    },
  });
}

export interface CallField {
  readonly path: string;
  readonly kinds: readonly ('text' | 'number' | 'bool' | 'list' | 'object')[];
  readonly count: number;
}

/** Paths that the newest calls have. */
export function fieldsQuery(projectId: string) {
  return queryOptions({
    queryKey: ['traces-fields', projectId],
    staleTime: 60_000,
    queryFn: async ({ signal }) =>
      (
        await request<{ fields: CallField[] }>(
          '/weft/v1/calls/fields',
          { project_id: projectId, sample: 200 },
          { signal },
        )
      ).fields,
  });
}

export function kindOfField(field: CallField | undefined): FieldKind {
  if (field === undefined) return 'any';
  const [kind, ...others] = field.kinds;
  return others.length === 0 && (kind === 'text' || kind === 'number' || kind === 'bool') ? kind : 'any';
}
