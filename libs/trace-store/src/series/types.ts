import type { CallPayload } from '../trace-store.ts';

/** Values of calls or of scores over a span of time: what alerts look at. */
export interface SeriesQuery {
  readonly projectId: string;
  /** Half-open. Calls by their end (those that took longer than a day are not seen), scores by when they were given. */
  readonly fromUs: number;
  readonly toUs: number;
  /** Only so many, the newest. */
  readonly newest: number;
  readonly of: CallSeries | ScoreSeries;
  /** A value to count: texts as they are, all else as JSON writes it. */
  readonly match?: string;
}

export interface CallSeries {
  readonly kind: 'calls';
  /** As in `CallsFilter`; empty = every op, but no calls that scorers made. */
  readonly opNames: readonly string[];
  /** Only calls that are made of spans. */
  readonly spansOnly: boolean;
  /** `is_error`: 1 or 0. A path leads into a payload: names of members. */
  readonly value:
    | 'latency_ms'
    | 'input_tokens'
    | 'output_tokens'
    | 'tokens'
    | 'is_error'
    | 'status'
    | { readonly payload: CallPayload; readonly path: readonly string[] };
}

export interface ScoreSeries {
  readonly kind: 'scores';
  /** Monitor and scorer: a ref, or one that ends in `:*` for all versions. */
  readonly triggerRef?: string;
  readonly runnableRef?: string;
  /** Into the feedback's payload. */
  readonly path: readonly string[];
}

/** Numbers are null where no value is one; true and false count as 1 and 0. */
export interface SeriesSummary {
  /** Calls or scores that have any value there. */
  readonly count: number;
  /** Those with a number. */
  readonly numbers: number;
  /** Numbers that are not 0. */
  readonly nonZero: number;
  /** Values equal to `match`; 0 without one. */
  readonly matched: number;
  /** End or time of the newest value, microseconds; 0 = there is none. */
  readonly newestUs: number;
  readonly mean: number | null;
  readonly median: number | null;
  readonly min: number | null;
  readonly max: number | null;
  /** The most frequent number; of several the smallest. */
  readonly mode: number | null;
}

export interface SeriesReads {
  summariseSeries(query: SeriesQuery, signal?: AbortSignal): Promise<SeriesSummary>;
}
