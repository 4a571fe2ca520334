import { NO_SCORED_SPAN, NO_SCORER_RESULT } from '@weft/model';
import type { FeedbackWrite } from '../feedback/types.ts';

/** A note on the call `1`, as far as `fields` do not say otherwise. */
export function feedbackRow(
  projectId: string,
  fields: Partial<FeedbackWrite> & Pick<FeedbackWrite, 'id' | 'createdAtUs'>,
): FeedbackWrite {
  return {
    projectId,
    weaveRef: `weave:///${projectId}/call/1`,
    feedbackType: 'wandb.note.1',
    userId: 'u',
    creator: null,
    payload: Buffer.from('{"note":"hi"}'),
    annotationRef: null,
    runnableRef: null,
    callRef: null,
    triggerRef: null,
    queueId: null,
    scorer: NO_SCORER_RESULT,
    span: NO_SCORED_SPAN,
    ...fields,
  };
}
