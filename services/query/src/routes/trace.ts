import { route, type Route } from '@weft/http';
import { AppError } from '@weft/model';
import type { TraceReader } from '@weft/trace-store';
import { traceRead } from '@weft/weave-api';
import { CallCosts } from '../costs.ts';
import { sendChunks } from '../send.ts';
import { TracePart } from '../trace/trace-part.ts';

type Place = NonNullable<Parameters<TraceReader['streamTrace']>[0]['after']>;

/** A trace for its picture: a part is in memory, never the whole trace. */
export function traceRoute(reader: TraceReader): Route {
  return route(traceRead, async (request, { req, res, signal }) => {
    const { project_id: projectId, trace_id: traceId, limit } = request;
    const after = request.after === undefined ? undefined : readPlace(request.after);
    const isFirst = after === undefined && request.within_s === undefined;
    const total = isFirst
      ? reader.countCalls({ projectId, filter: { traceIds: [traceId] } }, signal)
      : Promise.resolve(undefined);
    const [part, counted] = await Promise.all([
      readPart(reader, { projectId, traceId, after, limit, withinSeconds: request.within_s }, signal),
      total,
    ]);
    const next = part.rows < limit ? null : writePlace(part.last!);
    const head = { next, ...(counted && { total: Math.max(counted.count, part.rows) }) };
    await sendChunks(req, res, 'application/octet-stream', each(part.frame(head)));
  });
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

async function* each<T>(values: Iterable<T>): AsyncGenerator<T> {
  yield* values;
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
