import { z } from 'zod';
import { flag, given, limit, notYet, offset, projectId, strings } from './parse.ts';

/** `POST /obj/read`. `digest`: a digest, `latest` or `vN`. */
export const ObjectReadRequest = z.object({
  project_id: projectId,
  object_id: z.string(),
  digest: z.string(),
  metadata_only: flag,
  include_tags_and_aliases: flag,
});

/** `POST /table/query`, `/table/query_stream`. */
export const TableQueryRequest = z.object({
  project_id: projectId,
  digest: z.string(),
  filter: given(z.object({ row_digests: strings('filter.row_digests') })),
  limit,
  offset,
  sort_by: notYet('sort_by', 'sorting table rows'),
});

/** `POST /table/query_stats`. */
export const TableStatsRequest = z.object({ project_id: projectId, digest: z.string() });

/** `POST /file/content`, `/files/content`. */
export const FileContentRequest = z.object({ project_id: projectId, digest: z.string() });
export type TableQueryRequest = z.output<typeof TableQueryRequest>;
