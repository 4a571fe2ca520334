import { createHash } from 'node:crypto';
import { NO_SCORED_SPAN, NO_SCORER_RESULT, type TraceEvent } from '@weft/model';
import type { Evaluation } from '@weft/otlp';
import type { FeedbackWrite } from '@weft/trace-store';

/** Not one of W&B's own, whose payloads have shapes that clients rely on. */
const FEEDBACK_TYPE = 'otel.evaluation';

/**
 * What an instrumentation found of a span → feedback on its call. The id follows from what was told, so that the same told
 * again, or as a span event and as a log record, is one.
 */
export function evaluationToFeedback(
  event: TraceEvent,
  traceId: string,
  spanId: string,
  { name, score, explanation, atUs, payload }: Evaluation,
): FeedbackWrite {
  const { projectId, userId, receivedAtUs } = event;
  const id = uuidOf(`${projectId}/${traceId}/${spanId}/${atUs}`, payload);
  const named = <T>(value: T | null): [string, T][] => (value === null || name === '' ? [] : [[name, value]]);
  return {
    projectId,
    id,
    userId,
    createdAtUs: atUs ?? receivedAtUs,
    weaveRef: `weave:///${projectId}/call/${spanId}`,
    feedbackType: FEEDBACK_TYPE,
    creator: null,
    payload,
    annotationRef: null,
    runnableRef: null,
    callRef: null,
    triggerRef: null,
    queueId: null,
    scorer: { ...NO_SCORER_RESULT, ratings: named(score), ratingReasons: named(explanation) },
    span: { ...NO_SCORED_SPAN, traceId },
  };
}

/** RFC 9562 version 8: made of a hash. */
function uuidOf(place: string, content: Uint8Array): string {
  const hash = createHash('sha256').update(place).update('\0').update(content).digest().subarray(0, 16);
  hash[6] = (hash[6]! & 0x0f) | 0x80;
  hash[8] = (hash[8]! & 0x3f) | 0x80;
  return hash.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
