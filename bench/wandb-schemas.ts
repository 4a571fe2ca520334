import type { StoredCall } from '@weft/trace-store';
// The client and the decoder that Weft's own reads go through, so that only schema and statement differ.
import type { ClickHouse } from '../libs/trace-store/src/clickhouse.ts';
import type { RowReader } from '../libs/trace-store/src/row-binary.ts';

/**
 * The two schemas of W&B Weave's trace server for calls, written from their description (github.com/wandb/weave,
 * weave/trace_server/migrations, state after migration 037), and reads as its query builder composes them: content in a
 * second pass over the keys that the first one found. Columns that no read here touches are left out of the copies.
 */
export const WANDB_TABLES = [
  `CREATE TABLE calls_complete (
    id String, project_id String, trace_id String, op_name String,
    started_at DateTime64(6), ended_at DateTime64(6),
    parent_id String, display_name String, exception String, otel_dump String,
    wb_user_id String, wb_run_id String, thread_id String, turn_id String,
    attributes_dump String, inputs_dump String, output_dump String, summary_dump String,
    input_refs Array(String), output_refs Array(String),
    wb_run_step UInt64, wb_run_step_end UInt64,
    created_at DateTime64(3) DEFAULT now64(3), updated_at DateTime64(3) DEFAULT 0, deleted_at DateTime64(3) DEFAULT 0,
    expire_at DateTime64(3) DEFAULT '2100-01-01 00:00:00',
    source Enum8('direct' = 1, 'dual' = 2, 'migration' = 3) DEFAULT 'direct',
    source_name LowCardinality(String), source_sdk LowCardinality(String), source_version String,
    INDEX idx_parent_id parent_id TYPE bloom_filter GRANULARITY 1,
    INDEX idx_trace_id trace_id TYPE bloom_filter GRANULARITY 1,
    INDEX idx_inputs inputs_dump TYPE tokenbf_v1(32768, 3, 0) GRANULARITY 1,
    INDEX idx_output output_dump TYPE tokenbf_v1(32768, 3, 0) GRANULARITY 1,
    INDEX idx_summary summary_dump TYPE tokenbf_v1(32768, 3, 0) GRANULARITY 1,
    INDEX idx_wb_run_id wb_run_id TYPE set(100) GRANULARITY 4,
    INDEX idx_thread_id thread_id TYPE set(100) GRANULARITY 4,
    INDEX idx_op_name op_name TYPE ngrambf_v1(8, 10000, 3, 0) GRANULARITY 1,
    INDEX idx_ended_at ended_at TYPE minmax GRANULARITY 1,
    INDEX idx_id id TYPE minmax GRANULARITY 1,
    INDEX idx_id_bloom id TYPE bloom_filter(0.01) GRANULARITY 1
  ) ENGINE = ReplacingMergeTree(created_at)
  PARTITION BY toYYYYMM(started_at)
  ORDER BY (project_id, started_at, id)
  TTL toDateTime(expire_at) DELETE
  SETTINGS min_bytes_for_wide_part = 0, enable_block_number_column = 1, enable_block_offset_column = 1`,

  `CREATE TABLE call_parts (
    id String, project_id String,
    trace_id Nullable(String), parent_id Nullable(String), op_name Nullable(String),
    thread_id Nullable(String), turn_id Nullable(String),
    started_at Nullable(DateTime64(6)), ended_at Nullable(DateTime64(6)),
    attributes_dump Nullable(String), inputs_dump Nullable(String), output_dump Nullable(String),
    summary_dump Nullable(String), otel_dump Nullable(String), exception Nullable(String),
    input_refs Array(String), output_refs Array(String),
    wb_user_id Nullable(String), wb_run_id Nullable(String),
    wb_run_step Nullable(UInt64), wb_run_step_end Nullable(UInt64),
    display_name Nullable(String), deleted_at Nullable(DateTime64(3)), created_at DateTime64(3) DEFAULT now64(3)
  ) ENGINE = MergeTree ORDER BY (project_id, id)`,

  `CREATE TABLE calls_merged (
    project_id String, id String,
    ${['trace_id', 'parent_id', 'op_name', 'thread_id', 'turn_id', 'attributes_dump', 'inputs_dump', 'output_dump', 'summary_dump', 'otel_dump', 'exception', 'wb_user_id', 'wb_run_id'].map((c) => `${c} SimpleAggregateFunction(any, Nullable(String))`).join(', ')},
    started_at SimpleAggregateFunction(any, Nullable(DateTime64(6))),
    ended_at SimpleAggregateFunction(any, Nullable(DateTime64(6))),
    input_refs SimpleAggregateFunction(array_concat_agg, Array(String)),
    output_refs SimpleAggregateFunction(array_concat_agg, Array(String)),
    wb_run_step SimpleAggregateFunction(any, Nullable(UInt64)),
    wb_run_step_end SimpleAggregateFunction(any, Nullable(UInt64)),
    display_name AggregateFunction(argMax, Nullable(String), DateTime64(3)),
    deleted_at SimpleAggregateFunction(any, Nullable(DateTime64(3))),
    sortable_datetime DateTime64(6),
    INDEX idx_sortable_datetime sortable_datetime TYPE minmax GRANULARITY 1,
    INDEX idx_wb_run_id wb_run_id TYPE set(100) GRANULARITY 1,
    INDEX idx_trace_id_bloom ifNull(trace_id, '') TYPE bloom_filter GRANULARITY 1
  ) ENGINE = AggregatingMergeTree ORDER BY (project_id, id) SETTINGS allow_dimensions_outside_sorting_key = 1`,

  `CREATE MATERIALIZED VIEW calls_merged_view TO calls_merged AS SELECT
    project_id, id,
    ${['trace_id', 'parent_id', 'op_name', 'thread_id', 'turn_id', 'attributes_dump', 'inputs_dump', 'output_dump', 'summary_dump', 'otel_dump', 'exception', 'wb_user_id', 'wb_run_id', 'started_at', 'ended_at', 'wb_run_step', 'wb_run_step_end', 'deleted_at'].map((c) => `anySimpleState(call_parts.${c}) AS ${c}`).join(', ')},
    array_concat_aggSimpleState(call_parts.input_refs) AS input_refs,
    array_concat_aggSimpleState(call_parts.output_refs) AS output_refs,
    argMaxState(call_parts.display_name, call_parts.created_at) AS display_name,
    coalesce(min(call_parts.started_at), min(call_parts.ended_at), now64(6)) AS sortable_datetime
  FROM call_parts GROUP BY project_id, id`,
];

