import { AppError } from '@weft/model';
import {
  parseFieldPath,
  type ColumnType,
  type Field,
  type FieldResolver,
  type JsonField,
  type PathPart,
} from '@weft/query-language';

/** What conditions and sort keys of calls may name (weave-api §7.6), and which JSON text it is read from. */

export const PAYLOAD_COLUMNS = ['attributes', 'inputs', 'output', 'summary'] as const;
export type PayloadColumn = (typeof PAYLOAD_COLUMNS)[number];

/** A value of feedback that calls have: any number per call. */
export interface FeedbackField extends JsonField {
  readonly feedback: {
    /** Undefined = of every type. */
    readonly type: string | undefined;
    readonly member: FeedbackMember;
  };
}
export type FeedbackMember = 'payload' | 'runnable_ref' | 'trigger_ref';

/** A value behind refs: each hop leads to a ref within the value so far, whose object (or table row) is the next value. */
export interface ThroughField extends JsonField {
  readonly through: { readonly column: PayloadColumn; readonly hops: readonly (readonly PathPart[])[] };
}

/** A value of the span that a call was made of, at `path` below `attributes.otel_span`. */
export interface SpanField extends JsonField {
  readonly span: readonly string[];
}

const COLUMNS: ReadonlyMap<string, { readonly type: ColumnType; readonly nullable: boolean }> = new Map(
  (
    [
      ['id', 'string'],
      ['project_id', 'string'],
      ['trace_id', 'string'],
      ['parent_id', 'string?'],
      ['thread_id', 'string?'],
      ['turn_id', 'string?'],
      ['op_name', 'string'],
      ['display_name', 'string?'],
      ['started_at', 'instant'],
      ['ended_at', 'instant?'],
      ['deleted_at', 'instant?'],
      ['expire_at', 'instant?'],
      ['exception', 'string?'],
      ['wb_user_id', 'string?'],
      ['wb_username', 'string?'],
      ['wb_run_id', 'string?'],
      ['wb_run_step', 'number?'],
      ['wb_run_step_end', 'number?'],
      ['input_refs', 'strings'],
      ['output_refs', 'strings'],
      ['summary.weave.status', 'string'],
      ['summary.weave.latency_ms', 'number?'],
      ['summary.weave.trace_name', 'string'],
    ] as const
  ).map(([name, type]) => [
    name,
    { type: type.replace('?', '') as ColumnType, nullable: type.endsWith('?') },
  ]),
);

const FEEDBACK = /^feedback\.\[([^\]]{1,256})\]\.(payload|runnable_ref|trigger_ref)(?:\.(.+))?$/s;
const QUEUE = 'annotation_queue_items.queue_id';
/** Objects looked into one behind the other. */
export const MAX_HOPS = 4;

/**
 * @param expandColumns paths (`inputs.example`) at which a ref stands for its object: what lies deeper is looked for in
 * there (weave-api §7.8). Where there is no ref, or its object is not there, the value itself is looked into.
 */
export function callFields(expandColumns: readonly string[] = []): FieldResolver {
  const expanded = expandColumns.flatMap((path) => expandedPath(path) ?? []);
  return (path) => columnOf(path) ?? feedbackOf(path) ?? queueOf(path) ?? payloadOf(path, expanded);
}

function columnOf(path: string): Field | undefined {
  const column = COLUMNS.get(path);
  return column && { kind: 'column', name: path, ...column };
}

function feedbackOf(path: string): FeedbackField | undefined {
  const match = FEEDBACK.exec(path);
  if (match === null) return undefined;
  const [, type, member, rest] = match;
  if (member !== 'payload' && rest !== undefined) return undefined;
  return {
    kind: 'json',
    column: `feedback.[${type}].${member}`,
    path: rest === undefined ? [] : parseFieldPath(rest),
    many: true,
    feedback: { type: type === '*' ? undefined : type!, member: member as FeedbackMember },
  };
}

function queueOf(path: string): JsonField | undefined {
  return path === QUEUE ? { kind: 'json', column: QUEUE, path: [], many: true } : undefined;
}

function payloadOf(path: string, expanded: readonly Expanded[]): Field | undefined {
  const [column, ...parts] = parseFieldPath(path);
  if (!isPayload(column?.key)) return undefined;
  if (column.key === 'summary' && parts[0]?.key === 'weave') return undefined;
  if (column.key === 'attributes' && parts[0]?.key === 'otel_span') return spanField(parts.slice(1));
  const hops = hopsTo(column.key, parts, expanded);
  if (hops.length === 0) return { kind: 'json', column: column.key, path: parts };
  const length = hops.reduce((sum, hop) => sum + hop.length, 0);
  const through: ThroughField = {
    kind: 'json',
    column: `${column.key} through ${JSON.stringify(hops.map((hop) => hop.map((part) => part.key)))}`,
    path: parts.slice(length),
    through: { column: column.key, hops },
  };
  return through;
}

function isPayload(name: string | undefined): name is PayloadColumn {
  return PAYLOAD_COLUMNS.some((column) => column === name);
}

interface Expanded {
  readonly column: PayloadColumn;
  readonly parts: readonly PathPart[];
}

function expandedPath(path: string): Expanded | undefined {
  const [column, ...parts] = parseFieldPath(path);
  return isPayload(column?.key) ? { column: column.key, parts } : undefined;
}

/** The expanded paths that lead to `parts`, each from where the one before ends. */
function hopsTo(
  column: PayloadColumn,
  parts: readonly PathPart[],
  expanded: readonly Expanded[],
): PathPart[][] {
  const ends = expanded
    .filter((each) => each.column === column && each.parts.length < parts.length)
    .filter((each) => each.parts.every((part, i) => part.key === parts[i]!.key))
    .map((each) => each.parts.length)
    .sort((a, b) => a - b);
  const hops: PathPart[][] = [];
  let from = 0;
  for (const end of new Set(ends)) {
    hops.push(parts.slice(from, end));
    from = end;
  }
  if (hops.length > MAX_HOPS)
    throw new AppError('invalid_request', `expand_columns: more than ${MAX_HOPS} of them lie on one path`);
  return hops;
}

/** Members of `attributes.otel_span` that can be looked for; its events and links cannot. */
const SPAN_TEXTS = ['name', 'kind', 'parent_id', 'start_time', 'end_time'];
const SPAN_PAIRS = ['status.code', 'status.message', 'context.trace_id', 'context.span_id', 'scope.name', 'scope.version']; // prettier-ignore

function spanField(path: readonly PathPart[]): SpanField | undefined {
  const keys = path.map((part) => part.key);
  const isAttribute =
    (keys[0] === 'attributes' && keys.length > 1) ||
    ((keys[0] === 'resource' || keys[0] === 'scope') && keys[1] === 'attributes' && keys.length > 2);
  if (!isAttribute && !SPAN_TEXTS.includes(keys.join('.')) && !SPAN_PAIRS.includes(keys.join('.')))
    return undefined;
  return { kind: 'json', column: `attributes.otel_span ${JSON.stringify(keys)}`, path: [], span: keys };
}
