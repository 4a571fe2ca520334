import type { ClickHouse } from '../clickhouse.ts';
import { insertRows, type Refused, type Table } from '../insert.ts';
import { column } from '../native.ts';
import type { TableChunkWrite, TableRowWrite, TableWrite } from './types.ts';

const TABLES: Table<TableWrite> = {
  name: 'tables',
  columns: [
    column.text('project_id', (t) => t.projectId),
    column.text('digest', (t) => t.digest),
    column.texts('row_digests', (t) => t.rowDigests),
    column.texts('chunk_digests', (t) => (t.chunks ?? []).map((chunk) => chunk.digest)),
    column.uint32s('chunk_sizes', (t) => (t.chunks ?? []).map((chunk) => chunk.rowCount)),
    column.instant('created_at', (t) => t.createdAtUs),
  ],
  estimateBytes: (t) => 128 + (t.rowDigests.length + (t.chunks ?? []).length) * 48,
};

const CHUNKS: Table<TableChunkWrite> = {
  name: 'table_chunks',
  columns: [
    column.text('project_id', (c) => c.projectId),
    column.text('digest', (c) => c.digest),
    column.texts('row_digests', (c) => c.rowDigests),
    column.instant('created_at', (c) => c.createdAtUs),
  ],
  estimateBytes: (c) => 128 + c.rowDigests.length * 48,
};

const ROWS: Table<TableRowWrite> = {
  name: 'table_row_values',
  columns: [
    column.text('project_id', (r) => r.projectId),
    column.text('digest', (r) => r.digest),
    column.bytes('val', (r) => r.val),
    column.uint32('size_bytes', (r) => r.val.length),
    column.instant('created_at', (r) => r.createdAtUs),
  ],
  estimateBytes: (r) => 128 + r.val.length,
};

export const writeTables = (db: ClickHouse, rows: readonly TableWrite[]): Promise<Refused[]> =>
  insertRows(db, TABLES, rows);
export const writeTableChunks = (db: ClickHouse, rows: readonly TableChunkWrite[]): Promise<Refused[]> =>
  insertRows(db, CHUNKS, rows);
export const writeTableRows = (db: ClickHouse, rows: readonly TableRowWrite[]): Promise<Refused[]> =>
  insertRows(db, ROWS, rows);
