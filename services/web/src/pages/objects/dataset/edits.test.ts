import { describe, expect, it } from '@jest/globals';
import type { Row, TableUpdate } from '../../../api/tables.ts';
import {
  addRows,
  changeRow,
  editCount,
  edited,
  NO_EDITS,
  removeRow,
  restoreRow,
  updatesOf,
  withCell,
} from './edits.ts';

/** As the server does them, one after the other. */
function apply(rows: readonly Row[], updates: readonly TableUpdate[]): Row[] {
  const all = [...rows];
  for (const update of updates) {
    if ('append' in update) all.push(update.append.row);
    else if ('pop' in update) all.splice(update.pop.index, 1);
    else all.splice(update.insert.index, 0, update.insert.row);
  }
  return all;
}

const rows = Array.from({ length: 6 }, (_, n): Row => ({ n }));

describe('edits', () => {
  it('become steps that end where the edits do', () => {
    let edits = changeRow(NO_EDITS, 4, { n: 'four' });
    edits = removeRow(removeRow(edits, 0), 3);
    // What is changed and then removed is removed.
    edits = removeRow(changeRow(edits, 5, { n: 'five' }), 5);
    edits = addRows(edits, [{ n: 'new' }, { n: 'and one' }]);
    const after = [{ n: 1 }, { n: 2 }, { n: 'four' }, { n: 'new' }, { n: 'and one' }];
    expect(apply(rows, updatesOf(edits))).toEqual(after);
    expect(edited(rows, edits)).toEqual(after);
    expect(editCount(edits)).toBe(6);
  });

  it('are taken back', () => {
    const edits = restoreRow(removeRow(changeRow(NO_EDITS, 1, { n: 9 }), 1), 1);
    expect([editCount(edits), updatesOf(edits)]).toEqual([0, []]);
  });

  it('change a column whatever its name', () => {
    const row = withCell({ a: 1, b: 2 }, '__proto__', 'own');
    expect(Object.entries(row)).toEqual([['a', 1], ['b', 2], ['__proto__', 'own']]);
    expect(Object.entries(withCell(row, 'b', undefined))).toEqual([['a', 1], ['__proto__', 'own']]);
  }); // prettier-ignore
});
