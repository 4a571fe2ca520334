import { isUtf8 } from 'node:buffer';
import type { EventLog } from '@weft/event-log';
import { route, type Route, type RouteContext } from '@weft/http';
import { AppError, JsonMembers } from '@weft/model';
import type { StoredCall, TraceReader } from '@weft/trace-store';
import {
  evaluationRunCreate,
  evaluationRunDelete,
  evaluationRunFinish,
  evaluationRunList,
  evaluationRunRead,
  predictionCreate,
  predictionDelete,
  predictionFinish,
  predictionList,
  predictionRead,
  scoreCreate,
  scoreDelete,
  scoreList,
  scoreRead,
} from '@weft/weave-api';
import type { Clock } from '../clock.ts';
import { deleteCalls } from '../delete-calls.ts';
import { createEvaluationCommands, readCall, type Command } from '../evaluations/commands.ts';
import { findMarked, type Marked } from '../evaluations/find-marked.ts';
import { renderPrediction, renderRun, renderScore } from '../evaluations/views.ts';
import { JsonOut } from '../json-out.ts';
import { linesContentType, sendChunks, sendJson } from '../send.ts';

const FLUSH_BYTES = 256 * 1024;
/** What is predicted and judged may be long texts, or images. */
const LARGE = { maxBodyBytes: 32 * 1024 * 1024 };
/** There is nothing that has to be said. */
const OPTIONAL = { bodyOptional: true };

/** Evaluation runs, predictions and scores (weave-api §4.14). */
export function evaluationRunRoutes(
  reader: TraceReader,
  eventLog: Pick<EventLog, 'append'>,
  clock: Clock,
): Route[] {
  const commands = createEvaluationCommands(reader, eventLog, clock);

  const created = async (context: RouteContext, name: string, id: Promise<string>) =>
    sendJson(context.req, context.res, JSON.stringify({ [name]: await id }));
  const finished = async (context: RouteContext, done: Promise<void>) => {
    await done;
    await sendJson(context.req, context.res, '{"success":true}');
  };
  const listed = (context: RouteContext, wanted: Marked, render: Render) =>
    sendChunks(
      context.req,
      context.res,
      linesContentType(context.req),
      renderLines(findMarked(reader, wanted, context.signal), render),
    );
  const one = async (context: RouteContext, projectId: string, id: string, what: string, render: Render) => {
    const call = await readCall(reader, projectId, id);
    if (call === null) throw new AppError('not_found', `${what} ${id} not found`);
    await sendJson(context.req, context.res, await render(call));
  };
  const deleted = async (context: RouteContext, projectId: string, ids: readonly string[] = []) => {
    const count = await deleteCalls(reader, eventLog, { projectId, ids, userId: context.userId });
    await sendJson(context.req, context.res, JSON.stringify({ num_deleted: count }));
  };
  const prediction = (call: StoredCall) => renderPrediction(reader, call);
  const score = (call: StoredCall) => renderScore(reader, call);

  return [
    route(evaluationRunCreate, (request, context) =>
      created(context, 'evaluation_run_id', commands.createRun(toCommand(request, context))),
    ),
    route(evaluationRunList, (request, context) => {
      const { project_id: projectId, limit, offset, evaluation_run_ids: ids } = request;
      const weave = {
        evaluation: request.evaluation_refs ?? request.evaluations,
        model: request.model_refs ?? request.models,
      };
      return listed(context, { projectId, marker: 'evaluation_run', ids, weave, limit, offset }, renderRun);
    }),
    route(evaluationRunRead, ({ project_id: projectId, evaluation_run_id: id }, context) =>
      one(context, projectId, id, 'Evaluation run', renderRun),
    ),
    route(evaluationRunDelete, ({ project_id: projectId, evaluation_run_ids: ids }, context) =>
      deleted(context, projectId, ids),
    ),
    route(
      evaluationRunFinish,
      (request, context) => finished(context, commands.finishRun(toCommand(request, context))),
      { ...LARGE, ...OPTIONAL },
    ),

    route(
      predictionCreate,
      (request, context) =>
        created(context, 'prediction_id', commands.createPrediction(toCommand(request, context))),
      LARGE,
    ),
    route(predictionList, (request, context) => listed(context, inRun('prediction', request), prediction)),
    route(predictionRead, ({ project_id: projectId, prediction_id: id }, context) =>
      one(context, projectId, id, 'Prediction', prediction),
    ),
    route(predictionDelete, ({ project_id: projectId, prediction_ids: ids }, context) =>
      deleted(context, projectId, ids),
    ),
    route(
      predictionFinish,
      (request, context) => finished(context, commands.finishPrediction(toCommand(request, context))),
      OPTIONAL,
    ),

    route(
      scoreCreate,
      (request, context) => created(context, 'score_id', commands.createScore(toCommand(request, context))),
      LARGE,
    ),
    route(scoreList, (request, context) => listed(context, inRun('score', request), score)),
    route(scoreRead, ({ project_id: projectId, score_id: id }, context) =>
      one(context, projectId, id, 'Score', score),
    ),
    route(scoreDelete, ({ project_id: projectId, score_ids: ids }, context) =>
      deleted(context, projectId, ids),
    ),
  ];
}

function toCommand<R extends { readonly project_id: string }>(
  request: R,
  { userId, body }: RouteContext,
): Command<R> {
  if (!isUtf8(body)) throw new AppError('invalid_request', 'the body is not valid UTF-8');
  return { projectId: request.project_id, userId, request, sent: JsonMembers.parse(body) };
}

function inRun(
  marker: 'prediction' | 'score',
  request: { project_id: string; evaluation_run_id?: string; limit?: number; offset?: number },
): Marked {
  const { project_id: projectId, evaluation_run_id: runId, limit, offset } = request;
  return {
    projectId,
    marker,
    weave: { evaluation_run_id: runId === undefined ? undefined : [runId] },
    limit,
    offset,
  };
}

type Render = (call: StoredCall) => Buffer | Promise<Buffer>;

async function* renderLines(calls: AsyncIterable<StoredCall>, render: Render): AsyncGenerator<Buffer> {
  const out = new JsonOut({ oneLine: true });
  for await (const call of calls) {
    out.bytes(await render(call));
    out.text('\n');
    if (out.sizeBytes >= FLUSH_BYTES) yield out.take();
  }
  if (out.sizeBytes > 0) yield out.take();
}
