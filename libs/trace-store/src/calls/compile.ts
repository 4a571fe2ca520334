import { formatInstant } from '@weft/model';
import type { Param } from '../clickhouse.ts';
import { NO_INSTANT_US } from '../native.ts';
import type { CallsFilter, CallSortField, CallsQuery } from '../trace-store.ts';
import { EXCEPTION } from './row.ts';

/** True for a row that is left out of every answer. For the few rows of a page cheaper than to filter all that are read. */
export const IS_EXCLUDED = `ver IN (SELECT ver FROM calls_superseded WHERE project_id = {project:String})
  OR id IN (SELECT id FROM call_deletes WHERE project_id = {project:String})`;

/** Conditions and the parameters they bind. */
export interface Where {
  readonly sql: string;
  readonly params: Readonly<Record<string, Param>>;
}

const NO_INSTANT = `'${formatInstant(NO_INSTANT_US).slice(0, 10)}'`;

/** The rename if there is one, else the start's name; empty = none. */
export const DISPLAY_NAME = 'if(rename_ver > 0, rename, display_name)';

/** Tables that say which rows to leave out. */
export interface Exclusions {
  readonly superseded: boolean;
  readonly deleted: boolean;
}

/**
 * Calls of a project that have a start, are not superseded and not deleted, and match the filter.
 * @param exclusions what is known to be empty costs a column of the whole project where all of it is read.
 */
export function compileWhere(
  projectId: string,
  filter: CallsFilter,
  exclusions: Exclusions = { superseded: true, deleted: true },
): Where {
  const params: Record<string, Param> = { project: projectId };
  const conditions = [
    'project_id = {project:String}',
    `started_at > ${NO_INSTANT}`,
    ...compileFilter(filter, params),
    ...(exclusions.superseded
      ? ['ver NOT IN (SELECT ver FROM calls_superseded WHERE project_id = {project:String})']
      : []),
    ...(exclusions.deleted
      ? ['id NOT IN (SELECT id FROM call_deletes WHERE project_id = {project:String})']
      : []),
  ];
  return { sql: conditions.join('\n  AND '), params };
}

function compileFilter(filter: CallsFilter, params: Record<string, Param>): string[] {
  const conditions: string[] = [];
  const bind = (name: string, values: readonly string[], type = 'Array(String)'): string => {
    params[name] = values;
    return `{${name}:${type}}`;
  };
  const member = (name: string, column: string, values: readonly string[] | undefined): void => {
    if (values !== undefined && values.length > 0) conditions.push(`${column} IN ${bind(name, values)}`);
  };
  /** Exact values and prefixes, OR-ed. */
  const either = (
    name: string,
    values: readonly string[] | undefined,
    exact: (p: string) => string,
    prefix: (p: string) => string,
  ): void => {
    if (values === undefined || values.length === 0) return;
    const prefixes = values.filter((v) => v.endsWith(':*')).map((v) => v.slice(0, -1));
    const exacts = values.filter((v) => !v.endsWith(':*'));
    const arms = [
      ...(exacts.length > 0 ? [exact(bind(name, exacts))] : []),
      ...(prefixes.length > 0 ? [prefix(bind(`${name}_prefixes`, prefixes))] : []),
    ];
    conditions.push(`(${arms.join(' OR ')})`);
  };
  either(
    'op_names',
    filter.opNames,
    (p) => `op_name IN ${p}`,
    (p) => `arrayExists(p -> startsWith(op_name, p), ${p})`,
  );
  for (const [name, values] of [
    ['input_refs', filter.inputRefs],
    ['output_refs', filter.outputRefs],
  ] as const) {
    either(
      name,
      values,
      (p) => `hasAny(${name}, ${p})`,
      (p) => `arrayExists(r -> arrayExists(p -> startsWith(r, p), ${p}), ${name})`,
    );
  }
  member('parent_ids', 'parent_id', filter.parentIds);
  member('trace_ids', 'trace_id', filter.traceIds);
  member('call_ids', 'id', filter.callIds);
  // Upstream: an empty list of threads matches nothing, other empty lists say nothing.
  if (filter.threadIds?.length === 0) conditions.push('0');
  member('thread_ids', 'thread_id', filter.threadIds);
  member('turn_ids', 'turn_id', filter.turnIds);
  member('user_ids', 'user_id', filter.userIds);
  member('run_ids', 'run_id', filter.runIds);
  if (filter.traceRootsOnly === true) conditions.push("parent_id = ''");
  return conditions;
}

