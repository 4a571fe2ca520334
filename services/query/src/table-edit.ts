import { asBuffer, CHUNK_ROWS, cutTable, type ChunkRef, type TableChunk, type TableOrder } from '@weft/model';
import type { StoredChunk } from '@weft/trace-store';

/** Rows of a piece in hand that is cut in two, so that an edit in it moves few of them. */
const MAX_PIECE_ROWS = CHUNK_ROWS;

/** A piece of the order: as it is stored, or as rows once an edit fell into it. */
type Piece = StoredChunk | string[];

/** The order of a table under edit. What no edit touches stays bytes: of a million rows that is 44 MB, and no strings. */
export class TableEdit {
  private readonly pieces: Piece[];
  private count: number;

  constructor(chunks: readonly StoredChunk[]) {
    this.pieces = [...chunks];
    this.count = chunks.reduce((sum, chunk) => sum + chunk.rowCount, 0);
  }

  get length(): number {
    return this.count;
  }

  /** @param index from 0 to `length`. */
  insert(index: number, rowDigest: string): void {
    const { rows, at } = this.open(index);
    rows.splice(at, 0, rowDigest);
    this.count++;
  }

  /** The row that was there. @param index below `length`. */
  pop(index: number): string {
    const { rows, at } = this.open(index);
    const [rowDigest] = rows.splice(at, 1);
    this.count--;
    return rowDigest!;
  }

  /** All row digests in order, those of a piece joined. */
  *texts(): Generator<string> {
    for (const piece of this.pieces)
      yield Array.isArray(piece) ? piece.join('') : textOf(piece).replaceAll('\n', '');
  }

  /** The new order, and those of its chunks that were not in the old one. @param digestOf of a chunk */
  finish(digestOf: (rowDigests: readonly string[]) => string): {
    order: TableOrder;
    chunks: readonly TableChunk[];
  } {
    if (this.count <= CHUNK_ROWS) return cutTable(this.pieces.flatMap(rowsOf), digestOf);
    const order: ChunkRef[] = [];
    const chunks: TableChunk[] = [];
    let edited: string[] = [];
    const cutEdited = (): void => {
      for (let from = 0; from < edited.length; from += CHUNK_ROWS) {
        const rowDigests = edited.slice(from, from + CHUNK_ROWS);
        const digest = digestOf(rowDigests);
        chunks.push({ digest, rowDigests });
        order.push({ digest, rowCount: rowDigests.length });
      }
      edited = [];
    };
    for (const piece of this.pieces) {
      if (Array.isArray(piece) || piece.digest === null) edited = edited.concat(rowsOf(piece));
      else {
        cutEdited();
        order.push({ digest: piece.digest, rowCount: piece.rowCount });
      }
    }
    cutEdited();
    return { order: { rowDigests: [], chunks: order }, chunks };
  }

  /** The piece that holds the place, as rows, and the place in it; the end is in the last one. */
  private open(index: number): { rows: string[]; at: number } {
    if (this.pieces.length === 0) this.pieces.push([]);
    const { which, at } = this.find(index);
    const piece = this.pieces[which]!;
    const rows = rowsOf(piece);
    this.pieces[which] = rows;
    if (rows.length < MAX_PIECE_ROWS) return { rows, at };
    this.pieces.splice(which + 1, 0, rows.splice(rows.length >> 1));
    return this.open(index);
  }

  private find(index: number): { which: number; at: number } {
    const last = this.pieces.length - 1;
    const start = this.count - lengthOf(this.pieces[last]!);
    // Appending is what clients do most.
    if (index >= start) return { which: last, at: index - start };
    let which = 0;
    let at = index;
    while (at >= lengthOf(this.pieces[which]!)) at -= lengthOf(this.pieces[which++]!);
    return { which, at };
  }
}

function lengthOf(piece: Piece): number {
  return Array.isArray(piece) ? piece.length : piece.rowCount;
}

function rowsOf(piece: Piece): string[] {
  if (Array.isArray(piece)) return piece;
  return piece.rowCount === 0 ? [] : textOf(piece).split('\n');
}

function textOf({ text }: StoredChunk): string {
  return asBuffer(text).toString('utf8');
}
