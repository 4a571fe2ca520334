import { queryOptions } from '@tanstack/react-query';
import { request } from './request.ts';

export interface Project {
  readonly project_id: string;
  readonly calls_24h: number;
  readonly latest_call_at: string;
}

export const projectsQuery = queryOptions({
  queryKey: ['projects'],
  refetchInterval: 15_000,
  queryFn: async ({ signal }) =>
    (await request<{ projects: Project[] }>('/weft/v1/projects', undefined, { signal })).projects,
});
