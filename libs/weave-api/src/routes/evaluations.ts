import { z } from 'zod';
import { flag, given, limit, offset, projectId, strings } from '../members.ts';
import { defineRoute, json, lines } from '../route-spec.ts';

/** Evaluation runs, their predictions and scores, and their results side by side (weave-api §4.14). */

const MAX_IDS = 1000;

/** A list in a query string: values with commas between, the member repeated, or both. */
function listed(path: string) {
  return given(z.union([z.string(), z.array(z.string())])).transform((sent) => {
    if (sent === undefined) return undefined;
    const values = [sent]
      .flat()
      .flatMap((each) => each.split(','))
      .filter((value) => value !== '');
    return strings(path, MAX_IDS).parse(values);
  });
}

/** A query string holds texts. An empty one is not given. */
function whole(schema: typeof limit) {
  return z.preprocess(
    (sent) => (typeof sent === 'string' ? (sent === '' ? undefined : Number(sent)) : sent),
    schema,
  );
}

const page = { limit: whole(limit), offset: whole(offset) };
const project = { project_id: projectId };
const text = z.string();
/** Any JSON value, null too, but it must be said. */
const value = z.unknown().refine((sent) => sent !== undefined, 'Field required');

const RUN_TAG = 'Evaluation runs';
const RUNS = '/v2/{entity}/{project}/evaluation_runs';
const PREDICTIONS = '/v2/{entity}/{project}/predictions';
const SCORES = '/v2/{entity}/{project}/scores';

export const EvaluationRun = z.object({
  evaluation_run_id: text,
  evaluation: text,
  model: text,
  status: z.enum(['running', 'completed', 'failed']).nullable(),
  started_at: z.iso.datetime().nullable(),
  finished_at: z.iso.datetime().nullable(),
  summary: z.looseObject({}).nullable(),
  source_evaluation_run_id: text.nullable(),
});

export const evaluationRunCreate = defineRoute({
  method: 'post',
  path: RUNS,
  tag: RUN_TAG,
  summary: 'Begins a run of an evaluation with a model',
  access: 'write',
  request: z.object({ ...project, evaluation: text, model: text, source_evaluation_run_id: given(text) }),
  answer: json(z.object({ evaluation_run_id: text })),
});

export const evaluationRunList = defineRoute({
  method: 'get',
  path: RUNS,
  tag: RUN_TAG,
  summary: 'Runs, as JSON lines',
  request: z.object({
    ...project,
    ...page,
    // Two spellings of each: clients made of W&B's own document say the shorter one.
    evaluations: listed('evaluations'),
    evaluation_refs: listed('evaluation_refs'),
    models: listed('models'),
    model_refs: listed('model_refs'),
    evaluation_run_ids: listed('evaluation_run_ids'),
  }),
  answer: lines(EvaluationRun),
});
export type EvaluationRunList = z.output<typeof evaluationRunList.request>;

export const evaluationRunRead = defineRoute({
  method: 'get',
  path: `${RUNS}/{evaluation_run_id}`,
  tag: RUN_TAG,
  summary: 'One run',
  request: z.object({ ...project, evaluation_run_id: text }),
  answer: json(EvaluationRun),
});

export const evaluationRunDelete = defineRoute({
  method: 'delete',
  path: RUNS,
  tag: RUN_TAG,
  summary: 'Deletes runs with everything in them',
  access: 'write',
  request: z.object({ ...project, evaluation_run_ids: listed('evaluation_run_ids') }),
  answer: json(z.object({ num_deleted: z.int() })),
});

export const evaluationRunFinish = defineRoute({
  method: 'post',
  path: `${RUNS}/{evaluation_run_id}/finish`,
  tag: RUN_TAG,
  summary: 'Ends a run: its output is the mean of each score',
  access: 'write',
  request: z.object({ ...project, evaluation_run_id: text, summary: given(z.looseObject({})) }),
  answer: json(z.object({ success: z.boolean() })),
});

export const Prediction = z.object({
  prediction_id: text,
  model: text,
  inputs: z.looseObject({}),
  output: z.unknown(),
  evaluation_run_id: text.nullable(),
  wb_user_id: text.nullable(),
});

