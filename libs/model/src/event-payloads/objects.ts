import { findRefs } from '../call-item.ts';
import { AppError } from '../errors.ts';
import type { TraceEvent } from '../events.ts';
import { appendMembers } from '../json-members.ts';
import { decoding } from './decoding.ts';

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

/** @throws AppError `undecodable_event` */
export function splitObjectEventId(id: string): { objectId: string; digest: string } {
  const colon = id.lastIndexOf(':');
  if (colon <= 0) throw new AppError('undecodable_event', 'id must be <object_id>:<digest>');
  return { objectId: id.slice(0, colon), digest: id.slice(colon + 1) };
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
    const kind = members.requiredText('kind');
    if (kind !== 'op' && kind !== 'object') throw members.invalid('kind', 'is wrong');
    const val = members.raw('val') ?? new Uint8Array();
    return {
      ...splitObjectEventId(event.id),
      kind,
      baseObjectClass: members.text('base_object_class'),
      leafObjectClass: members.text('leaf_object_class'),
      val,
      refs: findRefs(val),
    };
  });
}
