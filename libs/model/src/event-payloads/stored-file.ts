import type { TraceEvent } from '../events.ts';
import { decoding } from './decoding.ts';

/** `file.stored`: a file whose bytes are a blob. */
export interface StoredFileRecord {
  readonly name: string;
  readonly sizeBytes: number;
  /** The store that has it: `BlobStore.uri`. */
  readonly uri: string;
}

export function encodeStoredFile({ name, sizeBytes, uri }: StoredFileRecord): Uint8Array {
  return Buffer.from(JSON.stringify({ name, size_bytes: sizeBytes, uri }));
}

/** @throws AppError `undecodable_event` */
export function readStoredFileEvent(event: TraceEvent): StoredFileRecord {
  return decoding(event, (members) => ({
    name: members.requiredText('name'),
    sizeBytes: members.integer('size_bytes') ?? 0,
    uri: members.requiredText('uri'),
  }));
}
