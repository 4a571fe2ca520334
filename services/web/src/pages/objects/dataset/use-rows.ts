import { useQueries, useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useState } from 'react';
import { membersOf } from '../../../api/objects.ts';
import { stringifyJson } from '../../../api/request.ts';
import {
  PAGE_ROWS,
  rowCountQuery,
  rowsQuery,
  streamRows,
  tableDigest,
  type Row,
  type RowSort,
  type TableRow,
} from '../../../api/tables.ts';

/** Which rows are wanted, in which order. */
export interface RowsChoice {
  readonly sort?: RowSort | undefined;
  /** A text in the rows; in one column, or in any. */
  readonly find?: string | undefined;
  readonly column?: string | undefined;
}

export interface Rows {
  /** Undefined: not known yet. */
  readonly count: number | undefined;
  readonly error: unknown;
  /** Undefined: not read yet. */
  at(index: number): TableRow | undefined;
  /** Of a search that still runs: how many rows were looked at. */
  readonly looked?: number | undefined;
  /** A search that has found more than it keeps. */
  readonly isCut?: boolean;
}

/** Rows that a search keeps. */
export const MOST_FOUND = 5000;

/** Where the rows of a dataset are: in a table, or in the object itself. */
export type RowsPlace = { readonly digest: string } | { readonly inline: readonly Row[] };

export function placeOf(val: unknown): RowsPlace | undefined {
  const rows = membersOf(val).get('rows');
  const digest = tableDigest(rows);
  if (digest !== undefined) return { digest };
  return Array.isArray(rows) ? { inline: rows as Row[] } : undefined;
}

/** Rows of a table, those of the places that are looked at and those around them. */
export function usePagedRows(
  projectId: string,
  digest: string,
  sort: RowSort | undefined,
  [first, last]: readonly [number, number],
): Rows {
  const count = useQuery(rowCountQuery(projectId, digest));
  const from = Math.max(0, Math.floor(first / PAGE_ROWS));
  const pages = Array.from(
    { length: Math.max(1, Math.floor(last / PAGE_ROWS) - from + 1) },
    (_, i) => from + i,
  );
  const found = useQueries({ queries: pages.map((page) => rowsQuery(projectId, digest, page, sort)) });
  return {
    count: count.data,
    error: count.error ?? found.find(({ error }) => error !== null)?.error,
    at: (index) => found[Math.floor(index / PAGE_ROWS) - from]?.data?.[index % PAGE_ROWS],
  };
}

/** Rows that hold a text, as they are found. */
export function useFoundRows(
  projectId: string,
  digest: string,
  { sort, find = '', column }: RowsChoice,
): Rows {
  const [rows, setRows] = useState<readonly TableRow[]>([]);
  const [looked, setLooked] = useState<number>();
  const [error, setError] = useState<unknown>();
  const { field, direction } = sort ?? {};
  useEffect(() => {
    const left = new AbortController();
    const search = async () => {
      const found: TableRow[] = [];
      let count = 0;
      let shown = performance.now();
      const order = field === undefined ? undefined : { field, direction: direction! };
      for await (const row of streamRows(projectId, digest, { sort: order, signal: left.signal })) {
        count++;
        if (holds(row.val, find, column)) found.push(row);
        if (found.length >= MOST_FOUND) break;
        if (performance.now() - shown < 300) continue;
        shown = performance.now();
        setRows([...found]);
        setLooked(count);
      }
      setRows(found);
      setLooked(undefined);
    };
    setLooked(0);
    setError(undefined);
    search().catch((failure: unknown) => {
      if (!left.signal.aborted) setError(failure);
    });
    return () => left.abort();
  }, [projectId, digest, find, column, field, direction]);
  const isCut = rows.length >= MOST_FOUND;
  return { count: rows.length, error, at: (index) => rows[index], looked, isCut };
}

/** Rows that are in the object itself. */
export function useInlineRows(inline: readonly Row[], { sort, find, column }: RowsChoice): Rows {
  const { field, direction } = sort ?? {};
  const rows = useMemo(() => {
    const all = inline.map((val, original_index): TableRow => ({ digest: '', original_index, val }));
    const found = find === undefined ? all : all.filter(({ val }) => holds(val, find, column));
    if (field === undefined) return found;
    const by = direction === 'desc' ? -1 : 1;
    return found.toSorted((a, b) => by * compare(a.val[field], b.val[field]));
  }, [inline, find, column, field, direction]);
  return { count: rows.length, error: undefined, at: (index) => rows[index] };
}

function compare(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const [one, other] = [wordsOf(a), wordsOf(b)];
  return one < other ? -1 : one > other ? 1 : 0;
}

function holds(row: Row, find: string, column: string | undefined): boolean {
  const words = find.toLowerCase();
  const value = column === undefined ? row : Object.hasOwn(row, column) ? row[column] : undefined;
  return wordsOf(value).toLowerCase().includes(words);
}

const wordsOf = (value: unknown) =>
  value === undefined ? '' : typeof value === 'string' ? value : stringifyJson(value);
