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
  table(rowDigests: Iterable<string>): string;
  /** Of a piece of a table's order: ours, no client computes it. Digests hold no line break. */
  chunk(rowDigests: readonly string[]): string;
}

/** The digest of a file whose bytes have this hash: 43 characters. */
export function digestOfSha256(hash: Uint8Array): string {
  return Buffer.from(hash).toString('base64url').replaceAll('-', 'X').replaceAll('_', 'Y');
}

/** @param sha256OfAll of texts one after the other: a table of a million rows is 43 MB of them. */
export function createDigests(
  sha256: Sha256,
  sha256OfAll: (texts: Iterable<string>) => Uint8Array = (texts) => sha256([...texts].join('')),
): Digests {
  const bytes = (data: string | Uint8Array): string => digestOfSha256(sha256(data));
  return {
    bytes,
    json: (json) => bytes(canonicalJson(json, internalizeRef)),
    table: (rowDigests) => Buffer.from(sha256OfAll(rowDigests)).toString('hex'),
    chunk: (rowDigests) => bytes(rowDigests.join('\n')),
  };
}
