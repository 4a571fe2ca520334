import type { TableChange } from './table.ts';

/** What is kept as blobs: payloads of calls too large for a row, of which a head stands in the row, and bytes of files. */
export const blobs: readonly TableChange[] = [
  {
    table: 'calls',
    addColumns: [
      "claimed Array(String) COMMENT 'Payloads that are heads here and whole as blobs: <column> <bytes> <digest> <store> of each.' CODEC(ZSTD(1))",
    ],
    // For `length(claimed) > 0`: how that is said decides whether the index is used.
    addIndexes: ['claimed_idx length(claimed) TYPE minmax GRANULARITY 16'],
  },
  {
    table: 'files',
    addColumns: [
      "uri String COMMENT 'The store that has the bytes; empty = they are here, in chunks.' CODEC(ZSTD(1))",
      "size_bytes UInt64 COMMENT 'Of the whole file where its bytes are a blob.' CODEC(ZSTD(1))",
    ],
  },
];
