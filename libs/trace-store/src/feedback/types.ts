import type { FeedbackRecord } from '@weft/model';
import type { Expr, Field } from '@weft/query-language';

export interface FeedbackWrite extends FeedbackRecord {
  readonly projectId: string;
  readonly id: string;
  readonly userId: string;
  readonly createdAtUs: number;
}

/** Of an id, not of a row: feedback that comes later under it is gone too. */
export interface FeedbackPurge {
  readonly projectId: string;
  readonly id: string;
  readonly purgedAtUs: number;
}

export interface FeedbackQuery {
  readonly projectId: string;
  /** Fields as `feedbackField` knows them. */
  readonly where?: Expr;
  /** Default: when it was given; that and the id break ties. */
  readonly sort?: readonly { readonly field: Field; readonly direction: 'asc' | 'desc' }[];
  readonly limit?: number;
  readonly offset?: number;
  /** False leaves payloads empty, which are most of the bytes. Default true. */
  readonly payloads?: boolean;
}

/** Feedback given in [startUs, endUs). */
export interface FeedbackRange {
  readonly projectId: string;
  readonly startUs: number;
  readonly endUs: number;
  readonly feedbackType?: string;
  /** A ref, or one that ends in `:*` for all versions. */
  readonly triggerRef?: string;
}

export type FeedbackValueType = 'numeric' | 'boolean' | 'categorical';
export type FeedbackAggregation = 'sum' | 'avg' | 'min' | 'max' | 'count' | 'count_true' | 'count_false';

/** A value in payloads and what is wanted of it. */
export interface FeedbackMetric {
  /** Names of members, outermost first. */
  readonly path: readonly string[];
  readonly valueType: FeedbackValueType;
  readonly aggregations: readonly FeedbackAggregation[];
  /** From 0 to 100. */
  readonly percentiles: readonly number[];
}

export interface FeedbackStats {
  /** Unix seconds, a multiple of the bucket's length; null = the whole range. */
  readonly startS: number | null;
  readonly count: number;
  /** By metric: its aggregations, then its percentiles; null = no value. */
  readonly values: readonly (readonly (number | null)[])[];
}

export type FeedbackDimension = 'scorer_id' | 'span_agent_name' | 'span_agent_version' | 'span_status_code';

export interface FeedbackAggregateQuery extends Pick<FeedbackRange, 'projectId' | 'startUs' | 'endUs'> {
  readonly bucketSeconds?: number;
  readonly groupBy: readonly FeedbackDimension[];
  /** Beginnings of types. */
  readonly typePrefixes: readonly string[];
  readonly tags: readonly string[];
  readonly ratingMin?: number;
  readonly ratingMax?: number;
  /** Names of objects, exact or ending in `*`. */
  readonly monitorIds: readonly string[];
  readonly scorerIds: readonly string[];
  readonly agentNames: readonly string[];
  /** Kinds of refs: `agent_turn`, `agent_conversation`. */
  readonly targetKinds: readonly string[];
}

export interface FeedbackAggregate {
  readonly bucketStartMs: number | null;
  /** As `groupBy`. */
  readonly group: readonly string[];
  readonly count: number;
  readonly scoredCount: number;
  readonly tagCounts: ReadonlyMap<string, number>;
  readonly ratingCounts: ReadonlyMap<string, number>;
  readonly ratingSums: ReadonlyMap<string, number>;
}

/** None of these sees feedback that was purged. */
export interface FeedbackReads {
  feedbackOf(projectId: string, weaveRefs: readonly string[]): Promise<FeedbackWrite[]>;
  /** Rows in order, with flat memory. */
  streamFeedback(query: FeedbackQuery, signal?: AbortSignal): AsyncIterable<readonly FeedbackWrite[]>;
  countFeedback(query: Pick<FeedbackQuery, 'projectId' | 'where'>): Promise<number>;
  /** By buckets of the given length, those without feedback left out; without one, one row for the whole range. */
  feedbackStats(
    range: FeedbackRange,
    metrics: readonly FeedbackMetric[],
    bucketSeconds?: number,
  ): Promise<FeedbackStats[]>;
  /** The newest payload of each of up to `limit` triggers. */
  feedbackSamples(
    range: FeedbackRange,
    limit: number,
    signal?: AbortSignal,
  ): AsyncIterable<readonly Uint8Array[]>;
  /** Groups without feedback are left out. At most `limit`. */
  aggregateFeedback(query: FeedbackAggregateQuery, limit: number): Promise<FeedbackAggregate[]>;
}
