import type { EventLog } from '@weft/event-log';
import { authorOf, requireProject, route, type Route, type RouteContext } from '@weft/http';
import { AppError, isValidId, JsonMembers, type TraceEvent } from '@weft/model';
import { parseQuery } from '@weft/query-language';
import { feedbackField, type TraceReader } from '@weft/trace-store';
import {
  feedbackAggregate as aggregateRoute,
  feedbackBatchCreate,
  feedbackCreate,
  feedbackPayloadSchema,
  feedbackPurge,
  feedbackQuery,
  feedbackReplace,
  feedbackStats,
  type FeedbackBatchCreateRequest,
  type FeedbackCreateRequest,
  type FeedbackPurgeRequest,
  type FeedbackQueryRequest,
  type FeedbackReplaceRequest,
} from '@weft/weave-api';
import type { Clock } from '../clock.ts';
import { feedbackAggregate } from '../feedback/aggregate.ts';
import { draftFeedback, type FeedbackDraft } from '../feedback/draft.ts';
import { payloadSchema } from '../feedback/payload-schema.ts';
import { purgedIds } from '../purged-ids.ts';
import { needsStore } from '../feedback/rules.ts';
import { selectFields, type Selection } from '../feedback/selection.ts';
import { feedbackStatistics, toRange } from '../feedback/statistics.ts';
import { JsonOut } from '../json-out.ts';
import { renderFeedbackRow } from '../render-feedback.ts';
import { sendChunks, sendJson } from '../send.ts';

const MAX_BATCH_BYTES = 32 * 1024 * 1024;
const MAX_BATCH = 10_000;
const FLUSH_BYTES = 256 * 1024;

interface Deps {
  readonly reader: TraceReader;
  readonly eventLog: Pick<EventLog, 'append'>;
  readonly clock: Clock;
}

/**
 * Feedback (weave-api §4.8). All of it is served here and not by the gateway, because an annotation is held against its
 * spec; what needs no look at the store waits for nothing and is a pure write.
 */
export function feedbackRoutes(deps: Deps): Route[] {
  const { reader } = deps;
  const readsStore = (each: FeedbackCreateRequest) => needsStore(each.feedback_type, each.queue_id);
  return [
    route(feedbackCreate, (request, context) => create(deps, request, context), { readsStore }),
    route(feedbackBatchCreate, (request, context) => createBatch(deps, request, context), {
      maxBodyBytes: MAX_BATCH_BYTES,
      readsStore: ({ batch }) => batch.some(readsStore),
    }),
    route(feedbackQuery, (request, context) => query(reader, request, context)),
    route(feedbackPurge, (request, context) => purge(deps, request, context), { readsStore: false }),
    route(feedbackReplace, (request, context) => replace(deps, request, context), { readsStore }),
    route(feedbackStats, async (request, { req, res }) =>
      sendJson(req, res, JSON.stringify(await feedbackStatistics(reader, request))),
    ),
    route(feedbackPayloadSchema, async (request, { req, res, signal }) => {
      const paths = await payloadSchema(reader, toRange(request), request.sample_limit, signal);
      await sendJson(req, res, JSON.stringify({ paths }));
    }),
    route(aggregateRoute, async (request, { req, res }) =>
      sendJson(req, res, JSON.stringify(await feedbackAggregate(reader, request))),
    ),
  ];
}

async function create(
  { reader, eventLog, clock }: Deps,
  request: FeedbackCreateRequest,
  { req, res, body }: RouteContext,
): Promise<void> {
  const { event, answer } = await draftFeedback(reader, {
    projectId: request.project_id,
    bytes: body,
    userId: authorOf(req, request.project_id, request.wb_user_id),
    atUs: clock(),
  });
  await eventLog.append('trace-events', [event]);
  await sendJson(req, res, answer);
}

/**
 * A bad item does not cost its neighbours: clients drop a whole batch for one. Only where none is good the answer is the
 * first one's error. An item of a project that the key may not write refuses all.
 */
