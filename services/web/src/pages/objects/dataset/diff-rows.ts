import { isSame } from '../../../api/objects.ts';
import { stringifyJson } from '../../../api/request.ts';
import type { Row } from '../../../api/tables.ts';

export interface ReadRow {
  readonly digest: string;
  readonly val: Row;
}

export interface RowsDiff {
  readonly same: number;
  readonly added: readonly Row[];
  readonly removed: readonly Row[];
  readonly changed: readonly ChangedRow[];
}

export interface ChangedRow {
  readonly id: string;
  readonly before: Row;
  readonly after: Row;
  /** Columns whose values differ. */
  readonly columns: readonly string[];
}

/**
 * Rows are the same when their digests are, wherever they stand; of the others, those with the same value in a column are one
 * row that has changed, where that value is found once on each side. @param by the column; undefined: no row is said to be changed.
 */
export function diffRows(
  before: readonly ReadRow[],
  after: readonly ReadRow[],
  by: string | undefined,
): RowsDiff {
  const counts = new Map<string, number>();
  for (const { digest } of after) counts.set(digest, (counts.get(digest) ?? 0) + 1);
  const matched = new Map<string, number>();
  const removed: Row[] = [];
  for (const { digest, val } of before) {
    const left = counts.get(digest) ?? 0;
    if (left === 0) removed.push(val);
    else {
      counts.set(digest, left - 1);
      matched.set(digest, (matched.get(digest) ?? 0) + 1);
    }
  }
  const added: Row[] = [];
  for (const { digest, val } of after) {
    const left = matched.get(digest) ?? 0;
    if (left === 0) added.push(val);
    else matched.set(digest, left - 1);
  }
  const same = before.length - removed.length;
  if (by === undefined) return { same, added, removed, changed: [] };
  return { same, ...pair(removed, added, by) };
}

function pair(removed: readonly Row[], added: readonly Row[], by: string): Omit<RowsDiff, 'same'> {
  const [old, young] = [byId(removed, by), byId(added, by)];
  const changed: ChangedRow[] = [];
  const paired = new Set<Row>();
  for (const [id, before] of old) {
    const after = young.get(id);
    if (before === null || after === null || after === undefined) continue;
    const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    const columns = names.filter((name) => !isSame(valueOf(before, name), valueOf(after, name)));
    changed.push({ id, before, after, columns });
    paired.add(before).add(after);
  }
  const rest = (rows: readonly Row[]) => rows.filter((row) => !paired.has(row));
  return { added: rest(added), removed: rest(removed), changed };
}

/** Null: several rows have it. */
function byId(rows: readonly Row[], by: string): Map<string, Row | null> {
  const found = new Map<string, Row | null>();
  for (const row of rows) {
    const value = valueOf(row, by);
    if (value === undefined || value === null) continue;
    const id = idText(value);
    found.set(id, found.has(id) ? null : row);
  }
  return found;
}

export function valueOf(row: Row, name: string): unknown {
  return Object.hasOwn(row, name) ? row[name] : undefined;
}

const idText = (value: unknown) => (typeof value === 'string' ? value : stringifyJson(value));

/** Names that people give to such a column, the most telling first. */
const ID_NAMES = ['id', '_id', 'uuid', 'key', 'name'];

/** The column that tells rows apart: one whose values are all there and all different. */
export function idColumn(rows: readonly ReadRow[], columns: readonly string[]): string | undefined {
  const sample = rows.slice(0, 2000);
  const isUnique = (name: string) => {
    const values = new Set<string>();
    for (const { val } of sample) {
      const value = valueOf(val, name);
      if (value === undefined || value === null || typeof value === 'object') return false;
      values.add(idText(value));
    }
    return values.size === sample.length;
  };
  const ordered = [...ID_NAMES.filter((name) => columns.includes(name)), ...columns];
  return ordered.find(isUnique);
}
