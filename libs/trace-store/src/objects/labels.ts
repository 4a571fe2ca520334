import type { ClickHouse } from '../clickhouse.ts';
import type { ObjectKey } from './types.ts';
import type { Version } from './versions.ts';

/**
 * Tags and aliases as they stand. What was set before its version was last deleted went with it, and does not come back
 * when the version does.
 */

const NO_DELETION = "toDateTime64('1900-01-01', 6, 'UTC')";

/** `object_id, digest, tag` of tags that are set. @param which another condition on columns of object_tags. */
function setTags(which: string): string {
  return `SELECT object_id, digest, tag FROM (
  SELECT object_id, digest, tag, argMax(set_at, ver) AS at FROM object_tags
  WHERE project_id = {project:String}${which} GROUP BY object_id, digest, tag HAVING argMax(state, ver) = 'set'
) AS labels LEFT JOIN (${deletions('object_tags', which)}) AS deletions USING (object_id, digest)
WHERE at > deleted`;
}

/** `object_id, digest, alias` of aliases that lead somewhere. */
function setAliases(which: string): string {
  return `SELECT object_id, digest, alias FROM (
  SELECT object_id, target AS digest, alias, at FROM (
    SELECT object_id, argMax(digest, ver) AS target, alias, argMax(set_at, ver) AS at FROM object_aliases
    WHERE project_id = {project:String}${which} GROUP BY object_id, alias
  ) WHERE target != ''
) AS labels LEFT JOIN (${deletions('object_aliases', which)}) AS deletions USING (object_id, digest)
WHERE at > deleted`;
}

/** Of objects that have labels; a version without a deletion joins as 1970, before any label. */
function deletions(table: string, which: string): string {
  return `SELECT object_id, digest, max(deleted_at) AS deleted FROM object_versions
  WHERE project_id = {project:String} AND deleted_at > ${NO_DELETION}
    AND object_id IN (SELECT object_id FROM ${table} WHERE project_id = {project:String}${which})
  GROUP BY object_id, digest`;
}

/** Versions that have any of `{tags}`; and the objects that these may be of. */
export const TAGGED = {
  versions: `SELECT object_id, digest FROM (${setTags(' AND tag IN {tags:Array(String)}')})`,
  objects:
    'SELECT object_id FROM object_tags WHERE project_id = {project:String} AND tag IN {tags:Array(String)}',
};

/** Versions that any of `{aliases}` leads to; and the objects that these may be of. */
export const ALIASED = {
  versions: `SELECT object_id, digest FROM (${setAliases(' AND alias IN {aliases:Array(String)}')})`,
  objects:
    'SELECT object_id FROM object_aliases WHERE project_id = {project:String} AND alias IN {aliases:Array(String)}',
};

/** See `ObjectReads.listTags`. */
export const listTags = (db: ClickHouse, projectId: string): Promise<string[]> =>
  db.all(
    {
      sql: `SELECT DISTINCT tag FROM (${setTags('')}) ORDER BY tag`,
      params: { project: projectId },
    },
    (row) => row.text(),
  );

/** See `ObjectReads.listAliases`. */
export const listAliases = (db: ClickHouse, projectId: string): Promise<string[]> =>
  db.all(
    {
      sql: `SELECT DISTINCT alias FROM (${setAliases('')}) ORDER BY alias`,
      params: { project: projectId },
    },
    (row) => row.text(),
  );

export interface SetAlias extends ObjectKey {
  readonly alias: string;
  readonly setAtUs: number;
}

/** Where aliases of objects lead, whatever became of the versions. @param names only these; default all. */
export function readAliases(
  db: ClickHouse,
  projectId: string,
  objectIds: readonly string[],
  names?: readonly string[],
): Promise<SetAlias[]> {
  const which = names === undefined ? '' : 'AND alias IN {names:Array(String)}';
  return db.all(
    {
      sql: `SELECT object_id, argMax(digest, ver) AS target, alias, toUnixTimestamp64Micro(argMax(set_at, ver)) FROM object_aliases
WHERE project_id = {project:String} AND object_id IN {objects:Array(String)} ${which}
GROUP BY object_id, alias HAVING target != '' ORDER BY object_id, alias`,
      params: { project: projectId, objects: objectIds, ...(names && { names }) },
    },
    (row) => ({ objectId: row.text(), digest: row.text(), alias: row.text(), setAtUs: row.int64() }),
  );
}

interface SetTag extends ObjectKey {
  readonly tag: string;
  readonly setAtUs: number;
}

function readTags(db: ClickHouse, projectId: string, objectIds: readonly string[]): Promise<SetTag[]> {
  return db.all(
    {
      sql: `SELECT object_id, digest, tag, toUnixTimestamp64Micro(argMax(set_at, ver)) FROM object_tags
WHERE project_id = {project:String} AND object_id IN {objects:Array(String)}
GROUP BY object_id, digest, tag HAVING argMax(state, ver) = 'set' ORDER BY object_id, digest, tag`,
      params: { project: projectId, objects: objectIds },
    },
    (row) => ({ objectId: row.text(), digest: row.text(), tag: row.text(), setAtUs: row.int64() }),
  );
}

export interface Labels {
  /** Sorted. */
  readonly tags: readonly string[];
  /** `latest` first where it is, then sorted. */
  readonly aliases: readonly string[];
}

/** @returns what a version of these is labelled with. */
export async function readLabels(
  db: ClickHouse,
  projectId: string,
  versions: readonly Version[],
): Promise<(version: Version) => Labels> {
  const objectIds = [...new Set(versions.map((version) => version.objectId))];
  const [tags, aliases] = await Promise.all([
    readTags(db, projectId, objectIds),
    readAliases(db, projectId, objectIds),
  ]);
  const tagsOf = groupByVersion(tags);
  const aliasesOf = groupByVersion(aliases);
  return (version) => {
    const isStill = ({ setAtUs }: { readonly setAtUs: number }) => setAtUs > version.lastDeletedUs;
    const own = aliasesOf.get(nameOf(version))?.filter(isStill) ?? [];
    return {
      tags:
        tagsOf
          .get(nameOf(version))
          ?.filter(isStill)
          .map(({ tag }) => tag) ?? [],
      aliases: [...(version.isLatest ? ['latest'] : []), ...own.map(({ alias }) => alias)],
    };
  };
}

function groupByVersion<T extends ObjectKey>(labels: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const label of labels) {
    const group = groups.get(nameOf(label));
    if (group === undefined) groups.set(nameOf(label), [label]);
    else group.push(label);
  }
  return groups;
}

/** Names of objects hold no slash. */
function nameOf({ objectId, digest }: ObjectKey): string {
  return `${objectId}/${digest}`;
}
