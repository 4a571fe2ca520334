import { ANNOTATION_STATES } from '@weft/model';
import type { ClickHouse } from '../clickhouse.ts';
import { insertRows, type Refused, type Table } from '../insert.ts';
import { column } from '../native.ts';
import type { ProgressWrite, QueueItemWrite, QueueWrite } from './types.ts';

const QUEUES: Table<QueueWrite> = {
  name: 'annotation_queues',
  columns: [
    column.text('project_id', (q) => q.projectId),
    column.text('id', (q) => q.id),
    column.uint128('ver', (q) => q.version),
    column.text('name', (q) => q.name),
    column.text('description', (q) => q.description),
    column.texts('scorer_refs', (q) => q.scorerRefs),
    column.text('created_by', (q) => q.createdBy),
    column.instant('created_at', (q) => q.createdAtUs),
    column.instant('updated_at', (q) => q.updatedAtUs),
    column.instant('deleted_at', (q) => q.deletedAtUs),
  ],
  estimateBytes: (q) => 256 + q.name.length + q.description.length + q.scorerRefs.length * 128,
};

const ITEMS: Table<QueueItemWrite> = {
  name: 'annotation_queue_items',
  columns: [
    column.text('project_id', (i) => i.projectId),
    column.text('queue_id', (i) => i.queueId),
    column.text('id', (i) => i.id),
    column.uint128('ver', (i) => i.version),
    column.text('call_id', (i) => i.callId),
    column.text('call_op_name', (i) => i.callOpName),
    column.text('call_trace_id', (i) => i.callTraceId),
    column.instant('call_started_at', (i) => i.callStartedAtUs),
    column.instant('call_ended_at', (i) => i.callEndedAtUs),
    column.texts('display_fields', (i) => i.displayFields),
    column.text('added_by', (i) => i.addedBy),
    column.instant('created_at', (i) => i.createdAtUs),
  ],
  estimateBytes: (i) => 512 + i.displayFields.length * 64,
};

export const STATE_TYPE = "Enum8('in_progress' = 1, 'completed' = 2, 'skipped' = 3)";

const PROGRESS: Table<ProgressWrite> = {
  name: 'annotation_progress',
  columns: [
    column.text('project_id', (p) => p.projectId),
    column.text('queue_id', (p) => p.queueId),
    column.text('item_id', (p) => p.itemId),
    column.text('annotator', (p) => p.annotator),
    column.uint128('ver', (p) => p.version),
    column.enum8('state', STATE_TYPE, (p) => ANNOTATION_STATES.indexOf(p.state) + 1),
    column.instant('updated_at', (p) => p.updatedAtUs),
  ],
  estimateBytes: () => 256,
};

export const writeQueues = (db: ClickHouse, rows: readonly QueueWrite[]): Promise<Refused[]> =>
  insertRows(db, QUEUES, rows);
export const writeQueueItems = (db: ClickHouse, rows: readonly QueueItemWrite[]): Promise<Refused[]> =>
  insertRows(db, ITEMS, rows);
export const writeProgress = (db: ClickHouse, rows: readonly ProgressWrite[]): Promise<Refused[]> =>
  insertRows(db, PROGRESS, rows);
