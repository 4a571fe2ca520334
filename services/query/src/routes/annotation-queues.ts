import type { EventLog } from '@weft/event-log';
import { authorOf, route, type Route, type RouteContext } from '@weft/http';
import { AppError, encodeProgress, encodeQueue, newId, type EventKind, type TraceEvent } from '@weft/model';
import {
  QUEUE_ITEM_SORT_FIELDS,
  QUEUE_SORT_FIELDS,
  type StoredQueue,
  type StoredQueueItem,
  type TraceReader,
} from '@weft/trace-store';
import {
  annotationQueueAddCalls,
  annotationQueueCreate,
  annotationQueueDelete,
  annotationQueueItemsQuery,
  annotationQueueProgress,
  annotationQueueRead,
  annotationQueuesQuery,
  annotationQueuesStats,
  annotationQueueUpdate,
  type AnnotationQueueAddCallsRequest,
  type AnnotationQueueCreateRequest,
  type AnnotationQueueItemsQueryRequest,
  type AnnotationQueueProgressRequest,
  type AnnotationQueueRequest,
  type AnnotationQueuesQueryRequest,
  type AnnotationQueueUpdateRequest,
} from '@weft/weave-api';
import { newItems } from '../annotation-queues/add-calls.ts';
import { changesState, parseState } from '../annotation-queues/progress.ts';
import { renderQueue, renderQueueItem } from '../annotation-queues/render.ts';
import type { Clock } from '../clock.ts';
import { linesContentType, sendChunks, sendJson } from '../send.ts';

interface Deps {
  readonly reader: TraceReader;
  readonly eventLog: Pick<EventLog, 'append'>;
  readonly clock: Clock;
}

/** One append stays far below the size of a log record. */
const EVENTS_PER_APPEND = 5000;

/** Lists of calls for people to annotate (weave-api §4.12). A change reads what is there and saves the whole anew. */
export function annotationQueueRoutes(deps: Deps): Route[] {
  const { reader } = deps;
  return [
    route(annotationQueueCreate, (request, context) => create(deps, request, context), { readsStore: false }),
    route(annotationQueuesQuery, (request, { req, res, signal }) =>
      sendChunks(req, res, linesContentType(req), queueLines(reader, request, signal)),
    ),
    route(annotationQueuesStats, async ({ project_id, queue_ids }, { req, res }) => {
      const stats = (await reader.queueStats(project_id, queue_ids)).map(({ queueId, items, completed }) => ({
        queue_id: queueId,
        total_items: items,
        completed_items: completed,
      }));
      await sendJson(req, res, JSON.stringify({ stats }));
    }),
    route(annotationQueueRead, async (request, context) =>
      sendQueue(await readQueue(reader, request), context),
    ),
    route(annotationQueueUpdate, (request, context) => update(deps, request, context)),
    route(annotationQueueDelete, (request, context) => remove(deps, request, context)),
    route(annotationQueueAddCalls, (request, context) => addCalls(deps, request, context)),
    route(annotationQueueItemsQuery, (request, context) => queryItems(reader, request, context)),
    route(annotationQueueProgress, (request, context) => saveProgress(deps, request, context)),
  ];
}

async function create(
  { eventLog, clock }: Deps,
  request: AnnotationQueueCreateRequest,
  { req, res }: RouteContext,
): Promise<void> {
  const nowUs = clock();
  const queue: StoredQueue = {
    projectId: request.project_id,
    id: newId(),
    name: request.name,
    description: request.description ?? '',
    scorerRefs: request.scorer_refs,
    createdBy: authorOf(req, request.project_id, request.wb_user_id),
    createdAtUs: nowUs,
    updatedAtUs: nowUs,
    deletedAtUs: null,
  };
  await eventLog.append('trace-events', [saved(queue, queue.createdBy)]);
  await sendJson(req, res, JSON.stringify({ id: queue.id }));
}

async function* queueLines(
  reader: TraceReader,
  request: AnnotationQueuesQueryRequest,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const { project_id: projectId, name, limit, offset } = request;
  const sort = knownSort(request.sort_by, QUEUE_SORT_FIELDS);
  let before = '';
  for await (const page of reader.streamQueues({ projectId, name, sort, limit, offset }, signal)) {
    yield Buffer.from(before + page.map(renderQueue).join('\n'));
    before = '\n';
  }
}

async function update(
  { reader, eventLog, clock }: Deps,
  request: AnnotationQueueUpdateRequest,
  context: RouteContext,
): Promise<void> {
  const stored = await readQueue(reader, request);
  const {
    name = stored.name,
    description = stored.description,
    scorer_refs: scorerRefs = stored.scorerRefs,
  } = request;
  if (request.name === undefined && request.description === undefined && request.scorer_refs === undefined)
    return sendQueue(stored, context);
  const queue = { ...stored, name, description, scorerRefs, updatedAtUs: clock(stored.updatedAtUs) };
  await eventLog.append('trace-events', [saved(queue, context.userId)]);
  await sendQueue(queue, context);
}

/** Its items stay readable, as W&B's do. */
async function remove(
  { reader, eventLog, clock }: Deps,
  request: AnnotationQueueRequest,
  context: RouteContext,
): Promise<void> {
  const stored = await readQueue(reader, request);
  const nowUs = clock(stored.updatedAtUs);
  const queue = { ...stored, updatedAtUs: nowUs, deletedAtUs: nowUs };
  await eventLog.append('trace-events', [saved(queue, context.userId)]);
  await sendQueue(queue, context);
}

