import type { Statement } from '../clickhouse.ts';
import type { RowReader } from '../row-binary.ts';
import { kindOf } from './kinds.ts';
import type { ObjectKey, StoredObject } from './types.ts';

/** `first_created_at` of rows that only tell a deletion (write.ts). */
export const NEVER_CREATED = "toDateTime64('2299-12-31', 6, 'UTC')";

/**
 * Versions of objects, numbered from 0 by first publication per name and kind, deleted ones included: deleting renumbers
 * nothing, publishing again neither. The latest is the most recently published one that is not deleted. Rows that only
 * tell a deletion are no versions.
 * @param where on columns of object_versions that all rows of a name and kind share: what is left out is not counted.
 */
export function numbered(where: string): string {
  return `SELECT *, deleted >= last AS gone,
  row_number() OVER (PARTITION BY object_id, kind ORDER BY first, digest) - 1 AS version_index,
  NOT gone AND row_number() OVER (PARTITION BY object_id, kind ORDER BY gone, last DESC, first DESC, digest DESC) = 1 AS is_latest
FROM (
  SELECT object_id, kind, digest, min(first_created_at) AS first, max(last_created_at) AS last, max(deleted_at) AS deleted,
    max(base_object_class) AS base_class, max(leaf_object_class) AS leaf_class, max(user_id) AS user, max(length(val)) AS size
  FROM object_versions WHERE ${where} GROUP BY object_id, kind, digest HAVING first < ${NEVER_CREATED}
)`;
}

/** Columns of `numbered` as `readVersion` takes them. */
export const VERSION_COLUMNS = `object_id, toInt8(kind), digest, toUnixTimestamp64Micro(last), toUnixTimestamp64Micro(deleted), toUInt8(gone),
  base_class, leaf_class, user, toInt64(size), toInt64(version_index), toUInt8(is_latest)`;

export interface Version extends Omit<StoredObject, 'val' | 'tags' | 'aliases'> {
  /** Last deletion, also of a version that has come back since. */
  readonly lastDeletedUs: number;
}

export function readVersion(projectId: string, row: RowReader): Version {
  const objectId = row.text();
  const kind = kindOf(row.uint8());
  const digest = row.text();
  const createdAtUs = row.int64();
  const lastDeletedUs = row.int64();
  return {
    projectId,
    objectId,
    kind,
    digest,
    createdAtUs,
    lastDeletedUs,
    deletedAtUs: row.uint8() === 1 ? lastDeletedUs : null,
    baseObjectClass: row.textOrNull(),
    leafObjectClass: row.textOrNull(),
    userId: row.textOrNull(),
    sizeBytes: row.int64(),
    versionIndex: row.int64(),
    isLatest: row.uint8() === 1,
  };
}

/** How a version may be asked for besides its digest. */
export interface VersionName {
  readonly isLatest: boolean;
  /** Of `vN`. */
  readonly index: number | null;
}

export function parseVersionName(text: string): VersionName {
  const number = /^v(\d{1,15})$/.exec(text);
  return { isLatest: text === 'latest', index: number === null ? null : Number(number[1]) };
}

/**
 * Versions of one object that the names may mean: for `latest` and numbers of both kinds, and where all are deleted the
 * one published last.
 */
export function namedVersions(
  projectId: string,
  objectId: string,
  names: readonly string[],
  digests: readonly string[],
): Statement {
  const parsed = names.map(parseVersionName);
  const indexes = parsed.flatMap(({ index }) => (index === null ? [] : [String(index)]));
  const conditions = ['digest IN {digests:Array(String)}', 'version_index IN {indexes:Array(Int64)}'];
  if (parsed.some(({ isLatest }) => isLatest))
    conditions.push('is_latest', 'row_number() OVER (ORDER BY gone, last DESC, digest DESC) = 1');
  return {
    sql: `SELECT ${VERSION_COLUMNS} FROM (
${numbered('project_id = {project:String} AND object_id = {object:String}')}
) QUALIFY ${conditions.join(' OR ')}`,
    params: {
      project: projectId,
      object: objectId,
      digests: [...names, ...digests],
      indexes: { members: indexes },
    },
  };
}

/** Of the versions that `namedVersions` found, the one that a name means; a digest wins, then the newest. */
export function pickVersion(
  versions: readonly Version[],
  name: string,
  aliases: ReadonlyMap<string, ObjectKey & { readonly setAtUs: number }>,
): Version | null {
  const { isLatest, index } = parseVersionName(name);
  const exact = versions.find((version) => version.digest === name);
  if (exact !== undefined) return exact;
  if (isLatest) return newest(versions.filter((v) => v.isLatest)) ?? newest(versions);
  if (index !== null) return newest(versions.filter((v) => v.versionIndex === index));
  const alias = aliases.get(name);
  return versions.find((v) => v.digest === alias?.digest && v.lastDeletedUs < alias.setAtUs) ?? null;
}

function newest(versions: readonly Version[]): Version | null {
  return versions.reduce<Version | null>(
    (best, version) => (best === null || version.createdAtUs > best.createdAtUs ? version : best),
    null,
  );
}
