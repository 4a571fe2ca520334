import { AppError } from '@weft/model';
import type { TraceReader } from '@weft/trace-store';
import type { TableQueryRequest } from '@weft/weave-api';
import { JsonOut } from './json-out.ts';
import type { Framing } from './render-calls.ts';

const FLUSH_BYTES = 256 * 1024;

/** Rows in order, duplicates kept, the values as they were sent; an unknown table has none. @throws AppError for a bad `sort_by` */
export function renderTable(
  reader: TraceReader,
  request: TableQueryRequest,
  framing: Framing,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const { limit, offset, sort_by: sort } = request;
  for (const { field } of sort ?? []) assertSortField(field);
  const rows = reader.streamTableRows(
    {
      projectId: request.project_id,
      digest: request.digest,
      rowDigests: request.filter?.row_digests,
      sort,
      limit,
      offset,
    },
    signal,
  );
  return renderRows(rows, framing);
}

async function* renderRows(
  pages: ReturnType<TraceReader['streamTableRows']>,
  { before = '', between = '', after = '' }: Framing,
): AsyncGenerator<Buffer> {
  const out = new JsonOut({ oneLine: between === '\n' });
  out.text(before);
  let separator = '';
  for await (const page of pages) {
    for (const row of page) {
      out.text(
        `${separator}{"digest":${JSON.stringify(row.digest)},"original_index":${row.originalIndex},"val":`,
      );
      out.bytes(row.val);
      out.text('}');
      separator = between;
      if (out.sizeBytes >= FLUSH_BYTES) yield out.take();
    }
  }
  out.text(after);
  if (out.sizeBytes > 0) yield out.take();
}

/** The words are W&B's: clients and tests know them. */
function assertSortField(field: string): void {
  if (field.trim() === '') throw new AppError('invalid_request', 'Sort field cannot be empty');
  const shown = `Invalid sort field '${field.slice(0, 200)}'`;
  if (field.startsWith('.') || field.endsWith('.') || field.includes('..'))
    throw new AppError(
      'invalid_request',
      `${shown}: field names cannot start/end with dots or contain consecutive dots`,
    );
  if (field.split('.').some((part) => part.trim() === ''))
    throw new AppError('invalid_request', `${shown}: field path components cannot be empty`);
}
