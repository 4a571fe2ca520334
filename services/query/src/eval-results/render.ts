import { abridge, entriesOf, isNumber, jsonObject, membersOf, valueAt } from '@weft/model';
import type { TraceReader } from '@weft/trace-store';
import { JsonOut } from '../json-out.ts';
import type { PredictCosts } from './costs.ts';
import {
  latencyOf,
  predictCallOf,
  readTrialCalls,
  scorerCallsOf,
  type TrialCalls,
  type TrialReads,
} from './trial-calls.ts';
import { digestOfRowRef, type ResultRow } from './trials.ts';

const FLUSH_BYTES = 256 * 1024;
const EMPTY_OBJECT = Buffer.from('{}');
const NULL = Buffer.from('null');

export interface RowsToRender {
  readonly projectId: string;
  readonly rows: readonly ResultRow[];
  readonly reads: TrialReads;
  readonly costs: PredictCosts;
  /** `refs`: as the trial has it; `values`: the row of the dataset instead of its ref. */
  readonly rawRows: 'none' | 'refs' | 'values';
  /** Larger rows, outputs and scores come as previews of about so many bytes, and trials say what went wrong; absent: whole. */
  readonly previewBytes?: number | undefined;
  /** Filled while rows are rendered. */
  readonly warnings: Set<string>;
}

/** The `rows` of the answer as JSON without the brackets, in chunks: payload bytes stay untouched. */
export async function* renderRows(reader: TraceReader, wanted: RowsToRender): AsyncGenerator<Buffer> {
  const { projectId, rows, reads, costs, previewBytes } = wanted;
  const out = new JsonOut();
  let [row, evaluation] = ['', ''];
  const trials = rows.flatMap((each) => each.trials);
  for await (const page of readTrialCalls(reader, projectId, trials, reads)) {
    const datasetRows = await readDatasetRows(reader, wanted, page);
    const priced = await costs(page);
    for (const [i, calls] of page.entries()) {
      const { rowDigest, evaluationId } = calls.trial;
      if (rowDigest !== row) {
        out.text(row === '' ? '' : ']}]},');
        out.text(`{"row_digest":${JSON.stringify(rowDigest)},"raw_data_row":`);
        out.bytes(cutTo(rawRow(wanted, calls, datasetRows), previewBytes));
        out.text(',"evaluations":[');
        [row, evaluation] = [rowDigest, ''];
      }
      if (evaluationId !== evaluation) {
        out.text(evaluation === '' ? '' : ']},');
        out.text(`{"evaluation_call_id":${JSON.stringify(evaluationId)},"trials":[`);
        evaluation = evaluationId;
      } else out.text(',');
      out.bytes(renderTrial(calls, priced[i] ?? null, previewBytes));
      if (out.sizeBytes >= FLUSH_BYTES) yield out.take();
    }
  }
  if (row !== '') out.text(']}]}');
  if (out.sizeBytes > 0) yield out.take();
}

function renderTrial(calls: TrialCalls, cost: number | null, previewBytes: number | undefined): Buffer {
  const { around } = calls;
  const predict = predictCallOf(calls);
  const scores = scoresOf(calls);
  return jsonObject({
    predict_and_score_call_id: around.id,
    predict_call_id: predict?.id ?? null,
    // Python names it `output`, as does the EvaluationLogger of TypeScript, whose Evaluation says `model_output`.
    model_output: cutTo(
      valueAt(around.output, 'output') ?? valueAt(around.output, 'model_output') ?? NULL,
      previewBytes,
    ),
    // Figures are small and many: what is cut are texts beside them.
    scores: cutTo(scores, previewBytes && previewBytes * SCORES_SHARE),
    model_latency_seconds: latencyOf(calls, predict),
    total_tokens: tokensOf((predict ?? around).summary),
    total_cost: cost,
    scorer_call_ids: scorerCallsOf(calls, entriesOf(scores).keys()),
    genai_span_ref: spanRefsOf([...(predict === undefined ? [] : [predict]), around]),
    ...(previewBytes !== undefined && { error: errorOf(calls, predict), running: around.endedAtUs === null }),
  });
}

function cutTo(json: Uint8Array, maxBytes: number | undefined): Uint8Array {
  return maxBytes === undefined || json.length <= maxBytes ? json : abridge(json, maxBytes);
}

const MAX_ERROR_CHARS = 2000;
const SCORES_SHARE = 4;

/** Of the trial, of its model, else of the first scorer that failed: SDKs go on with the other rows. */
function errorOf({ around, children }: TrialCalls, predict: TrialCalls['around'] | undefined): string | null {
  const failed = [around, ...(predict === undefined ? [] : [predict]), ...children].find(
    ({ exception }) => exception !== null,
  );
  return failed?.exception?.slice(0, MAX_ERROR_CHARS) ?? null;
}

export function scoresOf({ around }: TrialCalls): Uint8Array {
  const scores = valueAt(around.output, 'scores');
  return scores?.[0] === 0x7b ? scores : EMPTY_OBJECT;
}

/** Sum of `total_tokens` over the models of a summary's usage; null = none is given. */
export function tokensOf(summary: Uint8Array): number | null {
  let total: number | null = null;
  for (const usage of entriesOf(valueAt(summary, 'usage')).values()) {
    const tokens = membersOf(usage)?.optional('total_tokens');
    if (tokens && isNumber(tokens))
      total = (total ?? 0) + Math.trunc(Number(Buffer.from(tokens).toString('latin1')));
  }
  return total;
}

/** Agent spans that clients said belong to the trial, each once. */
function spanRefsOf(calls: readonly TrialCalls['around'][]): { trace_id: string; span_id: string }[] | null {
  const refs = new Map<string, { trace_id: string; span_id: string }>();
  for (const call of calls) {
    const said = [call.attributes, call.summary].map((json) => valueAt(json, 'weave', 'genai_span_ref'));
    const list = said.find((each) => each?.[0] === 0x5b);
    if (!list) continue;
    for (const ref of JSON.parse(Buffer.from(list).toString('utf8')) as unknown[]) {
      const { trace_id, span_id } = (ref ?? {}) as Record<string, unknown>;
      if (typeof trace_id === 'string' && typeof span_id === 'string')
        refs.set(JSON.stringify([trace_id, span_id]), { trace_id, span_id });
    }
  }
  return refs.size === 0 ? null : [...refs.values()];
}

async function readDatasetRows(
  reader: TraceReader,
  { projectId, rawRows }: RowsToRender,
  page: readonly TrialCalls[],
): Promise<ReadonlyMap<string, Uint8Array>> {
  if (rawRows !== 'values') return new Map();
  const digests = page.flatMap(({ around }) => digestOfRowRef(valueAt(around.inputs, 'example')) ?? []);
  return digests.length === 0 ? new Map() : reader.tableRows(projectId, [...new Set(digests)]);
}

function rawRow(
  { rawRows, warnings }: RowsToRender,
  { around, trial }: TrialCalls,
  datasetRows: ReadonlyMap<string, Uint8Array>,
): Uint8Array {
  if (rawRows === 'none') return NULL;
  const example = valueAt(around.inputs, 'example') ?? NULL;
  if (rawRows === 'refs' || digestOfRowRef(example) === undefined) return example;
  const row = datasetRows.get(trial.rowDigest);
  if (row === undefined) warnings.add('Failed to resolve dataset row refs; raw_data_row may contain refs');
  return row ?? example;
}
