import type { TraceEvent } from '../events.ts';
import { appendMembers, asBuffer, type JsonMembers } from '../json-members.ts';
import { JsonScanner } from '../json-scan.ts';
import { formatInstant } from '../time.ts';
import { decoding } from './decoding.ts';

/** The columns of `feedback.created`; the event's payload is the whole request, so nothing else of it is lost. */
export interface FeedbackRecord {
  readonly weaveRef: string;
  readonly feedbackType: string;
  readonly creator: string | null;
  /** JSON object. */
  readonly payload: Uint8Array;
  readonly annotationRef: string | null;
  readonly runnableRef: string | null;
  readonly callRef: string | null;
  readonly triggerRef: string | null;
  readonly queueId: string | null;
  readonly scorer: ScorerResult;
  readonly span: ScoredSpan;
}

/** By name; each name once. A list, because names are the client's. */
export type Named<T> = readonly (readonly [name: string, value: T])[];

/** What a scorer or a human said of the target, in a form that can be counted and averaged. */
export interface ScorerResult {
  readonly tags: readonly string[];
  readonly tagReasons: Named<string>;
  /** From 0 to 1. */
  readonly tagConfidences: Named<number>;
  readonly ratings: Named<number>;
  readonly ratingReasons: Named<string>;
  readonly ratingConfidences: Named<number>;
  /** Trace of the scorer's own run; empty = unknown. */
  readonly traceId: string;
}

/** Copied from the agent's span that was scored, so that feedback can be filtered by it; empty = unknown. */
export interface ScoredSpan {
  readonly agentName: string;
  readonly agentVersion: string;
  /** `UNSET` = unknown. */
  readonly statusCode: string;
  readonly conversationId: string;
  readonly traceId: string;
}

export const NO_SCORER_RESULT: ScorerResult = {
  tags: [],
  tagReasons: [],
  tagConfidences: [],
  ratings: [],
  ratingReasons: [],
  ratingConfidences: [],
  traceId: '',
};

export const NO_SCORED_SPAN: ScoredSpan = {
  agentName: '',
  agentVersion: '',
  statusCode: 'UNSET',
  conversationId: '',
  traceId: '',
};

/** The create request with what the server decided put at its end (the last of equal members wins). */
export function encodeFeedback(
  request: Uint8Array,
  decided: { id: string; createdAtUs: number; payload: Uint8Array },
): Uint8Array {
  return appendMembers(request, {
    id: JSON.stringify(decided.id),
    created_at: JSON.stringify(formatInstant(decided.createdAtUs)),
    payload: decided.payload,
  });
}

/** @throws AppError `undecodable_event` */
export function readFeedbackEvent(event: TraceEvent): FeedbackRecord {
  return decoding(event, readFeedback);
}

/** The columns of a create request. @throws AppError `invalid_request` */
export function readFeedback(members: JsonMembers): FeedbackRecord {
  const payload = members.required('payload');
  if (payload[0] !== 0x7b) throw members.invalid('payload', 'must be an object');
  const feedbackType = members.requiredText('feedback_type');
  const weaveRef = members.requiredText('weave_ref');
  const target = agentTarget(feedbackType, weaveRef);
  return {
    weaveRef,
    feedbackType,
    creator: members.text('creator'),
    payload,
    annotationRef: members.text('annotation_ref'),
    runnableRef: members.text('runnable_ref'),
    callRef: members.text('call_ref'),
    triggerRef: members.text('trigger_ref'),
    queueId: members.text('queue_id'),
    scorer: {
      tags: members.texts('scorer_tags') ?? [],
      tagReasons: named(members, 'scorer_tag_reasons', toText),
      tagConfidences: named(members, 'scorer_tag_confidences', toNumber),
      ratings: named(members, 'scorer_ratings', toNumber),
      ratingReasons: named(members, 'scorer_rating_reasons', toText),
      ratingConfidences: named(members, 'scorer_rating_confidences', toNumber),
      traceId: members.text('scorer_trace_id') ?? '',
    },
    span: {
      agentName: members.text('span_agent_name') ?? '',
      agentVersion: members.text('span_agent_version') ?? '',
      statusCode: members.text('span_status_code') || NO_SCORED_SPAN.statusCode,
      conversationId: members.text('span_conversation_id') || target.conversationId,
      traceId: members.text('span_trace_id') || target.traceId,
    },
  };
}

const AGENT_TYPES: ReadonlySet<string> = new Set(['wandb.agent_monitor', 'wandb.agent_user_feedback']);
const AGENT_REF = /^weave:\/\/\/[^/]+\/[^/]+\/(agent_turn|agent_conversation)\/([^/]+)$/;

/** The turn or conversation that feedback about an agent points at; both empty for other feedback. */
export function agentTarget(
  feedbackType: string,
  weaveRef: string,
): Pick<ScoredSpan, 'traceId' | 'conversationId'> {
  const [, kind, id = ''] = (AGENT_TYPES.has(feedbackType) && AGENT_REF.exec(weaveRef)) || [];
  return kind === 'agent_turn'
    ? { traceId: id, conversationId: '' }
    : { traceId: '', conversationId: decodePart(id) };
}

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The last of equal names counts. */
function named<T>(members: JsonMembers, name: string, read: (bytes: Uint8Array) => T | undefined): Named<T> {
  const values = new Map<string, T>();
  const bytes = members.object(name);
  new JsonScanner(bytes).members(0, (key, start, end) => {
    const value = read(bytes.subarray(start, end));
    if (value === undefined) throw members.invalid(`${name}.${key}`, 'has a value of the wrong type');
    values.set(key, value);
  });
  return [...values];
}

function toText(bytes: Uint8Array): string | undefined {
  return bytes[0] === 0x22 ? new JsonScanner(bytes).stringValue(0, bytes.length) : undefined;
}

function toNumber(bytes: Uint8Array): number | undefined {
  const first = bytes[0]!;
  if (first !== 0x2d && (first < 0x30 || first > 0x39)) return undefined;
  const value = Number(asBuffer(bytes).toString('latin1'));
  return Number.isFinite(value) ? value : undefined;
}