async function createBatch(
  { reader, eventLog, clock }: Deps,
  { batch }: FeedbackBatchCreateRequest,
  { req, res, body }: RouteContext,
): Promise<void> {
  if (batch.length > MAX_BATCH)
    throw new AppError('request_too_large', `batch: has more than ${MAX_BATCH} items`);
  for (const { project_id: projectId } of batch) requireProject(req, projectId, 'write');
  const items = JsonMembers.parse(body).elements('batch');
  const drafts: FeedbackDraft[] = [];
  const errors: { index: number; reason: string }[] = [];
  let firstError: AppError | undefined;
  for (const [index, request] of batch.entries()) {
    try {
      drafts.push(
        await draftFeedback(reader, {
          projectId: request.project_id,
          bytes: items[index]!,
          userId: authorOf(req, request.project_id, request.wb_user_id),
          atUs: clock(),
          path: `batch[${index}].`,
        }),
      );
    } catch (error) {
      if (!(error instanceof AppError) || error.retryable) throw error;
      firstError ??= error;
      if (errors.length < MAX_ERRORS) errors.push({ index, reason: error.message });
    }
  }
  if (drafts.length === 0 && firstError !== undefined) throw firstError;
  await eventLog.append(
    'trace-events',
    drafts.map(({ event }) => event),
  );
  const out = new JsonOut();
  out.text('{"res":[');
  drafts.forEach(({ answer }, i) => {
    if (i > 0) out.text(',');
    out.bytes(answer);
  });
  out.text(errors.length === 0 ? ']}' : `],"errors":${JSON.stringify(errors)}}`);
  await sendJson(req, res, out.take());
}

const MAX_ERRORS = 100;

async function query(
  reader: TraceReader,
  request: FeedbackQueryRequest,
  { req, res, signal }: RouteContext,
): Promise<void> {
  const { project_id: projectId, limit, offset = 0 } = request;
  const where = request.query === undefined ? undefined : parseQuery(request.query, feedbackField);
  const sort = request.sort_by?.map(({ field, direction }) => ({ field: feedbackField(field), direction }));
  const selection = selectFields(request.fields);
  const total = await reader.countFeedback({ projectId, where });
  if ('countAs' in selection) {
    const isShown = offset === 0 && limit !== 0;
    const result = isShown ? `{${JSON.stringify(selection.countAs)}:${total}}` : '';
    return sendJson(req, res, `{"result":[${result}],"total_count":${total}}`);
  }
  const { payloads } = selection;
  const rows = reader.streamFeedback({ projectId, where, sort, limit, offset, payloads }, signal);
  await sendChunks(req, res, 'application/json', renderRows(rows, selection, total));
}

async function* renderRows(
  pages: ReturnType<TraceReader['streamFeedback']>,
  { fields }: Extract<Selection, { fields: unknown }>,
  total: number,
): AsyncGenerator<Buffer> {
  const out = new JsonOut();
  let before = '{"result":[';
  for await (const page of pages) {
    for (const row of page) {
      out.text(before);
      before = ',';
      renderFeedbackRow(out, row, fields);
      if (out.sizeBytes >= FLUSH_BYTES) yield out.take();
    }
  }
  out.text(`${before === ',' ? '' : before}],"total_count":${total}}`);
  yield out.take();
}

async function purge(
  { eventLog, clock }: Deps,
  { project_id: projectId, query }: FeedbackPurgeRequest,
  { req, res, userId }: RouteContext,
): Promise<void> {
  const purges = purgedIds(query, feedbackField, 'feedback')
    .filter(isValidId)
    .map((id) => purged(projectId, id, userId, clock()));
  if (purges.length > 0) await eventLog.append('trace-events', purges);
  await sendJson(req, res, '{}');
}

/** The new one is checked first, and both are appended together. Its id is another one, whatever was asked: a purged id stays purged. */
async function replace(
  { reader, eventLog, clock }: Deps,
  request: FeedbackReplaceRequest,
  { req, res, body }: RouteContext,
): Promise<void> {
  const { project_id: projectId, feedback_id: notId } = request;
  const userId = authorOf(req, request.project_id, request.wb_user_id);
  const draft = await draftFeedback(reader, { projectId, bytes: body, userId, atUs: clock(), notId });
  const purges = isValidId(notId) ? [purged(projectId, notId, userId, clock())] : [];
  await eventLog.append('trace-events', [draft.event, ...purges]);
  await sendJson(req, res, draft.answer);
}

const EMPTY_OBJECT = Buffer.from('{}');

function purged(projectId: string, id: string, userId: string, receivedAtUs: number): TraceEvent {
  return { kind: 'feedback.purged', projectId, id, userId, receivedAtUs, note: '', payload: EMPTY_OBJECT };
}
