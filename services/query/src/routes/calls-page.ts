import { route, type Route } from '@weft/http';
import { abridge, AppError, formatInstant, parseInstant } from '@weft/model';
import { type Expr, type Field, type Operand } from '@weft/query-language';
import { callFields, type StoredCall, type TraceReader } from '@weft/trace-store';
import { callsPage, type CallsPageRequest } from '@weft/weave-api';
import { payloadsOf, toColumns } from '../call-columns.ts';
import { toCallsSelection } from '../calls-requests.ts';
import { renderRows } from '../render-calls.ts';
import { sendChunks } from '../send.ts';

/** A list for people: pages follow the last row, not its number, so that what comes in meanwhile moves nothing. */
export function callsPageRoute(reader: TraceReader): Route {
  return route(callsPage, async (request, { req, res, signal }) => {
    const { limit } = request;
    const columns = toColumns(request.columns);
    const found: StoredCall[] = [];
    const query = {
      projectId: request.project_id,
      ...selectionOf(request),
      sort: [{ field: 'started_at', direction: 'desc' }] as const,
      limit: limit + 1,
      payloads: payloadsOf(columns),
      wholeUpTo: 0,
    };
    for await (const calls of reader.streamCalls(query, signal))
      for (const call of calls) found.push(previewOf(call, request.preview_bytes));
    const next = found.length > limit ? cursorOf(found[limit - 1]!) : null;
    const framing = { before: '{"calls":[', between: ',', after: `],"next":${JSON.stringify(next)}}` };
    const wanted = { ...request, include_storage_size: false, include_total_storage_size: false };
    const rows = renderRows(reader, wanted, columns, once(found.slice(0, limit)), framing);
    await sendChunks(req, res, 'application/json', rows);
  });
}

async function* once<T>(value: T): AsyncGenerator<T> {
  yield value;
}

function previewOf(call: StoredCall, maxBytes: number): StoredCall {
  const cut = (json: Uint8Array) => (json.length <= maxBytes ? json : abridge(json, maxBytes));
  return {
    ...call,
    claims: [],
    attributes: cut(call.attributes),
    inputs: cut(call.inputs),
    output: cut(call.output),
    summary: cut(call.summary),
  };
}

/** Where a call stands among the newest: its start, id and trace, as they are sorted. */
function cursorOf({ startedAtUs, id, traceId }: StoredCall): string {
  return JSON.stringify([formatInstant(startedAtUs), id, traceId]);
}

function readCursor(text: string): { startedAtUs: number; id: string; traceId: string } {
  try {
    const [startedAt, id, traceId] = JSON.parse(text) as unknown[];
    const startedAtUs = parseInstant(String(startedAt));
    if (startedAtUs !== undefined && typeof id === 'string' && typeof traceId === 'string')
      return { startedAtUs, id, traceId };
  } catch {
    // Not one of ours.
  }
  throw new AppError('invalid_request', 'after: is no `next` that this route has given');
}

function selectionOf(request: CallsPageRequest): ReturnType<typeof toCallsSelection> {
  const { filter, condition } = toCallsSelection(request);
  if (request.after === undefined) return { filter, ...(condition && { condition }) };
  const behind = behindCursor(readCursor(request.after));
  return { filter, condition: condition === undefined ? behind : and(condition, behind) };
}

function behindCursor({ startedAtUs, id, traceId }: ReturnType<typeof readCursor>): Expr {
  const startedAt = field('started_at');
  const instant = { op: 'instant', us: startedAtUs } as const;
  return and(
    // Says nothing new, but lets the table skip what is younger.
    compare('lte', startedAt, instant),
    or(
      compare('lt', startedAt, instant),
      compare('lt', field('id'), { op: 'literal', value: id }),
      and(
        compare('eq', field('id'), { op: 'literal', value: id }),
        compare('lt', field('trace_id'), { op: 'literal', value: traceId }),
      ),
    ),
  );
}

const and = (...inputs: Expr[]): Expr => ({ op: 'and', inputs });
const or = (...inputs: Expr[]): Expr => ({ op: 'or', inputs });
const compare = (by: 'lt' | 'lte' | 'eq', left: Operand, right: Operand): Expr => ({
  op: 'compare',
  by,
  left,
  right,
});

const fieldOf = callFields();
function field(path: string): Operand {
  return { op: 'field', field: fieldOf(path) as Field };
}
