import type { ChangeReads } from './calls/changes.ts';
import type { FacetReads } from './calls/facets.ts';
import type { CallPart } from '@weft/model';
import type { Expr, Field } from '@weft/query-language';
import type { OpenClaim } from './claimed.ts';
import type { AgentReads } from './agents/types.ts';
import type { FinishedCall } from './calls/finished.ts';
import type { FileReads } from './objects/files.ts';
import type { ProgressWrite, QueueItemWrite, QueueReads, QueueWrite } from './annotation-queues/types.ts';
import type { BreakdownReads } from './breakdown/types.ts';
import type { StatsReads } from './calls/stats-types.ts';
import type { CostReads, PricePurge, StoredPrice } from './costs/types.ts';
import type { ProjectReads } from './project-stats.ts';
import type { SeriesReads } from './series/types.ts';
import type { ThreadReads } from './threads/types.ts';
import type { TraceReads } from './calls/trace.ts';
import type { SpanReads } from './spans/types.ts';
import type { StorageReads } from './storage/types.ts';
import type { FeedbackPurge, FeedbackReads, FeedbackWrite } from './feedback/types.ts';
import type { AliasWrite, ObjectReads, TagWrite } from './objects/types.ts';
import type { TableChunkWrite, TableReads, TableRowWrite, TableWrite } from './tables/types.ts';

/**
 * The store's two faces: `query` cannot write and `writer` cannot read more than folding needs. Both speak to one
 * ClickHouse through one client code path; embedded only means that we started the server ourselves.
 */
export interface TraceWriter {
  /**
   * Makes everything in the batch durable and readable, then resolves. Idempotent: repeating a batch, cutting it
   * differently or mixing its order changes nothing that is read. Calls are folded with what is known of them.
   * @param guard asked right before each statement that writes; without one, nobody else may write these calls.
   * @param tally added to once everything is stored.
   * @returns rows that can never be stored (bisected out), with the reason; their neighbours are stored.
   * @throws AppError `store_unavailable` (retryable): nothing is promised about the batch.
   */
  write(batch: WriteBatch, guard?: WriteGuard, tally?: WriteTally): Promise<RejectedRow[]>;
  /**
   * Forget what was remembered of calls. Due whenever this writer takes over calls (a partition is assigned to it): a call
   * has one writer at a time, and that one takes what it has not written itself, and what began lately, for new.
   */
  forget(): void;
  close(): Promise<void>;
}

/** Tells whether the batch is still this writer's to write (ADR 003). */
export interface WriteGuard {
  /**
   * False once another writer may have taken the batch over, for good: then nothing more is sent, what is remembered is
   * forgotten and the write is rejected with `store_unavailable`.
   */
  isHeld(): boolean;
}

/** What writes did. */
export interface WriteTally {
  /** Rows written for calls: one for each call that has grown. */
  callRows: number;
  /** Rows that these replace under another key, so that they had to be marked. */
  supersededRows: number;
  /** Places in `batch.calls` of parts that say nothing that was not stored. */
  readonly unchangedCalls: number[];
  /** The calls of the batch that are whole now, new or not, each once. Undefined: nobody asks for them. */
  readonly finishedCalls: FinishedCall[] | undefined;
}

/** @param withFinished whether finished calls are gathered too. */
export function newTally({ withFinished = false } = {}): WriteTally {
  return {
    callRows: 0,
    supersededRows: 0,
    unchangedCalls: [],
    finishedCalls: withFinished ? [] : undefined,
  };
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
  readonly tableChunks: readonly TableChunkWrite[];
  readonly tableRows: readonly TableRowWrite[];
  readonly files: readonly FileWrite[];
  readonly feedback: readonly FeedbackWrite[];
  readonly feedbackPurges: readonly FeedbackPurge[];
  readonly queues: readonly QueueWrite[];
  readonly queueItems: readonly QueueItemWrite[];
  readonly queueProgress: readonly ProgressWrite[];
  readonly tags: readonly TagWrite[];
  readonly aliases: readonly AliasWrite[];
  readonly prices: readonly StoredPrice[];
  readonly pricePurges: readonly PricePurge[];
}

