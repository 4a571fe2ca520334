import type { FeedbackWrite, StoredCall, TraceReader } from '@weft/trace-store';
import { payloadsOf, toColumns, type Columns } from './call-columns.ts';
import type { CallReadRequest, CallsQueryRequest } from '@weft/weave-api';
import { toCallsSelection, toCallsSort } from './calls-requests.ts';
import { CallCosts } from './costs.ts';
import { Expander } from './expand.ts';
import { JsonOut } from './json-out.ts';
import { callRef, renderCall } from './render-call.ts';

const FLUSH_BYTES = 256 * 1024;
const FEEDBACK_REFS = 500;

/** Which calls, and what of them. */
export type CallsRequest = Pick<CallsQueryRequest, 'project_id'> &
  Pick<CallReadRequest, 'include_storage_size' | 'include_total_storage_size'> &
  Partial<Omit<CallsQueryRequest, 'filter'>> & { readonly filter?: Partial<CallsQueryRequest['filter']> };

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
  const query = {
    projectId: request.project_id,
    ...toCallsSelection(request),
    sort: toCallsSort(request.sort_by, request.expand_columns),
    limit: request.limit,
    offset: request.offset,
    payloads: payloadsOf(columns),
    storageSize: request.include_storage_size || isAskedFor(request, 'storage_size_bytes'),
    wholeUpTo: request.payload_limit_bytes,
    totalStorageSize: request.include_total_storage_size || isAskedFor(request, 'total_storage_size_bytes'),
  };
  // Zero rows wanted is an answer, not a query.
  const calls = request.limit === 0 ? [] : reader.streamCalls(query, signal);
  return renderRows(reader, request, columns, calls, framing);
}

/** Calls that were found, as JSON. */
export async function* renderRows(
  reader: TraceReader,
  request: CallsRequest,
  columns: Columns,
  found: Iterable<readonly StoredCall[]> | AsyncIterable<readonly StoredCall[]>,
  { before, between, after }: Framing,
): AsyncGenerator<Buffer> {
  const out = new JsonOut({ oneLine: between === '\n' });
  if (before !== undefined) out.text(before);
  let separator = '';
  const costs = request.include_costs ? new CallCosts(reader, request.project_id) : undefined;
  const expander = expanderOf(reader, request);
  for await (const calls of found) {
    for (let from = 0; from < calls.length; from += FEEDBACK_REFS) {
      const page = calls.slice(from, from + FEEDBACK_REFS);
      const feedback = request.include_feedback
        ? await feedbackByRef(reader, request.project_id, page)
        : undefined;
      await costs?.load(page);
      for await (const piece of expander?.expand(page) ?? [page.map((call) => [call, undefined] as const)]) {
        for (const [call, shown] of piece) {
          if (separator !== '') out.text(separator);
          separator = between ?? '';
          renderCall(out, call, { columns, feedback, costs, shown });
          if (out.sizeBytes >= FLUSH_BYTES) yield out.take();
        }
      }
    }
    // What is there leaves now: a slow query must not hold back the rows it has found.
    if (out.sizeBytes > 0 && before === undefined) yield out.take();
  }
  if (after !== undefined) out.text(after);
  if (out.sizeBytes > 0) yield out.take();
}

function expanderOf(reader: TraceReader, request: CallsRequest): Expander | undefined {
  const { expand_columns: paths = [], return_expanded_column_values: isShown = true } = request;
  return paths.length > 0 && isShown ? new Expander(reader, request.project_id, paths) : undefined;
}

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
