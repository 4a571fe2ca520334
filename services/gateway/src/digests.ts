import { createHash } from 'node:crypto';
import { AppError, createDigests } from '@weft/model';

export const digests = createDigests((data) => createHash('sha256').update(data).digest());

/** Clients that compute digests themselves say what they expect. @throws AppError `digest_mismatch` */
export function assertExpectedDigest(expected: string | null, digest: string): void {
  if (expected === null || expected === digest) return;
  throw new AppError(
    'digest_mismatch',
    `expected digest ${JSON.stringify(expected.slice(0, 80))}, computed ${JSON.stringify(digest)}`,
  );
}
