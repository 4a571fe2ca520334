import type { ClickHouse } from '../clickhouse.ts';
import { insertRows, type Refused, type Table } from '../insert.ts';
import { column, NO_INSTANT_US } from '../native.ts';
import type {
  FeedbackWrite,
  FileWrite,
  ObjectWrite,
  TableRowWrite,
  TableWrite,
  WriteBatch,
} from '../trace-store.ts';

/** `first_created_at` of a version of which only the deletion is known: never the minimum. */
export const NEVER_CREATED_US = Date.UTC(2299, 11, 31) * 1000;

export const KIND_TYPE = "Enum8('object' = 1, 'op' = 2)";
/** Bytes of a file in one row: a part of it is never read, so rows may be large, but not so large that a merge needs much memory. */
export const FILE_CHUNK_BYTES = 1024 * 1024;

const NO_BYTES = new Uint8Array(0);

const OBJECTS: Table<ObjectWrite> = {
  name: 'object_versions',
  columns: [
    column.text('project_id', (o) => o.projectId),
    column.text('object_id', (o) => o.objectId),
    column.enum8('kind', KIND_TYPE, (o) => (o.kind === 'op' ? 2 : 1)),
    column.text('digest', (o) => o.digest),
    column.instant('first_created_at', (o) => (o.deletedAtUs === null ? o.createdAtUs : NEVER_CREATED_US)),
    column.instant('last_created_at', (o) => (o.deletedAtUs === null ? o.createdAtUs : NO_INSTANT_US)),
    column.instant('deleted_at', (o) => o.deletedAtUs),
    column.text('base_object_class', (o) => o.baseObjectClass ?? ''),
    column.text('leaf_object_class', (o) => o.leafObjectClass ?? ''),
    column.bytes('val', (o) => (o.deletedAtUs === null ? o.val : NO_BYTES)),
    column.texts('refs', (o) => o.refs),
    column.text('user_id', (o) => (o.deletedAtUs === null ? o.userId : '')),
  ],
  estimateBytes: (o) => 256 + o.val.length,
};

const TABLES: Table<TableWrite> = {
  name: 'tables',
  columns: [
    column.text('project_id', (t) => t.projectId),
    column.text('digest', (t) => t.digest),
    column.texts('row_digests', (t) => t.rowDigests),
    column.instant('created_at', (t) => t.createdAtUs),
  ],
  estimateBytes: (t) => 128 + t.rowDigests.length * 48,
};

const TABLE_ROWS: Table<TableRowWrite> = {
  name: 'table_rows',
  columns: [
    column.text('project_id', (r) => r.projectId),
    column.text('digest', (r) => r.digest),
    column.bytes('val', (r) => r.val),
    column.instant('created_at', (r) => r.createdAtUs),
  ],
  estimateBytes: (r) => 128 + r.val.length,
};

interface FileChunk {
  readonly file: FileWrite;
  /** Place of the file in the batch. */
  readonly fileIndex: number;
  readonly index: number;
  readonly count: number;
}

const FILES: Table<FileChunk> = {
  name: 'files',
  columns: [
    column.text('project_id', (c) => c.file.projectId),
    column.text('digest', (c) => c.file.digest),
    column.uint32('chunk_index', (c) => c.index),
    column.uint32('chunk_count', (c) => c.count),
    column.text('name', (c) => c.file.name),
    column.bytes('bytes', (c) => chunkBytes(c)),
    column.instant('created_at', (c) => c.file.createdAtUs),
  ],
  estimateBytes: (c) => 128 + chunkBytes(c).length,
};

const FEEDBACK: Table<FeedbackWrite> = {
  name: 'feedback',
  columns: [
    column.text('project_id', (f) => f.projectId),
    column.text('weave_ref', (f) => f.weaveRef),
    column.text('id', (f) => f.id),
    column.text('feedback_type', (f) => f.feedbackType),
    column.text('user_id', (f) => f.userId),
    column.text('creator', (f) => f.creator ?? ''),
    column.instant('created_at', (f) => f.createdAtUs),
    column.bytes('payload', (f) => f.payload),
    column.text('annotation_ref', (f) => f.annotationRef ?? ''),
    column.text('runnable_ref', (f) => f.runnableRef ?? ''),
    column.text('call_ref', (f) => f.callRef ?? ''),
    column.text('trigger_ref', (f) => f.triggerRef ?? ''),
  ],
  estimateBytes: (f) => 256 + f.payload.length,
};

type DeletedCall = WriteBatch['deletedCalls'][number];

const CALL_DELETES: Table<DeletedCall> = {
  name: 'call_deletes',
  columns: [
    column.text('project_id', (d) => d.projectId),
    column.text('id', (d) => d.id),
    column.instant('deleted_at', (d) => d.deletedAtUs),
  ],
  estimateBytes: () => 64,
};

export const writeObjects = (db: ClickHouse, rows: readonly ObjectWrite[]): Promise<Refused[]> =>
  insertRows(db, OBJECTS, rows);
export const writeTables = (db: ClickHouse, rows: readonly TableWrite[]): Promise<Refused[]> =>
  insertRows(db, TABLES, rows);
export const writeTableRows = (db: ClickHouse, rows: readonly TableRowWrite[]): Promise<Refused[]> =>
  insertRows(db, TABLE_ROWS, rows);
export const writeFeedback = (db: ClickHouse, rows: readonly FeedbackWrite[]): Promise<Refused[]> =>
  insertRows(db, FEEDBACK, rows);
export const writeCallDeletes = (db: ClickHouse, rows: readonly DeletedCall[]): Promise<Refused[]> =>
  insertRows(db, CALL_DELETES, rows);

export async function writeFiles(db: ClickHouse, files: readonly FileWrite[]): Promise<Refused[]> {
  const chunks = files.flatMap((file, fileIndex) => {
    const count = Math.max(1, Math.ceil(file.bytes.length / FILE_CHUNK_BYTES));
    return Array.from({ length: count }, (_, index): FileChunk => ({ file, fileIndex, index, count }));
  });
  const refused = await insertRows(db, FILES, chunks);
  return refused.map(({ index, reason }) => ({ index: chunks[index]!.fileIndex, reason }));
}

function chunkBytes({ file, index }: FileChunk): Uint8Array {
  return file.bytes.subarray(index * FILE_CHUNK_BYTES, (index + 1) * FILE_CHUNK_BYTES);
}
