import { route, type Route } from '@weft/http';
import type { TraceReader } from '@weft/trace-store';
import { tableQuery, tableQueryStats, tableQueryStatsBatch, tableQueryStream } from '@weft/weave-api';
import { renderTable } from '../render-table.ts';
import { linesContentType, sendChunks, sendJson } from '../send.ts';

/** Reading tables (weave-api §4.6). */
export function tableRoutes(reader: TraceReader): Route[] {
  return [
    route(tableQuery, (request, { req, res, signal }) =>
      sendChunks(
        req,
        res,
        'application/json',
        renderTable(reader, request, { before: '{"rows":[', between: ',', after: ']}' }, signal),
      ),
    ),
    route(tableQueryStream, (request, { req, res, signal }) =>
      sendChunks(req, res, linesContentType(req), renderTable(reader, request, { between: '\n' }, signal)),
    ),
    // A table that is not there has no rows: clients ask for lengths right after they have sent a table.
    route(tableQueryStats, async (request, { req, res }) => {
      const [table] = await reader.tableStats(request.project_id, [request.digest]);
      await sendJson(req, res, JSON.stringify({ count: table?.count ?? 0 }));
    }),
    route(tableQueryStatsBatch, async (request, { req, res }) => {
      const { project_id: projectId, digests = [], include_storage_size: storageSize } = request;
      const stats = await reader.tableStats(projectId, digests, { storageSize });
      const tables = stats.map(({ count, digest, storageSizeBytes }) => ({
        count,
        digest,
        storage_size_bytes: storageSizeBytes,
      }));
      await sendJson(req, res, JSON.stringify({ tables }));
    }),
  ];
}
