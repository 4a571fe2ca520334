import { createHash } from 'node:crypto';
import { MIN_INSTANT_US } from '@weft/model';

const COMPLETE_BIT = 1n << 61n;
const HASH_MASK = COMPLETE_BIT - 1n;

/**
 * Version of one group of a call's fields, below 2^118: event time, then whether the item told the whole call, then 61
 * bits of what was sent. It depends on nothing but the event, so every order of arrival has the same winner.
 * @param timeUs the group's event time: `started_at`, `ended_at`, or for a rename the instant it was received.
 * @param complete true for a group out of a complete item: at equal time it wins over a bare start or end.
 * @param callId makes versions of different calls differ: the call's id, for one made of a span with its trace id.
 * @param bytes what was sent, as it was sent.
 * @param note what the event says beside it: of a payload that is a head, what tells it from others with the same head.
 */
export function partVersion(
  timeUs: number,
  complete: boolean,
  callId: string,
  bytes: Uint8Array,
  note = '',
): bigint {
  const low = contentHash(callId, bytes, note) | (complete ? COMPLETE_BIT : 0n);
  // Never 0, which is the version of a group that is not there.
  return (BigInt(timeUs - MIN_INSTANT_US) << 64n) | (low === 0n ? 1n : low);
}

/** Above all versions of parts that were sent as they are. */
const MAPPED_BIT = 1n << 62n;
const MAPPING_BITS = 12n;
const MAPPING_SHIFT = 61n - MAPPING_BITS;
const MAPPED_HASH_MASK = (1n << MAPPING_SHIFT) - 1n;

/**
 * Version of a group of a call that was made of a span: as `partVersion`, but at equal time a newer mapping wins over an older
 * one, and either over rows from before mappings had numbers.
 * @param timeUs of the span itself, which no mapping changes.
 * @param mapping 0 to 4095.
 */
export function spanVersion(timeUs: number, mapping: number, name: string, bytes: Uint8Array): bigint {
  return lowestSpanVersion(timeUs, mapping) | (contentHash(name, bytes, '') & MAPPED_HASH_MASK);
}

/** Below or equal to what `spanVersion` makes for any bytes: whatever is lower loses against the mapping for certain. */
export function lowestSpanVersion(timeUs: number, mapping: number): bigint {
  const low = MAPPED_BIT | COMPLETE_BIT | (BigInt(mapping) << MAPPING_SHIFT);
  return (BigInt(timeUs - MIN_INSTANT_US) << 64n) | low;
}

/** Number of the mapping that made a group of this version; null = from before mappings had numbers, or not of a span. */
export function mappingOf(version: bigint): number | null {
  if ((version & MAPPED_BIT) === 0n) return null;
  return Number((version >> MAPPING_SHIFT) & ((1n << MAPPING_BITS) - 1n));
}

let last:
  | { readonly callId: string; readonly bytes: Uint8Array; readonly note: string; readonly hash: bigint }
  | undefined;

/** A complete item is asked for twice in a row, for its start and its end: hashing is most of what a version costs. */
function contentHash(callId: string, bytes: Uint8Array, note: string): bigint {
  if (last?.bytes !== bytes || last.callId !== callId || last.note !== note) {
    const sha = createHash('sha256').update(callId).update('\0').update(bytes);
    // JSON holds no NUL, ids and notes hold none.
    if (note !== '') sha.update('\0').update(note);
    last = { callId, bytes, note, hash: sha.digest().readBigUInt64LE(0) & HASH_MASK };
  }
  return last.hash;
}
