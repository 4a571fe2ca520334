import type { CallsFilter } from '../trace-store.ts';

export type Aggregation = 'sum' | 'avg' | 'min' | 'max' | 'count' | 'count_true' | 'count_false';
export type TokenMetric =
  | 'input_tokens'
  | 'output_tokens'
  | 'total_tokens'
  | 'cache_read_input_tokens'
  | 'cache_creation_input_tokens';
export type CallMetric = 'latency_ms' | 'call_count' | 'error_count';

/** A metric and what is wanted of it. */
export interface Metric<M> {
  readonly metric: M;
  readonly aggregations: readonly Aggregation[];
  /** 0 to 100. */
  readonly percentiles: readonly number[];
}

/** Which calls, and into which buckets of time they fall by their start. */
export interface StatsRange {
  readonly projectId: string;
  /** Where it asks for roots, usage also counts calls made of spans: those do not repeat what was used below them. */
  readonly filter: CallsFilter;
  /** Half-open. */
  readonly fromUs: number;
  readonly toUs: number;
  /** Where buckets start, ascending, microseconds; the first is not after `fromUs`, each ends where the next starts. */
  readonly bucketStartsUs: readonly number[];
}

export interface CallStatsRow {
  readonly bucketStartUs: number;
  /** Calls, of a model those that used it. */
  readonly count: number;
  /** Per metric: its aggregations, then its percentiles; null = there is nothing to tell. */
  readonly values: readonly (readonly (number | null)[])[];
}

export interface UsageStatsRow extends CallStatsRow {
  readonly model: string;
}

/** Tokens of one model that have one price. */
export interface TokenSums {
  readonly bucketStartUs: number;
  readonly model: string;
  /** The last of the given changes before the calls; 0 = none. */
  readonly sinceUs: number;
  /** Calls that used it. */
  readonly count: number;
  /** Tokens sent that have to do with no cache. */
  readonly uncached: number;
  readonly completion: number;
  readonly cacheRead: number;
  readonly cacheCreation: number;
}

/** Buckets, or models, without calls are left out. */
export interface StatsReads {
  callStats(range: StatsRange, metrics: readonly Metric<CallMetric>[]): Promise<CallStatsRow[]>;
  /** By bucket and model. At most `limit` rows. */
  usageStats(
    range: StatsRange,
    metrics: readonly Metric<TokenMetric>[],
    limit: number,
  ): Promise<UsageStatsRow[]>;
  /** By bucket, model and what came last of `changesUs` (ascending): that decides on their price. At most `limit` rows. */
  tokenSums(range: StatsRange, changesUs: readonly number[], limit: number): Promise<TokenSums[]>;
}
