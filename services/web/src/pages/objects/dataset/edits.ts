import type { Row, TableUpdate } from '../../../api/tables.ts';

/** What is to be changed about a table, told by the places of its rows as they are stored. */
export interface Edits {
  readonly changed: ReadonlyMap<number, Row>;
  readonly removed: ReadonlySet<number>;
  /** At the end of the table. */
  readonly added: readonly Row[];
}

export const NO_EDITS: Edits = { changed: new Map(), removed: new Set(), added: [] };

export function changeRow(edits: Edits, index: number, row: Row): Edits {
  return { ...edits, changed: new Map(edits.changed).set(index, row) };
}

/** As it is stored again. */
export function restoreRow(edits: Edits, index: number): Edits {
  const [changed, removed] = [new Map(edits.changed), new Set(edits.removed)];
  changed.delete(index);
  removed.delete(index);
  return { ...edits, changed, removed };
}

export function removeRow(edits: Edits, index: number): Edits {
  return { ...edits, removed: new Set(edits.removed).add(index) };
}

export function addRows(edits: Edits, rows: readonly Row[]): Edits {
  return { ...edits, added: [...edits.added, ...rows] };
}

export function changeAdded(edits: Edits, at: number, row: Row): Edits {
  return { ...edits, added: edits.added.with(at, row) };
}

export function removeAdded(edits: Edits, at: number): Edits {
  return { ...edits, added: edits.added.toSpliced(at, 1) };
}

export function editCount({ changed, removed, added }: Edits): number {
  return new Set([...changed.keys(), ...removed]).size + added.length;
}

/** The same as steps, from the last row to the first: what is done to a row moves none before it. */
export function updatesOf({ changed, removed, added }: Edits): TableUpdate[] {
  const touched = [...new Set([...changed.keys(), ...removed])].sort((a, b) => b - a);
  return [
    ...touched.flatMap((index): TableUpdate[] => {
      const row = changed.get(index);
      return removed.has(index) || row === undefined
        ? [{ pop: { index } }]
        : [{ pop: { index } }, { insert: { index, row } }];
    }),
    ...added.map((row) => ({ append: { row } })),
  ];
}

/** The same to rows that are in hand. */
export function edited(rows: readonly Row[], { changed, removed, added }: Edits): Row[] {
  const kept = rows.flatMap((row, index) => (removed.has(index) ? [] : [changed.get(index) ?? row]));
  return [...kept, ...added];
}

/** A row with another value in a column; undefined takes the column away. */
export function withCell(row: Row, column: string, value: unknown): Row {
  if (value === undefined) return Object.fromEntries(Object.entries(row).filter(([name]) => name !== column));
  return { ...row, [column]: value };
}
