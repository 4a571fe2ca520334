import type { TraceEvent } from '../events.ts';
import { asBuffer } from '../json-members.ts';
import { decoding } from './decoding.ts';

export interface TableRow {
  readonly digest: string;
  /** JSON object. */
  readonly val: Uint8Array;
}

/** A piece of a long table's order, under the digest of what it holds: versions of a table share what did not change. */
export interface TableChunk {
  readonly digest: string;
  readonly rowDigests: readonly string[];
}

export interface ChunkRef {
  readonly digest: string;
  readonly rowCount: number;
}

/** A table's rows in order: one by one, or of a long table as its chunks. One of the two is empty. */
export interface TableOrder {
  readonly rowDigests: readonly string[];
  readonly chunks: readonly ChunkRef[];
}

/** One `table.created` event: some of the table's rows and chunks and, in the last event of a table, its order. */
export interface TableRecord {
  readonly rows: readonly TableRow[];
  readonly chunks: readonly TableChunk[];
  /** Null in all events of a table but the last. */
  readonly order: TableOrder | null;
}

/** Row bytes, or those of chunks, of one event at most (a single larger row travels alone). */
export const TABLE_EVENT_BYTES = 8 * 1024 * 1024;
/** Most rows of a chunk, and of an order without chunks: 90 kB of digests, so that a page of a long table is a small read. */
export const CHUNK_ROWS = 2048;
/** Most rows of one table: as many as fit the body of `/table/create_from_digests`. */
export const MAX_TABLE_ROWS = 1_400_000;

/** Cuts a long order into chunks; a short one needs none. @param digestOf of a chunk: `Digests.chunk`. */
export function cutTable(
  rowDigests: readonly string[],
  digestOf: (rowDigests: readonly string[]) => string,
): { order: TableOrder; chunks: readonly TableChunk[] } {
  if (rowDigests.length <= CHUNK_ROWS) return { order: { rowDigests, chunks: [] }, chunks: [] };
  const chunks: TableChunk[] = [];
  for (let from = 0; from < rowDigests.length; from += CHUNK_ROWS) {
    const part = rowDigests.slice(from, from + CHUNK_ROWS);
    chunks.push({ digest: digestOf(part), rowDigests: part });
  }
  return { order: orderOf(chunks), chunks };
}

export function orderOf(chunks: readonly TableChunk[]): TableOrder {
  return {
    rowDigests: [],
    chunks: chunks.map(({ digest, rowDigests }) => ({ digest, rowCount: rowDigests.length })),
  };
}

/**
 * The payloads of a table's events: rows and chunks first, the order in the last one. Rows and chunks that are there
 * twice are sent once; those whose contents are stored already may be left out.
 */
export function encodeTable(table: {
  readonly rows: readonly TableRow[];
  readonly chunks: readonly TableChunk[];
  readonly order: TableOrder;
}): Uint8Array[] {
  const rows = cutBySize(table.rows, (row) => row.val.length + row.digest.length + 4);
  const chunks = cutBySize(table.chunks, (chunk) => 64 + chunk.rowDigests.length * 48);
  const parts: TableRecord[] = [
    ...rows.map((part) => ({ rows: part, chunks: [], order: null })),
    ...chunks.map((part) => ({ rows: [], chunks: part, order: null })),
  ];
  // A small table is one event.
  const last = parts.pop() ?? { rows: [], chunks: [] };
  return [...parts, { ...last, order: table.order }].map(encodePart);
}

/** Pieces of up to TABLE_EVENT_BYTES; of items with the same digest the first only. */
function cutBySize<T extends { readonly digest: string }>(
  items: readonly T[],
  sizeOf: (item: T) => number,
): T[][] {
  const pieces: T[][] = [];
  const seen = new Set<string>();
  let size = Infinity;
  for (const item of items) {
    if (seen.has(item.digest)) continue;
    seen.add(item.digest);
    const more = sizeOf(item);
    if (size + more > TABLE_EVENT_BYTES) {
      pieces.push([]);
      size = 0;
    }
    pieces.at(-1)!.push(item);
    size += more;
  }
  return pieces;
}

function encodePart({ rows, chunks, order }: TableRecord): Uint8Array {
  const head = JSON.stringify({
    digests: rows.map((row) => row.digest),
    ...(chunks.length > 0 && { chunks: chunks.map(({ digest, rowDigests }) => [digest, ...rowDigests]) }),
    ...(order && order.chunks.length === 0 && { row_digests: order.rowDigests }),
    ...(order && order.chunks.length > 0 && { order: order.chunks.map((c) => [c.digest, c.rowCount]) }),
  });
  const comma = Buffer.from(',');
  const parts: Uint8Array[] = [Buffer.from(`${head.slice(0, -1)},"rows":[`)];
  rows.forEach((row, i) => (i === 0 ? parts.push(row.val) : parts.push(comma, row.val)));
  parts.push(Buffer.from(']}'));
  return Buffer.concat(parts);
}

/** @throws AppError `undecodable_event` */
export function readTableEvent(event: TraceEvent): TableRecord {
  return decoding(event, (members) => {
    /** The digests in a list of lists, or a list of them: nothing in there is a client's value. */
    const digestsOf = (name: string, isRight: (item: unknown) => boolean): unknown[] | null => {
      const bytes = members.optional(name);
      if (bytes === null) return null;
      const items = JSON.parse(asBuffer(bytes).toString('utf8')) as unknown;
      if (!Array.isArray(items) || !items.every(isRight))
        throw members.invalid(name, 'is no list of digests');
      return items;
    };
    const digests = (digestsOf('digests', isText) ?? []) as string[];
    const rows = members.elements('rows');
    if (digests.length !== rows.length) throw members.invalid('rows', 'do not match their digests');
    const chunks = (digestsOf('chunks', isChunk) ?? []) as string[][];
    const rowDigests = digestsOf('row_digests', isText) as string[] | null;
    const refs = digestsOf('order', isRef) as [string, number][] | null;
    return {
      rows: rows.map((val, i) => ({ digest: digests[i]!, val })),
      chunks: chunks.map(([digest, ...of]) => ({ digest: digest!, rowDigests: of })),
      order:
        rowDigests === null && refs === null
          ? null
          : {
              rowDigests: rowDigests ?? [],
              chunks: (refs ?? []).map(([digest, rowCount]) => ({ digest, rowCount })),
            },
    };
  });
}

function isText(item: unknown): boolean {
  return typeof item === 'string';
}

function isChunk(item: unknown): boolean {
  return Array.isArray(item) && item.length > 1 && item.every(isText);
}

function isRef(item: unknown): boolean {
  return Array.isArray(item) && item.length === 2 && isText(item[0]) && Number.isSafeInteger(item[1]);
}
