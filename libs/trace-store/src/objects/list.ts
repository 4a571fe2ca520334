import type { ClickHouse } from '../clickhouse.ts';
import { toObject } from './find.ts';
import { readLabels } from './labels.ts';
import { compileList, compileNear, compileReach, wantsNothing, type Reach } from './list-sql.ts';
import { compileHeads, readHead } from './list-heads.ts';
import type { ObjectsQuery, StoredObject } from './types.ts';
import { streamVals } from './values.ts';
import { readVersion, type Version } from './versions.ts';

/** Versions that are looked up together for their values and labels. */
const PAGE_VERSIONS = 500;
/** Bytes of values that are held at a time; a single larger one travels alone. */
const PAGE_BYTES = 8 * 1024 * 1024;
/** A longer list is read whole: looking for its end first is no gain. */
const MAX_SHORT = 5000;
/** Rows that are looked at for a short list, first for each wanted version, then each time for each looked at before. */
const ROWS_PER_VERSION = 1.5;
const MORE_ROWS = 10;
const MAX_REACHES = 2;

/** See `ObjectReads.streamObjects`. What the versions are comes first, from narrow columns; their values page by page. */
export async function* streamObjects(
  db: ClickHouse,
  query: ObjectsQuery,
  signal?: AbortSignal,
): AsyncGenerator<readonly StoredObject[]> {
  if (query.limit === 0 || wantsNothing(query.filter)) return;
  for await (const versions of versionsInOrder(db, query, signal))
    for (const page of cut(versions, query.vals)) yield await readParts(db, query, page, signal);
}

async function* versionsInOrder(
  db: ClickHouse,
  query: ObjectsQuery,
  signal?: AbortSignal,
): AsyncGenerator<Version[]> {
  const short = isShort(query) ? await readShort(db, query, signal) : null;
  if (short !== null) yield short;
  else yield* db.stream(compileList(query), (row) => readVersion(query.projectId, row), { signal });
}

function isShort({ limit, offset = 0, filter }: ObjectsQuery): boolean {
  const isPlain = filter.tags === undefined && filter.aliases === undefined;
  return isPlain && limit !== undefined && limit + offset <= MAX_SHORT;
}

/**
 * The first versions of a project that may have a million: found near the end of the order that they are at, or, the latest
 * of each object, by objects. Null = not found like this.
 */
async function readShort(
  db: ClickHouse,
  query: ObjectsQuery,
  signal?: AbortSignal,
): Promise<Version[] | null> {
  const { limit = 0, offset = 0, filter, sort } = query;
  const read = (row: Parameters<typeof readVersion>[1]) => readVersion(query.projectId, row);
  const isByName = sort[0]?.field === 'object_id';
  // What was published first is rarely the latest of its object.
  const mayBeNear = filter.latestOnly !== true || isByName || sort[0]?.direction === 'desc';
  let rows = Math.ceil((limit + offset) * ROWS_PER_VERSION) + 20;
  for (let i = 0; mayBeNear && i < MAX_REACHES; i++, rows *= MORE_ROWS) {
    const reach = await readReach(db, query, rows, signal);
    if (reach === null) break;
    const versions = await db.all(compileNear(query, reach), read, { signal });
    if (versions.length === limit) return versions;
  }
  if (filter.latestOnly !== true) return null;
  const heads = await db.all(compileHeads(query), readHead, { signal });
  return heads.length === 0 ? [] : db.all(compileList(query, heads), read, { signal });
}

/** Null = there are not so many rows. */
async function readReach(
  db: ClickHouse,
  query: ObjectsQuery,
  rows: number,
  signal?: AbortSignal,
): Promise<Reach | null> {
  const [reach] = await db.all(
    compileReach(query, rows),
    (row) => ({ name: row.text(), atUs: row.int64() }),
    {
      signal,
    },
  );
  return reach ?? null;
}

async function readParts(
  db: ClickHouse,
  { projectId, vals, labels }: ObjectsQuery,
  versions: readonly Version[],
  signal?: AbortSignal,
): Promise<StoredObject[]> {
  const labelsOf = labels ? await readLabels(db, projectId, versions) : undefined;
  const values = new Map<string, Uint8Array>();
  if (vals) {
    for await (const page of streamVals(db, projectId, versions, signal))
      for (const value of page) values.set(nameOf(value), value.val);
  }
  return versions.map((version) => toObject(version, labelsOf?.(version), values.get(nameOf(version))));
}

/** Names of objects hold no slash. */
function nameOf({ objectId, digest }: { readonly objectId: string; readonly digest: string }): string {
  return `${objectId}/${digest}`;
}

/** In order, in pages whose values fit in memory. */
function* cut(versions: readonly Version[], hasVals: boolean): Generator<Version[]> {
  let page: Version[] = [];
  let bytes = 0;
  for (const version of versions) {
    const size = hasVals ? version.sizeBytes : 0;
    if (page.length === PAGE_VERSIONS || (page.length > 0 && bytes + size > PAGE_BYTES)) {
      yield page;
      page = [];
      bytes = 0;
    }
    page.push(version);
    bytes += size;
  }
  if (page.length > 0) yield page;
}
