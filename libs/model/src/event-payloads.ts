import { findRefs } from './call.ts';
import { AppError } from './errors.ts';
import type { TraceEvent } from './events.ts';
import { appendMembers, asBuffer, JsonMembers } from './json-members.ts';
import { formatInstant } from './time.ts';

/**
 * The payloads of events that are not wire items as they came: written and read here only. Values of clients (`val`, rows,
 * feedback payloads) are the bytes they sent, inside a small JSON envelope.
 */

/** `object.created`, `object.deleted`; the event's `id` is `<object_id>:<digest>`. */
export interface ObjectPayload {
  readonly kind: 'op' | 'object';
  readonly baseObjectClass: string | null;
  readonly leafObjectClass: string | null;
  /** JSON value; null for `object.deleted`. */
  readonly val: Uint8Array | null;
}

export interface ObjectRecord {
  readonly objectId: string;
  readonly digest: string;
  readonly kind: 'op' | 'object';
  readonly baseObjectClass: string | null;
  readonly leafObjectClass: string | null;
  /** JSON value; empty when deleted. */
  readonly val: Uint8Array;
  /** Every string in `val` that is a ref. */
  readonly refs: readonly string[];
}

export function objectEventId(objectId: string, digest: string): string {
  return `${objectId}:${digest}`;
}

export function encodeObject({ kind, baseObjectClass, leafObjectClass, val }: ObjectPayload): Uint8Array {
  const head = Buffer.from(
    JSON.stringify({ kind, base_object_class: baseObjectClass, leaf_object_class: leafObjectClass }),
  );
  return val === null ? head : appendMembers(head, { val });
}

/** @throws AppError `undecodable_event` */
export function readObjectEvent(event: TraceEvent): ObjectRecord {
  return decoding(event, (members) => {
    const colon = event.id.lastIndexOf(':');
    const kind = members.requiredText('kind');
    if (colon <= 0 || (kind !== 'op' && kind !== 'object')) throw members.invalid('kind', 'or id is wrong');
    const val = members.raw('val') ?? new Uint8Array();
    return {
      objectId: event.id.slice(0, colon),
      digest: event.id.slice(colon + 1),
      kind,
      baseObjectClass: members.text('base_object_class'),
      leafObjectClass: members.text('leaf_object_class'),
      val,
      refs: findRefs(val),
    };
  });
}

export interface TableRow {
  readonly digest: string;
  /** JSON object. */
  readonly val: Uint8Array;
}

/** One `table.created` event: some of the table's rows and, in the last event of a table, the order of all of them. */
export interface TableRecord {
  readonly rows: readonly TableRow[];
  /** Row digests of the whole table in order; null in all events of a table but the last. */
  readonly rowDigests: readonly string[] | null;
}

/** Row bytes of one event at most (a single larger row travels alone). */
export const TABLE_EVENT_BYTES = 8 * 1024 * 1024;

/**
 * The payloads of a table's events: `{"digests": […], "rows": […]}` each, the last one with `"row_digests"`. Identical rows
 * are sent once. With no `rows` (their contents are stored already) it is one payload that gives the order only.
 */
export function encodeTable(rows: readonly TableRow[], rowDigests: readonly string[]): Uint8Array[] {
  const payloads: Uint8Array[] = [];
  const sent = new Set<string>();
  let part: TableRow[] = [];
  let size = 0;
  for (const row of rows) {
    if (sent.has(row.digest)) continue;
    sent.add(row.digest);
    if (part.length > 0 && size + row.val.length > TABLE_EVENT_BYTES) {
      payloads.push(encodeTablePart(part, null));
      part = [];
      size = 0;
    }
    part.push(row);
    size += row.val.length + row.digest.length + 4;
  }
  payloads.push(encodeTablePart(part, rowDigests));
  return payloads;
}

function encodeTablePart(rows: readonly TableRow[], rowDigests: readonly string[] | null): Uint8Array {
  const head = JSON.stringify({
    digests: rows.map((row) => row.digest),
    ...(rowDigests && { row_digests: rowDigests }),
  });
  const comma = Buffer.from(',');
  const parts: Uint8Array[] = [Buffer.from(`${head.slice(0, -1)},"rows":[`)];
  rows.forEach((row, i) => (i === 0 ? parts.push(row.val) : parts.push(comma, row.val)));
  parts.push(Buffer.from(']}'));
  return Buffer.concat(parts);
}

/** @throws AppError `undecodable_event` */
export function readTableEvent(event: TraceEvent): TableRecord {
  return decoding(event, (members) => {
    const digests = members.texts('digests') ?? [];
    const rows = members.elements('rows');
    if (digests.length !== rows.length) throw members.invalid('rows', 'do not match their digests');
    return {
      rows: rows.map((val, i) => ({ digest: digests[i]!, val })),
      rowDigests: members.texts('row_digests'),
    };
  });
}

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
}

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
  return {
    weaveRef: members.requiredText('weave_ref'),
    feedbackType: members.requiredText('feedback_type'),
    creator: members.text('creator'),
    payload,
    annotationRef: members.text('annotation_ref'),
    runnableRef: members.text('runnable_ref'),
    callRef: members.text('call_ref'),
    triggerRef: members.text('trigger_ref'),
  };
}

/** `call.updated`; an empty name clears the call's display name. */
export function encodeCallUpdated(update: { displayName: string }): Uint8Array {
  return Buffer.from(JSON.stringify({ display_name: update.displayName }));
}

/** @throws AppError `undecodable_event` */
export function readCallUpdatedEvent(event: TraceEvent): { displayName: string } {
  return decoding(event, (members) => ({ displayName: members.requiredText('display_name') }));
}

function decoding<T>(event: TraceEvent, read: (members: JsonMembers) => T): T {
  try {
    return read(JsonMembers.parse(asBuffer(event.payload)));
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    throw new AppError('undecodable_event', `${event.kind}: ${error.message}`, { cause: error });
  }
}
