import { route, type Route } from '@weft/http';
import { AppError, formatInstant, parseInstant } from '@weft/model';
import { type Expr, type Field, type Operand } from '@weft/query-language';
import { callFields, type CallsQuery, type StoredCall, type TraceReader } from '@weft/trace-store';
import { callsPage, type CallsPageRequest } from '@weft/weave-api';
import { payloadsOf, toColumns } from '../call-columns.ts';
import { toCallsSelection, toCallsSort } from '../calls-requests.ts';
import { previewOf } from '../preview.ts';
import { renderRows } from '../render-calls.ts';
import { sendChunks } from '../send.ts';

/** Orders that the table does not have are made of all calls that match: their pages go by number, and so far only. */
const MAX_OFFSET = 10_000;

/** A list for people: pages follow the last row, not its number, so that what comes in meanwhile moves nothing. */
export function callsPageRoute(reader: TraceReader): Route {
  return route(callsPage, async (request, { req, res, signal }) => {
    const { limit } = request;
    const columns = toColumns(request.columns);
    const found: StoredCall[] = [];
    const place = placeOf(request);
    const query = {
      projectId: request.project_id,
      ...place,
      limit: limit + 1,
      payloads: payloadsOf(columns),
      wholeUpTo: 0,
    };
    for await (const calls of reader.streamCalls(query, signal))
      for (const call of calls) found.push(previewOf(call, request.preview_bytes));
    const end = (place.offset ?? 0) + limit;
    const hasMore = found.length > limit;
    const isCapped = hasMore && place.offset !== undefined && end >= MAX_OFFSET;
    const behind = () =>
      place.offset === undefined ? cursorOf(found[limit - 1]!) : JSON.stringify(['offset', end]);
    const next = hasMore && !isCapped ? behind() : null;
    const after = `],"next":${JSON.stringify(next)},"is_capped":${isCapped}}`;
    const framing = { before: '{"calls":[', between: ',', after };
    const wanted = {
      ...request,
      sort_by: undefined,
      include_storage_size: false,
      include_total_storage_size: false,
    };
    const rows = renderRows(reader, wanted, columns, [found.slice(0, limit)], framing);
    await sendChunks(req, res, 'application/json', rows);
  });
}

type Place = Pick<CallsQuery, 'filter' | 'condition' | 'sort' | 'offset'>;

function placeOf(request: CallsPageRequest): Place {
  const [key = { field: 'started_at', direction: 'desc' as const }] = request.sort_by ?? [];
  if (key.field === 'started_at')
    return { ...selectionOf(request, key.direction), sort: [{ ...key, field: 'started_at' }] };
  const offset = request.after === undefined ? 0 : readOffset(request.after);
  return { ...toCallsSelection(request), sort: toCallsSort([key]), offset };
}

/** Where a call stands in the order of starts: its start, id and trace, as they are sorted. */
function cursorOf({ startedAtUs, id, traceId }: StoredCall): string {
  return JSON.stringify([formatInstant(startedAtUs), id, traceId]);
}

function readCursor(text: string): { startedAtUs: number; id: string; traceId: string } {
  const [startedAt, id, traceId] = readList(text);
  const startedAtUs = parseInstant(String(startedAt));
  if (startedAtUs === undefined || typeof id !== 'string' || typeof traceId !== 'string') throw notOurs();
  return { startedAtUs, id, traceId };
}

function readOffset(text: string): number {
  const [kind, offset] = readList(text);
  if (kind !== 'offset' || !Number.isSafeInteger(offset)) throw notOurs();
  if ((offset as number) < 0 || (offset as number) >= MAX_OFFSET) throw notOurs();
  return offset as number;
}

function readList(text: string): unknown[] {
  try {
    const list = JSON.parse(text) as unknown;
    if (Array.isArray(list)) return list;
  } catch {
    // Not one of ours.
  }
  throw notOurs();
}

const notOurs = () => new AppError('invalid_request', 'after: is no `next` that this route has given');

type Direction = 'asc' | 'desc';

function selectionOf(request: CallsPageRequest, direction: Direction): ReturnType<typeof toCallsSelection> {
  const { filter, condition } = toCallsSelection(request);
  if (request.after === undefined) return { filter, ...(condition && { condition }) };
  const behind = behindCursor(readCursor(request.after), direction);
  return { filter, condition: condition === undefined ? behind : and(condition, behind) };
}

function behindCursor(
  { startedAtUs, id, traceId }: ReturnType<typeof readCursor>,
  direction: Direction,
): Expr {
  const startedAt = field('started_at');
  const instant = { op: 'instant', us: startedAtUs } as const;
  const [beyond, from] = direction === 'desc' ? (['lt', 'lte'] as const) : (['gt', 'gte'] as const);
  return and(
    // Says nothing new, but lets the table skip what was given.
    compare(from, startedAt, instant),
    or(
      compare(beyond, startedAt, instant),
      compare(beyond, field('id'), { op: 'literal', value: id }),
      and(
        compare('eq', field('id'), { op: 'literal', value: id }),
        compare(beyond, field('trace_id'), { op: 'literal', value: traceId }),
      ),
    ),
  );
}

const and = (...inputs: Expr[]): Expr => ({ op: 'and', inputs });
const or = (...inputs: Expr[]): Expr => ({ op: 'or', inputs });
const compare = (by: 'lt' | 'lte' | 'gt' | 'gte' | 'eq', left: Operand, right: Operand): Expr => ({
  op: 'compare',
  by,
  left,
  right,
});

const fieldOf = callFields();
function field(path: string): Operand {
  return { op: 'field', field: fieldOf(path) as Field };
}
