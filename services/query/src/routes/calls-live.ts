import type { ServerResponse } from 'node:http';
import { route, type Route } from '@weft/http';
import { AppError } from '@weft/model';
import type { Logger } from '@weft/runtime';
import type { Expr, Field } from '@weft/query-language';
import { callFields, type CallChange, type StoredCall, type TraceReader } from '@weft/trace-store';
import { callsLive, type CallsLiveRequest } from '@weft/weave-api';
import { payloadsOf, toColumns } from '../call-columns.ts';
import { toCallsSelection } from '../calls-requests.ts';
import { createLiveCalls, type Change } from '../live-calls.ts';
import { previewOf } from '../preview.ts';
import { renderRows } from '../render-calls.ts';

/** Of one process. Each costs a read of what changed, whenever something does. */
const MAX_STREAMS = 100;
const BEAT_MS = 15_000;
/** Then the client comes again, with a key that is looked at again. */
const MAX_STREAM_MS = 10 * 60_000;
/** A client that reads slower than this is told to read anew. */
const MAX_UNREAD_BYTES = 1024 * 1024;

/** Calls as they come in, for lists that people leave open. */
export function callsLiveRoute(reader: TraceReader, logger: Logger): Route {
  const live = createLiveCalls(reader, logger);
  let streams = 0;
  return route(callsLive, async (request, { res, signal }) => {
    // What is wrong with the request is said before the stream begins.
    const read = changeReader(reader, request);
    if (streams >= MAX_STREAMS)
      throw new AppError(
        'too_many_requests',
        `${MAX_STREAMS} live lists are open on this server; ask again later`,
      );
    streams++;
    try {
      await stream(res, signal, request.project_id, live, read);
    } finally {
      streams--;
    }
  });
}

type ReadChange = (changes: readonly CallChange[], signal: AbortSignal) => Promise<string>;

async function stream(
  res: ServerResponse,
  signal: AbortSignal,
  projectId: string,
  live: ReturnType<typeof createLiveCalls>,
  read: ReadChange,
): Promise<void> {
  res.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'x-accel-buffering': 'no',
  });
  const queue: Change[] = [];
  let wake = () => {};
  const stopWatching = live.watch(projectId, (change) => {
    // Behind: one order to read anew stands for all that was not sent.
    if (queue.length >= 4) queue.splice(0, queue.length, { kind: 'reset' });
    else queue.push(change);
    wake();
  });
  signal.addEventListener('abort', () => wake(), { once: true });
  // The server asks for a close of connections when it stops.
  const wasKept = res.shouldKeepAlive;
  const isOver = () => signal.aborted || (wasKept && !res.shouldKeepAlive);
  const endsAt = Date.now() + MAX_STREAM_MS;
  let beatAt = Date.now();
  try {
    res.write('retry: 1000\nevent: ready\ndata: {}\n\n');
    while (!isOver() && Date.now() < endsAt) {
      const change = queue.shift();
      if (change === undefined) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, 500);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
        if (Date.now() - beatAt < BEAT_MS) continue;
        res.write(': beat\n\n');
      } else if (change.kind === 'reset' || res.writableLength > MAX_UNREAD_BYTES)
        res.write('event: reset\ndata: {}\n\n');
      else res.write(`event: calls\ndata: ${await read(change.calls, signal)}\n\n`);
      beatAt = Date.now();
    }
  } finally {
    stopWatching();
    res.end();
  }
}

/** Reads what matches of the calls that changed, as one line of JSON. */
function changeReader(reader: TraceReader, request: CallsLiveRequest): ReadChange {
  const columns = toColumns(request.columns);
  const { filter, condition } = toCallsSelection(request);
  const wanted = { ...request, include_storage_size: false, include_total_storage_size: false };
  const among = filter.callIds && new Set(filter.callIds);
  return async (changes, signal) => {
    const ids = [...new Set(changes.map(({ id }) => id))];
    const starts = new Map(
      changes.flatMap(({ id, startedAtUs: us }) => (us === undefined ? [] : [[id, us]])),
    );
    const callIds = [...starts.keys()].filter((id) => among?.has(id) ?? true);
    const since = notBefore(Math.min(...starts.values()));
    const query = {
      projectId: request.project_id,
      filter: { ...filter, callIds },
      condition: condition === undefined ? since : { op: 'and' as const, inputs: [since, condition] },
      sort: [{ field: 'started_at', direction: 'desc' }] as const,
      payloads: payloadsOf(columns),
      wholeUpTo: 0,
    };
    const found: StoredCall[] = [];
    if (callIds.length > 0)
      for await (const calls of reader.streamCalls(query, signal))
        for (const call of calls) found.push(previewOf(call, request.preview_bytes));
    const framing = { before: `{"changed":${JSON.stringify(ids)},"calls":[`, between: ',', after: ']}' };
    const chunks: Buffer[] = [];
    for await (const chunk of renderRows(reader, wanted, columns, [found], framing)) chunks.push(chunk);
    // Payloads are as they were sent: their line breaks stand between members.
    return Buffer.concat(chunks)
      .toString()
      .replace(/[\r\n]/g, ' ');
  };
}

const STARTED_AT = callFields()('started_at') as Field;

/** Says nothing new of the calls, but where the table has to look. */
function notBefore(us: number): Expr {
  return {
    op: 'compare',
    by: 'gte',
    left: { op: 'field', field: STARTED_AT },
    right: { op: 'instant', us },
  };
}
