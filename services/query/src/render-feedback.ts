import { formatInstant } from '@weft/model';
import type { FeedbackWrite } from '@weft/trace-store';
import type { JsonOut } from './json-out.ts';

/** Writes a list of feedback rows (weave-api §4.8); payload bytes stay untouched. */
export function renderFeedback(out: JsonOut, rows: readonly FeedbackWrite[]): void {
  out.text('[');
  rows.forEach((row, index) => {
    out.text(
      `${index === 0 ? '' : ','}{"id":${JSON.stringify(row.id)},"project_id":${JSON.stringify(row.projectId)}` +
        `,"weave_ref":${JSON.stringify(row.weaveRef)},"feedback_type":${JSON.stringify(row.feedbackType)}` +
        `,"wb_user_id":${JSON.stringify(row.userId)},"creator":${JSON.stringify(row.creator)}` +
        `,"created_at":"${formatInstant(row.createdAtUs)}","annotation_ref":${JSON.stringify(row.annotationRef)}` +
        `,"runnable_ref":${JSON.stringify(row.runnableRef)},"call_ref":${JSON.stringify(row.callRef)}` +
        `,"trigger_ref":${JSON.stringify(row.triggerRef)},"payload":`,
    );
    out.bytes(row.payload);
    out.text('}');
  });
  out.text(']');
}
