import type { ClickHouse } from '../clickhouse.ts';
import { insertRows, type Refused, type Table } from '../insert.ts';
import { column } from '../native.ts';
import type { FeedbackPurge, FeedbackWrite } from './types.ts';

const FEEDBACK: Table<FeedbackWrite> = {
  name: 'feedback',
  columns: [
    column.text('project_id', (f) => f.projectId),
    column.text('weave_ref', (f) => f.weaveRef),
    column.text('id', (f) => f.id),
    column.text('feedback_type', (f) => f.feedbackType),
    column.text('user_id', (f) => f.userId),
    column.text('creator', (f) => f.creator ?? ''),
    column.instant('created_at', (f) => f.createdAtUs),
    column.bytes('payload', (f) => f.payload),
    column.text('annotation_ref', (f) => f.annotationRef ?? ''),
    column.text('runnable_ref', (f) => f.runnableRef ?? ''),
    column.text('call_ref', (f) => f.callRef ?? ''),
    column.text('trigger_ref', (f) => f.triggerRef ?? ''),
    column.text('queue_id', (f) => f.queueId ?? ''),
    column.texts('scorer_tags', (f) => f.scorer.tags),
    column.namedTexts('scorer_tag_reasons', (f) => f.scorer.tagReasons),
    column.namedNumbers('scorer_tag_confidences', (f) => f.scorer.tagConfidences),
    column.namedNumbers('scorer_ratings', (f) => f.scorer.ratings),
    column.namedTexts('scorer_rating_reasons', (f) => f.scorer.ratingReasons),
    column.namedNumbers('scorer_rating_confidences', (f) => f.scorer.ratingConfidences),
    column.text('scorer_trace_id', (f) => f.scorer.traceId),
    column.text('span_agent_name', (f) => f.span.agentName),
    column.text('span_agent_version', (f) => f.span.agentVersion),
    column.text('span_status_code', (f) => f.span.statusCode),
    column.text('span_conversation_id', (f) => f.span.conversationId),
    column.text('span_trace_id', (f) => f.span.traceId),
  ],
  estimateBytes: (f) => 512 + f.payload.length + scorerBytes(f),
};

function scorerBytes({ scorer }: FeedbackWrite): number {
  const reasons = [...scorer.tagReasons, ...scorer.ratingReasons];
  return reasons.reduce((sum, [name, text]) => sum + name.length + text.length, scorer.tags.length * 64);
}

const PURGES: Table<FeedbackPurge> = {
  name: 'feedback_purges',
  columns: [
    column.text('project_id', (p) => p.projectId),
    column.text('id', (p) => p.id),
    column.instant('purged_at', (p) => p.purgedAtUs),
  ],
  estimateBytes: () => 96,
};

export const writeFeedback = (db: ClickHouse, rows: readonly FeedbackWrite[]): Promise<Refused[]> =>
  insertRows(db, FEEDBACK, rows);

export const writeFeedbackPurges = (db: ClickHouse, rows: readonly FeedbackPurge[]): Promise<Refused[]> =>
  insertRows(db, PURGES, rows);
