import type { FeedbackWrite, StoredCall, TraceReader } from '@weft/trace-store';
import { payloadsOf, toColumns, type Columns } from './call-columns.ts';
import type { CallReadRequest, CallsQueryRequest } from './calls-requests.ts';
import { JsonOut } from './json-out.ts';
import { callRef, renderCall } from './render-call.ts';

const FLUSH_BYTES = 256 * 1024;
const FEEDBACK_REFS = 500;

/** Which calls, and what of them. */
export type CallsRequest = Pick<CallsQueryRequest, 'project_id' | 'filter'> &
  Pick<CallReadRequest, 'include_storage_size' | 'include_total_storage_size'> &
  Partial<CallsQueryRequest>;

/** Text around and between the rows. */
export interface Framing {
  readonly before?: string;
  readonly between?: string;
  readonly after?: string;
}

/**
 * The calls of a request as JSON, in chunks of about 256 KiB: memory does not grow with the answer.
 * @throws AppError `unsupported_member` for unknown columns, before anything is read.
 */
export function renderCalls(
  reader: TraceReader,
  request: CallsRequest,
  framing: Framing,
  signal?: AbortSignal,
): AsyncIterable<Buffer> {
  const columns = toColumns(request.columns);
  return renderRows(reader, request, columns, framing, signal);
}

async function* renderRows(
  reader: TraceReader,
  request: CallsRequest,
  columns: Columns,
  { before, between, after }: Framing,
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer> {
  const out = new JsonOut({ oneLine: between === '\n' });
  if (before !== undefined) out.text(before);
  let separator = '';
  for await (const calls of readCalls(reader, request, columns, signal)) {
    for (let from = 0; from < calls.length; from += FEEDBACK_REFS) {
      const page = calls.slice(from, from + FEEDBACK_REFS);
      const feedback = request.include_feedback
        ? await feedbackByRef(reader, request.project_id, page)
        : undefined;
      for (const call of page) {
        if (separator !== '') out.text(separator);
        separator = between ?? '';
        renderCall(out, call, { columns, feedback });
        if (out.sizeBytes >= FLUSH_BYTES) yield out.take();
      }
    }
    // What is there leaves now: a slow query must not hold back the rows it has found.
    if (out.sizeBytes > 0 && before === undefined) yield out.take();
  }
  if (after !== undefined) out.text(after);
  if (out.sizeBytes > 0) yield out.take();
}

function readCalls(
  reader: TraceReader,
  request: CallsRequest,
  columns: Columns,
  signal: AbortSignal | undefined,
): AsyncIterable<readonly StoredCall[]> {
  // Zero rows wanted is an answer, not a query.
  if (request.limit === 0) return noCalls();
  const query = {
    projectId: request.project_id,
    filter: request.filter,
    sort: request.sort_by ?? [],
    limit: request.limit,
    offset: request.offset,
    payloads: payloadsOf(columns),
    storageSize: request.include_storage_size || isAskedFor(request, 'storage_size_bytes'),
    totalStorageSize: request.include_total_storage_size || isAskedFor(request, 'total_storage_size_bytes'),
  };
  return reader.streamCalls(query, signal);
}

async function* noCalls(): AsyncGenerator<readonly StoredCall[]> {}

/** Sizes cost a look at all payloads: only a column list that names them asks for them, not "all columns". */
function isAskedFor(request: CallsRequest, column: string): boolean {
  return request.columns?.includes(column) ?? false;
}

async function feedbackByRef(
  reader: TraceReader,
  projectId: string,
  calls: readonly StoredCall[],
): Promise<ReadonlyMap<string, readonly FeedbackWrite[]>> {
  const byRef = new Map<string, FeedbackWrite[]>();
  for (const row of await reader.feedbackOf(projectId, calls.map(callRef))) {
    const rows = byRef.get(row.weaveRef);
    if (rows === undefined) byRef.set(row.weaveRef, [row]);
    else rows.push(row);
  }
  return byRef;
}
