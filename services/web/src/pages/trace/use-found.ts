import { useMemo } from 'react';
import { opName } from '../../ui/format.ts';
import { findRows, placeAmong } from './data/search.ts';
import type { Picture } from './picture.ts';
import type { TraceSearch } from './trace-search.ts';

/** What the search inside the trace found. */
export interface Found {
  readonly count: number;
  /** From 1, of the row that has the focus; 0 = it is none of them. */
  readonly at: number;
  /** Goes to the next one, or back. */
  go(step: 1 | -1): void;
}

export function useFound({ session, state, focus, setFocus }: Picture, { find, errors }: TraceSearch): Found {
  const { table } = session;
  const { shape, sums, version } = state;
  const rows = useMemo(() => {
    const all = find === undefined ? new Int32Array(0) : findRows(table, shape, find, opName);
    return errors === true ? all.filter((row) => sums.errors[row]! > 0) : all;
    // Tables grow in place: the version tells.
  }, [table, shape, sums, find, errors, version]);
  const place = focus < 0 ? 0 : shape.placeOf[focus]!;
  const index = placeAmong(rows, shape.placeOf, place);
  const isAt = rows.length > 0 && rows[index] === focus;
  return {
    count: rows.length,
    at: isAt ? index + 1 : 0,
    go(step) {
      if (rows.length === 0) return;
      const next = step === 1 ? index + (isAt ? 1 : 0) : index - 1;
      const row = rows[(next + rows.length) % rows.length]!;
      session.reveal(row);
      setFocus(row);
    },
  };
}
