import type { ClickHouse } from '../clickhouse.ts';
import { NEVER_CREATED } from './versions.ts';

/** See `ObjectReads.countVersions`. */
export const countVersions = async (
  db: ClickHouse,
  projectId: string,
  objectId: string,
  kind: 'op' | 'object',
): Promise<number> => {
  const [count = 0] = await db.all(
    {
      sql: `SELECT toInt64(count()) FROM (
  SELECT digest FROM object_versions WHERE project_id = {project:String} AND object_id = {object:String} AND kind = {kind:String}
  GROUP BY digest HAVING min(first_created_at) < ${NEVER_CREATED}
)`,
      params: { project: projectId, object: objectId, kind },
    },
    (row) => row.int64(),
  );
  return count;
};
