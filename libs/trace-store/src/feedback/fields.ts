import { AppError } from '@weft/model';
import {
  parseFieldPath,
  type ColumnField,
  type ColumnType,
  type Dialect,
  type Field,
} from '@weft/query-language';
import type { Param } from '../clickhouse.ts';

interface FieldColumn {
  readonly sql: string;
  readonly type: ColumnType;
  readonly nullable?: true;
}

const text = (sql: string): FieldColumn => ({ sql, type: 'string' });
/** Empty stands for null. */
const ref = (sql: string): FieldColumn => ({ sql: `nullIf(${sql}, '')`, type: 'string', nullable: true });

/** Names on the wire. */
const COLUMNS: ReadonlyMap<string, FieldColumn> = new Map([
  ['id', text('id')],
  ['project_id', text('project_id')],
  ['weave_ref', text('weave_ref')],
  ['wb_user_id', text('user_id')],
  ['creator', ref('creator')],
  ['created_at', { sql: 'created_at', type: 'instant' }],
  ['feedback_type', text('feedback_type')],
  ['annotation_ref', ref('annotation_ref')],
  ['runnable_ref', ref('runnable_ref')],
  ['call_ref', ref('call_ref')],
  ['trigger_ref', ref('trigger_ref')],
  ['queue_id', ref('queue_id')],
  ['scorer_tags', { sql: 'scorer_tags', type: 'strings' }],
  ['scorer_trace_id', text('scorer_trace_id')],
  ['span_agent_name', text('span_agent_name')],
  ['span_agent_version', text('span_agent_version')],
  ['span_status_code', text('span_status_code')],
  ['span_conversation_id', text('span_conversation_id')],
  ['span_trace_id', text('span_trace_id')],
]);

/** Values by name: `scorer_ratings.quality`; the name may hold dots. */
const BY_NAME: ReadonlyMap<string, ColumnType> = new Map([
  ['scorer_tag_reasons', 'string'],
  ['scorer_tag_confidences', 'number'],
  ['scorer_ratings', 'number'],
  ['scorer_rating_reasons', 'string'],
  ['scorer_rating_confidences', 'number'],
]);

/** The field that a path means: a column, `payload.a.b`, or a value by name. @throws AppError `invalid_request` (400, as W&B) */
export function feedbackField(path: string): Field {
  const column = COLUMNS.get(path);
  if (column !== undefined)
    return { kind: 'column', name: path, type: column.type, nullable: column.nullable ?? false };
  if (path === 'payload') return { kind: 'json', column: 'payload', path: [] };
  if (path.startsWith('payload.'))
    return { kind: 'json', column: 'payload', path: parseFieldPath(path.slice('payload.'.length)) };
  const dot = path.indexOf('.');
  const type = BY_NAME.get(path.slice(0, Math.max(dot, 0)));
  if (type !== undefined) return { kind: 'column', name: path, type, nullable: true };
  throw new AppError('invalid_request', `Unknown field: ${path.slice(0, 200)}`);
}

/** How these fields read as SQL; names of values are bound into `params`. */
export function feedbackDialect(params: Record<string, Param>, prefix?: string): Dialect {
  return {
    column: (field) => COLUMNS.get(field.name)?.sql ?? byName(field, params),
    json: () => ({ sql: 'payload' }),
    prefix,
  };
}

/** NULL where there is no such name. */
function byName({ name }: ColumnField, params: Record<string, Param>): string {
  const dot = name.indexOf('.');
  const param = `name${Object.keys(params).length}`;
  params[param] = name.slice(dot + 1);
  const [column, key] = [name.slice(0, dot), `{${param}:String}`];
  return `if(mapContains(${column}, ${key}), ${column}[${key}], NULL)`;
}
