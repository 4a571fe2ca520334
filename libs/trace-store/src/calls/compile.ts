import { compileSortKeys, type CompiledQuery, type Dialect } from '@weft/query-language';
import type { Param } from '../clickhouse.ts';
import type { CallsFilter, CallsQuery } from '../trace-store.ts';
import { NO_INSTANT } from './columns.ts';
import type { CallDialect } from './dialect.ts';
import { callFields } from './fields.ts';

/** True for a row that is left out of every answer. For the few rows of a page cheaper than to filter all that are read. */
export const IS_EXCLUDED = `ver IN (SELECT ver FROM calls_superseded WHERE project_id = {project:String})
  OR id IN (SELECT id FROM call_deletes WHERE project_id = {project:String})`;

/** Rows that are replaced: their instants are in the primary key. */
const SUPERSEDED = `started_at IN (SELECT started_at FROM calls_superseded WHERE project_id = {project:String})
    AND ver IN (SELECT ver FROM calls_superseded WHERE project_id = {project:String})`;
/** Their ids are indexed. */
const DELETED = 'id IN (SELECT id FROM call_deletes WHERE project_id = {project:String})';

/**
 * Conditions for rows that do not count, each true for others: what was summed over all rows is put right by looking at
 * few, while leaving them out would read the version and the id of each.
 */
export function excludedRows({ superseded, deleted }: Exclusions): string[] {
  return [
    ...(superseded ? [SUPERSEDED] : []),
    ...(deleted ? [superseded ? `${DELETED} AND NOT (${SUPERSEDED})` : DELETED] : []),
  ];
}

/** Conditions and the parameters they bind. */
export interface Where {
  readonly sql: string;
  readonly params: Readonly<Record<string, Param>>;
}

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
    ...compileFilter({ ...filter, runIds: runIdsOf(projectId, filter.runIds) }, params),
    ...(exclusions.superseded
      ? ['ver NOT IN (SELECT ver FROM calls_superseded WHERE project_id = {project:String})']
      : []),
    ...(exclusions.deleted
      ? ['id NOT IN (SELECT id FROM call_deletes WHERE project_id = {project:String})']
      : []),
  ];
  return { sql: conditions.join('\n  AND '), params };
}

/** Clients send runs as `entity/project/run`; a bare run id in a filter is one of the project's. */
function runIdsOf(projectId: string, runIds: CallsFilter['runIds']): CallsFilter['runIds'] {
  return runIds?.flatMap((id) => (id.includes('/') ? [id] : [id, `${projectId}/${id}`]));
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

const DEFAULT_SORT: CallsQuery['sort'] = [{ field: 'started_at', direction: 'asc' }];

/** The tie-break on id, then the span's trace, runs with `started_at` where that is sorted by, else downwards. */
export function compileSort(sort: CallsQuery['sort'], dialect: CallDialect): Where {
  const keys = sort.length === 0 ? DEFAULT_SORT : sort;
  const time = keys.find(isTime);
  const params: Record<string, Param> = {};
  const terms = keys.map((key, i) => {
    const letter = String.fromCharCode('a'.charCodeAt(0) + i);
    const compiled = compileSortKey(key, dialect.dialect(`s${letter}`));
    Object.assign(params, compiled.params);
    return compiled.sql;
  });
  const direction = time?.direction === 'asc' ? 'ASC' : 'DESC';
  return { sql: [...terms, `id ${direction}`, `span_trace_id ${direction}`].join(', '), params };
}

function compileSortKey({ field, direction }: SortKey, dialect: Dialect): CompiledQuery {
  const of = typeof field === 'string' ? callField(field)! : field;
  // Without NULLS LAST, which is the default: the table's own order has to be seen as such.
  if (of.kind === 'column')
    return { sql: `${dialect.column(of)} ${direction === 'asc' ? 'ASC' : 'DESC'}`, params: {} };
  return compileSortKeys(of, direction, dialect);
}

type SortKey = CallsQuery['sort'][number];
const callField = callFields();

function isTime({ field }: SortKey): boolean {
  return (
    field === 'started_at' ||
    (typeof field === 'object' && field.kind === 'column' && field.name === 'started_at')
  );
}

/** Whether the rows come out in the order of the table's key: nothing has to be sorted, and versions of a call are neighbours. */
export function isKeyOrder(sort: CallsQuery['sort']): boolean {
  return sort.length === 0 || isTime(sort[0]!);
}

const IS_OUTRUN = `(started_at, id, span_trace_id) IN (
    SELECT started_at, id, span_trace_id FROM calls WHERE project_id = {project:String} AND ended_at > ${NO_INSTANT}
    AND (started_at, id) IN (SELECT started_at, id FROM calls WHERE project_id = {project:String} AND ended_at = ${NO_INSTANT}))`;

/** A row of a call that has not ended, as far as the row knows. */
export const RUNNING = `ended_at = ${NO_INSTANT}`;
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
