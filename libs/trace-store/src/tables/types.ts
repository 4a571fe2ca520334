import type { ChunkRef, TableChunk } from '@weft/model';

/** What is written and read of tables. */

export interface TableWrite {
  readonly projectId: string;
  readonly digest: string;
  /** Rows in order; empty where `chunks` has them. */
  readonly rowDigests: readonly string[];
  readonly chunks?: readonly ChunkRef[];
  readonly createdAtUs: number;
}

export interface TableChunkWrite extends TableChunk {
  readonly projectId: string;
  readonly createdAtUs: number;
}

export interface TableRowWrite {
  readonly projectId: string;
  readonly digest: string;
  /** JSON object. */
  readonly val: Uint8Array;
  readonly createdAtUs: number;
}

export interface StoredTableRow {
  readonly digest: string;
  /** JSON object. A view: it shares memory with those that came with it. */
  readonly val: Uint8Array;
  /** Place in the table, from 0, whatever was filtered or sorted. */
  readonly originalIndex: number;
}

export interface TableQuery {
  readonly projectId: string;
  readonly digest: string;
  /** Only these rows, wherever they are in the table. Undefined or empty = all. */
  readonly rowDigests?: readonly string[];
  /** Paths inside the rows (`a.b`); default (empty) = table order, which also decides between equal ones. */
  readonly sort?: readonly { readonly field: string; readonly direction: 'asc' | 'desc' }[];
  readonly limit?: number;
  readonly offset?: number;
}

export interface TableStats {
  readonly digest: string;
  readonly count: number;
  /** Bytes of all rows, each as often as it is in the table; null when not asked for. */
  readonly storageSizeBytes: number | null;
}

/** A piece of a table's order as it is stored; of a short table all of it. */
export interface StoredChunk {
  /** Null = it is not stored as a chunk. */
  readonly digest: string | null;
  readonly rowCount: number;
  /** The row digests with a line break between them. */
  readonly text: Uint8Array;
}

export interface TableReads {
  /**
   * Rows in order, streamed with flat memory; none for an unknown digest. Rows of the order that are not stored do not
   * come. A consumer that stops early, or `signal`, cancels what is under way.
   */
  streamTableRows(query: TableQuery, signal?: AbortSignal): AsyncIterable<readonly StoredTableRow[]>;
  /** Rows of any table of the project by their digests; those that do not exist are missing. All in memory: for pages. */
  tableRows(projectId: string, rowDigests: readonly string[]): Promise<Map<string, Uint8Array>>;
  /** Of the tables that exist, in the order of `digests`, each once. */
  tableStats(
    projectId: string,
    digests: readonly string[],
    options?: { readonly storageSize?: boolean },
  ): Promise<TableStats[]>;
  /** The whole order, 44 bytes a row. Null = there is no such table. */
  tableOrder(projectId: string, digest: string): Promise<StoredChunk[] | null>;
}