export const predictionCreate = defineRoute({
  method: 'post',
  path: PREDICTIONS,
  tag: RUN_TAG,
  summary: 'Says what a model predicted, within a run or alone',
  access: 'write',
  request: z.object({
    ...project,
    model: text,
    inputs: z.looseObject({}),
    output: value,
    evaluation_run_id: given(text),
    genai_span_ref: given(z.array(z.object({ trace_id: text, span_id: text })).max(MAX_IDS)),
  }),
  answer: json(z.object({ prediction_id: text })),
});

const inRun = z.object({ ...project, ...page, evaluation_run_id: given(text) });

export const predictionList = defineRoute({
  method: 'get',
  path: PREDICTIONS,
  tag: RUN_TAG,
  summary: 'Predictions, as JSON lines',
  request: inRun,
  answer: lines(Prediction),
});

export const predictionRead = defineRoute({
  method: 'get',
  path: `${PREDICTIONS}/{prediction_id}`,
  tag: RUN_TAG,
  summary: 'One prediction',
  request: z.object({ ...project, prediction_id: text }),
  answer: json(Prediction),
});

export const predictionDelete = defineRoute({
  method: 'delete',
  path: PREDICTIONS,
  tag: RUN_TAG,
  summary: 'Deletes predictions',
  access: 'write',
  request: z.object({ ...project, prediction_ids: listed('prediction_ids') }),
  answer: json(z.object({ num_deleted: z.int() })),
});

export const predictionFinish = defineRoute({
  method: 'post',
  path: `${PREDICTIONS}/{prediction_id}/finish`,
  tag: RUN_TAG,
  summary: 'Ends a prediction of a run: all its scores are there',
  access: 'write',
  request: z.object({ ...project, prediction_id: text }),
  answer: json(z.object({ success: z.boolean() })),
});

export const Score = z.object({
  score_id: text,
  scorer: text,
  value: z.unknown(),
  evaluation_run_id: text.nullable(),
  wb_user_id: text.nullable(),
});

export const scoreCreate = defineRoute({
  method: 'post',
  path: SCORES,
  tag: RUN_TAG,
  summary: 'Says how a scorer judged a prediction',
  access: 'write',
  request: z.object({ ...project, prediction_id: text, scorer: text, value, evaluation_run_id: given(text) }),
  answer: json(z.object({ score_id: text })),
});

export const scoreList = defineRoute({
  method: 'get',
  path: SCORES,
  tag: RUN_TAG,
  summary: 'Scores, as JSON lines',
  request: inRun,
  answer: lines(Score),
});

export const scoreRead = defineRoute({
  method: 'get',
  path: `${SCORES}/{score_id}`,
  tag: RUN_TAG,
  summary: 'One score',
  request: z.object({ ...project, score_id: text }),
  answer: json(Score),
});

export const scoreDelete = defineRoute({
  method: 'delete',
  path: SCORES,
  tag: RUN_TAG,
  summary: 'Deletes scores',
  access: 'write',
  request: z.object({ ...project, score_ids: listed('score_ids') }),
  answer: json(z.object({ num_deleted: z.int() })),
});

const spanRefs = z.array(z.object({ trace_id: text, span_id: text })).nullable();

export const EvalResultsTrial = z.object({
  predict_and_score_call_id: text,
  predict_call_id: text.nullable(),
  model_output: z.unknown(),
  scores: z.looseObject({}),
  model_latency_seconds: z.number().nullable(),
  total_tokens: z.int().nullable(),
  total_cost: z.number().nullable(),
  scorer_call_ids: z.record(text, text),
  genai_span_ref: spanRefs,
});

export const EvalResultsSummary = z.object({
  row_count: z.int(),
  evaluations: z.array(
    z.object({
      evaluation_call_id: text,
      trial_count: z.int(),
      scorer_stats: z.array(
        z.object({
          scorer_key: text,
          path: text.nullable(),
          value_type: z.enum(['binary', 'continuous', 'text']).nullable(),
          trial_count: z.int(),
          numeric_count: z.int(),
          numeric_mean: z.number().nullable(),
          pass_true_count: z.int(),
          pass_known_count: z.int(),
          pass_rate: z.number().nullable(),
          pass_signal_coverage: z.number().nullable(),
        }),
      ),
      predict_total_tokens: z.int().nullable(),
      predict_total_cost: z.number().nullable(),
      evaluation_ref: text.nullable(),
      model_ref: text.nullable(),
      display_name: text.nullable(),
      trace_id: text.nullable(),
      started_at: text.nullable(),
    }),
  ),
});
export type EvalResultsSummary = z.output<typeof EvalResultsSummary>;

