import { AppError } from './errors.ts';
import { asBuffer, JsonMembers } from './json-members.ts';

/**
 * Claims of the claim check: a payload too large for the log and the tables is a blob, and what is left in its place is a
 * head, valid JSON of the same kind with long texts cut (`abridge`), and this claim on the rest.
 */
export interface Claim {
  readonly column: ClaimColumn;
  /** Of the payload's bytes, as a file's. Names the blob within the project. */
  readonly digest: string;
  readonly sizeBytes: number;
  /** The store that has it: `BlobStore.uri`. */
  readonly uri: string;
}

export const CLAIM_COLUMNS = ['attributes', 'inputs', 'output', 'summary', 'otel_dump'] as const;
export type ClaimColumn = (typeof CLAIM_COLUMNS)[number];

const END_COLUMNS: ReadonlySet<ClaimColumn> = new Set(['output', 'summary']);

/** The claims of a call by the group of fields that they belong to; undefined where it has none. */
export function claimsByGroup(claims: readonly Claim[]): {
  readonly start: readonly Claim[] | undefined;
  readonly end: readonly Claim[] | undefined;
} {
  const start = claims.filter(({ column }) => !END_COLUMNS.has(column));
  const end = claims.filter(({ column }) => END_COLUMNS.has(column));
  return { start: start.length > 0 ? start : undefined, end: end.length > 0 ? end : undefined };
}

/** What the `note` of a `call.*` event says of payloads that are not in it; `note` is empty where all are. */
export interface CallClaims {
  readonly claims: readonly Claim[];
  /** Every ref in the whole of claimed inputs; undefined = they are not claimed. */
  readonly inputRefs?: readonly string[] | undefined;
  readonly outputRefs?: readonly string[] | undefined;
}

export function encodeCallClaims({ claims, inputRefs, outputRefs }: CallClaims): string {
  return JSON.stringify({
    claims: claims.map(encodeClaim),
    ...(inputRefs !== undefined && { input_refs: inputRefs }),
    ...(outputRefs !== undefined && { output_refs: outputRefs }),
  });
}

/** @param note of a `call.*` event. @throws AppError `undecodable_event` */
export function readCallClaims(note: string): CallClaims {
  if (note === '') return NO_CLAIMS;
  try {
    const members = JsonMembers.parse(Buffer.from(note));
    const refs = (name: string) => members.texts(name) ?? undefined;
    const claims = (members.texts('claims') ?? []).map(readClaim);
    return { claims, inputRefs: refs('input_refs'), outputRefs: refs('output_refs') };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    throw new AppError('undecodable_event', `note: ${error.message}`, { cause: error });
  }
}

const NO_CLAIMS: CallClaims = { claims: [] };

/** As it is in events and in the column `claimed`: `<column> <bytes> <digest> <uri>`. */
export function encodeClaim({ column, sizeBytes, digest, uri }: Claim): string {
  return `${column} ${sizeBytes} ${digest} ${uri}`;
}

/** @throws AppError `undecodable_event` */
export function readClaim(text: string): Claim {
  const match = CLAIM.exec(text);
  if (match === null) throw new AppError('undecodable_event', `not a claim: ${text.slice(0, 100)}`);
  const [, column, sizeBytes, digest, uri] = match as unknown as [
    string,
    ClaimColumn,
    string,
    string,
    string,
  ];
  return { column, sizeBytes: Number(sizeBytes), digest, uri };
}

const CLAIM = new RegExp(`^(${CLAIM_COLUMNS.join('|')}) (\\d{1,15}) ([0-9A-Za-z]{43}) (\\S+)$`);

/**
 * What a reader gets for a payload that was claimed and is not given whole:
 * `{"_weft": {"claimed": {"column", "size_bytes", "digest"[, "error": "blob_unavailable"]}}, "head": …}`.
 * @param head as it is stored. @param error set when it was wanted whole and could not be had.
 */
export function claimStub(
  { column, sizeBytes, digest }: Claim,
  head: Uint8Array,
  error?: 'blob_unavailable',
): Uint8Array {
  const claimed = JSON.stringify({ column, size_bytes: sizeBytes, digest, error });
  const rest = head.length === 0 ? Buffer.from('null') : asBuffer(head);
  return Buffer.concat([Buffer.from(`{"_weft":{"claimed":${claimed}},"head":`), rest, Buffer.from('}')]);
}
