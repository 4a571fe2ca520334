import { AppError, createDigests } from '@weft/model';
import { sha256, sha256OfAll } from '@weft/runtime';

export const digests = createDigests(sha256, sha256OfAll);

/** Clients that compute digests themselves say what they expect. @throws AppError `digest_mismatch` */
export function assertExpectedDigest(expected: string | null, digest: string): void {
  if (expected === null || expected === digest) return;
  throw new AppError(
    'digest_mismatch',
    `expected digest ${JSON.stringify(expected.slice(0, 80))}, computed ${JSON.stringify(digest)}`,
  );
}
