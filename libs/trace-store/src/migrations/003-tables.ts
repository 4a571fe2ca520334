import type { TableChange, TableDefinition } from './table.ts';

/** Long tables: their order in pieces, and their rows in granules as small as one row is worth reading for. */
export const tables: readonly TableDefinition[] = [
  {
    name: 'table_chunks',
    comment: 'Pieces of the order of long tables, shared by the versions of a table',
    columns: `
      project_id String COMMENT 'entity/project.',
      digest String COMMENT 'Hash over the row digests.',
      row_digests Array(String) COMMENT 'Rows in table order, at most 2048.' CODEC(ZSTD(1)),
      created_at DateTime64(6, 'UTC') COMMENT 'When a table with it was published.'`,
    engine: 'ReplacingMergeTree',
    version: 'created_at',
    keys: 'ORDER BY (project_id, digest)',
    indexGranularity: 4,
  },
  {
    name: 'table_row_values',
    comment: 'Rows of tables, each stored once per project; rows from before are in table_rows',
    columns: `
      project_id String COMMENT 'entity/project.',
      digest String COMMENT 'Hash of the row.',
      val String COMMENT 'JSON object.' CODEC(ZSTD(1)),
      size_bytes UInt32 COMMENT 'Length of val.',
      created_at DateTime64(6, 'UTC') COMMENT 'When it was published.'`,
    engine: 'ReplacingMergeTree',
    version: 'created_at',
    keys: 'ORDER BY (project_id, digest)',
    // A page of a table is a hundred rows from anywhere: what is read with each of them is its cost.
    indexGranularity: 512,
    indexGranularityBytes: 128 * 1024,
  },
];

export const tableOrder: readonly TableChange[] = [
  {
    table: 'tables',
    addColumns: [
      "chunk_digests Array(String) COMMENT 'Pieces of the order in table_chunks; empty = row_digests has it.' CODEC(ZSTD(1))",
      "chunk_sizes Array(UInt32) COMMENT 'Rows of each of them.' CODEC(ZSTD(1))",
    ],
  },
];
