import { queryOptions } from '@tanstack/react-query';
import { request } from './request.ts';

const MOST = 500;

/** Names of a project's objects, the latest first. */
export function objectNamesQuery(projectId: string) {
  return queryOptions({
    queryKey: ['object-names', projectId],
    staleTime: 60_000,
    queryFn: async ({ signal }) => {
      const body = {
        project_id: projectId,
        filter: { latest_only: true, is_op: false },
        metadata_only: true,
        limit: MOST,
        sort_by: [{ field: 'created_at', direction: 'desc' }],
      };
      const { objs } = await request<{ objs: readonly { object_id: string }[] }>('/objs/query', body, {
        signal,
      });
      return objs.map(({ object_id }) => object_id);
    },
  });
}
