import { ANNOTATION_STATES, formatInstant, type AnnotationState } from '@weft/model';
import type { ClickHouse, Param } from '../clickhouse.ts';
import { NO_INSTANT_US } from '../native.ts';
import type { RowReader } from '../row-binary.ts';
import type { QueueItemsQuery, QueuesQuery, QueueStats, StoredQueue, StoredQueueItem } from './types.ts';

const micros = (column: string): string => `toUnixTimestamp64Micro(${column})`;
const NOT_DELETED = `deleted_at = '${formatInstant(NO_INSTANT_US).slice(0, 10)}'`;

const QUEUE_COLUMNS = `id, name, description, scorer_refs, created_by, ${micros('created_at')}, ${micros('updated_at')}`;
const LIVE_QUEUES = `FROM annotation_queues FINAL WHERE project_id = {project:String} AND ${NOT_DELETED}`;

function readQueueRow(row: RowReader, projectId: string): StoredQueue {
  return {
    projectId,
    id: row.text(),
    name: row.text(),
    description: row.text(),
    scorerRefs: row.texts(),
    createdBy: row.text(),
    createdAtUs: row.int64(),
    updatedAtUs: row.int64(),
    deletedAtUs: null,
  };
}

export function streamQueues(
  db: ClickHouse,
  query: QueuesQuery,
  signal?: AbortSignal,
): AsyncIterable<readonly StoredQueue[]> {
  const { projectId, name } = query;
  const params: Record<string, Param> = { project: projectId };
  if (name !== undefined) params['name'] = name;
  const named = name === undefined ? '' : ' AND positionCaseInsensitiveUTF8(name, {name:String}) > 0';
  const sql = `SELECT ${QUEUE_COLUMNS} ${LIVE_QUEUES}${named}
ORDER BY ${orderBy(query.sort, 'created_at DESC')}
${page(query)}`;
  return db.stream({ sql, params }, (row) => readQueueRow(row, projectId), { signal });
}

export const readQueue = async (
  db: ClickHouse,
  projectId: string,
  id: string,
): Promise<StoredQueue | null> => {
  const [queue = null] = await db.all(
    {
      sql: `SELECT ${QUEUE_COLUMNS} ${LIVE_QUEUES} AND id = {id:String}`,
      params: { project: projectId, id },
    },
    (row) => readQueueRow(row, projectId),
  );
  return queue;
};

/** Of each item the annotator who changed it last. */
const LATEST_PROGRESS = `SELECT item_id, argMax(toInt8(state), ver) AS last_state, argMax(annotator, ver) AS last_annotator,
    max(updated_at) AS touched_at
  FROM annotation_progress FINAL WHERE project_id = {project:String} AND queue_id = {queue:String} GROUP BY item_id`;

export function streamQueueItems(
  db: ClickHouse,
  query: QueueItemsQuery,
  signal?: AbortSignal,
): AsyncIterable<readonly StoredQueueItem[]> {
  const { projectId, queueId } = query;
  const params: Record<string, Param> = { project: projectId, queue: queueId };
  const conditions = compileItemFilter(query, params);
  const order = orderBy(query.sort, 'created_at ASC');
  const sql = `SELECT id, call_id, call_op_name, call_trace_id, ${micros('call_started_at')}, ${micros('call_ended_at')}, display_fields, added_by,
  ${micros('created_at')}, last_state, last_annotator, ${micros('updated_at')}, toInt64(position)
FROM (SELECT *, greatest(created_at, touched_at) AS updated_at, row_number() OVER (ORDER BY ${order}) AS position
  FROM (SELECT * FROM annotation_queue_items FINAL WHERE project_id = {project:String} AND queue_id = {queue:String}) AS items
  LEFT JOIN (${LATEST_PROGRESS}) AS progress ON progress.item_id = items.id)
${conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`}
ORDER BY position
${page(query)}`;
  return db.stream(
    { sql, params },
    (row): StoredQueueItem => ({
      projectId,
      queueId,
      id: row.text(),
      callId: row.text(),
      callOpName: row.text(),
      callTraceId: row.text(),
      callStartedAtUs: row.int64(),
      callEndedAtUs: instantOrNull(row.int64()),
      displayFields: row.texts(),
      addedBy: row.text(),
      createdAtUs: row.int64(),
      state: ANNOTATION_STATES[row.uint8() - 1] ?? 'unstarted',
      annotator: row.text(),
      updatedAtUs: row.int64(),
      position: row.int64(),
    }),
    { signal },
  );
}

function compileItemFilter(query: QueueItemsQuery, params: Record<string, Param>): string[] {
  const conditions: string[] = [];
  const equals = (column: string, value: string | undefined): void => {
    if (value === undefined) return;
    params[column] = value;
    conditions.push(`${column} = {${column}:String}`);
  };
  equals('id', query.id);
  equals('call_op_name', query.callOpName);
  equals('call_trace_id', query.callTraceId);
  equals('added_by', query.addedBy);
  if (query.callIds !== undefined) {
    params['call_ids'] = query.callIds;
    conditions.push('call_id IN {call_ids:Array(String)}');
  }
  if (query.states !== undefined && query.states.length > 0) {
    const numbers = query.states.map((state) => ANNOTATION_STATES.findIndex((each) => each === state) + 1);
    params['states'] = { members: numbers.map(String) };
    conditions.push('last_state IN {states:Array(Int8)}');
  }
  return conditions;
}

export const existingQueueItems = async (
  db: ClickHouse,
  projectId: string,
  queueId: string,
  ids: readonly string[],
): Promise<Set<string>> => {
  if (ids.length === 0) return new Set();
  const found = await db.all(
    {
      sql: `SELECT DISTINCT id FROM annotation_queue_items
