/**
 * What the event log carries. Everything a client writes becomes an event; any table can be rebuilt from them.
 * An event holds the wire payload itself (the bytes the client sent, redacted), never a third copy of its fields.
 */

/** Numbers are the wire form of the kind in a log record: append only, never renumber. */
export const EVENT_KINDS = {
  /** payload: the JSON object `start` (StartedCallSchemaForInsert). key: call. */
  'call.started': 1,
  /** payload: the JSON object `end` (EndedCallSchemaForInsert). key: call. */
  'call.ended': 2,
  /** payload: one JSON object of `calls/complete` (CompletedCallSchemaForInsert). key: call. */
  'call.completed': 3,
  /** payload: JSON `{"display_name": string}`. key: call. */
  'call.updated': 4,
  /** payload: JSON `{}`. key: call. One event per deleted call, descendants included. */
  'call.deleted': 5,
  /** payload: an ExportTraceServiceRequest of this project's spans (see `encoding`). `id` is the trace id. key: trace. */
  'otlp.spans': 6,
  /** payload: JSON `{"kind": …, "base_object_class": …, "leaf_object_class": …, "val": …}`, `id` is `<object_id>:<digest>`. key: object version. See event-payloads/ for this and the following. */
  'object.created': 7,
  /** payload and id as `object.created`, without `val`. */
  'object.deleted': 8,
  /**
   * payload: JSON `{"digests": […], "row_digests": […], "rows": […]}`; `id` is the table digest. A large table is several
   * events with some of the rows each; the last one has `row_digests`, the order of all of them. key: table.
   */
  'table.created': 9,
  /** payload: the file's bytes; `name` in the event; `id` is the digest. key: file. */
  'file.created': 10,
  /** payload: the JSON object of FeedbackCreateReq with its `id` and `created_at` set; `id` is the feedback id. key: feedback. */
  'feedback.created': 11,
  /** payload: JSON `{}`. key: feedback. It stays purged, whatever comes later. */
  'feedback.purged': 12,
  /** payload: JSON of one price; `id` is the cost id. key: price. Purged as feedback is. */
  'cost.created': 13,
  'cost.purged': 14,
  /** payload: JSON `{"add": [tag…], "remove": [tag…]}`; `id` is `<object_id>:<digest>`. Per tag the last one counts. key: object version. */
  'object.tagged': 15,
  /** payload: JSON `{"digest": string | null, "aliases": [alias…]}`; null removes them. `id` is the object's name. Per alias the last one counts. key: object. */
  'object.aliased': 16,
  /** payload: the JSON of a whole annotation queue, deleted or not; `id` is the queue's. The last one counts. key: queue. */
  'queue.saved': 17,
  /** payload: the JSON of a whole queue item, or of one annotator's progress with it; `id` is the item's. The last one of each counts. key: queue item. */
  'queue_item.saved': 18,
  /** payload: an ExportLogsServiceRequest of records that name spans of one trace; `id` is the trace id. key: trace. */
  'otlp.logs': 19,
  /**
   * On the topic `stored-calls`: a finished call that can be read. payload: what of it decides whether it is scored
   * (event-payloads/stored-call.ts); `id` is the call's. Told again whenever the call is stored again. key: call.
   */
  'call.stored': 20,
  /**
   * Stands for an event whose payload is too large for the log and is a blob (event-payloads/claimed-event.ts); any kind but
   * those of calls, whose members are claimed one by one (claims.ts). `id` and key: of that event.
   */
  'event.claimed': 21,
  /** payload: JSON `{"name", "size_bytes", "uri"}`: a file whose bytes are a blob; `id` is the digest. key: file. */
  'file.stored': 22,
} as const;

export type EventKind = keyof typeof EVENT_KINDS;

/** `note` of spans in protobuf that are stored already, with calls that began at another instant. */
export const MOVED_SPANS = 'protobuf;moved';

export interface TraceEvent {
  readonly kind: EventKind;
  /** `entity/project`. */
  readonly projectId: string;
  /** What the event is about: call id, trace id, `<object_id>:<digest>`, table or file digest, feedback id. */
  readonly id: string;
  /** Who wrote it: the key's user, or in the open loopback mode what the request said. `''` = unknown. */
  readonly userId: string;
  /** Server clock at acceptance, microseconds since the epoch. Data for "created at"; never decides between versions of a call's start or end. */
  readonly receivedAtUs: number;
  /**
   * File name for `file.created`, payload encoding (`protobuf` | `json`) for `otlp.spans`, or `MOVED_SPANS`, for calls what
   * is said of payloads that are not in the event (`readCallClaims`); else `''`.
   */
  readonly note: string;
  /** Wire bytes, unchanged. Owned by the event: nobody writes into it. */
  readonly payload: Uint8Array;
}

/**
 * The partition key: what must stay in order and meet in one writer. A call's parts share project + call id (ends from
 * older SDKs carry no trace id); OTLP spans share project + trace id, so that a request needs few records.
 */
export function partitionKey(event: TraceEvent): string {
  return `${event.projectId}/${event.id}`;
}
