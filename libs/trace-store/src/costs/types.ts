import type { PriceRecord } from '@weft/model';
import type { Expr, Field } from '@weft/query-language';

/** A price that a project has set. */
export interface StoredPrice extends PriceRecord {
  readonly projectId: string;
  readonly id: string;
  readonly createdAtUs: number;
  /** Empty = unknown. */
  readonly createdBy: string;
}

/** Of an id, not of a row: a price that comes later under it is gone too. */
export interface PricePurge {
  readonly projectId: string;
  readonly id: string;
  readonly purgedAtUs: number;
}

export interface PriceQuery {
  readonly projectId: string;
  /** Fields as `priceField` knows them. */
  readonly where?: Expr;
  /** Default: when it was set; that and the id break ties. */
  readonly sort?: readonly { readonly field: Field; readonly direction: 'asc' | 'desc' }[];
  readonly limit?: number;
  readonly offset?: number;
}

/** None of these sees a price that was purged. */
export interface CostReads {
  /** Rows in order, with flat memory. */
  streamPrices(query: PriceQuery, signal?: AbortSignal): AsyncIterable<readonly StoredPrice[]>;
  /** Prices of these models, of each the 1,000 with the newest effective dates. */
  pricesOf(projectId: string, models: readonly string[]): Promise<StoredPrice[]>;
  /** Effective dates inside the range, ascending, without repeats; the newest 10,000. */
  priceChanges(projectId: string, fromUs: number, toUs: number): Promise<number[]>;
}