async function addCalls(
  { reader, eventLog, clock }: Deps,
  request: AnnotationQueueAddCallsRequest,
  { req, res, signal }: RouteContext,
): Promise<void> {
  await readQueue(reader, request);
  const userId = authorOf(req, request.project_id, request.wb_user_id);
  const { events, duplicates } = await newItems(reader, clock, request, userId, signal);
  for (let at = 0; at < events.length; at += EVENTS_PER_APPEND)
    await eventLog.append('trace-events', events.slice(at, at + EVENTS_PER_APPEND));
  await sendJson(req, res, JSON.stringify({ added_count: events.length, duplicates }));
}

async function queryItems(
  reader: TraceReader,
  request: AnnotationQueueItemsQueryRequest,
  { req, res, signal }: RouteContext,
): Promise<void> {
  const { project_id: projectId, queue_id: queueId, filter, limit, offset } = request;
  const pages = reader.streamQueueItems(
    {
      projectId,
      queueId,
      id: filter?.id,
      callIds: filter?.call_id === undefined ? undefined : [filter.call_id],
      callOpName: filter?.call_op_name,
      callTraceId: filter?.call_trace_id,
      addedBy: filter?.added_by,
      states: filter?.annotation_states,
      sort: knownSort(request.sort_by, QUEUE_ITEM_SORT_FIELDS),
      limit,
      offset,
    },
    signal,
  );
  await sendChunks(req, res, 'application/json', itemList(pages, request.include_position));
}

async function* itemList(
  pages: AsyncIterable<readonly StoredQueueItem[]>,
  withPosition: boolean,
): AsyncGenerator<Buffer> {
  let before = '{"items":[';
  for await (const page of pages) {
    yield Buffer.from(before + page.map((item) => renderQueueItem(item, withPosition)).join(','));
    before = ',';
  }
  yield Buffer.from(before === ',' ? ']}' : `${before}]}`);
}

async function saveProgress(
  { reader, eventLog, clock }: Deps,
  request: AnnotationQueueProgressRequest,
  { req, res }: RouteContext,
): Promise<void> {
  const { project_id: projectId, queue_id: queueId, item_id: itemId } = request;
  const state = parseState(request.annotation_state);
  const annotator = authorOf(req, request.project_id, request.wb_user_id);
  const item = await readItem(reader, projectId, queueId, itemId);
  const current = await reader.readProgress(projectId, queueId, itemId, annotator);
  if (!changesState(current?.state ?? null, state)) return sendItem(item);
  // Later than what others did, so that it is the item's state.
  const updatedAtUs = clock(Math.max(item.updatedAtUs, current?.updatedAtUs ?? 0));
  const payload = encodeProgress({ queueId, annotator, state, updatedAtUs });
  await eventLog.append('trace-events', [
    event('queue_item.saved', projectId, itemId, annotator, updatedAtUs, payload),
  ]);
  await sendItem({ ...item, state, annotator, updatedAtUs });

  function sendItem(answer: StoredQueueItem): Promise<void> {
    return sendJson(req, res, `{"item":${renderQueueItem(answer, false)}}`);
  }
}

/** W&B says 400 here, and 404 for queues. */
async function readItem(
  reader: TraceReader,
  projectId: string,
  queueId: string,
  id: string,
): Promise<StoredQueueItem> {
  for await (const page of reader.streamQueueItems({ projectId, queueId, id, limit: 1 }))
    for (const item of page) return item;
  throw new AppError(
    'invalid_request',
    `item_id: Queue item '${id.slice(0, 128)}' not found in queue '${queueId.slice(0, 128)}'`,
  );
}

async function readQueue(
  reader: TraceReader,
  { project_id: projectId, queue_id: id }: AnnotationQueueRequest,
): Promise<StoredQueue> {
  const queue = await reader.readQueue(projectId, id);
  if (queue === null) throw new AppError('not_found', `Queue ${id.slice(0, 128)} not found`);
  return queue;
}

function sendQueue(queue: StoredQueue, { req, res }: RouteContext): Promise<void> {
  return sendJson(req, res, `{"queue":${renderQueue(queue)}}`);
}

function saved(queue: StoredQueue, userId: string): TraceEvent {
  return event('queue.saved', queue.projectId, queue.id, userId, queue.updatedAtUs, encodeQueue(queue));
}

function event(
  kind: EventKind,
  projectId: string,
  id: string,
  userId: string,
  receivedAtUs: number,
  payload: Uint8Array,
): TraceEvent {
  return { kind, projectId, id, userId, receivedAtUs, note: '', payload };
}

type SortBy = AnnotationQueuesQueryRequest['sort_by'];

/** W&B leaves out fields that it does not know; so do we. */
function knownSort<F extends string>(
  sortBy: SortBy,
  fields: readonly F[],
): { field: F; direction: 'asc' | 'desc' }[] | undefined {
  return sortBy?.flatMap(({ field, direction }) => {
    const known = fields.find((each) => each === field);
    return known === undefined ? [] : [{ field: known, direction }];
  });
}
