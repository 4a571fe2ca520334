import type { EventLog } from '@weft/event-log';
import {
  AppError,
  callCompleted,
  callEnded,
  callStarted,
  createPlaceholderOps,
  encodeFeedback,
  entriesOf,
  isNumber,
  jsonObject,
  newId,
  numberAt,
  parseRef,
  textAt,
  valueAt,
  type JsonMembers,
  type NewCall,
  type TraceEvent,
} from '@weft/model';
import { sha256 } from '@weft/runtime';
import type { StoredCall, TraceReader } from '@weft/trace-store';
import type { Clock } from '../clock.ts';
import { callRef } from '../render-call.ts';
import { EVALUATE_OP, isPredictAndScore, nameOfRef, PREDICT_AND_SCORE_OP, SUMMARIZE_OP } from './names.ts';

/** Who asks for what, where. `sent`: the request's body, for values of clients. */
export interface Command<R> {
  readonly projectId: string;
  readonly userId: string;
  readonly request: R;
  readonly sent: JsonMembers;
}

export interface EvaluationCommands {
  createRun(
    command: Command<{ evaluation: string; model: string; source_evaluation_run_id?: string }>,
  ): Promise<string>;
  /** Adds the summary call and ends the run with the mean of each score. @throws AppError `not_found` */
  finishRun(command: Command<{ evaluation_run_id: string }>): Promise<void>;
  /** @throws AppError `not_found` for an unknown run. */
  createPrediction(command: Command<{ model: string; evaluation_run_id?: string }>): Promise<string>;
  /** Ends the call around the prediction with the scores it has got. @throws AppError `not_found` */
  finishPrediction(command: Command<{ prediction_id: string }>): Promise<void>;
  /** A call beside the prediction, and feedback on it. @throws AppError `invalid_request` for a scorer that is no object ref. */
  createScore(
    command: Command<{ prediction_id: string; scorer: string; evaluation_run_id?: string }>,
  ): Promise<string>;
}

const NULL = Buffer.from('null');
const placeholderOp = createPlaceholderOps(sha256);

/**
 * Evaluation runs are calls, as the SDK's own evaluations make them (weave-api §4.14): a run is an `Evaluation.evaluate`
 * call, a prediction a call of the model inside an `Evaluation.predict_and_score` call, a score a call of the scorer
 * beside it. Each command reads what it needs and appends events; what it wrote is there for the next request.
 */