/** Copies a slice of Weft's rows in; a call gives one row of `calls_complete` and two of `call_parts`, as it would from an SDK. */
export function copyStatements(slice: string): string[] {
  return [
    `INSERT INTO calls_complete (id, project_id, trace_id, op_name, started_at, ended_at, parent_id, display_name, exception,
      wb_user_id, attributes_dump, inputs_dump, output_dump, summary_dump)
     SELECT id, project_id, trace_id, op_name, started_at, ended_at, parent_id, display_name, exception,
      user_id, attributes, inputs, output, summary FROM calls WHERE ${slice}`,
    `INSERT INTO call_parts (id, project_id, trace_id, parent_id, op_name, started_at, attributes_dump, inputs_dump, wb_user_id,
      ended_at, output_dump, summary_dump, exception)
     SELECT id, project_id, ${['trace_id', "nullIf(parent_id, '')", 'op_name', 'started_at', 'attributes', 'inputs', 'user_id'].map((c) => `if(part = 'start', ${c}, NULL)`).join(', ')},
      ${['ended_at', 'output', 'summary', "nullIf(exception, '')"].map((c) => `if(part = 'end', ${c}, NULL)`).join(', ')}
     FROM calls ARRAY JOIN ['start', 'end'] AS part WHERE ${slice}`,
  ];
}