/** A batch that is being filled. */
export type WriteRows = { -readonly [K in keyof WriteBatch]: WriteBatch[K][number][] };

export function emptyBatch(): WriteRows {
  return {
    calls: [],
    deletedCalls: [],
    objects: [],
    tables: [],
    tableChunks: [],
    tableRows: [],
    files: [],
    feedback: [],
    feedbackPurges: [],
    queues: [],
    queueItems: [],
    queueProgress: [],
    tags: [],
    aliases: [],
    prices: [],
    pricePurges: [],
  };
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

export type FileWrite = {
  readonly projectId: string;
  readonly digest: string;
  readonly name: string;
  readonly createdAtUs: number;
} & (
  | { readonly bytes: Uint8Array; readonly blob?: undefined }
  /** Where its bytes are, and how many. */
  | { readonly bytes?: undefined; readonly blob: { readonly uri: string; readonly sizeBytes: number } }
);

/** One call as it is read: both groups merged, payload bytes as they were sent. */
export interface StoredCall {
  readonly projectId: string;
  /** Calls made of spans are told apart by `traceId` and `id`, others by `id`. */
  readonly id: string;
  /** Made of an OTLP span. */
  readonly isSpan: boolean;
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
  /** Log records of the span, as `SpanLog.bytes`, in no order that means anything. */
  readonly otelLogs: readonly Uint8Array[];
  /**
   * On payloads that the query asked for and that are heads here: those above `wholeUpTo`, and those that could not be had
   * (`error`).
   */
  readonly claims: readonly OpenClaim[];
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

/** A path that `callFields` knows; others are given as its fields. */
export type CallSortField = string;

export interface CallsQuery {
  readonly projectId: string;
  readonly filter: CallsFilter;
  /** Calls for which it holds, of `callFields`. */
  readonly condition?: Expr;
  /** Default (empty) = started_at ascending. A tie-break on id, then on a span's trace, is appended. */
  readonly sort: readonly { readonly field: CallSortField | Field; readonly direction: 'asc' | 'desc' }[];
  readonly limit?: number;
  readonly offset?: number;
  /** Which payloads to read; others come back empty. */
  readonly payloads: readonly CallPayload[];
  /** Payloads that are blobs of more bytes are given as their heads. Default: all are given whole. */
  readonly wholeUpTo?: number | undefined;
  readonly storageSize?: boolean;
  readonly totalStorageSize?: boolean;
}

export interface TraceReader
  extends
    ObjectReads,
    TableReads,
    FeedbackReads,
    QueueReads,
    CostReads,
    StatsReads,
    BreakdownReads,
    ThreadReads,
    AgentReads,
    SpanReads,
    SeriesReads,
    StorageReads,
    FileReads,
    FacetReads,
    ChangeReads,
    TraceReads,
    ProjectReads {
  /**
   * Rows in order, streamed with flat memory: a call with payloads that are blobs comes as a page of its own, and up to 64 MiB
   * of those behind it are held. A consumer that stops early, or `signal`, cancels the query.
   * @throws AppError `query_timeout`, `store_unavailable` before the first row; after `signal` aborted, anything.
   */
  streamCalls(query: CallsQuery, signal?: AbortSignal): AsyncIterable<readonly StoredCall[]>;
  countCalls(
    query: Pick<CallsQuery, 'projectId' | 'filter' | 'condition' | 'limit'> & {
      readonly totalStorageSize?: boolean;
    },
    signal?: AbortSignal,
  ): Promise<{ count: number; totalStorageSizeBytes: number | null }>;
  /**
   * The given calls and everything below them in their traces (of spans that share an id: in all of them), without a cap,
   * each once. Only ids that exist. 40 bytes of memory for each call of the traces.
   */
  descendants(
    projectId: string,
    ids: readonly string[],
    signal?: AbortSignal,
  ): AsyncIterable<readonly string[]>;
  /** Resolves when the store answers. @throws AppError `store_unavailable` */
  ping(): Promise<void>;
  close(): Promise<void>;
}
