import type { FeedbackWrite, TraceReader } from '@weft/trace-store';
import { JsonOut } from '../json-out.ts';
import { FEEDBACK_FIELDS, renderFeedbackRow } from '../render-feedback.ts';

/** Feedback on turns (traces), conversations and spans, as chats show it. */

const MEMBERS = ['id', 'feedback_type', 'weave_ref', 'payload', 'creator', 'created_at', 'wb_user_id', 'runnable_ref', 'call_ref',
  'trigger_ref', 'annotation_ref', 'scorer_tags', 'scorer_tag_reasons', 'scorer_tag_confidences', 'scorer_ratings',
  'scorer_rating_reasons', 'scorer_rating_confidences']; // prettier-ignore
const CHAT_FIELDS = new Map([...FEEDBACK_FIELDS].filter(([name]) => MEMBERS.includes(name)));

/** Refs asked for at once. */
const MAX_REFS = 2000;

export class AgentFeedback {
  private readonly projectId: string;
  private readonly byRef = new Map<string, FeedbackWrite[]>();

  constructor(projectId: string) {
    this.projectId = projectId;
  }

  turn(traceId: string): string {
    return `weave:///${this.projectId}/agent_turn/${traceId}`;
  }

  conversation(id: string): string {
    return `weave:///${this.projectId}/agent_conversation/${encodeURIComponent(id)}`;
  }

  span(id: string): string {
    return `weave:///${this.projectId}/agent_span/${id}`;
  }

  async load(reader: TraceReader, refs: readonly string[]): Promise<void> {
    for (let from = 0; from < refs.length; from += MAX_REFS) {
      const rows = await reader.feedbackOf(this.projectId, refs.slice(from, from + MAX_REFS));
      for (const row of rows) {
        const same = this.byRef.get(row.weaveRef);
        if (same === undefined) this.byRef.set(row.weaveRef, [row]);
        else same.push(row);
      }
    }
  }

  of(ref: string): readonly FeedbackWrite[] {
    return this.byRef.get(ref) ?? [];
  }

  /** JSON of the list. */
  render(ref: string): string {
    const out = new JsonOut();
    out.text('[');
    this.of(ref).forEach((row, i) => {
      if (i > 0) out.text(',');
      renderFeedbackRow(out, row, CHAT_FIELDS);
    });
    out.text(']');
    return out.take().toString();
  }
}

const MARKED: ReadonlySet<string> = new Set(['wandb.agent_user_feedback', 'wandb.agent_monitor']);

/** Tags and ratings of one row, for a place in a sequence of spans. */
export function feedbackMarks(rows: readonly FeedbackWrite[], traceId: string | null): object[] {
  return rows
    .filter(({ feedbackType }) => MARKED.has(feedbackType))
    .map(({ feedbackType, scorer }) => {
      const reasons = new Map(scorer.ratingReasons);
      const confidences = new Map(scorer.ratingConfidences);
      return {
        trace_id: traceId,
        feedback_type: feedbackType,
        tags: scorer.tags.filter((tag) => tag !== ''),
        ratings: scorer.ratings.map(([name, value]) => ({
          name,
          value,
          reason: reasons.get(name) || null,
          confidence: confidences.get(name) ?? null,
        })),
      };
    });
}
