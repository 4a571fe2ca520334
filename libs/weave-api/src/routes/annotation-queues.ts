import { z } from 'zod';
import { flag, given, limit, offset, projectId } from '../members.ts';
import { defineRoute, json, lines } from '../route-spec.ts';
import { sortBy } from './calls.ts';

/** Lists of calls for people to annotate (weave-api §4.12). */

const tag = 'Annotation queues';

const Queue = z.object({
  id: z.string(),
  project_id: z.string(),
  name: z.string(),
  description: z.string(),
  scorer_refs: z.array(z.string()),
  created_at: z.iso.datetime(),
  created_by: z.string(),
  updated_at: z.iso.datetime(),
  deleted_at: z.iso.datetime().nullable(),
});

export const AnnotationQueueState = z.enum(['unstarted', 'in_progress', 'completed', 'skipped']);

const Item = z.object({
  id: z.string(),
  project_id: z.string(),
  queue_id: z.string(),
  call_id: z.string(),
  call_started_at: z.iso.datetime(),
  call_ended_at: z.iso.datetime().nullable(),
  call_op_name: z.string(),
  call_trace_id: z.string(),
  display_fields: z.array(z.string()),
  added_by: z.string().nullable(),
  annotation_state: AnnotationQueueState,
  annotator_user_id: z.string(),
  created_at: z.iso.datetime(),
  created_by: z.string(),
  updated_at: z.iso.datetime(),
  deleted_at: z.null(),
  position_in_queue: z.int().nullable(),
});

const MAX_NAME = 1024;
const MAX_DESCRIPTION = 64 * 1024;
const MAX_REFS = 1000;
/** Calls of one request: each becomes an event. */
const MAX_CALLS = 10_000;

const text = given(z.string());
const refs = z.array(z.string()).max(MAX_REFS);
const ofQueue = { project_id: projectId, queue_id: z.string() };

export const annotationQueueCreate = defineRoute({
  method: 'post',
  path: '/annotation_queues',
  tag,
  summary: 'Makes a queue',
  access: 'write',
  request: z.object({
    project_id: projectId,
    name: z.string().max(MAX_NAME),
    description: given(z.string().max(MAX_DESCRIPTION)),
    scorer_refs: refs,
    wb_user_id: text,
  }),
  answer: json(z.object({ id: z.string() })),
});
export type AnnotationQueueCreateRequest = z.output<typeof annotationQueueCreate.request>;

export const annotationQueuesQuery = defineRoute({
  method: 'post',
  path: '/annotation_queues/query',
  tag,
  summary: 'Queues, newest first, as JSON lines; `name` is a part of their names',
  request: z.object({ project_id: projectId, name: text, sort_by: sortBy, limit, offset }),
  answer: lines(Queue),
});
export type AnnotationQueuesQueryRequest = z.output<typeof annotationQueuesQuery.request>;

export const annotationQueuesStats = defineRoute({
  method: 'post',
  path: '/annotation_queues/stats',
  tag,
  summary: 'How many items queues have, and how many of them are done',
  request: z.object({ project_id: projectId, queue_ids: z.array(z.string()).max(MAX_REFS) }),
  answer: json(
    z.object({
      stats: z.array(z.object({ queue_id: z.string(), total_items: z.int(), completed_items: z.int() })),
    }),
  ),
});
export type AnnotationQueuesStatsRequest = z.output<typeof annotationQueuesStats.request>;

export const annotationQueueRead = defineRoute({
  method: 'get',
  path: '/annotation_queues/{queue_id}',
  tag,
  summary: 'One queue',
  request: z.object(ofQueue),
  answer: json(z.object({ queue: Queue })),
});
export type AnnotationQueueRequest = z.output<typeof annotationQueueRead.request>;

export const annotationQueueUpdate = defineRoute({
  method: 'put',
  path: '/annotation_queues/{queue_id}',
  tag,
  summary: 'Changes what is given',
  access: 'write',
  request: z.object({
    ...ofQueue,
    name: given(z.string().max(MAX_NAME)),
    description: given(z.string().max(MAX_DESCRIPTION)),
    scorer_refs: given(refs),
  }),
  answer: json(z.object({ queue: Queue })),
});
export type AnnotationQueueUpdateRequest = z.output<typeof annotationQueueUpdate.request>;

export const annotationQueueDelete = defineRoute({
  method: 'delete',
  path: '/annotation_queues/{queue_id}',
  tag,
  summary: 'Deletes a queue; its items stay',
  access: 'write',
  request: z.object(ofQueue),
  answer: json(z.object({ queue: Queue })),
});

export const annotationQueueAddCalls = defineRoute({
  method: 'post',
  path: '/annotation_queues/{queue_id}/items',
  tag,
  summary: 'Puts calls into a queue, each once',
  access: 'write',
  request: z.object({
    ...ofQueue,
    call_ids: z.array(z.string()).max(MAX_CALLS),
    display_fields: z.array(z.string().max(MAX_NAME)).max(200),
    wb_user_id: text,
  }),
  answer: json(z.object({ added_count: z.int(), duplicates: z.int() })),
});
export type AnnotationQueueAddCallsRequest = z.output<typeof annotationQueueAddCalls.request>;

export const annotationQueueItemsQuery = defineRoute({
  method: 'post',
  path: '/annotation_queues/{queue_id}/items/query',
  tag,
  summary: 'Items of a queue, as they were added',
  request: z.object({
    ...ofQueue,
    filter: given(
      z.object({
        id: text,
        call_id: text,
        call_op_name: text,
        call_trace_id: text,
        added_by: text,
        annotation_states: given(z.array(AnnotationQueueState).max(100)),
      }),
    ),
    sort_by: sortBy,
    limit,
    offset,
    include_position: flag,
  }),
  answer: json(z.object({ items: z.array(Item) })),
});
export type AnnotationQueueItemsQueryRequest = z.output<typeof annotationQueueItemsQuery.request>;

export const annotationQueueProgress = defineRoute({
  method: 'post',
  path: '/annotation_queues/{queue_id}/items/{item_id}/progress',
  tag,
  summary: 'How far the caller is with an item: `in_progress`, then `completed` or `skipped`',
  access: 'write',
  request: z.object({ ...ofQueue, item_id: z.string(), annotation_state: z.string(), wb_user_id: text }),
  answer: json(z.object({ item: Item })),
});
export type AnnotationQueueProgressRequest = z.output<typeof annotationQueueProgress.request>;

export const ANNOTATION_QUEUE_ROUTES = [
  annotationQueueCreate,
  annotationQueuesQuery,
  annotationQueuesStats,
  annotationQueueRead,
  annotationQueueUpdate,
  annotationQueueDelete,
  annotationQueueAddCalls,
  annotationQueueItemsQuery,
  annotationQueueProgress,
];