/** One page of calls, asked for in the words of all schemas. */
export interface PageQuery {
  readonly projectId: string;
  readonly payloads: boolean;
  readonly rootsOnly?: boolean;
  readonly opName?: string;
  readonly traceId?: string;
  readonly callId?: string;
  readonly newestFirst: boolean;
  readonly limit?: number;
  readonly offset?: number;
  readonly search?: Search;
}

/** A condition on a value inside of inputs. */
export interface Search {
  /** As `inputs.…` of a filter expression. */
  readonly path: string;
  /** As JSON_VALUE writes it. */
  readonly jsonPath: string;
  readonly by: 'equals' | 'contains';
  readonly text: string;
}

export interface WandbReads {
  page(query: PageQuery): Promise<Page>;
  count(projectId: string): Promise<number>;
}
export type Page = Pick<StoredCall, 'id'>[];

// What Weave sends with reads of calls_complete; its two passes do by hand what the setting would do.
const COMPLETE_SETTINGS = { query_plan_optimize_lazy_materialization: 0 as const };

/** `calls_complete`. With `final` also right while rows have several versions; without it is what Weave asks by default. */
export function readComplete(db: ClickHouse, final: boolean): WandbReads {
  const table = `calls_complete${final ? ' FINAL' : ''}`;
  const live = 'project_id = {project:String} AND deleted_at = toDateTime64(0, 3)';
  const light = `id, trace_id, parent_id, thread_id, turn_id, op_name, display_name, toUnixTimestamp64Micro(started_at),
    toUnixTimestamp64Micro(ended_at), exception, wb_user_id, wb_run_id`;
  const heavy = 'attributes_dump, inputs_dump, output_dump, summary_dump';
  return {
    async page(query) {
      const conditions = [
        live,
        ...(query.rootsOnly ? ["parent_id = ''"] : []),
        ...(query.opName === undefined ? [] : ['op_name IN {ops:Array(String)}']),
        ...(query.traceId === undefined ? [] : ['trace_id = {trace:String}']),
        ...(query.callId === undefined ? [] : ['id = {id:String}']),
        ...(query.search === undefined
          ? []
          : ['inputs_dump LIKE {like:String}', found(query.search, 'inputs_dump')]),
      ].join(' AND ');
      const direction = query.newestFirst ? 'DESC' : 'ASC';
      const order = `ORDER BY started_at ${direction}, id ${direction}`;
      const sql = query.payloads
        ? `WITH filtered_calls AS (SELECT started_at, id FROM ${table} WHERE ${conditions} ${order} ${limit(query)})
           SELECT ${light}, ${heavy} FROM ${table}
           WHERE project_id = {project:String} AND (started_at, id) IN filtered_calls ${order}`
        : `SELECT ${light}, '', '', '', '' FROM ${table} WHERE ${conditions} ${order} ${limit(query)}`;
      return db.all({ sql, params: paramsOf(query) }, readRow, { settings: COMPLETE_SETTINGS });
    },
    async count(project) {
      const sql = `SELECT toInt64(count()) FROM ${table} WHERE ${live}`;
      return (await db.all({ sql, params: { project } }, (row) => row.int64()))[0]!;
    },
  };
}

