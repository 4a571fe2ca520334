import type { ColumnField, Dialect, JsonField, JsonSource, PathPart } from '@weft/query-language';
import type { Param } from '../clickhouse.ts';
import { VISIBLE_FEEDBACK } from '../feedback/visible.ts';
import { DISPLAY_NAME, NO_INSTANT } from './columns.ts';
import type { FeedbackField, FeedbackMember, SpanField, ThroughField } from './fields.ts';
import { EXCEPTION } from './row.ts';
import { spanTextSql } from './span-sql.ts';

/** Columns of `calls` by their names on the wire. NULL = not given. */
const COLUMNS: ReadonlyMap<string, string> = new Map([
  ['id', 'id'],
  ['project_id', 'project_id'],
  ['trace_id', 'trace_id'],
  ['parent_id', "nullIf(parent_id, '')"],
  ['thread_id', "nullIf(thread_id, '')"],
  ['turn_id', "nullIf(turn_id, '')"],
  ['op_name', 'op_name'],
  ['display_name', `nullIf(${DISPLAY_NAME}, '')`],
  ['started_at', 'started_at'],
  ['ended_at', `if(ended_at > ${NO_INSTANT}, ended_at, NULL)`],
  // Deleted calls are never read, and none expires.
  ['deleted_at', "CAST(NULL, 'Nullable(DateTime64(6, \\'UTC\\'))')"],
  ['expire_at', "CAST(NULL, 'Nullable(DateTime64(6, \\'UTC\\'))')"],
  ['exception', EXCEPTION],
  ['wb_user_id', "nullIf(user_id, '')"],
  ['wb_username', "CAST(NULL, 'Nullable(String)')"],
  ['wb_run_id', "nullIf(run_id, '')"],
  ['wb_run_step', 'nullIf(run_step, -1)'],
  ['wb_run_step_end', 'nullIf(run_step_end, -1)'],
  ['input_refs', 'input_refs'],
  ['output_refs', 'output_refs'],
  ['summary.weave.status', 'toString(status)'],
  [
    'summary.weave.latency_ms',
    `if(ended_at > ${NO_INSTANT}, intDiv(toUnixTimestamp64Micro(ended_at) - toUnixTimestamp64Micro(started_at), 1000), NULL)`,
  ],
  [
    'summary.weave.trace_name',
    `multiIf(${DISPLAY_NAME} != '', ${DISPLAY_NAME}, match(op_name, '^weave:///[^/]+/[^/]+/op/'), extract(op_name, '/op/([^:/]+)'), op_name)`,
  ],
]);

/** What is looked at beside the calls, gathered while conditions and sort keys are compiled. */
export class CallDialect {
  readonly params: Record<string, Param> = {};
  private readonly feedback = new Map<string, { readonly name: string; readonly sql: string }>();
  private readonly feedbackTypes = new Set<string>();
  private isOfAnyType = false;
  private readonly hops = new Map<string, Hop>();
  private hasQueues = false;
  private readonly projectId: string;

  constructor(projectId: string) {
    this.projectId = projectId;
  }

  /** @param prefix of the parameters of one compiled piece. */
  dialect(prefix: string): Dialect {
    return {
      column: (field) => this.column(field),
      json: (field) => this.json(field),
      prefix,
    };
  }

  /** `calls` and what has to be joined to it. */
  from(): string {
    return ['calls', ...this.joins()].join('\n');
  }

  get hasJoins(): boolean {
    return this.feedback.size > 0 || this.hops.size > 0 || this.hasQueues;
  }

  private column({ name }: ColumnField): string {
    const sql = COLUMNS.get(name);
    if (sql === undefined) throw new Error(`calls have no column ${name}`);
    return sql;
  }

  private json(field: JsonField): JsonSource {
    if ('feedback' in field) return { sql: this.feedbackTexts((field as FeedbackField).feedback) };
    if ('through' in field) return { sql: this.valueThrough((field as ThroughField).through) };
    if ('span' in field) return { sql: spanTextSql((field as SpanField).span, (text) => this.bind(text)) };
    if (field.many === true) {
      this.hasQueues = true;
      return { sql: 'queue_ids' };
    }
    return { sql: field.column };
  }

  private bind(text: string): string {
    const name = `c${Object.keys(this.params).length}`;
    this.params[name] = text;
    return `{${name}:String}`;
  }

  private feedbackTexts({ type, member }: FeedbackField['feedback']): string {
    const key = JSON.stringify([type ?? null, member]);
    const known = this.feedback.get(key);
    if (known !== undefined) return known.name;
    const name = `fb_${this.feedback.size}`;
    const conditions = [
      ...(type === undefined ? [] : [`feedback_type = ${this.bind(type)}`]),
      `${member} != ''`,
    ];
    if (type === undefined) this.isOfAnyType = true;
    else this.feedbackTypes.add(type);
    const sql = `groupArrayIf(${FEEDBACK_TEXT[member]}, ${conditions.join(' AND ')}) AS ${name}`;
    this.feedback.set(key, { name, sql });
    return name;
  }

