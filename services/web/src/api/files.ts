import { queryOptions } from '@tanstack/react-query';
import { ApiError, request } from './request.ts';

/** Where a file's bytes are. */
export function fileUrl(projectId: string, digest: string): string {
  return `/weft/v1/files/${projectId.split('/').map(encodeURIComponent).join('/')}/${encodeURIComponent(digest)}`;
}

const MAX_TEXT_BYTES = 2_000_000;

/** A file as text: source code, metadata. The start of a large one. Files never change. */
export function fileTextQuery(projectId: string, digest: string) {
  return queryOptions({
    queryKey: ['file', projectId, digest],
    staleTime: Infinity,
    queryFn: async ({ signal }) => {
      const headers = { 'x-requested-with': 'weft', range: `bytes=0-${MAX_TEXT_BYTES - 1}` };
      const res = await fetch(fileUrl(projectId, digest), { signal, headers });
      if (!res.ok) throw new ApiError(res.status, 'The file is not there.');
      return res.text();
    },
  });
}

/** The value behind a ref; null where it leads nowhere. What refs name never changes. */
export function refQuery(ref: string) {
  return queryOptions({
    queryKey: ['ref', ref],
    staleTime: Infinity,
    queryFn: async ({ signal }) =>
      (await request<{ vals: unknown[] }>('/refs/read_batch', { refs: [ref] }, { signal })).vals[0],
  });
}