/** `calls_merged`: parts are put together by a GROUP BY on every read, because merges may not have come to them yet. */
export function readMerged(db: ClickHouse): WandbReads {
  const text = (c: string) => `ifNull(any(${c}), '')`;
  const light = `id, ${['trace_id', 'parent_id', 'thread_id', 'turn_id', 'op_name'].map(text).join(', ')},
    ifNull(argMaxMerge(display_name), ''), toUnixTimestamp64Micro(assumeNotNull(any(started_at))),
    ifNull(toUnixTimestamp64Micro(any(ended_at)), 0), ${['exception', 'wb_user_id', 'wb_run_id'].map(text).join(', ')}`;
  const heavy = ['attributes_dump', 'inputs_dump', 'output_dump', 'summary_dump'].map(text).join(', ');
  const grouped = 'GROUP BY project_id, id';
  const live = 'any(deleted_at) IS NULL AND any(op_name) IS NOT NULL';
  return {
    async page(query) {
      const having = [
        live,
        ...(query.rootsOnly ? ['any(parent_id) IS NULL'] : []),
        ...(query.opName === undefined ? [] : ['any(op_name) IN {ops:Array(String)}']),
        ...(query.traceId === undefined ? [] : ['any(trace_id) = {trace:String}']),
        ...(query.search === undefined ? [] : [found(query.search, 'any(inputs_dump)')]),
      ].join(' AND ');
      const where = [
        'project_id = {project:String}',
        // Arms for the end's part, which has neither op nor parent: the index cannot use these, as the index of traces can.
        ...(query.opName === undefined ? [] : ['(op_name IN {ops:Array(String)} OR op_name IS NULL)']),
        ...(query.rootsOnly ? ['parent_id IS NULL'] : []),
        ...(query.search === undefined ? [] : ['(inputs_dump LIKE {like:String} OR inputs_dump IS NULL)']),
        ...(query.callId === undefined ? [] : ['id = {id:String}']),
        ...(query.traceId === undefined
          ? []
          : [
              `id IN (SELECT id FROM calls_merged WHERE project_id = {project:String} AND ifNull(trace_id, '') = {trace:String})`,
            ]),
      ].join(' AND ');
      const direction = query.newestFirst ? 'DESC' : 'ASC';
      const order = `ORDER BY any(started_at) ${direction}, id ${direction}`;
      const sql = query.payloads
        ? `WITH filtered_calls AS (SELECT id FROM calls_merged WHERE ${where} ${grouped} HAVING ${having} ${order} ${limit(query)})
           SELECT ${light}, ${heavy} FROM calls_merged
           WHERE project_id = {project:String} AND id IN filtered_calls ${grouped} ${order}`
        : `SELECT ${light}, '', '', '', '' FROM calls_merged WHERE ${where} ${grouped} HAVING ${having} ${order} ${limit(query)}`;
      return db.all({ sql, params: paramsOf(query) }, readRow);
    },
    async count(project) {
      const sql = `SELECT toInt64(count()) FROM (SELECT id FROM calls_merged
        WHERE project_id = {project:String} ${grouped} HAVING ${live})`;
      return (await db.all({ sql, params: { project } }, (row) => row.int64()))[0]!;
    },
  };
}

/** The exact condition behind the LIKE on the raw text, as Weave composes it. */
function found({ by, jsonPath }: Search, dump: string): string {
  const value = `ifNull(nullIf(JSON_VALUE(${dump}, '${jsonPath}'), 'null'), '')`;
  return by === 'equals' ? `${value} = {text:String}` : `position(${value}, {text:String}) > 0`;
}

function limit(query: PageQuery): string {
  if (query.limit === undefined) return '';
  return `LIMIT ${query.limit}${query.offset === undefined ? '' : ` OFFSET ${query.offset}`}`;
}

function paramsOf(query: PageQuery): Record<string, string | readonly string[]> {
  return {
    project: query.projectId,
    ...(query.opName === undefined ? {} : { ops: [query.opName] }),
    ...(query.traceId === undefined ? {} : { trace: query.traceId }),
    ...(query.callId === undefined ? {} : { id: query.callId }),
    ...(query.search === undefined ? {} : { text: query.search.text, like: `%${query.search.text}%` }),
  };
}

function readRow(row: RowReader) {
  return {
    id: row.text(),
    traceId: row.text(),
    parentId: row.textOrNull(),
    threadId: row.textOrNull(),
    turnId: row.textOrNull(),
    opName: row.text(),
    displayName: row.textOrNull(),
    startedAtUs: row.int64(),
    endedAtUs: row.int64(),
    exception: row.textOrNull(),
    userId: row.textOrNull(),
    runId: row.textOrNull(),
    attributes: row.bytes(),
    inputs: row.bytes(),
    output: row.bytes(),
    summary: row.bytes(),
  };
}
