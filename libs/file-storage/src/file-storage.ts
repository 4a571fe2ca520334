import type { Readable } from 'node:stream';
import type { BlobSource, BlobStore } from '@weft/blob-store';
import type { CallPart, Claim, TraceEvent } from '@weft/model';

/**
 * Files and large payloads of projects, as blobs: which projects' (ramp, allow list), under which keys, checked against
 * their digests when they are read. The key is always `weave/projects/<internal project id>/<kind>/<digest>`; what was
 * found to be garbage waits below `weave/trash/` and is still read from there.
 */
export interface FileStorage {
  /** Where new blobs go: `BlobStore.uri`. Undefined: files and large payloads ride the log and are kept in ClickHouse. */
  readonly uri: string | undefined;
  /** Payloads above this are claimed, bytes. */
  readonly claimBytes: number;
  /** Files up to this ride the log although the blob store takes the project's: fewer small files on disk. 0 = none. */
  readonly smallFileBytes: number;
  /** Where blobs are, for what looks after all of them (gc/); undefined as `uri`. Closed by `close` only. */
  store(): BlobStore | undefined;
  /** Whether what the project writes now goes to the blob store; other projects' files ride the log. */
  takes(projectId: string): boolean;
  /** Durable once it resolves. @returns `BlobStore.uri` of where it is. @throws StorageUnavailable */
  putFile(projectId: string, file: BlobSource & { readonly digest: string }): Promise<string>;
  /**
   * @param file as its `file.stored` says.
   * @returns undefined when the blob is not there. A whole file's stream fails when the bytes are not what the digest says.
   * @throws StorageUnavailable
   */
  openFile(
    projectId: string,
    file: { readonly digest: string; readonly sizeBytes: number; readonly uri: string },
    options?: {
      readonly range?: { readonly start: number; readonly end: number };
      readonly signal?: AbortSignal;
    },
  ): Promise<Readable | undefined>;
  /**
   * The events as they may go to the log: payloads above `claimBytes` of projects that the blob store takes are put there
   * first. Of calls members are claimed one by one and a head is left; other events become `event.claimed`.
   * @throws StorageUnavailable: nothing may be appended.
   */
  claim(events: readonly TraceEvent[]): Promise<readonly TraceEvent[]>;
  /** Members of the part above `claimBytes` put and replaced by their heads: for calls made of spans. @throws StorageUnavailable */
  claimPart(part: CallPart): Promise<CallPart>;
  /** The event that an `event.claimed` stands for. @throws StorageUnavailable; AppError `undecodable_event` when its blob is not there. */
  redeem(event: TraceEvent): Promise<TraceEvent>;
  /** The whole payload; undefined when the blob is not there. @throws StorageUnavailable; `corrupt` when it is not what the digest says. */
  load(projectId: string, claim: Claim, signal?: AbortSignal): Promise<Uint8Array | undefined>;
  close(): Promise<void>;
}
