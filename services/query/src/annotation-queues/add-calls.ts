import { encodeQueueItem, type QueueItemRecord, type TraceEvent } from '@weft/model';
import type { StoredCall, TraceReader } from '@weft/trace-store';
import type { AnnotationQueueAddCallsRequest } from '@weft/weave-api';
import type { Clock } from '../clock.ts';
import { queueItemId } from './item-id.ts';

/** Calls of one look-up. */
const CALLS_PER_READ = 1000;

export interface NewItems {
  readonly events: readonly TraceEvent[];
  /** Calls that are in the queue already. */
  readonly duplicates: number;
}

/** An event for each of the calls that exists and is not in the queue, in the order they were named. */
export async function newItems(
  reader: TraceReader,
  clock: Clock,
  request: AnnotationQueueAddCallsRequest,
  userId: string,
  signal?: AbortSignal,
): Promise<NewItems> {
  const { project_id: projectId, queue_id: queueId, display_fields: displayFields } = request;
  const idOf = new Map(request.call_ids.map((callId) => [callId, queueItemId(projectId, queueId, callId)]));
  const existing = await reader.existingQueueItems(projectId, queueId, [...idOf.values()]);
  const wanted = [...idOf.keys()].filter((callId) => !existing.has(idOf.get(callId)!));
  const calls = await readCalls(reader, projectId, wanted, signal);
  const events = wanted.flatMap((callId): TraceEvent[] => {
    const call = calls.get(callId);
    if (call === undefined) return [];
    const createdAtUs = clock();
    const item: QueueItemRecord = {
      queueId,
      callId,
      callOpName: call.opName,
      callTraceId: call.traceId,
      callStartedAtUs: call.startedAtUs,
      callEndedAtUs: call.endedAtUs,
      displayFields,
      addedBy: userId,
      createdAtUs,
    };
    const payload = encodeQueueItem(item);
    return [
      {
        kind: 'queue_item.saved',
        projectId,
        id: idOf.get(callId)!,
        userId,
        receivedAtUs: createdAtUs,
        note: '',
        payload,
      },
    ];
  });
  return { events, duplicates: existing.size };
}

/** Spans of several traces may share an id: then the one that started last is taken, as by `/call/read`. */
async function readCalls(
  reader: TraceReader,
  projectId: string,
  ids: readonly string[],
  signal?: AbortSignal,
): Promise<Map<string, StoredCall>> {
  const found = new Map<string, StoredCall>();
  for (let at = 0; at < ids.length; at += CALLS_PER_READ) {
    const filter = { callIds: ids.slice(at, at + CALLS_PER_READ) };
    const pages = reader.streamCalls({ projectId, filter, sort: [], payloads: [] }, signal);
    for await (const page of pages) for (const call of page) found.set(call.id, call);
  }
  return found;
}
