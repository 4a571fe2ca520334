import type { StatsRange, TokenSums } from '../calls/stats-types.ts';

/** What calls are told apart by: the model they used, the name of their op whatever its version, who made them, their thread. */
export type BreakdownDimension = 'model' | 'op' | 'user' | 'thread';

export interface BreakdownQuery {
  /** As in `StatsReads`: where it asks for roots, usage also counts calls made of spans. */
  readonly range: StatsRange;
  /** Empty: nothing is told apart. A call that used several models is in the group of each. */
  readonly by: readonly BreakdownDimension[];
}

export interface BreakdownGroup {
  /** Stands for the key in what is asked next. */
  readonly id: string;
  /** One value for each dimension; empty = the call has none. */
  readonly key: readonly string[];
}

interface OfGroup {
  /** Place of the group among those that were named; -1 = any other. */
  readonly group: number;
  /** Null: of the whole range. */
  readonly bucketStartUs: number | null;
}

export interface BreakdownCalls extends OfGroup {
  readonly calls: number;
  readonly errors: number;
  /** Of calls that have ended; null = there are none. */
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
}

/** Tokens of one model that have one price. */
export interface BreakdownTokens extends Omit<TokenSums, 'bucketStartUs'> {
  readonly group: number;
  readonly bucketStartUs: number;
  readonly input: number;
  readonly output: number;
  readonly total: number;
}

export interface BreakdownReads {
  /** Groups with the most of something, the first first; those that have none of it are left out. */
  topGroups(
    query: BreakdownQuery,
    order: 'calls' | 'errors' | 'latency' | 'tokens',
    limit: number,
    signal?: AbortSignal,
  ): Promise<BreakdownGroup[]>;
  /** Of the named groups, and of all others together. @param withBuckets also by buckets of time. */
  breakdownCalls(
    query: BreakdownQuery,
    groups: readonly BreakdownGroup[],
    withBuckets: boolean,
    signal?: AbortSignal,
  ): Promise<BreakdownCalls[]>;
  /** By bucket, group, model, and what came last of `changesUs` (ascending): that decides on the price. At most `limit` rows. */
  breakdownTokens(
    query: BreakdownQuery,
    groups: readonly BreakdownGroup[],
    changesUs: readonly number[],
    limit: number,
    signal?: AbortSignal,
  ): Promise<BreakdownTokens[]>;
}
