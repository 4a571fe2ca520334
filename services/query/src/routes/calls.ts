import type { EventLog } from '@weft/event-log';
import { AppError, isValidId, nowUs, type TraceEvent } from '@weft/model';
import type { TraceReader } from '@weft/trace-store';
import {
  CallReadRequest,
  CallsDeleteRequest,
  CallsQueryRequest,
  CallsStatsRequest,
} from '../calls-requests.ts';
import { JsonOut } from '../json-out.ts';
import { renderCalls } from '../render-calls.ts';
import { route, type Route, type RouteContext } from '../route.ts';
import { linesContentType, sendChunks, sendJson } from '../send.ts';

/** Reading and deleting calls (weave-api §4.4). */
export function callRoutes(reader: TraceReader, eventLog: Pick<EventLog, 'append'>): Route[] {
  return [
    route('/calls/stream_query', CallsQueryRequest, (request, { req, res, signal }) =>
      sendChunks(req, res, linesContentType(req), renderCalls(reader, request, { between: '\n' }, signal)),
    ),
    route('/calls/query', CallsQueryRequest, (request, { req, res, signal }) =>
      sendChunks(
        req,
        res,
        'application/json',
        renderCalls(reader, request, { before: '{"calls":[', between: ',', after: ']}' }, signal),
      ),
    ),
    route('/call/read', CallReadRequest, (request, context) => readCall(reader, request, context)),
    route('/calls/query_stats', CallsStatsRequest, (request, context) =>
      countCalls(reader, request, context),
    ),
    route(
      '/calls/delete',
      CallsDeleteRequest,
      (request, context) => deleteCalls(reader, eventLog, request, context),
      'write',
    ),
  ];
}

/** Spans of several traces may share an id: then the one that started last is the answer. */
const LATEST = [{ field: 'started_at', direction: 'desc' }] as const;

/** A call that is missing or deleted is null, not a 404. */
async function readCall(
  reader: TraceReader,
  request: CallReadRequest,
  { req, res, signal }: RouteContext,
): Promise<void> {
  const out = new JsonOut();
  out.text('{"call":');
  let found = false;
  const query = { ...request, filter: { callIds: [request.id] }, sort_by: [...LATEST], limit: 1 };
  for await (const chunk of renderCalls(reader, query, {}, signal)) {
    found = true;
    out.bytes(chunk);
  }
  out.text(found ? '}' : 'null}');
  await sendJson(req, res, out.take());
}

async function countCalls(
  reader: TraceReader,
  request: CallsStatsRequest,
  { req, res }: RouteContext,
): Promise<void> {
  const { limit } = request;
  const { count, totalStorageSizeBytes } = await reader.countCalls({
    projectId: request.project_id,
    filter: request.filter,
    // One more than wanted tells whether the limit cut anything.
    limit: limit === undefined ? undefined : limit + 1,
    totalStorageSize: request.include_total_storage_size,
  });
  const capped = limit !== undefined && count > limit;
  const answer = {
    count: capped ? limit : count,
    has_more: capped,
    total_storage_size_bytes: totalStorageSizeBytes,
  };
  await sendJson(req, res, JSON.stringify(answer));
}

const MAX_DELETES = 1000;
/** One append stays far below the size of a log record. */
const EVENTS_PER_APPEND = 5000;
const EMPTY_OBJECT = Buffer.from('{}');

/**
 * Deletes calls and everything below them: one event each, so that each can be replayed on its own. A call that is not
 * there gets one too: when its parts come late, or again out of the log, it has to stay deleted. Spans of several traces
 * that share an id are deleted together.
 */
async function deleteCalls(
  reader: TraceReader,
  eventLog: Pick<EventLog, 'append'>,
  { project_id: projectId, call_ids: callIds }: CallsDeleteRequest,
  { req, res, userId }: RouteContext,
): Promise<void> {
  if (callIds.length > MAX_DELETES) {
    throw new AppError('request_too_large', `call_ids: cannot delete more than ${MAX_DELETES} calls at once`);
  }
  const existing = callIds.length === 0 ? [] : await reader.descendants(projectId, callIds);
  const ids = [...new Set([...existing, ...callIds.filter(isValidId)])];
  const receivedAtUs = nowUs();
  const deleted = (id: string): TraceEvent => ({
    kind: 'call.deleted',
    projectId,
    id,
    userId,
    receivedAtUs,
    note: '',
    payload: EMPTY_OBJECT,
  });
  for (let at = 0; at < ids.length; at += EVENTS_PER_APPEND) {
    await eventLog.append('trace-events', ids.slice(at, at + EVENTS_PER_APPEND).map(deleted));
  }
  await sendJson(req, res, JSON.stringify({ num_deleted: existing.length }));
}
