import { formatInstant, type Named } from '@weft/model';
import type { FeedbackWrite } from '@weft/trace-store';
import type { JsonOut } from './json-out.ts';

export type WriteField = (out: JsonOut, row: FeedbackWrite) => void;

const json =
  (get: (row: FeedbackWrite) => unknown): WriteField =>
  (out, row) =>
    out.text(JSON.stringify(get(row)));
const byName =
  (get: (row: FeedbackWrite) => Named<string | number>): WriteField =>
  (out, row) =>
    out.text(
      `{${get(row)
        .map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`)
        .join(',')}}`,
    );

/**
 * What a row of feedback has (weave-api §4.8), in W&B's order. Lists, values by name and texts of 2026 are empty and not
 * null where nothing was given: the Python client refuses a null there.
 */
export const FEEDBACK_FIELDS: ReadonlyMap<string, WriteField> = new Map<string, WriteField>([
  ['id', json((row) => row.id)],
  ['project_id', json((row) => row.projectId)],
  ['weave_ref', json((row) => row.weaveRef)],
  ['wb_user_id', json((row) => row.userId)],
  ['creator', json((row) => row.creator)],
  ['created_at', json((row) => formatInstant(row.createdAtUs))],
  ['feedback_type', json((row) => row.feedbackType)],
  ['payload', (out, row) => out.bytes(row.payload)],
  ['annotation_ref', json((row) => row.annotationRef)],
  ['runnable_ref', json((row) => row.runnableRef)],
  ['call_ref', json((row) => row.callRef)],
  ['trigger_ref', json((row) => row.triggerRef)],
  ['queue_id', json((row) => row.queueId)],
  ['scorer_tags', json((row) => row.scorer.tags)],
  ['scorer_tag_reasons', byName((row) => row.scorer.tagReasons)],
  ['scorer_tag_confidences', byName((row) => row.scorer.tagConfidences)],
  ['scorer_ratings', byName((row) => row.scorer.ratings)],
  ['scorer_rating_reasons', byName((row) => row.scorer.ratingReasons)],
  ['scorer_rating_confidences', byName((row) => row.scorer.ratingConfidences)],
  ['span_agent_name', json((row) => row.span.agentName)],
  ['span_agent_version', json((row) => row.span.agentVersion)],
  ['span_status_code', json((row) => row.span.statusCode)],
  ['span_conversation_id', json((row) => row.span.conversationId)],
  ['span_trace_id', json((row) => row.span.traceId)],
  ['scorer_trace_id', json((row) => row.scorer.traceId)],
]);

/** Writes one row as an object of these fields. */
export function renderFeedbackRow(
  out: JsonOut,
  row: FeedbackWrite,
  fields: ReadonlyMap<string, WriteField> = FEEDBACK_FIELDS,
): void {
  let before = '{';
  for (const [name, write] of fields) {
    out.text(`${before}${JSON.stringify(name)}:`);
    write(out, row);
    before = ',';
  }
  out.text(before === '{' ? '{}' : '}');
}

/** Writes a list of feedback rows; payload bytes stay untouched. */
export function renderFeedback(out: JsonOut, rows: readonly FeedbackWrite[]): void {
  out.text('[');
  rows.forEach((row, index) => {
    if (index > 0) out.text(',');
    renderFeedbackRow(out, row);
  });
  out.text(']');
}
