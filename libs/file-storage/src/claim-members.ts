import { abridge, asBuffer, findRefs, type Claim, type ClaimColumn } from '@weft/model';

/** Refs that a claim carries: readers look calls up by them. */
const MAX_REFS = 10_000;
const MAX_REF_BYTES = 256 * 1024;
const MAX_HEAD_BYTES = 32 * 1024;

export interface Member {
  readonly column: ClaimColumn;
  /** JSON. */
  readonly bytes: Uint8Array;
}

export interface ClaimedMember extends Member {
  readonly claim: Claim;
  readonly head: Uint8Array;
}

/** Makes the bytes durable. */
export type PutPayload = (bytes: Uint8Array) => Promise<{ readonly digest: string; readonly uri: string }>;

/** A share of what may stay, so that the heads of all members fit. */
export function headBytes(claimBytes: number): number {
  return Math.min(MAX_HEAD_BYTES, Math.floor(claimBytes / 8));
}

/**
 * Those to claim: all above `claimBytes`, then the largest until what stays is not above it either.
 * @param sizeBytes of all that they are part of.
 */
export function chooseMembers(members: readonly Member[], sizeBytes: number, claimBytes: number): Member[] {
  const head = headBytes(claimBytes);
  const chosen: Member[] = [];
  let rest = sizeBytes;
  for (const member of [...members].sort((a, b) => b.bytes.length - a.bytes.length)) {
    const { length } = member.bytes;
    if (length <= head || (length <= claimBytes && rest <= claimBytes)) break;
    chosen.push(member);
    rest -= length - head;
  }
  return chosen;
}

/** @throws what `put` throws. */
export function claimMembers(
  members: readonly Member[],
  claimBytes: number,
  put: PutPayload,
): Promise<ClaimedMember[]> {
  return Promise.all(
    members.map(async ({ column, bytes }) => {
      const { digest, uri } = await put(bytes);
      const claim = { column, digest, uri, sizeBytes: bytes.length };
      return { column, bytes, claim, head: abridge(bytes, headBytes(claimBytes)) };
    }),
  );
}

/** Refs of a whole member, as many as a note may hold. */
export function claimedRefs(bytes: Uint8Array): string[] {
  const refs: string[] = [];
  let left = MAX_REF_BYTES;
  for (const ref of findRefs(asBuffer(bytes), MAX_REFS)) {
    left -= Buffer.byteLength(ref);
    if (left < 0) break;
    refs.push(ref);
  }
  return refs;
}
