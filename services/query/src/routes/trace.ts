import { route, type Route } from '@weft/http';
import { AppError } from '@weft/model';
import type { TraceReader } from '@weft/trace-store';
import { traceRead } from '@weft/weave-api';
import { readCallById } from '../call-chat.ts';
import { CallCosts } from '../costs.ts';
import { sendChunks } from '../send.ts';
import { TracePart } from '../trace/trace-part.ts';

type Place = NonNullable<Parameters<TraceReader['streamTrace']>[0]['after']>;

/** A trace for its picture: a part is in memory, never the whole trace. */
export function traceRoute(reader: TraceReader): Route {
  return route(traceRead, async (request, { req, res, signal }) => {
    const { project_id: projectId, limit } = request;
    const traceId = request.trace_id ?? (await traceOf(reader, projectId, request.call_id!, signal));
    const after = request.after === undefined ? undefined : readPlace(request.after);
    const query = { projectId, traceId, after, limit, withinSeconds: request.within_s };
    const part = await readPart(reader, query, signal);
    const isFirst = after === undefined && request.within_s === undefined;
    const isAll = part.rows < limit;
    const next = isAll ? null : writePlace(part.last!);
    // Only who has to wait for more needs to be told how much that is.
    const count = async () =>
      isAll
        ? part.rows
        : (await reader.countCalls({ projectId, filter: { traceIds: [traceId] } }, signal)).count;
    const head = { trace_id: traceId, next, ...(isFirst && { total: Math.max(await count(), part.rows) }) };
    await sendChunks(req, res, 'application/octet-stream', part.frame(head));
  });
}

async function traceOf(
  reader: TraceReader,
  projectId: string,
  callId: string,
  signal: AbortSignal,
): Promise<string> {
  const call = await readCallById(reader, projectId, callId, [], signal);
  if (call === undefined) throw new AppError('not_found', `Call ${callId} not found`);
  return call.traceId;
}

async function readPart(
  reader: TraceReader,
  query: Parameters<TraceReader['streamTrace']>[0],
  signal: AbortSignal,
): Promise<TracePart> {
  const part = new TracePart();
  const costs = new CallCosts(reader, query.projectId);
  for await (const calls of reader.streamTrace(query, signal)) {
    await costs.loadModels(calls.flatMap(({ usage }) => usage.map(({ model }) => model)));
    for (const call of calls) part.add(call, costs);
  }
  return part;
}

/** Instants as whole microseconds. */
function writePlace({ startedAtUs, id, spanTraceId }: Place): string {
  return JSON.stringify([startedAtUs, id, spanTraceId]);
}

function readPlace(text: string): Place {
  try {
    const [startedAtUs, id, spanTraceId] = JSON.parse(text) as unknown[];
    if (Number.isSafeInteger(startedAtUs) && typeof id === 'string' && typeof spanTraceId === 'string')
      return { startedAtUs: startedAtUs as number, id, spanTraceId };
  } catch {
    // Not one of ours.
  }
  throw new AppError('invalid_request', 'after: is no `next` that this route has given');
}
