import type { EventLog } from '@weft/event-log';
import { route, type Route, type RouteContext } from '@weft/http';
import type { Logger } from '@weft/runtime';
import type { TraceReader } from '@weft/trace-store';
import {
  callRead,
  callsDelete,
  callsQuery,
  callsQueryStats,
  callsStreamQuery,
  type CallReadRequest,
  type CallsDeleteRequest,
  type CallsStatsRequest,
} from '@weft/weave-api';
import { toCallsSelection } from '../calls-requests.ts';
import { deleteCalls } from '../delete-calls.ts';
import { callsExportRoute } from './calls-export.ts';
import { callsFacetRoutes } from './calls-facets.ts';
import { callsLiveRoute } from './calls-live.ts';
import { callsPageRoute } from './calls-page.ts';
import { JsonOut } from '../json-out.ts';
import { renderCalls } from '../render-calls.ts';
import { linesContentType, sendChunks, sendJson } from '../send.ts';

/** Reading and deleting calls (weave-api §4.4). */
export function callRoutes(reader: TraceReader, eventLog: Pick<EventLog, 'append'>, logger: Logger): Route[] {
  return [
    route(callsStreamQuery, (request, { req, res, signal }) =>
      sendChunks(req, res, linesContentType(req), renderCalls(reader, request, { between: '\n' }, signal)),
    ),
    route(callsQuery, (request, { req, res, signal }) =>
      sendChunks(
        req,
        res,
        'application/json',
        renderCalls(reader, request, { before: '{"calls":[', between: ',', after: ']}' }, signal),
      ),
    ),
    callsPageRoute(reader),
    ...callsFacetRoutes(reader),
    callsLiveRoute(reader, logger),
    callsExportRoute(reader),
    route(callRead, (request, context) => readCall(reader, request, context)),
    route(callsQueryStats, (request, context) => countCalls(reader, request, context)),
    route(callsDelete, (request, context) => answerDelete(reader, eventLog, request, context)),
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
  const query = { ...request, filter: { call_ids: [request.id] }, sort_by: [...LATEST], limit: 1 };
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
  { req, res, signal }: RouteContext,
): Promise<void> {
  const { limit } = request;
  const query = {
    projectId: request.project_id,
    ...toCallsSelection(request),
    // One more than wanted tells whether the limit cut anything.
    limit: limit === undefined ? undefined : limit + 1,
    totalStorageSize: request.include_total_storage_size,
  };
  const { count, totalStorageSizeBytes } = await reader.countCalls(query, signal);
  const capped = limit !== undefined && count > limit;
  const answer = {
    count: capped ? limit : count,
    has_more: capped,
    total_storage_size_bytes: totalStorageSizeBytes,
  };
  await sendJson(req, res, JSON.stringify(answer));
}

async function answerDelete(
  reader: TraceReader,
  eventLog: Pick<EventLog, 'append'>,
  { project_id: projectId, call_ids: ids }: CallsDeleteRequest,
  { req, res, userId }: RouteContext,
): Promise<void> {
  const count = await deleteCalls(reader, eventLog, { projectId, ids, userId });
  await sendJson(req, res, JSON.stringify({ num_deleted: count }));
}
