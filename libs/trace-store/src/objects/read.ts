import type { ClickHouse } from '../clickhouse.ts';
import type { FeedbackWrite, StoredObject, TraceReader } from '../trace-store.ts';
import { findVersion, numberVersions, type VersionRow } from './versions.ts';

const NO_BYTES = new Uint8Array(0);
/** Digests per query: more of them make the query's text the cost. */
const DIGESTS_PER_QUERY = 5000;

interface ObjectRow extends VersionRow {
  readonly baseObjectClass: string | null;
  readonly leafObjectClass: string | null;
  readonly userId: string | null;
  readonly sizeBytes: number;
}

export const readObject = async (
  db: ClickHouse,
  projectId: string,
  objectId: string,
  digest: string,
  options: { metadataOnly?: boolean } = {},
): Promise<StoredObject | null> => {
  const rows = await db.all(
    {
      sql: `SELECT toInt8(kind), digest, toUnixTimestamp64Micro(min(first_created_at)), toUnixTimestamp64Micro(max(last_created_at)),
  toUnixTimestamp64Micro(max(deleted_at)), max(base_object_class), max(leaf_object_class), max(user_id), toInt64(max(length(val)))
FROM object_versions WHERE project_id = {project:String} AND object_id = {object:String} GROUP BY kind, digest`,
      params: { project: projectId, object: objectId },
    },
    (row): ObjectRow => ({
      kind: row.uint8() === 2 ? 'op' : 'object',
      digest: row.text(),
      firstCreatedUs: row.int64(),
      lastCreatedUs: row.int64(),
      lastDeletedUs: row.int64(),
      baseObjectClass: row.textOrNull(),
      leafObjectClass: row.textOrNull(),
      userId: row.textOrNull(),
      sizeBytes: row.int64(),
    }),
  );
  const version = findVersion(numberVersions(rows), digest);
  if (version === null) return null;
  const { row, index, isLatest, deletedAtUs } = version;
  const wantsVal = deletedAtUs === null && options.metadataOnly !== true;
  return {
    projectId,
    objectId,
    digest: row.digest,
    kind: row.kind,
    baseObjectClass: row.baseObjectClass,
    leafObjectClass: row.leafObjectClass,
    val: wantsVal ? await readVal(db, projectId, objectId, row) : NO_BYTES,
    userId: row.userId,
    createdAtUs: row.firstCreatedUs,
    deletedAtUs,
    versionIndex: index,
    isLatest,
    sizeBytes: row.sizeBytes,
  };
};

async function readVal(
  db: ClickHouse,
  projectId: string,
  objectId: string,
  { kind, digest }: VersionRow,
): Promise<Uint8Array> {
  const [val = NO_BYTES] = await db.all(
    {
      sql: `SELECT val FROM object_versions
WHERE project_id = {project:String} AND object_id = {object:String} AND kind = {kind:String} AND digest = {digest:String} AND val != '' LIMIT 1`,
      params: { project: projectId, object: objectId, kind, digest },
    },
    (row) => row.bytes(),
  );
  return val;
}

type TableRow = Awaited<ReturnType<TraceReader['queryTable']>>[number];

export const queryTable = async (
  db: ClickHouse,
  projectId: string,
  digest: string,
  options: { rowDigests?: readonly string[]; limit?: number; offset?: number } = {},
): Promise<TableRow[]> => {
  const digests = await rowDigestsOf(db, projectId, digest);
  const only = options.rowDigests && new Set(options.rowDigests);
  const offset = options.offset ?? 0;
  const places = digests
    .map((rowDigest, originalIndex) => ({ rowDigest, originalIndex }))
    .filter((place) => only === undefined || only.has(place.rowDigest))
    .slice(offset, options.limit === undefined ? undefined : offset + options.limit);
  const vals = await rowVals(db, projectId, [...new Set(places.map((place) => place.rowDigest))]);
  return places.flatMap(({ rowDigest, originalIndex }) => {
    const val = vals.get(rowDigest);
    return val === undefined ? [] : [{ digest: rowDigest, val, originalIndex }];
  });
};

async function rowDigestsOf(db: ClickHouse, projectId: string, digest: string): Promise<string[]> {
  const [digests = []] = await db.all(
    {
      sql: 'SELECT row_digests FROM tables WHERE project_id = {project:String} AND digest = {digest:String} LIMIT 1',
      params: { project: projectId, digest },
    },
    (row) => row.texts(),
  );
  return digests;
}

async function rowVals(
  db: ClickHouse,
  projectId: string,
  digests: readonly string[],
): Promise<Map<string, Uint8Array>> {
  const vals = new Map<string, Uint8Array>();
  for (let from = 0; from < digests.length; from += DIGESTS_PER_QUERY) {
    const rows = await db.all(
      {
        sql: 'SELECT digest, val FROM table_rows WHERE project_id = {project:String} AND digest IN {digests:Array(String)} LIMIT 1 BY digest',
        params: { project: projectId, digests: digests.slice(from, from + DIGESTS_PER_QUERY) },
      },
      (row) => [row.text(), row.bytes()] as const,
    );
    for (const [digest, val] of rows) vals.set(digest, val);
  }
  return vals;
}

export const tableLength = async (
  db: ClickHouse,
  projectId: string,
  digest: string,
): Promise<number | null> => {
  const [length] = await db.all(
    {
      sql: 'SELECT toInt64(length(row_digests)) FROM tables WHERE project_id = {project:String} AND digest = {digest:String} LIMIT 1',
      params: { project: projectId, digest },
    },
    (row) => row.int64(),
  );
  return length ?? null;
};

export const readFile = async (
  db: ClickHouse,
  projectId: string,
  digest: string,
): Promise<{ name: string; bytes: Uint8Array } | null> => {
  const chunks = await db.all(
    {
      sql: `SELECT chunk_index, chunk_count, name, bytes FROM files WHERE project_id = {project:String} AND digest = {digest:String}
ORDER BY chunk_index, created_at DESC LIMIT 1 BY chunk_index`,
      params: { project: projectId, digest },
    },
    (row) => ({ index: row.uint32(), count: row.uint32(), name: row.text(), bytes: row.bytes() }),
  );
  const first = chunks[0];
  if (first === undefined || chunks.length !== first.count) return null;
  return {
    name: first.name,
    bytes: chunks.length === 1 ? first.bytes : Buffer.concat(chunks.map((chunk) => chunk.bytes)),
  };
};

export const feedbackOf = async (
  db: ClickHouse,
  projectId: string,
  weaveRefs: readonly string[],
): Promise<FeedbackWrite[]> => {
  if (weaveRefs.length === 0) return [];
  return db.all(
    {
      sql: `SELECT id, weave_ref, feedback_type, user_id, creator, toUnixTimestamp64Micro(created_at), payload, annotation_ref, runnable_ref,
  call_ref, trigger_ref
FROM (SELECT * FROM feedback WHERE project_id = {project:String} AND weave_ref IN {refs:Array(String)} ORDER BY created_at DESC LIMIT 1 BY weave_ref, id)
ORDER BY created_at, id`,
      params: { project: projectId, refs: weaveRefs },
    },
    (row) => ({
      projectId,
      id: row.text(),
      weaveRef: row.text(),
      feedbackType: row.text(),
      userId: row.text(),
      creator: row.textOrNull(),
      createdAtUs: row.int64(),
      payload: row.bytes(),
      annotationRef: row.textOrNull(),
      runnableRef: row.textOrNull(),
      callRef: row.textOrNull(),
      triggerRef: row.textOrNull(),
    }),
  );
};
