import type { CallPart } from '@weft/model';

/**
 * The store's two faces: `query` cannot write and `writer` cannot read more than folding needs. Both speak to one
 * ClickHouse through one client code path; embedded only means that we started the server ourselves.
 */
export interface TraceWriter {
  /**
   * Makes everything in the batch durable and readable, then resolves. Idempotent: repeating a batch, cutting it
   * differently or mixing its order changes nothing that is read. Calls are folded with what is known of them.
   * @returns rows that can never be stored (bisected out), with the reason; their neighbours are stored.
   * @throws AppError `store_unavailable` (retryable): nothing is promised about the batch.
   */
  write(batch: WriteBatch): Promise<RejectedRow[]>;
  /**
   * Forget what was remembered of calls. Due whenever this writer takes over calls (a partition is assigned to it): a call
   * has one writer at a time, and that one takes what it has not written itself, and what began lately, for new.
   */
  forget(): void;
  close(): Promise<void>;
}

export interface WriteBatch {
  readonly calls: readonly CallPart[];
  /** By id only: spans of several traces that share it are deleted together. */
  readonly deletedCalls: readonly {
    readonly projectId: string;
    readonly id: string;
    readonly deletedAtUs: number;
  }[];
  readonly objects: readonly ObjectWrite[];
  readonly tables: readonly TableWrite[];
  readonly tableRows: readonly TableRowWrite[];
  readonly files: readonly FileWrite[];
  readonly feedback: readonly FeedbackWrite[];
}

/** A batch that is being filled. */
export type WriteRows = { -readonly [K in keyof WriteBatch]: WriteBatch[K][number][] };

export function emptyBatch(): WriteRows {
  return { calls: [], deletedCalls: [], objects: [], tables: [], tableRows: [], files: [], feedback: [] };
}

/** Points at the item of the batch: `batch[table][index]`. */
export interface RejectedRow {
  readonly table: keyof WriteBatch;
  readonly index: number;
  readonly reason: string;
}

export interface ObjectWrite {
  readonly projectId: string;
  readonly objectId: string;
  readonly digest: string;
  readonly kind: 'op' | 'object';
  readonly baseObjectClass: string | null;
  readonly leafObjectClass: string | null;
  /** JSON value. */
  readonly val: Uint8Array;
  readonly refs: readonly string[];
  readonly userId: string;
  /** When it was published; publishing again is another instant of the same version. */
  readonly createdAtUs: number;
  /** Set by `object.deleted`; then `val` is empty. */
  readonly deletedAtUs: number | null;
}

export interface TableWrite {
  readonly projectId: string;
  readonly digest: string;
  readonly rowDigests: readonly string[];
  readonly createdAtUs: number;
}

export interface TableRowWrite {
  readonly projectId: string;
  readonly digest: string;
  /** JSON object. */
  readonly val: Uint8Array;
  readonly createdAtUs: number;
}

export interface FileWrite {
  readonly projectId: string;
  readonly digest: string;
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly createdAtUs: number;
}

export interface FeedbackWrite {
  readonly projectId: string;
  readonly id: string;
  readonly weaveRef: string;
  readonly feedbackType: string;
  readonly userId: string;
  readonly creator: string | null;
  readonly createdAtUs: number;
  /** JSON object. */
  readonly payload: Uint8Array;
  readonly annotationRef: string | null;
  readonly runnableRef: string | null;
  readonly callRef: string | null;
  readonly triggerRef: string | null;
}

/** One call as it is read: both groups merged, payload bytes as they were sent. */
export interface StoredCall {
  readonly projectId: string;
  /** Calls made of spans are told apart by `traceId` and `id`, others by `id`. */
  readonly id: string;
  readonly traceId: string;
  readonly parentId: string | null;
  readonly threadId: string | null;
  readonly turnId: string | null;
  readonly opName: string;
  /** The rename if there is one, else the start's own name. */
  readonly displayName: string | null;
  readonly startedAtUs: number;
  /** Null while it runs. */
  readonly endedAtUs: number | null;
  /** Null = no error; the text of an error may be empty. */
  readonly exception: string | null;
  readonly userId: string | null;
  readonly runId: string | null;
  readonly runStep: number | null;
  readonly runStepEnd: number | null;
  /** Empty (length 0) where the query did not ask for them. */
  readonly attributes: Uint8Array;
  readonly inputs: Uint8Array;
  readonly output: Uint8Array;
  readonly summary: Uint8Array;
  readonly otelDump: Uint8Array;
  /** Bytes of attributes, inputs, output and summary; only when asked for. */
  readonly storageSizeBytes: number | null;
  /** Sum over the trace, on roots only; only when asked for. */
  readonly totalStorageSizeBytes: number | null;
}

