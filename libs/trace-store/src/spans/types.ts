import type { CallIdentity } from '../calls/row.ts';
import type { CallState } from '../calls/fold.ts';

/** Place of a stored span among the project's. */
export interface SpanKey {
  readonly startedAtUs: number;
  readonly id: string;
  readonly spanTraceId: string;
}

export interface SpansQuery {
  readonly projectId: string;
  /** By the call's start, half-open. */
  readonly fromUs: number;
  readonly toUs?: number | undefined;
  /** Only spans behind this one. */
  readonly after?: SpanKey | undefined;
  readonly limit: number;
}

/** A call made of a span, as its parts told it: nothing of it comes from log records. */
export interface SpanRow extends CallIdentity {
  readonly state: CallState;
}

/** Spans, and of how many of them the mapping found what. */
export interface SpanCounts {
  readonly spans: number;
  readonly withInput: number;
  readonly withOutput: number;
  readonly withUsage: number;
  readonly withModel: number;
}

/** Spans of one version of an instrumentation scope. */
export interface ScopeCoverage {
  readonly scope: string;
  readonly version: string;
  readonly all: SpanCounts;
  /** Those that are calls of a language model. */
  readonly llm: SpanCounts;
  readonly lastSeenUs: number;
}

/** By the call's start, half-open. */
export interface CoverageRange {
  readonly projectId: string;
  readonly fromUs?: number | undefined;
  readonly toUs?: number | undefined;
}

export interface SpanReads {
  /**
   * Calls that are made of spans, in the order of their keys; superseded and deleted ones are left out. Fewer than `limit` in
   * all: there are no more. Payloads are whole; the groups say of which that could not be had (`claims`).
   */
  streamSpans(query: SpansQuery, signal?: AbortSignal): AsyncIterable<readonly SpanRow[]>;
  /** By instrumentation scope, those with most spans first. @param limit most scopes. */
  spanCoverage(range: CoverageRange, limit: number, signal?: AbortSignal): Promise<ScopeCoverage[]>;
}
