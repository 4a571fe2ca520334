import type { ClickHouse, ReadOptions } from '../clickhouse.ts';
import { readCounts, readHead, readPlaces, type Place, type Places } from './order.ts';
import { filteredPlaces, sortedPlaces } from './places.ts';
import { chunkSizes, findRows, type FoundRow } from './rows.ts';
import type { StoredTableRow, TableQuery, TableStats } from './types.ts';

/** Rows of the first look-up; later ones are as large as the rows allow. */
const FIRST_ROWS = 1000;
/** Each look-up reads a granule for each of its rows, or the whole of a table once it has enough of them. */
const MAX_ROWS = 100_000;
/** Bytes of rows in hand at a time, as far as those before tell. */
const PAGE_BYTES = 16 * 1024 * 1024;
/** Values of so many times the expected length come one by one. */
const LONG_VALUE = 8;
const MIN_LONG_BYTES = 16 * 1024;
/** From here on it is cheaper to let ClickHouse find the digests of a page in its chunks than to send them. */
const MANY_ROWS = 8000;
/** Chunks whose rows are measured at once. */
const CHUNKS_PER_MEASURE = 50;

/** See `TableReads.streamTableRows`. */
export async function* streamTableRows(
  db: ClickHouse,
  query: TableQuery,
  signal?: AbortSignal,
): AsyncGenerator<readonly StoredTableRow[]> {
  if (query.limit === 0) return;
  let wantedRows = FIRST_ROWS;
  let page = new Page();
  const options = { signal };
  for await (const { places, chunk } of placesOf(db, query, options)) {
    for (let from = 0; from < places.length;) {
      const some = places.slice(from, from + wantedRows - page.places.length);
      page.add(some, chunk);
      from += some.length;
      if (page.places.length < wantedRows) continue;
      yield* page.read(db, query.projectId, options);
      wantedRows = Math.ceil(Math.min(MAX_ROWS, wantedRows * 8, PAGE_BYTES / page.averageBytes));
      page = new Page();
    }
  }
  yield* page.read(db, query.projectId, options);
}

function placesOf(db: ClickHouse, query: TableQuery, options: ReadOptions): AsyncIterable<Places> {
  const { projectId, digest, rowDigests = [], sort = [], offset = 0, limit = Infinity } = query;
  if (sort.length > 0) return sortedPlaces(db, { ...query, sort }, options);
  if (rowDigests.length > 0) return filteredPlaces(db, { ...query, rowDigests }, options);
  return readPlaces(db, projectId, digest, { from: offset, to: offset + limit }, options);
}

/** Rows that are looked up together. */
class Page {
  readonly places: Place[] = [];
  averageBytes = 1;
  /** Chunks that all places are of; null once some are of none. */
  private chunks: Set<string> | null = new Set();

  add(places: readonly Place[], chunk: string | null): void {
    for (const place of places) this.places.push(place);
    if (chunk === null) this.chunks = null;
    else this.chunks?.add(chunk);
  }

  /** In order; long values in portions that fit in memory. */
  async *read(
    db: ClickHouse,
    projectId: string,
    options: ReadOptions,
  ): AsyncGenerator<readonly StoredTableRow[]> {
    const { places, chunks } = this;
    if (places.length === 0) return;
    const rows = await findRows(
      db,
      projectId,
      chunks !== null && places.length >= MANY_ROWS
        ? { chunks: [...chunks] }
        : { digests: places.map(({ digest }) => digest) },
      Math.max(MIN_LONG_BYTES, Math.floor((LONG_VALUE * PAGE_BYTES) / places.length)),
      options,
    );
    this.averageBytes = averageBytes(rows);
    for (const portion of portions(places, rows)) {
      const long = portion.flatMap(({ digest }) => (rows.get(digest)!.val === null ? [digest] : []));
      const vals =
        long.length === 0
          ? null
          : await findRows(db, projectId, { digests: long }, Number.MAX_SAFE_INTEGER, options);
      yield portion.map((place) => ({
        ...place,
        val: rows.get(place.digest)!.val ?? vals!.get(place.digest)!.val!,
      }));
    }
  }
}

function averageBytes(rows: ReadonlyMap<string, FoundRow>): number {
  let sizeBytes = 0;
  for (const row of rows.values()) sizeBytes += row.sizeBytes;
  return Math.max(1, sizeBytes / Math.max(1, rows.size));
}

/** The places whose rows exist, cut where the long values among them become too many to hold. */
function* portions(
  places: readonly Place[],
  rows: ReadonlyMap<string, FoundRow>,
): Generator<readonly Place[]> {
  let portion: Place[] = [];
  let longBytes = 0;
  for (const place of places) {
    const row = rows.get(place.digest);
    if (row === undefined) continue;
    if (row.val === null) {
      if (longBytes > 0 && longBytes + row.sizeBytes > PAGE_BYTES) {
        yield portion;
        portion = [];
        longBytes = 0;
      }
      longBytes += row.sizeBytes;
    }
    portion.push(place);
  }
  if (portion.length > 0) yield portion;
}

/** See `TableReads.tableStats`. */
export async function tableStats(
  db: ClickHouse,
  projectId: string,
  digests: readonly string[],
  { storageSize = false }: { readonly storageSize?: boolean } = {},
): Promise<TableStats[]> {
  const tables = await readCounts(db, projectId, digests);
  if (!storageSize) return tables;
  const sized: TableStats[] = [];
  for (const table of tables)
    sized.push({ ...table, storageSizeBytes: await storageSizeOf(db, projectId, table.digest) });
  return sized;
}

async function storageSizeOf(db: ClickHouse, projectId: string, digest: string): Promise<number> {
  const chunks = (await readHead(db, projectId, digest))?.chunks ?? [];
  let sizeBytes = 0;
  for (let from = 0; from < chunks.length; from += CHUNKS_PER_MEASURE) {
    const some = chunks.slice(from, from + CHUNKS_PER_MEASURE).map((chunk) => chunk.digest);
    const sizes = await chunkSizes(db, projectId, [...new Set(some)]);
    for (const chunk of some) sizeBytes += sizes.get(chunk) ?? 0;
  }
  if (chunks.length > 0) return sizeBytes;
  for await (const { places } of readPlaces(db, projectId, digest, { from: 0, to: Infinity }, {})) {
    const rows = await findRows(db, projectId, { digests: places.map((place) => place.digest) }, -1);
    for (const place of places) sizeBytes += rows.get(place.digest)?.sizeBytes ?? 0;
  }
  return sizeBytes;
}
