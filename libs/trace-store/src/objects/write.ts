import type { ClickHouse } from '../clickhouse.ts';
import { insertRows, type Refused, type Table } from '../insert.ts';
import { column, NO_INSTANT_US } from '../native.ts';
import type { ObjectWrite, WriteBatch } from '../trace-store.ts';

/** `first_created_at` of a version of which only the deletion is known: never the minimum. */
export const NEVER_CREATED_US = Date.UTC(2299, 11, 31) * 1000;

export const KIND_TYPE = "Enum8('object' = 1, 'op' = 2)";

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
export const writeCallDeletes = (db: ClickHouse, rows: readonly DeletedCall[]): Promise<Refused[]> =>
  insertRows(db, CALL_DELETES, rows);