export type CallPayload = 'attributes' | 'inputs' | 'output' | 'summary';
export type CallStatus = 'success' | 'error' | 'running' | 'descendant_error';

/** `CallsFilter` of the wire, checked: fields are AND-ed, values of a list OR-ed (weave-api §3, weave-internals §4.1). */
export interface CallsFilter {
  readonly opNames?: readonly string[];
  readonly inputRefs?: readonly string[];
  readonly outputRefs?: readonly string[];
  readonly parentIds?: readonly string[];
  readonly traceIds?: readonly string[];
  readonly callIds?: readonly string[];
  readonly threadIds?: readonly string[];
  readonly turnIds?: readonly string[];
  readonly traceRootsOnly?: boolean;
  readonly userIds?: readonly string[];
  readonly runIds?: readonly string[];
}

export const CALL_SORT_FIELDS = [
  'id',
  'trace_id',
  'parent_id',
  'thread_id',
  'turn_id',
  'op_name',
  'display_name',
  'started_at',
  'ended_at',
  'exception',
  'wb_user_id',
  'wb_run_id',
  'wb_run_step',
  'wb_run_step_end',
  'summary.weave.status',
  'summary.weave.latency_ms',
  'summary.weave.trace_name',
] as const;
export type CallSortField = (typeof CALL_SORT_FIELDS)[number];

export interface CallsQuery {
  readonly projectId: string;
  readonly filter: CallsFilter;
  /** Default (empty) = started_at ascending. A tie-break on id, then on a span's trace, is appended. */
  readonly sort: readonly { readonly field: CallSortField; readonly direction: 'asc' | 'desc' }[];
  readonly limit?: number;
  readonly offset?: number;
  /** Which payloads to read; others come back empty. */
  readonly payloads: readonly CallPayload[];
  readonly storageSize?: boolean;
  readonly totalStorageSize?: boolean;
}

export interface StoredObject {
  readonly projectId: string;
  readonly objectId: string;
  readonly digest: string;
  readonly kind: 'op' | 'object';
  readonly baseObjectClass: string | null;
  readonly leafObjectClass: string | null;
  /** JSON value; empty when deleted or only metadata was asked for. */
  readonly val: Uint8Array;
  readonly userId: string | null;
  readonly createdAtUs: number;
  /** Non-null = this version is deleted. */
  readonly deletedAtUs: number | null;
  readonly versionIndex: number;
  readonly isLatest: boolean;
  readonly sizeBytes: number;
}

export interface TraceReader {
  /**
   * Rows in order, streamed with flat memory. A consumer that stops early, or `signal`, cancels the query.
   * @throws AppError `query_timeout`, `store_unavailable` before the first row; after `signal` aborted, anything.
   */
  streamCalls(query: CallsQuery, signal?: AbortSignal): AsyncIterable<readonly StoredCall[]>;
  countCalls(
    query: Pick<CallsQuery, 'projectId' | 'filter' | 'limit'> & { readonly totalStorageSize?: boolean },
  ): Promise<{ count: number; totalStorageSizeBytes: number | null }>;
  /** The given calls and everything below them in their traces (of spans that share an id: in all of them), without a cap. Only ids that exist. */
  descendants(projectId: string, ids: readonly string[]): Promise<string[]>;
  /** `digest`: a digest, `latest` or `vN`. Null = never existed; a deleted version comes back with `deletedAtUs`. */
  readObject(
    projectId: string,
    objectId: string,
    digest: string,
    options?: { metadataOnly?: boolean },
  ): Promise<StoredObject | null>;
  /** Rows of a table in table order, duplicates kept; empty for an unknown digest. */
  queryTable(
    projectId: string,
    digest: string,
    options?: { rowDigests?: readonly string[]; limit?: number; offset?: number },
  ): Promise<{ digest: string; val: Uint8Array; originalIndex: number }[]>;
  tableLength(projectId: string, digest: string): Promise<number | null>;
  readFile(projectId: string, digest: string): Promise<{ name: string; bytes: Uint8Array } | null>;
  feedbackOf(projectId: string, weaveRefs: readonly string[]): Promise<FeedbackWrite[]>;
  /** Resolves when the store answers. @throws AppError `store_unavailable` */
  ping(): Promise<void>;
  close(): Promise<void>;
}