export function createEvaluationCommands(
  reader: TraceReader,
  eventLog: Pick<EventLog, 'append'>,
  clock: Clock,
): EvaluationCommands {
  const append = (...events: readonly TraceEvent[]) => eventLog.append('trace-events', events);

  /** A call of a stand-in op that begins now. */
  function newCall(
    { projectId, userId }: Pick<Command<unknown>, 'projectId' | 'userId'>,
    opName: string,
    call: Pick<NewCall, 'traceId' | 'parentId' | 'inputs'> & { id?: string; weave: Record<string, unknown> },
  ): { call: NewCall; opEvents: readonly TraceEvent[] } {
    const op = placeholderOp(projectId, opName, userId);
    const { traceId, parentId, inputs, weave } = call;
    return {
      opEvents: op.events,
      call: {
        projectId,
        userId,
        id: call.id ?? newId(),
        traceId,
        parentId,
        opName: op.ref,
        startedAtUs: clock(),
        attributes: jsonObject({ weave: jsonObject(weave) }),
        inputs,
      },
    };
  }

  return {
    async createRun(command) {
      const { evaluation, model, source_evaluation_run_id } = command.request;
      const id = newId();
      const { call, opEvents } = newCall(command, EVALUATE_OP, {
        id,
        traceId: id,
        parentId: null,
        inputs: jsonObject({ self: evaluation, model }),
        weave: { evaluation_run: 'true', evaluation, model, source_evaluation_run_id },
      });
      await append(...opEvents, callStarted(call));
      return id;
    },

    async finishRun(command) {
      const { projectId, userId, request, sent } = command;
      const run = await requireRun(reader, projectId, request.evaluation_run_id);
      const output = await meanScores(reader, run);
      const summarize: NewCall = {
        projectId,
        userId,
        id: newId(),
        traceId: run.traceId,
        parentId: run.id,
        opName: SUMMARIZE_OP,
        startedAtUs: clock(),
        attributes: Buffer.from('{}'),
        inputs: jsonObject({ self: valueAt(run.inputs, 'self') ?? NULL }),
      };
      await append(
        callCompleted(summarize, { endedAtUs: clock(), output }),
        callEnded(
          { projectId, userId, id: run.id },
          { endedAtUs: clock(), output, summary: sent.object('summary') },
        ),
      );
    },

    async createPrediction(command) {
      const { projectId, request, sent } = command;
      const { model, evaluation_run_id: runId } = request;
      const [inputs, output] = [sent.required('inputs'), sent.raw('output') ?? NULL];
      const run = runId === undefined ? null : await requireRun(reader, projectId, runId);
      const id = newId();
      const around =
        run &&
        newCall(command, PREDICT_AND_SCORE_OP, {
          traceId: run.traceId,
          parentId: run.id,
          inputs: jsonObject({ self: valueAt(run.inputs, 'self') ?? NULL, model, example: inputs }),
          weave: { predict_call_id: id, genai_span_ref: sent.optional('genai_span_ref') ?? undefined },
        });
      const { call, opEvents } = newCall(command, `${nameOfRef(model) ?? 'Model'}.predict`, {
        id,
        traceId: run?.traceId ?? id,
        parentId: around?.call.id ?? null,
        inputs: jsonObject({ self: model, inputs }),
        weave: { prediction: 'true', model, evaluation_run_id: run?.id },
      });
      await append(
        ...(around === null ? [] : [...around.opEvents, callStarted(around.call)]),
        ...opEvents,
        callCompleted(call, { endedAtUs: clock(), output }),
      );
      return id;
    },

    async finishPrediction({ projectId, userId, request }) {
      const prediction = await readCall(reader, projectId, request.prediction_id);
      if (prediction === null)
        throw new AppError('not_found', `Prediction ${request.prediction_id} not found`);
      const events: TraceEvent[] = [];
      if (prediction.endedAtUs === null)
        events.push(
          callEnded({ projectId, userId, id: prediction.id }, { endedAtUs: clock(), output: NULL }),
        );
      const parent =
        prediction.parentId === null ? null : await readCall(reader, projectId, prediction.parentId);
      if (parent !== null && isPredictAndScore(parent.opName)) {
        const latency =
          prediction.endedAtUs === null ? null : (prediction.endedAtUs - prediction.startedAtUs) / 1e6;
        const output = jsonObject({
          output: prediction.output,
          scores: jsonObject(await scoresBelow(reader, projectId, parent.id)),
          model_latency: latency === null ? null : { mean: latency },
        });
        events.push(callEnded({ projectId, userId, id: parent.id }, { endedAtUs: clock(), output }));
      }
      if (events.length > 0) await append(...events);
    },

    async createScore(command) {
      const { projectId, userId, request, sent } = command;
      const { prediction_id: predictionId, scorer, evaluation_run_id: runId } = request;
      const value = sent.raw('value') ?? NULL;
      const scorerRef = parseRef(scorer);
      if (scorerRef.kind !== 'object')
        throw new AppError(
          'invalid_request',
          `scorer: must be the ref of an object, got ${scorer.slice(0, 200)}`,
        );
      const prediction = await readCall(reader, projectId, predictionId);
      const id = newId();
      const { call, opEvents } = newCall(command, `${scorerRef.name}.score`, {
        id,
        traceId: runId === undefined ? id : (prediction?.traceId ?? runId),
        parentId: runId === undefined ? null : (prediction?.parentId ?? runId),
        inputs: jsonObject({
          self: scorer,
          inputs: valueAt(prediction?.inputs ?? null, 'inputs') ?? {},
          output: prediction?.output ?? NULL,
        }),
        weave: { score: 'true', prediction_id: predictionId, scorer, evaluation_run_id: runId },
      });
      const feedback = scoreFeedback(
        { projectId, predictionId, scorer, scorerName: scorerRef.name, value, userId },
        clock(),
      );
      await append(...opEvents, callCompleted(call, { endedAtUs: clock(), output: value }), feedback);
      return id;
    },
  };
}

