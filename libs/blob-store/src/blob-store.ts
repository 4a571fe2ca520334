import type { Readable } from 'node:stream';
import { AppError } from '@weft/model';

/**
 * Bytes under a key, in somebody's bucket or on disk. Blobs are written whole or not at all and never changed; who puts
 * under a key what its content says (file-storage) may put it any number of times.
 *
 * Every operation tries again on its own what may be cured by that (throttling, 5xx, resets; exponential, with jitter),
 * within the time that `BlobStoreOptions.timeoutMs` gives, and then rejects with `StorageUnavailable`.
 */
export interface BlobStore {
  /** Where: `s3://bucket`, `gs://bucket`, `az://account/container`, `file:///dir` or `memory://name`. */
  readonly uri: string;
  /**
   * Stores the blob unless the key has one. Durable once it resolves. Above 8 MiB in parts, with flat memory; a
   * checksum goes with the bytes and is verified by the store.
   * @returns whether these bytes were written, or the key had some.
   * @throws StorageUnavailable; `corrupt` when what arrived is not what `sha256` says.
   */
  put(
    key: string,
    source: BlobSource,
    options?: { readonly signal?: AbortSignal },
  ): Promise<'created' | 'exists'>;
  /**
   * @returns undefined when the key has none. The stream fails with `StorageUnavailable` when it breaks off.
   * @throws StorageUnavailable
   */
  get(key: string, options?: GetBlobOptions): Promise<BlobContent | undefined>;
  /** @returns undefined when the key has none. @throws StorageUnavailable */
  head(key: string, options?: { readonly signal?: AbortSignal }): Promise<BlobInfo | undefined>;
  /** Blobs whose keys begin with `prefix`, in pages, in the order of the keys' bytes. @throws StorageUnavailable */
  list(prefix: string, options?: ListBlobsOptions): AsyncIterable<readonly BlobInfo[]>;
  /** Within the store. The copy has a new `modifiedAt`; what was there is replaced. @returns false when `from` has no blob. */
  copy(from: string, to: string): Promise<boolean>;
  /** Those that are not there are no error. @throws StorageUnavailable: some may be gone. */
  delete(keys: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

export interface BlobSource {
  /** Bytes. */
  readonly size: number;
  /** 32 bytes. */
  readonly sha256: Uint8Array;
  /** From the first byte. Called again when the bytes have to be sent again. */
  open(): Readable;
}

export interface GetBlobOptions {
  /** From `start` up to, without, `end`; within the blob. */
  readonly range?: { readonly start: number; readonly end: number };
  readonly signal?: AbortSignal;
}

export interface BlobContent {
  /** Of the whole blob, bytes. */
  readonly size: number;
  /** Of the range, or all of it. Has to be read or destroyed. */
  readonly body: Readable;
}

export interface BlobInfo {
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  /** When it was put, by the store's clock, to the second. */
  readonly modifiedAt: Date;
}

export interface ListBlobsOptions {
  /** Keys after this one. */
  readonly after?: string;
  readonly signal?: AbortSignal;
}

/**
 * Why a store did not do it: `denied` (credentials, permissions), `no_bucket` (no such bucket or container, or an address
 * where there is none), `throttled`, `timeout`, `unreachable` (network, 5xx), `full`, `corrupt` (checksums differ).
 */
export type StorageTrouble =
  'denied' | 'no_bucket' | 'throttled' | 'timeout' | 'unreachable' | 'full' | 'corrupt';

/** To a client 503: it may send the same again. The message names the store and what to do, and holds no secret. */
export class StorageUnavailable extends AppError {
  readonly trouble: StorageTrouble;

  constructor(trouble: StorageTrouble, message: string, options?: { cause?: unknown }) {
    super('storage_unavailable', message, options);
    this.name = 'StorageUnavailable';
    this.trouble = trouble;
  }
}

export interface BlobStoreOptions {
  /** For one operation with all its attempts, without the time a stream takes to be read; default 10 s. */
  readonly timeoutMs?: number;
  /** More for each MiB of a `put`; default 1 s, or none where `timeoutMs` is given. */
  readonly timeoutMsPerMib?: number;
}
