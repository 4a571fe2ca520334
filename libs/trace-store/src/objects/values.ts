import { quote, type ClickHouse, type RawParam } from '../clickhouse.ts';
import type { RowReader } from '../row-binary.ts';
import type { ObjectKey, ObjectStat, ObjectValue } from './types.ts';
import { kindOf } from './kinds.ts';
import { NEVER_CREATED } from './versions.ts';

const NO_BYTES = new Uint8Array(0);
/** More of them make the query's text the cost. */
const KEYS_PER_QUERY = 1000;
/** Rows of values per block of an answer: values may be megabytes. */
const VALUE_BLOCK_ROWS = 256;

export const KEYS_TYPE = 'Array(Tuple(String, String))';

export function keyTuples(keys: readonly ObjectKey[]): RawParam {
  return { members: keys.map(({ objectId, digest }) => `(${quote(objectId)},${quote(digest)})`) };
}

/** See `ObjectReads.readValues`. What became of the versions is read first, so that no value has to be held back. */
export async function* readValues(
  db: ClickHouse,
  projectId: string,
  keys: readonly ObjectKey[],
  signal?: AbortSignal,
): AsyncGenerator<readonly ObjectValue[]> {
  for (let from = 0; from < keys.length; from += KEYS_PER_QUERY) {
    const fates = await readStats(db, projectId, keys.slice(from, from + KEYS_PER_QUERY), signal);
    const deleted = fates.filter((fate) => fate.deletedAtUs !== null);
    if (deleted.length > 0) yield deleted.map(({ sizeBytes: _, ...fate }) => ({ ...fate, val: NO_BYTES }));
    const alive = fates.filter((fate) => fate.deletedAtUs === null);
    if (alive.length > 0) yield* streamVals(db, projectId, alive, signal);
  }
}

const WHERE = `project_id = {project:String} AND (object_id, digest) IN {keys:${KEYS_TYPE}}`;

/** See `ObjectReads.statObjects`. */
export const statObjects = async (
  db: ClickHouse,
  projectId: string,
  keys: readonly ObjectKey[],
  signal?: AbortSignal,
): Promise<ObjectStat[]> => {
  const stats: ObjectStat[] = [];
  for (let from = 0; from < keys.length; from += KEYS_PER_QUERY)
    stats.push(...(await readStats(db, projectId, keys.slice(from, from + KEYS_PER_QUERY), signal)));
  return stats;
};

function readStats(
  db: ClickHouse,
  projectId: string,
  keys: readonly ObjectKey[],
  signal?: AbortSignal,
): Promise<ObjectStat[]> {
  return db.all(
    {
      sql: `SELECT toInt8(kind), object_id, digest, toUnixTimestamp64Micro(max(deleted_at)), toUInt8(max(deleted_at) >= max(last_created_at)),
  toInt64(max(length(val)))
FROM object_versions WHERE ${WHERE} GROUP BY object_id, kind, digest HAVING min(first_created_at) < ${NEVER_CREATED}`,
      params: { project: projectId, keys: keyTuples(keys) },
    },
    (row): ObjectStat => {
      const [kind, objectId, digest] = [kindOf(row.uint8()), row.text(), row.text()];
      const lastDeletedUs = row.int64();
      const deletedAtUs = row.uint8() === 1 ? lastDeletedUs : null;
      return { kind, objectId, digest, deletedAtUs, sizeBytes: row.int64() };
    },
    { signal },
  );
}

/** Copies of a version are equal, so that the first that has the value will do. */
export async function* streamVals(
  db: ClickHouse,
  projectId: string,
  keys: readonly ObjectKey[],
  signal?: AbortSignal,
): AsyncGenerator<ObjectValue[]> {
  yield* db.stream(
    {
      sql: `SELECT toInt8(kind), object_id, digest, val FROM object_versions
WHERE ${WHERE} AND val != '' LIMIT 1 BY object_id, kind, digest`,
      params: { project: projectId, keys: keyTuples(keys) },
    },
    (row: RowReader): ObjectValue => ({
      kind: kindOf(row.uint8()),
      objectId: row.text(),
      digest: row.text(),
      deletedAtUs: null,
      val: row.bytes(),
    }),
    { signal, settings: { max_block_size: String(VALUE_BLOCK_ROWS) } },
  );
}
