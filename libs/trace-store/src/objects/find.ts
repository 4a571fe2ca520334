import type { ClickHouse } from '../clickhouse.ts';
import { readAliases, readLabels } from './labels.ts';
import type { ObjectParts, StoredObject } from './types.ts';
import { streamVals } from './values.ts';
import { namedVersions, pickVersion, readVersion, type Version } from './versions.ts';

const NO_BYTES = new Uint8Array(0);

/** See `ObjectReads.readObject`. */
export const readObject = async (
  db: ClickHouse,
  projectId: string,
  objectId: string,
  name: string,
  parts: Partial<ObjectParts> = {},
): Promise<StoredObject | null> => {
  const version = (await find(db, projectId, objectId, [name])).get(name);
  if (version === undefined) return null;
  const labels = parts.labels === true ? await readLabels(db, projectId, [version]) : undefined;
  const object = toObject(version, labels?.(version));
  if (parts.vals === false || version.deletedAtUs !== null) return object;
  return { ...object, val: await readVal(db, version) };
};

/** See `ObjectReads.findVersions`. */
export const findVersions = async (
  db: ClickHouse,
  projectId: string,
  objectId: string,
  names: readonly string[],
): Promise<ReadonlyMap<string, StoredObject>> => {
  const versions = await find(db, projectId, objectId, names);
  return new Map([...versions].map(([name, version]) => [name, toObject(version)]));
};

/** Aliases are looked at only for names that mean nothing else. */
async function find(
  db: ClickHouse,
  projectId: string,
  objectId: string,
  names: readonly string[],
): Promise<Map<string, Version>> {
  const found = new Map<string, Version>();
  const aliases = new Map<string, Alias>();
  const look = async (some: readonly string[]) => {
    const digests = [...aliases.values()].map(({ digest }) => digest);
    const versions = await db.all(namedVersions(projectId, objectId, some, digests), (row) =>
      readVersion(projectId, row),
    );
    for (const name of some) {
      const version = pickVersion(versions, name, aliases);
      if (version !== null) found.set(name, version);
    }
  };
  if (names.length > 0) await look(names);
  const rest = names.filter((name) => !found.has(name));
  if (rest.length === 0) return found;
  for (const alias of await readAliases(db, projectId, [objectId], rest)) aliases.set(alias.alias, alias);
  if (aliases.size > 0) await look([...aliases.keys()]);
  return found;
}

type Alias = Awaited<ReturnType<typeof readAliases>>[number];

async function readVal(db: ClickHouse, version: Version): Promise<Uint8Array> {
  let val: Uint8Array = NO_BYTES;
  for await (const page of streamVals(db, version.projectId, [version]))
    for (const row of page) val = row.val;
  return val;
}

/** @param labels null where they were not asked for. */
export function toObject(
  { lastDeletedUs: _, ...version }: Version,
  labels: { tags: readonly string[]; aliases: readonly string[] } | undefined = undefined,
  val: Uint8Array = NO_BYTES,
): StoredObject {
  return { ...version, val, tags: labels?.tags ?? null, aliases: labels?.aliases ?? null };
}
