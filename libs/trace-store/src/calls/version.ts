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
 */
export function partVersion(timeUs: number, complete: boolean, callId: string, bytes: Uint8Array): bigint {
  const low = contentHash(callId, bytes) | (complete ? COMPLETE_BIT : 0n);
  // Never 0, which is the version of a group that is not there.
  return (BigInt(timeUs - MIN_INSTANT_US) << 64n) | (low === 0n ? 1n : low);
}

let last: { readonly callId: string; readonly bytes: Uint8Array; readonly hash: bigint } | undefined;

/** A complete item is asked for twice in a row, for its start and its end: hashing is most of what a version costs. */
function contentHash(callId: string, bytes: Uint8Array): bigint {
  if (last?.bytes !== bytes || last.callId !== callId) {
    const digest = createHash('sha256').update(callId).update('\0').update(bytes).digest();
    last = { callId, bytes, hash: digest.readBigUInt64LE(0) & HASH_MASK };
  }
  return last.hash;
}
