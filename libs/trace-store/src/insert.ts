import type { ClickHouse } from './clickhouse.ts';
import { blamedRow, classify, reasonOf, toAppError } from './errors.ts';
import type { Column } from './native.ts';

export interface Table<R> {
  readonly name: string;
  readonly columns: readonly Column<R>[];
  /** Bytes a row takes in an insert, roughly. */
  readonly estimateBytes: (row: R) => number;
}

export interface Refused {
  readonly index: number;
  readonly reason: string;
}

const MAX_ROWS = 50_000;
const MAX_BYTES = 32 * 1024 * 1024;

/**
 * Inserts all rows, in as few inserts as the limits allow. Rows that ClickHouse will never take are found by halving and
 * returned by index; the rest is stored.
 * @throws AppError `store_unavailable` when nothing can be said about the rows.
 */
export async function insertRows<R>(db: ClickHouse, table: Table<R>, rows: readonly R[]): Promise<Refused[]> {
  const refused: Refused[] = [];
  let from = 0;
  while (from < rows.length) {
    let to = from;
    let bytes = 0;
    while (to < rows.length && to - from < MAX_ROWS) {
      const size = table.estimateBytes(rows[to]!);
      if (to > from && bytes + size > MAX_BYTES) break;
      bytes += size;
      to++;
    }
    await insertPiece(db, table, rows, from, to, bytes, refused);
    from = to;
  }
  return refused;
}

async function insertPiece<R>(
  db: ClickHouse,
  table: Table<R>,
  rows: readonly R[],
  from: number,
  to: number,
  bytes: number,
  refused: Refused[],
): Promise<void> {
  if (from >= to) return;
  try {
    await db.insert(table.name, table.columns, rows.slice(from, to), bytes + 1024);
  } catch (error) {
    const kind = classify(error, 'writing');
    if (kind !== 'row' && kind !== 'shape') throw toAppError(error, 'writing', `insert into ${table.name}`);
    if (to - from === 1) {
      refused.push({ index: from, reason: reasonOf(error) });
      return;
    }
    const blamed = kind === 'row' ? blamedRow(error) : undefined;
    const middle =
      blamed !== undefined && blamed >= 0 && blamed < to - from ? from + blamed : (from + to) >> 1;
    // A blamed row is tried alone, so that it is only refused for what it is.
    const cuts = blamed === undefined ? [from, middle, to] : [from, middle, Math.min(middle + 1, to), to];
    for (let i = 1; i < cuts.length; i++) {
      await insertPiece(db, table, rows, cuts[i - 1]!, cuts[i]!, bytes, refused);
    }
  }
}
