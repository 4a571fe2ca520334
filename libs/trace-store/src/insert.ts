import type { ClickHouse } from './clickhouse.ts';
import { blamedRow, classify, reasonOf, toAppError, type ErrorClass } from './errors.ts';
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

/** A smaller row that does not fit alone is not too large: the limit of the server, or of its user, is too low for any. */
const LARGE_ROW_BYTES = 256 * 1024;
/** A row that is refused alone is refused so often before it is given up. */
const ROW_ATTEMPTS = 3;
/** An error that no class fits passes by itself, as far as we know: only after so many batches in a row are rows looked at. */
const UNKNOWN_ATTEMPTS = 10;
/** Pieces of a batch that fail like that, without any that is taken: then it is the server. */
const UNKNOWN_PIECES = 32;

/**
 * Inserts all rows, in as few inserts as the limits allow. Rows that ClickHouse will never take are found by halving and
 * returned by index; the rest is stored.
 * @throws AppError `store_unavailable` when nothing can be said about the rows.
 */
export async function insertRows<R>(db: ClickHouse, table: Table<R>, rows: readonly R[]): Promise<Refused[]> {
  const run = new Run(db, table, rows);
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
    await run.insert(from, to, bytes);
    from = to;
  }
  return run.refused();
}

class Run<R> {
  private readonly lost: Refused[] = [];
  /** Failed alone with an error that no class fits: lost if others are taken, else it is the server. */
  private readonly suspects: Refused[] = [];
  private suspicion: unknown;
  private hasStored = false;
  private unknownPieces = 0;
  private isHalvingUnknown = false;
  private readonly db: ClickHouse;
  private readonly table: Table<R>;
  private readonly rows: readonly R[];

  constructor(db: ClickHouse, table: Table<R>, rows: readonly R[]) {
    this.db = db;
    this.table = table;
    this.rows = rows;
  }

  refused(): Refused[] {
    if (this.suspects.length > 0 && !this.hasStored) throw this.toAppError(this.suspicion);
    if (this.rows.length > 0) this.db.unknownFailures.delete(this.table.name);
    return [...this.lost, ...this.suspects];
  }

  async insert(from: number, to: number, bytes: number): Promise<void> {
    if (from >= to) return;
    try {
      await this.send(from, to, bytes);
      this.hasStored = true;
    } catch (error) {
      const kind = this.judge(error);
      if (to - from > 1)
        return this.insertPieces(from, to, bytes, kind === 'row' ? blamedRow(error) : undefined);
      if (kind === 'shape' && this.table.estimateBytes(this.rows[from]!) < LARGE_ROW_BYTES)
        throw this.toAppError(error);
      if (kind === 'unknown') this.suspicion = error;
      (kind === 'unknown' ? this.suspects : this.lost).push({ index: from, reason: reasonOf(error) });
    }
  }

  /** A row that is alone may be refused for what was going on at that moment. */
  private async send(from: number, to: number, bytes: number): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.db.insert(
          this.table.name,
          this.table.columns,
          this.rows.slice(from, to),
          bytes + 1024,
        );
      } catch (error) {
        if (to - from > 1 || attempt === ROW_ATTEMPTS || !isAboutRows(classify(error, 'writing')))
          throw error;
      }
    }
  }

  /** A blamed row is tried alone, so that it is only refused for what it is. */
  private async insertPieces(from: number, to: number, bytes: number, blamed?: number): Promise<void> {
    const isInside = blamed !== undefined && blamed >= 0 && blamed < to - from;
    const middle = isInside ? from + blamed : (from + to) >> 1;
    const cuts = isInside ? [from, middle, middle + 1, to] : [from, middle, to];
    for (let i = 1; i < cuts.length; i++) await this.insert(cuts[i - 1]!, cuts[i]!, bytes);
  }

  /** @returns what is wrong with the rows. @throws AppError when it is not the rows, or cannot be told yet. */
  private judge(error: unknown): ErrorClass {
    const kind = classify(error, 'writing');
    if (isAboutRows(kind)) return kind;
    if (kind !== 'unknown') throw this.toAppError(error);
    if (!this.isHalvingUnknown) {
      const failures = (this.db.unknownFailures.get(this.table.name) ?? 0) + 1;
      this.db.unknownFailures.set(this.table.name, failures);
      if (failures <= UNKNOWN_ATTEMPTS) throw this.toAppError(error);
      this.isHalvingUnknown = true;
    }
    if (!this.hasStored && ++this.unknownPieces > UNKNOWN_PIECES) throw this.toAppError(error);
    return kind;
  }

  private toAppError(error: unknown): Error {
    return toAppError(error, 'writing', `insert into ${this.table.name}`);
  }
}

function isAboutRows(kind: ErrorClass): boolean {
  return kind === 'row' || kind === 'shape';
}