const EvalResultsSort = z.object({
  field: text,
  direction: z.enum(['asc', 'desc']),
  evaluation_call_id: given(text),
  mode: given(z.enum(['value', 'difference'])).transform((mode) => mode ?? 'value'),
});
export type EvalResultsSort = z.output<typeof EvalResultsSort>;

const EvalResultsFilter = z.object({ evaluation_call_id: given(text), query: z.looseObject({}) });
export type EvalResultsFilter = z.output<typeof EvalResultsFilter>;

/** On unless it is false. */
const unlessFalse = given(z.boolean()).transform((sent) => sent ?? true);

const resultsRequest = z.object({
  ...project,
  evaluation_call_ids: strings('evaluation_call_ids', MAX_IDS),
  evaluation_run_ids: strings('evaluation_run_ids', MAX_IDS),
  require_intersection: flag,
  include_raw_data_rows: flag,
  resolve_row_refs: flag,
  include_rows: unlessFalse,
  include_summary: flag,
  summary_require_intersection: given(z.boolean()),
  include_predict_and_score_children: unlessFalse,
  include_costs: flag,
  sort_by: given(z.array(EvalResultsSort).max(20)),
  filters: given(z.array(EvalResultsFilter).max(100)),
  filter_logic_operator: given(z.enum(['and', 'or'])).transform((sent) => sent ?? 'or'),
  limit,
  offset,
});

const namesOne = [
  ({
    evaluation_call_ids: calls = [],
    evaluation_run_ids: runs = [],
  }: Pick<z.output<typeof resultsRequest>, 'evaluation_call_ids' | 'evaluation_run_ids'>) =>
    calls.length + runs.length > 0,
  'At least one of evaluation_call_ids or evaluation_run_ids must be provided',
] as const;

const resultsAnswer = (trial: typeof EvalResultsTrial) =>
  json(
    z.object({
      rows: z.array(
        z.object({
          row_digest: text,
          raw_data_row: z.unknown(),
          evaluations: z.array(z.object({ evaluation_call_id: text, trials: z.array(trial) })),
        }),
      ),
      total_rows: z.int(),
      summary: EvalResultsSummary.nullable(),
      warnings: z.array(text),
    }),
  );

export const evalResultsQuery = defineRoute({
  method: 'post',
  path: '/v2/{entity}/{project}/eval_results/query',
  tag: RUN_TAG,
  summary:
    'Rows of evaluations side by side: trials, scores, latency, tokens, cost; and the sums of each evaluation',
  request: resultsRequest.refine(...namesOne),
  answer: resultsAnswer(EvalResultsTrial),
});
export type EvalResultsQuery = z.output<typeof evalResultsQuery.request>;

/** For tables that people look through: no more of large payloads than a cell shows, and what went wrong. */
export const evalResultsPage = defineRoute({
  method: 'post',
  path: '/weft/v1/evaluations/results',
  tag: RUN_TAG,
  summary: 'The same with previews of rows, outputs and scores, and with the error of each trial',
  request: resultsRequest
    .extend({ preview_bytes: given(z.int().min(100).max(65_536)).transform((bytes) => bytes ?? 1000) })
    .refine(...namesOne),
  answer: resultsAnswer(
    EvalResultsTrial.extend({
      /** Of the trial, its model or a scorer; the head of a long one. */
      error: text.nullable(),
      running: z.boolean(),
    }),
  ),
});

/** In the order of the documentation. */
export const EVALUATION_ROUTES = [
  evaluationRunCreate,
  evaluationRunList,
  evaluationRunRead,
  evaluationRunDelete,
  evaluationRunFinish,
  predictionCreate,
  predictionList,
  predictionRead,
  predictionDelete,
  predictionFinish,
  scoreCreate,
  scoreList,
  scoreRead,
  scoreDelete,
  evalResultsQuery,
  evalResultsPage,
];
