import type { TraceEvent } from '../events.ts';
import type { JsonMembers } from '../json-members.ts';
import { formatInstant } from '../time.ts';
import { decoding } from './decoding.ts';

/** An annotation queue: calls that people look through, and what they are asked about them. */
export interface QueueRecord {
  readonly name: string;
  readonly description: string;
  /** Refs of the annotation specs (or scorers) to fill in. */
  readonly scorerRefs: readonly string[];
  readonly createdBy: string;
  readonly createdAtUs: number;
  readonly updatedAtUs: number;
  /** Null = not deleted. */
  readonly deletedAtUs: number | null;
}

/** A call in a queue, with what of it is shown in lists, as it was when it was added. */
export interface QueueItemRecord {
  readonly queueId: string;
  readonly callId: string;
  readonly callOpName: string;
  readonly callTraceId: string;
  readonly callStartedAtUs: number;
  /** Null = it was running. */
  readonly callEndedAtUs: number | null;
  /** JSON paths that annotators are shown. */
  readonly displayFields: readonly string[];
  readonly addedBy: string;
  readonly createdAtUs: number;
}

export const ANNOTATION_STATES = ['in_progress', 'completed', 'skipped'] as const;
export type AnnotationState = (typeof ANNOTATION_STATES)[number];

/** How far one annotator is with an item. Each has an own record, so that two at once lose nothing. */
export interface ProgressRecord {
  readonly queueId: string;
  readonly annotator: string;
  readonly state: AnnotationState;
  readonly updatedAtUs: number;
}

/** `queue_item.saved`: the item itself, or the progress of one annotator with it. */
export type QueueItemPayload =
  | { readonly item: QueueItemRecord; readonly progress?: undefined }
  | { readonly progress: ProgressRecord; readonly item?: undefined };

export function encodeQueue(queue: QueueRecord): Uint8Array {
  return toJson({
    name: queue.name,
    description: queue.description,
    scorer_refs: queue.scorerRefs,
    created_by: queue.createdBy,
    created_at: formatInstant(queue.createdAtUs),
    updated_at: formatInstant(queue.updatedAtUs),
    deleted_at: instantOrNull(queue.deletedAtUs),
  });
}

export function encodeQueueItem(item: QueueItemRecord): Uint8Array {
  return toJson({
    queue_id: item.queueId,
    call_id: item.callId,
    call_op_name: item.callOpName,
    call_trace_id: item.callTraceId,
    call_started_at: formatInstant(item.callStartedAtUs),
    call_ended_at: instantOrNull(item.callEndedAtUs),
    display_fields: item.displayFields,
    added_by: item.addedBy,
    created_at: formatInstant(item.createdAtUs),
  });
}

export function encodeProgress({ queueId, annotator, state, updatedAtUs }: ProgressRecord): Uint8Array {
  return toJson({
    queue_id: queueId,
    progress: { annotator, state, updated_at: formatInstant(updatedAtUs) },
  });
}

/** @throws AppError `undecodable_event` */
export function readQueueEvent(event: TraceEvent): QueueRecord {
  return decoding(event, (members) => ({
    name: members.requiredText('name'),
    description: members.text('description') ?? '',
    scorerRefs: members.texts('scorer_refs') ?? [],
    createdBy: members.text('created_by') ?? '',
    createdAtUs: members.instant('created_at'),
    updatedAtUs: members.instant('updated_at'),
    deletedAtUs: readInstantOrNull(members, 'deleted_at'),
  }));
}

/** @throws AppError `undecodable_event` */
export function readQueueItemEvent(event: TraceEvent): QueueItemPayload {
  return decoding(event, (members): QueueItemPayload => {
    const queueId = members.requiredText('queue_id');
    if (members.optional('progress') !== null)
      return { progress: { queueId, ...readProgress(members.members('progress')) } };
    return { item: { queueId, ...readItem(members) } };
  });
}

function readItem(members: JsonMembers): Omit<QueueItemRecord, 'queueId'> {
  return {
    callId: members.requiredText('call_id'),
    callOpName: members.text('call_op_name') ?? '',
    callTraceId: members.text('call_trace_id') ?? '',
    callStartedAtUs: members.instant('call_started_at'),
    callEndedAtUs: readInstantOrNull(members, 'call_ended_at'),
    displayFields: members.texts('display_fields') ?? [],
    addedBy: members.text('added_by') ?? '',
    createdAtUs: members.instant('created_at'),
  };
}

function readProgress(members: JsonMembers): Omit<ProgressRecord, 'queueId'> {
  const state = ANNOTATION_STATES.find((each) => each === members.requiredText('state'));
  if (state === undefined) throw members.invalid('state', 'is unknown');
  return { annotator: members.text('annotator') ?? '', state, updatedAtUs: members.instant('updated_at') };
}

function toJson(value: object): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

function instantOrNull(us: number | null): string | null {
  return us === null ? null : formatInstant(us);
}

function readInstantOrNull(members: JsonMembers, name: string): number | null {
  return members.text(name) === null ? null : members.instant(name);
}
