import { route, type Route } from '@weft/http';
import { AppError, formatInstant } from '@weft/model';
import {
  THREAD_SORT_FIELDS,
  type StoredThread,
  type ThreadsQuery,
  type ThreadSortField,
  type TraceReader,
} from '@weft/trace-store';
import { threadsStreamQuery, type ThreadsRequest } from '@weft/weave-api';
import { JsonOut } from '../json-out.ts';
import { linesContentType, sendChunks } from '../send.ts';

/** Conversations (weave-api §4.11). */
export function threadRoutes(reader: TraceReader): Route[] {
  return [
    route(threadsStreamQuery, (request, { req, res, signal }) =>
      sendChunks(
        req,
        res,
        linesContentType(req),
        renderThreads(reader.streamThreads(toQuery(request), signal)),
      ),
    ),
  ];
}

function toQuery({
  project_id: projectId,
  filter,
  sort_by: sort = [],
  limit,
  offset,
}: ThreadsRequest): ThreadsQuery {
  return {
    projectId,
    threadIds: filter?.thread_ids,
    afterUs: filter?.after_datetime,
    beforeUs: filter?.before_datetime,
    sort: sort.map(({ field, direction }) => ({ field: sortField(field), direction })),
    limit,
    offset,
  };
}

function sortField(field: string): ThreadSortField {
  if ((THREAD_SORT_FIELDS as readonly string[]).includes(field)) return field as ThreadSortField;
  throw new AppError(
    'invalid_request',
    `sort_by: Unsupported sort field: ${field.slice(0, 80)}. Supported fields: ${THREAD_SORT_FIELDS.join(', ')}`,
  );
}

async function* renderThreads(pages: AsyncIterable<readonly StoredThread[]>): AsyncGenerator<Buffer> {
  const out = new JsonOut();
  for await (const page of pages) {
    for (const thread of page) out.text(`${renderThread(thread)}\n`);
    if (out.sizeBytes > 0) yield out.take();
  }
}

function renderThread(thread: StoredThread): string {
  return JSON.stringify({
    thread_id: thread.threadId,
    turn_count: thread.turnCount,
    start_time: formatInstant(thread.startUs),
    last_updated: formatInstant(thread.lastUpdatedUs),
    first_turn_id: thread.firstTurnId,
    last_turn_id: thread.lastTurnId,
    p50_turn_duration_ms: thread.p50TurnMs,
    p99_turn_duration_ms: thread.p99TurnMs,
  });
}
