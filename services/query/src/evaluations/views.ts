import { JsonMembers, jsonObject, textAt, valueAt } from '@weft/model';
import type { StoredCall, TraceReader } from '@weft/trace-store';
import { ALL_COLUMNS } from '../call-columns.ts';
import { JsonOut } from '../json-out.ts';
import { renderCall } from '../render-call.ts';
import { readCall } from './commands.ts';
import { isPredictAndScore } from './names.ts';

/** How calls of evaluations are read as runs, predictions and scores (weave-api §4.14). Values are the bytes of the call. */

const EMPTY_OBJECT = Buffer.from('{}');

/** Refs stand in `attributes.weave` of calls made here; the SDK's own evaluations have them in their inputs only. */
export function renderRun(call: StoredCall): Buffer {
  const { attributes, inputs } = call;
  const rendered = asRead(call);
  return jsonObject({
    evaluation_run_id: call.id,
    evaluation:
      textAt(attributes, 'weave', 'evaluation') || textAt(inputs, 'self') || textAt(inputs, 'this') || '',
    model: textAt(attributes, 'weave', 'model') || textAt(inputs, 'model') || '',
    status: call.endedAtUs === null ? 'running' : call.exception === null ? 'completed' : 'failed',
    started_at: rendered.raw('started_at'),
    finished_at: rendered.raw('ended_at'),
    summary: rendered.raw('summary'),
    source_evaluation_run_id: textAt(attributes, 'weave', 'source_evaluation_run_id') ?? null,
  });
}

export async function renderPrediction(reader: TraceReader, call: StoredCall): Promise<Buffer> {
  return jsonObject({
    prediction_id: call.id,
    model: textAt(call.attributes, 'weave', 'model') ?? '',
    inputs: valueAt(call.inputs, 'inputs') ?? EMPTY_OBJECT,
    output: call.output,
    evaluation_run_id: await runIdOf(reader, call),
    wb_user_id: call.userId,
  });
}

export async function renderScore(reader: TraceReader, call: StoredCall): Promise<Buffer> {
  return jsonObject({
    score_id: call.id,
    scorer: textAt(call.attributes, 'weave', 'scorer') ?? '',
    value: call.output,
    evaluation_run_id: await runIdOf(reader, call),
    wb_user_id: call.userId,
  });
}

/** As it was said; else the run around the `predict_and_score` call that this one is in. */
async function runIdOf(reader: TraceReader, call: StoredCall): Promise<string | null> {
  const said = textAt(call.attributes, 'weave', 'evaluation_run_id');
  if (said !== undefined || call.parentId === null) return said ?? null;
  const parent = await readCall(reader, call.projectId, call.parentId);
  return parent !== null && isPredictAndScore(parent.opName) ? parent.parentId : null;
}

/** The members of a call as /calls/stream_query gives them. */
function asRead(call: StoredCall): JsonMembers {
  const out = new JsonOut({ oneLine: true });
  renderCall(out, call, { columns: ALL_COLUMNS });
  return JsonMembers.parse(out.take());
}
