import { principalOf, route, type Route } from '@weft/http';
import { formatInstant, valueError } from '@weft/model';
import type { StorageKind, TraceReader } from '@weft/trace-store';
import { filesStats, projectsList, projectStats, type ProjectStatsRequest } from '@weft/weave-api';
import { sendJson } from '../send.ts';

const MAX_PROJECTS = 10_000;

/** What projects there are, and what they store (weave-api §4.11, §4.7). */
export function projectRoutes(reader: TraceReader): Route[] {
  return [
    route(projectsList, async (_request, { req, res, signal }) => {
      const principal = principalOf(req);
      const found = await reader.projects({ limit: MAX_PROJECTS }, signal);
      const projects = found
        .filter(({ projectId }) => principal.can(projectId, 'read'))
        .map(({ projectId, recentCalls, latestCallAtUs }) => ({
          project_id: projectId,
          calls_24h: recentCalls,
          latest_call_at: formatInstant(latestCallAtUs),
        }));
      await sendJson(req, res, JSON.stringify({ projects }));
    }),
    route(projectStats, async (request, { req, res }) => {
      const stats = await reader.projectStats(request.project_id, kindsOf(request));
      const answer = {
        trace_storage_size_bytes: stats.traceBytes,
        // Spans are calls here.
        spans_storage_size_bytes: 0,
        objects_storage_size_bytes: stats.objectBytes,
        tables_storage_size_bytes: stats.tableBytes,
        files_storage_size_bytes: stats.fileBytes,
      };
      await sendJson(req, res, JSON.stringify(answer));
    }),
    route(filesStats, async (request, { req, res }) => {
      const { fileBytes } = await reader.projectStats(request.project_id, ['fileBytes']);
      await sendJson(req, res, JSON.stringify({ total_size_bytes: fileBytes }));
    }),
  ];
}

function kindsOf(request: ProjectStatsRequest): StorageKind[] {
  const wanted: readonly (readonly [StorageKind, boolean])[] = [
    ['traceBytes', request.include_trace_storage_size],
    ['objectBytes', request.include_object_storage_size],
    ['tableBytes', request.include_table_storage_size],
    ['fileBytes', request.include_file_storage_size],
  ];
  const kinds = wanted.filter(([, isWanted]) => isWanted).map(([kind]) => kind);
  if (kinds.length > 0) return kinds;
  throw valueError(
    'At least one of include_trace_storage_size, include_object_storage_size, include_table_storage_size, or include_file_storage_size must be true',
  );
}
