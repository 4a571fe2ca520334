import type { Param, Statement } from '../clickhouse.ts';
import { ALIASED, TAGGED } from './labels.ts';
import type { Head } from './list-heads.ts';
import type { ObjectsFilter, ObjectsQuery } from './types.ts';
import { KEYS_TYPE, keyTuples } from './values.ts';
import { numbered, VERSION_COLUMNS } from './versions.ts';

const LATEST = 'latest';
export const NO_INSTANT = "toDateTime64('1900-01-01', 6, 'UTC')";

type Params = Record<string, Param>;

/** An empty list has no match. Servers over Distributed tables fail on some of such queries, so they are not sent. */
export function wantsNothing(filter: ObjectsFilter): boolean {
  const { objectIds, baseObjectClasses, leafObjectClasses, tags, aliases } = filter;
  return [objectIds, baseObjectClasses, leafObjectClasses, tags, aliases].some((list) => list?.length === 0);
}

/** All of the list; with `heads` only the latest versions of these, which the query's limit has been applied to. */
export function compileList(query: ObjectsQuery, heads?: readonly Head[]): Statement {
  const params: Params = { project: query.projectId };
  if (heads !== undefined) {
    params.heads = keyTuples(heads.map(({ objectId, kind }) => ({ objectId, digest: kind })));
    params.objects = [...new Set(heads.map(({ objectId }) => objectId))];
    const scope = 'project_id = {project:String} AND object_id IN {objects:Array(String)}';
    const where = `is_latest AND (object_id, toString(kind)) IN {heads:${KEYS_TYPE}}`;
    return { sql: select(scope, where, query), params };
  }
  const scope = compileScope(query.filter, params);
  const where = compileFilter(query.filter, params);
  return { sql: `${select(scope, where, query)} ${compileLimit(query)}`, params };
}

/** How far from the beginning of its order a list may go: a row of that place. */
export interface Reach {
  readonly name: string;
  readonly atUs: number;
}

/** The row in place `rows` of all publications in the order of the list. */
export function compileReach(query: ObjectsQuery, rows: number): Statement {
  const params: Params = { project: query.projectId };
  const { isByName, direction } = firstSort(query);
  return {
    sql: `SELECT object_id, toUnixTimestamp64Micro(last_created_at) FROM object_versions WHERE ${compilePublished(query, params)}
ORDER BY ${isByName ? 'object_id' : 'last_created_at'} ${direction} LIMIT 1 OFFSET ${rows}`,
    params,
  };
}

/** The beginning of the list as far as it lies within `reach`. */
export function compileNear(query: ObjectsQuery, reach: Reach): Statement {
  const params: Params = { project: query.projectId, reach_name: reach.name, reach_us: reach.atUs };
  const { isByName, direction } = firstSort(query);
  const before = direction === 'desc' ? '>=' : '<=';
  const at = "fromUnixTimestamp64Micro({reach_us:Int64}, 'UTC')";
  const scope = compileScope(query.filter, params);
  const where = compileFilter(query.filter, params);
  const published = `${compilePublished(query, params)} AND last_created_at ${before} ${at}`;
  const near = isByName
    ? `object_id ${before} {reach_name:String}`
    : `object_id IN (SELECT object_id FROM object_versions WHERE ${published})`;
  const within = isByName ? '' : ` AND last ${before} ${at}`;
  return {
    sql: `${select(`${scope} AND ${near}`, `${where}${within}`, query)} ${compileLimit(query)}`,
    params,
  };
}

function select(scope: string, where: string, query: ObjectsQuery): string {
  return `SELECT ${VERSION_COLUMNS} FROM (
${numbered(scope)}
) WHERE ${where} ${compileOrder(query)}`;
}

/** Rows of publications that may belong to the list. */
function compilePublished({ filter }: ObjectsQuery, params: Params): string {
  const classes = compileClasses(filter, params, { base: 'base_object_class', leaf: 'leaf_object_class' });
  return [compileScope(filter, params), `last_created_at > ${NO_INSTANT}`, ...classes].join(' AND ');
}

/** What all versions of an object share. */
export function compileScope(filter: ObjectsFilter, params: Params): string {
  const conditions = ['project_id = {project:String}'];
  if (filter.objectIds !== undefined) {
    conditions.push('object_id IN {ids:Array(String)}');
    params.ids = filter.objectIds;
  }
  if (filter.isOp !== undefined) conditions.push(`kind = '${filter.isOp ? 'op' : 'object'}'`);
  if (filter.tags !== undefined) {
    conditions.push(`object_id IN (${TAGGED.objects})`);
    params.tags = filter.tags;
  }
  if (filter.aliases !== undefined && !filter.aliases.includes(LATEST)) {
    conditions.push(`object_id IN (${ALIASED.objects})`);
    params.aliases = filter.aliases;
  }
  return conditions.join(' AND ');
}

/** On rows of `numbered`. */
function compileFilter(filter: ObjectsFilter, params: Params): string {
  const conditions = ['NOT gone', ...compileClasses(filter, params)];
  if (filter.latestOnly === true) conditions.push('is_latest');
  if (filter.tags !== undefined) {
    conditions.push(`(object_id, digest) IN (${TAGGED.versions})`);
    params.tags = filter.tags;
  }
  if (filter.aliases !== undefined) {
    const either = filter.aliases.includes(LATEST) ? 'is_latest OR ' : '';
    conditions.push(`(${either}(object_id, digest) IN (${ALIASED.versions}))`);
    params.aliases = filter.aliases;
  }
  return conditions.join(' AND ');
}

export function compileClasses(
  filter: ObjectsFilter,
  params: Params,
  { base, leaf } = { base: 'base_class', leaf: 'leaf_class' },
): string[] {
  const conditions = [];
  if (filter.baseObjectClasses !== undefined) {
    conditions.push(`${base} IN {base:Array(String)}`);
    params.base = filter.baseObjectClasses;
  }
  if (filter.excludeBaseObjectClasses !== undefined && filter.excludeBaseObjectClasses.length > 0) {
    conditions.push(`${base} NOT IN {not_base:Array(String)}`);
    params.not_base = filter.excludeBaseObjectClasses;
  }
  if (filter.leafObjectClasses !== undefined) {
    conditions.push(`${leaf} IN {leaf:Array(String)}`);
    params.leaf = filter.leafObjectClasses;
  }
  return conditions;
}

const SORT_COLUMNS = { object_id: 'object_id', created_at: 'last' } as const;

/** @param tie makes the order total. */
export function compileOrder({ sort }: ObjectsQuery, tie = 'object_id, kind, first, digest'): string {
  const given = sort.map(
    ({ field, direction }) => `${SORT_COLUMNS[field]} ${direction === 'desc' ? 'DESC' : 'ASC'}`,
  );
  return `ORDER BY ${[...(given.length === 0 ? ['last'] : given), tie].join(', ')}`;
}

function firstSort({ sort }: ObjectsQuery): { isByName: boolean; direction: 'asc' | 'desc' } {
  const { field, direction } = sort[0] ?? { field: 'created_at', direction: 'asc' };
  return { isByName: field === 'object_id', direction };
}

export function compileLimit({ limit, offset = 0 }: ObjectsQuery): string {
  if (limit === undefined) return offset === 0 ? '' : `OFFSET ${offset}`;
  return `LIMIT ${limit} OFFSET ${offset}`;
}
