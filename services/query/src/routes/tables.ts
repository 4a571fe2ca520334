import { AppError } from '@weft/model';
import type { TraceReader } from '@weft/trace-store';
import { JsonOut } from '../json-out.ts';
import { TableQueryRequest, TableStatsRequest } from '../object-requests.ts';
import type { Framing } from '../render-calls.ts';
import { route, type Route } from '../route.ts';
import { linesContentType, sendChunks, sendJson } from '../send.ts';

const FLUSH_BYTES = 256 * 1024;

/** Reading tables (weave-api §4.6). */
export function tableRoutes(reader: TraceReader): Route[] {
  return [
    route('/table/query', TableQueryRequest, (request, { req, res }) =>
      sendChunks(
        req,
        res,
        'application/json',
        renderTable(reader, request, { before: '{"rows":[', between: ',', after: ']}' }),
      ),
    ),
    route('/table/query_stream', TableQueryRequest, (request, { req, res }) =>
      sendChunks(req, res, linesContentType(req), renderTable(reader, request, { between: '\n' })),
    ),
    route('/table/query_stats', TableStatsRequest, async (request, { req, res }) => {
      const count = await reader.tableLength(request.project_id, request.digest);
      if (count === null) throw new AppError('not_found', `Table ${request.digest} not found`);
      await sendJson(req, res, JSON.stringify({ count }));
    }),
  ];
}

/** Rows in table order, duplicates kept; an unknown table has none. */
async function* renderTable(
  reader: TraceReader,
  request: TableQueryRequest,
  { before = '', between = '', after = '' }: Framing,
): AsyncGenerator<Buffer> {
  const { limit, offset } = request;
  const rows =
    limit === 0
      ? []
      : await reader.queryTable(request.project_id, request.digest, {
          rowDigests: request.filter?.row_digests,
          limit,
          offset,
        });
  const out = new JsonOut({ oneLine: between === '\n' });
  out.text(before);
  for (const [index, row] of rows.entries()) {
    out.text(
      `${index === 0 ? '' : between}{"digest":${JSON.stringify(row.digest)},"original_index":${row.originalIndex},"val":`,
    );
    out.bytes(row.val);
    out.text('}');
    if (out.sizeBytes >= FLUSH_BYTES) yield out.take();
  }
  out.text(after);
  if (out.sizeBytes > 0) yield out.take();
}