  private valueThrough({ column, hops }: ThroughField['through']): string {
    let value: string = column;
    let path: string[] = [column];
    for (const hop of hops) {
      path = [...path, JSON.stringify(hop.map((part) => part.key))];
      value = this.valueBehind(value, hop, path.join(' '), column, path.length === 2);
    }
    return value;
  }

  /** The value of the ref at `hop` in `json`; where there is none, what lies at `hop` itself. */
  private valueBehind(
    json: string,
    hop: readonly PathPart[],
    key: string,
    column: string,
    isFirst: boolean,
  ): string {
    let known = this.hops.get(key);
    if (known === undefined) {
      const args = hop
        .map((part) => `, ${part.index === undefined ? this.bind(part.key) : part.index + 1}`)
        .join('');
      const name = `hop_${this.hops.size}`;
      known = {
        name,
        ref: `JSONExtractString(${json}${args})`,
        args,
        refs: isFirst ? REFS_OF.get(column) : undefined,
      };
      this.hops.set(key, known);
    }
    return `if(${known.name}_val != '', ${known.name}_val, JSONExtractRaw(${json}${known.args}))`;
  }

  private joins(): string[] {
    return [
      ...(this.feedback.size > 0 ? [this.feedbackJoin()] : []),
      ...(this.hasQueues ? [QUEUES] : []),
      ...[...this.hops.values()].map((hop) => this.hopJoin(hop)),
    ];
  }

  private feedbackJoin(): string {
    const prefix = `weave:///${this.projectId}/call/`;
    this.params.fb_prefix = prefix;
    this.params.fb_types = [...this.feedbackTypes];
    const ofTypes = this.isOfAnyType ? '' : ' AND feedback_type IN {fb_types:Array(String)}';
    const columns = [...this.feedback.values()].map(({ sql }) => sql).join(',\n  ');
    return `LEFT JOIN (SELECT substring(weave_ref, ${Buffer.byteLength(prefix) + 1}) AS fb_id, ${columns}
FROM (SELECT weave_ref, feedback_type, payload, runnable_ref, trigger_ref ${VISIBLE_FEEDBACK}
  AND startsWith(weave_ref, {fb_prefix:String})${ofTypes} ORDER BY created_at DESC, id)
GROUP BY weave_ref) AS feedback_of_calls ON fb_id = id`;
  }

  /** Objects and rows of the same project only: other projects are not the reader's to see. */
  private hopJoin({ name, ref, refs }: Hop): string {
    this.params.th_prefix = `weave:///${this.projectId}/`;
    const key = `multiIf(NOT startsWith(${ref}, {th_prefix:String}), '', match(${ref}, '/id/[^/]+$'), concat('row:', extract(${ref}, '/id/([^/]+)$')), ${ref})`;
    const only = (sql: string) =>
      refs === undefined
        ? ''
        : `AND ${sql} IN (SELECT arrayJoin(${refs}) FROM calls WHERE project_id = {project:String} AND notEmpty(${refs}))`;
    const rowsOnly =
      refs === undefined
        ? ''
        : `AND digest IN (SELECT extract(arrayJoin(${refs}), '/id/([^/]+)$') FROM calls WHERE project_id = {project:String} AND notEmpty(${refs}))`;
    const objectRef = `concat({th_prefix:String}, if(kind = 'op', 'op/', 'object/'), object_id, ':', digest)`;
    return `LEFT JOIN (SELECT ref AS ${name}_ref, any(val) AS ${name}_val FROM (
  SELECT ${objectRef} AS ref, max(val) AS val FROM object_versions WHERE project_id = {project:String} ${only(objectRef)}
  GROUP BY object_id, kind, digest HAVING max(deleted_at) <= ${NO_INSTANT} OR max(deleted_at) < max(last_created_at)
  UNION ALL SELECT concat('row:', digest) AS ref, val FROM table_row_values WHERE project_id = {project:String} ${rowsOnly}
  UNION ALL SELECT concat('row:', digest) AS ref, val FROM table_rows WHERE project_id = {project:String} ${rowsOnly})
GROUP BY ref) AS ${name} ON ${key} = ${name}_ref`;
  }
}

interface Hop {
  readonly name: string;
  /** Text of the ref. */
  readonly ref: string;
  /** Arguments of a JSON function that lead to it. */
  readonly args: string;
  /** Column that lists every ref there may be; undefined = unknown. */
  readonly refs: string | undefined;
}

const REFS_OF: ReadonlyMap<string, string> = new Map([
  ['inputs', 'input_refs'],
  ['output', 'output_refs'],
]);

const FEEDBACK_TEXT: Record<FeedbackMember, string> = {
  payload: 'payload',
  runnable_ref: 'toJSONString(runnable_ref)',
  trigger_ref: 'toJSONString(trigger_ref)',
};

const QUEUES = `LEFT JOIN (SELECT call_id AS queue_call_id, groupUniqArray(toJSONString(queue_id)) AS queue_ids
FROM annotation_queue_items WHERE project_id = {project:String} GROUP BY call_id) AS queues_of_calls ON queue_call_id = id`;