const EVERYTHING = ['attributes', 'inputs', 'output', 'summary'] as const;
const LATEST = [{ field: 'started_at', direction: 'desc' }] as const;

export async function readCall(
  reader: TraceReader,
  projectId: string,
  id: string,
): Promise<StoredCall | null> {
  const query = { projectId, filter: { callIds: [id] }, sort: LATEST, limit: 1, payloads: EVERYTHING };
  for await (const [call] of reader.streamCalls(query)) if (call !== undefined) return call;
  return null;
}

async function requireRun(reader: TraceReader, projectId: string, id: string): Promise<StoredCall> {
  const run = await readCall(reader, projectId, id);
  if (run === null) throw new AppError('not_found', `Evaluation run ${id} not found`);
  return run;
}

/** `{"<scorer>": {"mean": …}, …, "output": {"mean": …}}` over the predictions of a run, of those values that are numbers. */
async function meanScores(reader: TraceReader, run: StoredCall): Promise<Buffer> {
  const scores = new Map<string, Mean>();
  const outputs = newMean();
  const query = {
    projectId: run.projectId,
    filter: { parentIds: [run.id] },
    sort: [],
    payloads: ['output'] as const,
  };
  for await (const calls of reader.streamCalls(query)) {
    for (const call of calls.filter(({ opName }) => isPredictAndScore(opName))) {
      addTo(outputs, numberAt(call.output, 'output'));
      for (const [name, value] of entriesOf(valueAt(call.output, 'scores'))) {
        if (!isNumber(value)) continue;
        let mean = scores.get(name);
        if (mean === undefined) scores.set(name, (mean = newMean()));
        addTo(mean, Number(Buffer.from(value).toString('latin1')));
      }
    }
  }
  if (outputs.count > 0) scores.set('output', outputs);
  return Buffer.from(
    `{${[...scores].map(([name, { sum, count }]) => `${JSON.stringify(name)}:{"mean":${JSON.stringify(sum / count)}}`).join(',')}}`,
  );
}

interface Mean {
  sum: number;
  count: number;
}

const newMean = (): Mean => ({ sum: 0, count: 0 });

function addTo(mean: Mean, value: number | undefined): void {
  if (value === undefined) return;
  mean.sum += value;
  mean.count++;
}

/** Scorer names and what they said of the prediction within `parentId`. Of two scores of one scorer the later counts. */
async function scoresBelow(
  reader: TraceReader,
  projectId: string,
  parentId: string,
): Promise<Record<string, Uint8Array>> {
  const scores = Object.create(null) as Record<string, Uint8Array>;
  const query = {
    projectId,
    filter: { parentIds: [parentId] },
    sort: [],
    payloads: ['attributes', 'output'] as const,
  };
  for await (const calls of reader.streamCalls(query)) {
    for (const { attributes, output } of calls) {
      if (textAt(attributes, 'weave', 'score') !== 'true' || output.length === 0) continue;
      // Views into a page of rows: they must outlive it.
      scores[nameOfRef(textAt(attributes, 'weave', 'scorer') ?? '') ?? 'unknown'] = Buffer.from(output);
    }
  }
  return scores;
}

/** The score as it is seen on the prediction. */
function scoreFeedback(
  score: {
    projectId: string;
    predictionId: string;
    scorer: string;
    scorerName: string;
    value: Uint8Array;
    userId: string;
  },
  createdAtUs: number,
): TraceEvent {
  const { projectId, predictionId, scorer, scorerName, value, userId } = score;
  const id = newId();
  const payload = jsonObject({ output: value });
  const request = jsonObject({
    project_id: projectId,
    weave_ref: callRef({ projectId, id: predictionId }),
    feedback_type: `wandb.runnable.${scorerName}`,
    runnable_ref: scorer,
    payload,
  });
  return {
    kind: 'feedback.created',
    projectId,
    id,
    userId,
    receivedAtUs: createdAtUs,
    note: '',
    payload: encodeFeedback(request, { id, createdAtUs, payload }),
  };
}
