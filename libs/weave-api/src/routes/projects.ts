import { z } from 'zod';
import { given, projectId } from '../members.ts';
import { defineRoute, json } from '../route-spec.ts';

/** What projects hold (weave-api §4.11, §4.7). */

const tag = 'Projects';
const isWanted = given(z.boolean()).transform((value) => value ?? true);
const bytes = z.int();

export const projectStats = defineRoute({
  method: 'post',
  path: '/project/stats',
  tag,
  summary: 'Bytes that the project stores',
  request: z.object({
    project_id: projectId,
    include_trace_storage_size: isWanted,
    include_object_storage_size: isWanted,
    include_table_storage_size: isWanted,
    include_file_storage_size: isWanted,
  }),
  answer: json(
    z.object({
      trace_storage_size_bytes: bytes,
      spans_storage_size_bytes: bytes,
      objects_storage_size_bytes: bytes,
      tables_storage_size_bytes: bytes,
      files_storage_size_bytes: bytes,
    }),
  ),
});
export type ProjectStatsRequest = z.output<typeof projectStats.request>;

export const filesStats = defineRoute({
  method: 'post',
  path: '/files/query_stats',
  aliases: ['/files/stats'],
  tag,
  summary: 'Bytes of the files that the project stores',
  request: z.object({ project_id: projectId }),
  answer: json(z.object({ total_size_bytes: bytes })),
});

export const projectsList = defineRoute({
  method: 'get',
  path: '/weft/v1/projects',
  tag: 'Weft',
  access: 'none',
  summary: 'Projects that have calls and that the key reaches, the one with the latest call first',
  request: z.object({}),
  answer: json(
    z.object({
      projects: z.array(
        z.object({
          project_id: z.string(),
          /** That started within 24 hours, deleted ones included. */
          calls_24h: z.int(),
          latest_call_at: z.iso.datetime(),
        }),
      ),
    }),
  ),
});

export const PROJECT_ROUTES = [projectStats, filesStats, projectsList];
