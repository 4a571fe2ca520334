import { route, type Route } from '@weft/http';
import { AppError } from '@weft/model';
import { callFields, type FacetField, type StoredCall, type TraceReader } from '@weft/trace-store';
import { callsFacets, callsFields } from '@weft/weave-api';
import { ALL_COLUMNS, payloadsOf } from '../call-columns.ts';
import { pathsOf } from '../call-paths.ts';
import { toCallsSelection } from '../calls-requests.ts';
import { previewOf } from '../preview.ts';
import { renderRows } from '../render-calls.ts';
import { sendJson } from '../send.ts';

/** A look at this much of a payload says which members it has. */
const LOOKED_BYTES = 8192;

/** What filters and columns can be made of. */
export function callsFacetRoutes(reader: TraceReader): Route[] {
  return [
    route(callsFacets, async (request, { req, res, signal }) => {
      const fields = request.fields.map(facetField);
      const facets = [];
      // One after the other: each may take all that the engine has.
      for (const [i, field] of fields.entries()) {
        const query = {
          projectId: request.project_id,
          ...toCallsSelection(request),
          field,
          contains: request.contains === '' ? undefined : request.contains,
          limit: request.limit,
        };
        const { values, isApproximate } = await reader.facet(query, signal);
        facets.push({ field: request.fields[i], values, is_approximate: isApproximate });
      }
      await sendJson(req, res, JSON.stringify({ facets }));
    }),
    route(callsFields, async (request, { req, res, signal }) => {
      const query = {
        projectId: request.project_id,
        ...toCallsSelection(request),
        sort: [{ field: 'started_at', direction: 'desc' }] as const,
        limit: request.sample,
        payloads: payloadsOf(ALL_COLUMNS),
        wholeUpTo: 0,
      };
      const found: StoredCall[] = [];
      for await (const calls of reader.streamCalls(query, signal))
        for (const call of calls) found.push(previewOf(call, LOOKED_BYTES));
      const wanted = { project_id: request.project_id, include_feedback: true, include_costs: false };
      const shown = { ...wanted, include_storage_size: false, include_total_storage_size: false };
      const framing = { before: '[', between: ',', after: ']' };
      const chunks: Buffer[] = [];
      for await (const chunk of renderRows(reader, shown, ALL_COLUMNS, [found], framing)) chunks.push(chunk);
      const calls = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>[];
      await sendJson(req, res, JSON.stringify({ fields: pathsOf(calls), sampled: calls.length }));
    }),
  ];
}

const fieldOf = callFields();

/** @throws AppError `unsupported_member` for what has no single value. */
function facetField(path: string, index: number): FacetField {
  if (path === 'op_name') return 'op';
  if (path === 'model') return 'model';
  const field = fieldOf(path === 'status' ? 'summary.weave.status' : path);
  const isSingle =
    field !== undefined && (field.kind === 'column' ? field.type !== 'strings' : field.many !== true);
  if (isSingle) return field;
  throw new AppError(
    'unsupported_member',
    `fields[${index}]: values of ${JSON.stringify(path.slice(0, 80))} cannot be counted`,
  );
}
