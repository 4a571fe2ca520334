import { formatInstant } from '@weft/model';
import type { StoredQueue, StoredQueueItem } from '@weft/trace-store';

/** A queue as JSON (weave-api §4.12). */
export function renderQueue(queue: StoredQueue): string {
  return JSON.stringify({
    id: queue.id,
    project_id: queue.projectId,
    name: queue.name,
    description: queue.description,
    scorer_refs: queue.scorerRefs,
    created_at: formatInstant(queue.createdAtUs),
    created_by: queue.createdBy,
    updated_at: formatInstant(queue.updatedAtUs),
    deleted_at: queue.deletedAtUs === null ? null : formatInstant(queue.deletedAtUs),
  });
}

/** An item as JSON; its place in the queue only where it was asked for. */
export function renderQueueItem(item: StoredQueueItem, withPosition: boolean): string {
  return JSON.stringify({
    id: item.id,
    project_id: item.projectId,
    queue_id: item.queueId,
    call_id: item.callId,
    call_started_at: formatInstant(item.callStartedAtUs),
    call_ended_at: item.callEndedAtUs === null ? null : formatInstant(item.callEndedAtUs),
    call_op_name: item.callOpName,
    call_trace_id: item.callTraceId,
    display_fields: item.displayFields,
    added_by: item.addedBy,
    annotation_state: item.state,
    annotator_user_id: item.annotator,
    created_at: formatInstant(item.createdAtUs),
    created_by: item.addedBy,
    updated_at: formatInstant(item.updatedAtUs),
    deleted_at: null,
    position_in_queue: withPosition ? item.position : null,
  });
}