WHERE project_id = {project:String} AND queue_id = {queue:String} AND id IN {ids:Array(String)}`,
      params: { project: projectId, queue: queueId, ids },
    },
    (row) => row.text(),
  );
  return new Set(found);
};

export const readProgress = async (
  db: ClickHouse,
  projectId: string,
  queueId: string,
  itemId: string,
  annotator: string,
): Promise<{ state: AnnotationState; updatedAtUs: number } | null> => {
  const [progress = null] = await db.all(
    {
      sql: `SELECT toInt8(state), ${micros('updated_at')} FROM annotation_progress FINAL
WHERE project_id = {project:String} AND queue_id = {queue:String} AND item_id = {item:String} AND annotator = {annotator:String}`,
      params: { project: projectId, queue: queueId, item: itemId, annotator },
    },
    (row) => ({ state: ANNOTATION_STATES[row.uint8() - 1]!, updatedAtUs: row.int64() }),
  );
  return progress;
};

export const queueStats = async (
  db: ClickHouse,
  projectId: string,
  queueIds: readonly string[],
): Promise<QueueStats[]> => {
  if (queueIds.length === 0) return [];
  const ofQueues = 'WHERE project_id = {project:String} AND queue_id IN {queues:Array(String)}';
  const count = async (sql: string): Promise<Map<string, number>> =>
    new Map(
      await db.all(
        { sql: `${sql} GROUP BY queue_id`, params: { project: projectId, queues: queueIds } },
        (row) => [row.text(), row.int64()] as const,
      ),
    );
  const [items, completed] = await Promise.all([
    count(`SELECT queue_id, toInt64(uniqExact(id)) FROM annotation_queue_items ${ofQueues}`),
    count(
      `SELECT queue_id, toInt64(uniqExact(item_id)) FROM annotation_progress FINAL ${ofQueues} AND state IN ('completed', 'skipped')`,
    ),
  ]);
  return queueIds.map((queueId) => ({
    queueId,
    items: items.get(queueId) ?? 0,
    completed: completed.get(queueId) ?? 0,
  }));
};

/** Names of columns only, as the types allow no others; the id makes the order total. */
function orderBy(
  sort: readonly { readonly field: string; readonly direction: 'asc' | 'desc' }[] | undefined,
  otherwise: string,
): string {
  const keys = sort?.map(({ field, direction }) => `${field} ${direction === 'desc' ? 'DESC' : 'ASC'}`) ?? [];
  return [...(keys.length > 0 ? keys : [otherwise]), 'id ASC'].join(', ');
}

function page({ limit, offset = 0 }: { readonly limit?: number; readonly offset?: number }): string {
  if (limit === undefined && offset === 0) return '';
  return `LIMIT ${limit ?? Number.MAX_SAFE_INTEGER} OFFSET ${offset}`;
}

function instantOrNull(us: number): number | null {
  return us === NO_INSTANT_US ? null : us;
}
