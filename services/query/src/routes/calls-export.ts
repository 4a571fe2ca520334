import { route, type Route } from '@weft/http';
import type { TraceReader } from '@weft/trace-store';
import { callsExport, type CallsExportRequest } from '@weft/weave-api';
import { toExportColumn, type ExportColumn } from '../export/cells.ts';
import { parquetFile } from '../export/parquet-file.ts';
import { csvFile, jsonLinesFile, type RowFile } from '../export/text-files.ts';
import { renderCalls } from '../render-calls.ts';
import { sendChunks } from '../send.ts';

const FILES: Record<CallsExportRequest['format'], (columns: readonly ExportColumn[]) => RowFile> = {
  csv: csvFile,
  jsonl: jsonLinesFile,
  parquet: parquetFile,
};

const LINE_BREAK = 0x0a;

/** Calls as a file: rows leave as they are found, so that memory does not grow with their number. */
export function callsExportRoute(reader: TraceReader): Route {
  return route(callsExport, async (request, { req, res, signal }) => {
    const columns = request.columns.map(toExportColumn);
    const has = (start: string) => request.columns.some((name) => name.startsWith(start));
    const wanted = {
      project_id: request.project_id,
      filter: request.filter,
      query: request.query,
      limit: request.limit,
      sort_by: [{ field: 'started_at', direction: 'desc' as const }],
      columns: [...new Set(columns.map(({ member }) => member))],
      include_costs: request.columns.includes('cost') || has('summary.weave.costs'),
      include_feedback: has('feedback.'),
      include_storage_size: false,
      include_total_storage_size: false,
    };
    const rows = renderCalls(reader, wanted, { between: '\n' }, signal);
    const file = FILES[request.format](columns);
    res.setHeader('content-disposition', `attachment; filename="calls.${request.format}"`);
    await sendChunks(req, res, file.contentType, chunksOf(rows, file));
  });
}

/** A chunk holds whole rows. */
async function* chunksOf(rows: AsyncIterable<Buffer>, file: RowFile): AsyncGenerator<Buffer> {
  for await (const chunk of rows) {
    for (let from = 0; from < chunk.length;) {
      const found = chunk.indexOf(LINE_BREAK, from);
      const end = found < 0 ? chunk.length : found;
      if (end > from) file.add(chunk.subarray(from, end));
      from = end + 1;
    }
    const made = file.take();
    if (made.length > 0) yield made;
  }
  yield file.end();
}
