import type { EventLog } from '@weft/event-log';
import { route, type Route, type RouteContext } from '@weft/http';
import { formatInstant, isValidId, nowUs, type TraceEvent } from '@weft/model';
import { parseQuery } from '@weft/query-language';
import { priceField, type StoredPrice, type TraceReader } from '@weft/trace-store';
import { costPurge, costQuery, type CostPurgeRequest, type CostQueryRequest } from '@weft/weave-api';
import { JsonOut } from '../json-out.ts';
import { purgedIds } from '../purged-ids.ts';
import { sendChunks, sendJson } from '../send.ts';

/** Reading the prices that projects set, and taking them back (weave-api §4.9). */
export function costRoutes(reader: TraceReader, eventLog: Pick<EventLog, 'append'>): Route[] {
  return [
    route(costQuery, (request, { req, res, signal }) =>
      sendChunks(req, res, 'application/json', renderPrices(reader, request, signal)),
    ),
    route(costPurge, (request, context) => purge(eventLog, request, context)),
  ];
}

const FLUSH_BYTES = 256 * 1024;

/** Members of an answer; other fields can be asked about, but are not told, as W&B. */
const MEMBERS: readonly (readonly [name: string, value: (price: StoredPrice) => string | number])[] = [
  ['id', (p) => p.id],
  ['llm_id', (p) => p.llmId],
  ['prompt_token_cost', (p) => p.promptTokenCost],
  ['completion_token_cost', (p) => p.completionTokenCost],
  ['cache_read_input_token_cost', (p) => p.cacheReadInputTokenCost],
  ['cache_creation_input_token_cost', (p) => p.cacheCreationInputTokenCost],
  ['prompt_token_cost_unit', (p) => p.promptTokenCostUnit],
  ['completion_token_cost_unit', (p) => p.completionTokenCostUnit],
  ['effective_date', (p) => formatInstant(p.effectiveAtUs)],
  ['provider_id', (p) => p.providerId],
];

/** @throws AppError `invalid_request` for unknown fields, before anything is read. */
function renderPrices(
  reader: TraceReader,
  request: CostQueryRequest,
  signal: AbortSignal,
): AsyncIterable<Buffer> {
  request.fields?.forEach(priceField);
  const query = {
    projectId: request.project_id,
    where: request.query === undefined ? undefined : parseQuery(request.query, priceField),
    sort: request.sort_by?.map(({ field, direction }) => ({ field: priceField(field), direction })),
    limit: request.limit,
    offset: request.offset,
  };
  return renderRows(reader.streamPrices(query, signal), new Set(request.fields));
}

/** @param fields that are told, the others are null; none = all. */
async function* renderRows(
  pages: AsyncIterable<readonly StoredPrice[]>,
  fields: ReadonlySet<string>,
): AsyncGenerator<Buffer> {
  const out = new JsonOut();
  out.text('{"results":[');
  let separator = '';
  for await (const page of pages) {
    for (const price of page) {
      const members = MEMBERS.map(([name, value]) => {
        const isTold = fields.size === 0 || fields.has(name);
        return `"${name}":${isTold ? JSON.stringify(value(price)) : 'null'}`;
      });
      out.text(`${separator}{${members.join(',')}}`);
      separator = ',';
      if (out.sizeBytes >= FLUSH_BYTES) yield out.take();
    }
  }
  out.text(']}');
  yield out.take();
}

const EMPTY_OBJECT = Buffer.from('{}');

/** An id that is not there gets its event too: a price that comes late under it has to stay purged. */
async function purge(
  eventLog: Pick<EventLog, 'append'>,
  { project_id: projectId, query }: CostPurgeRequest,
  { req, res, userId }: RouteContext,
): Promise<void> {
  const ids = purgedIds(query, priceField, 'cost').filter(isValidId);
  const receivedAtUs = nowUs();
  const events = ids.map(
    (id): TraceEvent => ({ kind: 'cost.purged', projectId, id, userId, receivedAtUs, note: '', payload: EMPTY_OBJECT }),
  ); // prettier-ignore
  if (events.length > 0) await eventLog.append('trace-events', events);
  await sendJson(req, res, '{}');
}
