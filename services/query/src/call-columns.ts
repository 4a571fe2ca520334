import { AppError } from '@weft/model';
import type { CallPayload } from '@weft/trace-store';

/** Members of a call as it is read (weave-api: CallSchema), in the order they are written. */
export const CALL_COLUMNS = [
  'id', 'project_id', 'op_name', 'display_name', 'trace_id', 'parent_id', 'thread_id', 'turn_id', 'started_at',
  'attributes', 'inputs', 'ended_at', 'exception', 'output', 'summary', 'wb_user_id', 'wb_username', 'wb_run_id',
  'wb_run_step', 'wb_run_step_end', 'deleted_at', 'expire_at', 'storage_size_bytes', 'total_storage_size_bytes',
] as const; // prettier-ignore
export type CallColumn = (typeof CALL_COLUMNS)[number];

const KNOWN: ReadonlySet<string> = new Set(CALL_COLUMNS);
/** Names of the payloads as stored, which upstream takes too. */
const STORED_NAMES: ReadonlyMap<string, CallColumn> = new Map(
  (['attributes', 'inputs', 'output', 'summary'] as const).map((name) => [`${name}_dump`, name]),
);
/** What the summary's status, name and latency are made of comes with it (weave-api §7.7). */
const WITH_SUMMARY: readonly CallColumn[] = ['ended_at', 'exception', 'display_name'];
/** Filled whatever was asked for: every client's model requires them. */
const ALWAYS: readonly CallColumn[] = ['id', 'project_id', 'trace_id', 'op_name', 'started_at'];

export type Columns = ReadonlySet<CallColumn>;
export const ALL_COLUMNS: Columns = new Set(CALL_COLUMNS);

/**
 * `columns` of a request: a dotted column selects its top-level member whole; none or an empty list means all.
 * @throws AppError `unsupported_member` naming the unknown one.
 */
export function toColumns(columns: readonly string[] | undefined): Columns {
  if (columns === undefined || columns.length === 0) return ALL_COLUMNS;
  const selected = new Set<CallColumn>(ALWAYS);
  columns.forEach((column, index) => {
    const dot = column.indexOf('.');
    const written = dot < 0 ? column : column.slice(0, dot);
    const name = STORED_NAMES.get(written) ?? written;
    if (!KNOWN.has(name))
      throw new AppError(
        'unsupported_member',
        `columns[${index}]: a call has no field ${JSON.stringify(column.slice(0, 80))}`,
      );
    selected.add(name as CallColumn);
  });
  if (selected.has('summary')) for (const column of WITH_SUMMARY) selected.add(column);
  return selected;
}

/**
 * What has to be read to write these columns. `summary` always: the derived status looks at its counts. With `attributes`
 * everything: the span inside them keeps its long texts in inputs and output.
 */
export function payloadsOf(columns: Columns): readonly CallPayload[] {
  if (columns.has('attributes')) return PAYLOADS;
  return PAYLOADS.filter((name) => name === 'summary' || columns.has(name));
}

const PAYLOADS: readonly CallPayload[] = ['attributes', 'inputs', 'output', 'summary'];