/** NULL where a field is not given: such rows come last in either direction. */
const SORT: Record<CallSortField, string> = {
  id: 'id',
  trace_id: 'trace_id',
  parent_id: "nullIf(parent_id, '')",
  thread_id: "nullIf(thread_id, '')",
  turn_id: "nullIf(turn_id, '')",
  op_name: 'op_name',
  display_name: `nullIf(${DISPLAY_NAME}, '')`,
  started_at: 'started_at',
  ended_at: `if(ended_at > ${NO_INSTANT}, ended_at, NULL)`,
  exception: EXCEPTION,
  wb_user_id: "nullIf(user_id, '')",
  wb_run_id: "nullIf(run_id, '')",
  wb_run_step: 'nullIf(run_step, -1)',
  wb_run_step_end: 'nullIf(run_step_end, -1)',
  'summary.weave.status': 'toString(status)',
  'summary.weave.latency_ms': `if(ended_at > ${NO_INSTANT}, intDiv(toUnixTimestamp64Micro(ended_at) - toUnixTimestamp64Micro(started_at), 1000), NULL)`,
  'summary.weave.trace_name': `multiIf(${DISPLAY_NAME} != '', ${DISPLAY_NAME}, match(op_name, '^weave:///[^/]+/[^/]+/op/'), extract(op_name, '/op/([^:/]+)'), op_name)`,
};

const DEFAULT_SORT: CallsQuery['sort'] = [{ field: 'started_at', direction: 'asc' }];

/** The tie-break on id, then the span's trace, runs with `started_at` where that is sorted by, else downwards. */
export function compileSort(sort: CallsQuery['sort']): string {
  const keys = sort.length === 0 ? DEFAULT_SORT : sort;
  const time = keys.find((key) => key.field === 'started_at');
  const terms = keys.map((key) => `${SORT[key.field]} ${key.direction === 'asc' ? 'ASC' : 'DESC'}`);
  const direction = time?.direction === 'asc' ? 'ASC' : 'DESC';
  return [...terms, `id ${direction}`, `span_trace_id ${direction}`].join(', ');
}

/** Whether the rows come out in the order of the table's key: nothing has to be sorted, and versions of a call are neighbours. */
export function isKeyOrder(sort: CallsQuery['sort']): boolean {
  return sort.length === 0 || sort[0]!.field === 'started_at';
}

const IS_OUTRUN = `(started_at, id, span_trace_id) IN (
    SELECT started_at, id, span_trace_id FROM calls WHERE project_id = {project:String} AND ended_at > ${NO_INSTANT}
    AND (started_at, id) IN (SELECT started_at, id FROM calls WHERE project_id = {project:String} AND ended_at = ${NO_INSTANT}))`;

export const HAS_ENDED = `ended_at > ${NO_INSTANT}`;
/** A running row whose call has not ended. */
export const STILL_RUNS = `ended_at = ${NO_INSTANT} AND NOT ${IS_OUTRUN}`;
/** A running row whose call has ended. */
export const OUTRUN = `ended_at = ${NO_INSTANT} AND ${IS_OUTRUN}`;

/**
 * Leaves out running rows whose call has ended. Only needed where versions of a call do not come side by side; costs a
 * look at the key of every running row of the project.
 */
export const NOT_OUTRUN = `(${HAS_ENDED} OR NOT ${IS_OUTRUN})`;

export function compileLimit(limit: number | undefined, params: Record<string, Param>): string {
  if (limit === undefined) return '';
  params.limit = limit;
  return 'LIMIT {limit:UInt64}';
}
