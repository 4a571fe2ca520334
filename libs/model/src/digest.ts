import { canonicalJson } from './canonical-json.ts';
import { internalizeRef } from './refs.ts';

/** SHA-256 of bytes, or of the UTF-8 form of text: 32 bytes. Handed in, because this package runs in browsers too. */
export type Sha256 = (data: string | Uint8Array) => Uint8Array;

/**
 * W&B's content digests (weave/shared/digest.py, 2026: sorted keys). Clients compute them too and use them before the
 * answer has come, so they must be equal to the last character.
 */
export interface Digests {
  /** Of a file: 43 characters. */
  bytes(data: string | Uint8Array): string;
  /** Of a JSON value (object value, table row), external refs made internal first. @throws AppError `invalid_request` for refs that a request must not hold. */
  json(json: Uint8Array): string;
  /** Of a table: 64 hex digits over the row digests in order. */
  table(rowDigests: readonly string[]): string;
}

export function createDigests(sha256: Sha256): Digests {
  const bytes = (data: string | Uint8Array): string =>
    Buffer.from(sha256(data)).toString('base64url').replaceAll('-', 'X').replaceAll('_', 'Y');
  return {
    bytes,
    json: (json) => bytes(canonicalJson(json, internalizeRef)),
    table: (rowDigests) => Buffer.from(sha256(rowDigests.join(''))).toString('hex'),
  };
}
