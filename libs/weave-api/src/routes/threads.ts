import { z } from 'zod';
import { given, limit, offset, projectId, strings } from '../members.ts';
import { defineRoute, lines } from '../route-spec.ts';
import { sortBy } from './calls.ts';
import { instant } from './usage.ts';

/** Conversations (weave-api §4.11). */

export const Thread = z.object({
  thread_id: z.string(),
  turn_count: z.int(),
  start_time: z.iso.datetime(),
  last_updated: z.iso.datetime(),
  first_turn_id: z.string().nullable(),
  last_turn_id: z.string().nullable(),
  p50_turn_duration_ms: z.number().nullable(),
  p99_turn_duration_ms: z.number().nullable(),
});

export const threadsStreamQuery = defineRoute({
  method: 'post',
  path: '/threads/stream_query',
  tag: 'Threads',
  summary: 'Conversations with figures of their turns, as JSON lines',
  request: z.object({
    project_id: projectId,
    filter: given(
      z.object({
        after_datetime: given(instant),
        before_datetime: given(instant),
        thread_ids: strings('filter.thread_ids'),
      }),
    ),
    limit,
    offset,
    sort_by: sortBy,
  }),
  answer: lines(Thread),
});
export type ThreadsRequest = z.output<typeof threadsStreamQuery.request>;

export const THREAD_ROUTES = [threadsStreamQuery];
