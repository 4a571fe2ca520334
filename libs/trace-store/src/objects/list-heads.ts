import type { Param, Statement } from '../clickhouse.ts';
import type { RowReader } from '../row-binary.ts';
import { kindOf } from './kinds.ts';
import { compileClasses, compileLimit, compileOrder, compileScope, NO_INSTANT } from './list-sql.ts';
import type { ObjectsQuery } from './types.ts';

/** An object whose latest version is wanted. */
export interface Head {
  readonly objectId: string;
  readonly kind: 'op' | 'object';
}

export function readHead(row: RowReader): Head {
  return { objectId: row.text(), kind: kindOf(row.uint8()) };
}

/**
 * The objects whose latest versions are wanted, in order. Of an object nothing of which was ever deleted, the last
 * publication tells all that is needed, so that most versions need not be told apart.
 */
export function compileHeads(query: ObjectsQuery): Statement {
  const params: Record<string, Param> = { project: query.projectId };
  const scope = compileScope(query.filter, params);
  const classes = compileClasses(query.filter, params);
  const columns = (base: string, leaf: string, by: string) =>
    classes.length === 0
      ? ''
      : `, argMax(${base}, ${by}) AS base_class, argMax(${leaf}, ${by}) AS leaf_class`;
  const deleted = `SELECT object_id, kind FROM object_versions WHERE ${scope} AND deleted_at > ${NO_INSTANT}`;
  const sql = `SELECT object_id, toInt8(kind) FROM (
  SELECT object_id, kind, max(last_created_at) AS last${columns('base_object_class', 'leaf_object_class', 'last_created_at')}
  FROM object_versions WHERE ${scope} GROUP BY object_id, kind HAVING max(deleted_at) = ${NO_INSTANT}
  UNION ALL
  SELECT object_id, kind, max(at) AS last${columns('base', 'leaf', 'at')} FROM (
    SELECT object_id, kind, digest, max(last_created_at) AS at, max(base_object_class) AS base, max(leaf_object_class) AS leaf
    FROM object_versions WHERE ${scope} AND (object_id, kind) IN (${deleted}) GROUP BY object_id, kind, digest
    HAVING at > max(deleted_at)
  ) GROUP BY object_id, kind
) ${classes.length === 0 ? '' : `WHERE ${classes.join(' AND ')}`} ${compileOrder(query, 'object_id, kind')} ${compileLimit(query)}`;
  return { sql, params };
}
