import { describe, expect, it } from '@jest/globals';
import { diffRows, idColumn, type ReadRow } from './diff-rows.ts';

const read = (rows: readonly Record<string, unknown>[]): ReadRow[] =>
  rows.map((val) => ({ digest: JSON.stringify(val), val }));

describe('diffRows', () => {
  it('tells rows that moved from rows that changed, came and went', () => {
    const before = read([{ id: 1, a: 'x' }, { id: 2, a: 'y' }, { id: 3, a: 'z' }, { id: 4 }]);
    const after = read([{ id: 3, a: 'z' }, { id: 1, a: 'X', b: 1 }, { id: 5 }, { id: 2, a: 'y' }]);
    expect(diffRows(before, after, 'id')).toEqual({
      same: 2,
      changed: [{ id: '1', before: { id: 1, a: 'x' }, after: { id: 1, a: 'X', b: 1 }, columns: ['a', 'b'] }],
      added: [{ id: 5 }],
      removed: [{ id: 4 }],
    });
    expect(diffRows(before, after, undefined)).toMatchObject({ same: 2, changed: [] });
  }); // prettier-ignore

  it('counts rows that are there several times, and pairs no id that is', () => {
    const twice = read([{ id: 1 }, { id: 1 }, { id: 2, a: 1 }, { id: 2, a: 2 }]);
    expect(diffRows(twice, read([{ id: 1 }, { id: 2, a: 3 }]), 'id')).toEqual({
      same: 1,
      changed: [],
      added: [{ id: 2, a: 3 }],
      removed: [{ id: 1 }, { id: 2, a: 1 }, { id: 2, a: 2 }],
    });
  });

  it('guesses the column that tells rows apart', () => {
    expect(idColumn(read([{ a: 1, id: 1 }, { a: 2, id: 2 }]), ['a', 'id'])).toBe('id');
    expect(idColumn(read([{ a: 1, b: 1 }, { a: 1, b: 2 }]), ['a', 'b'])).toBe('b');
    expect(idColumn(read([{ a: {} }, { a: {} }]), ['a'])).toBeUndefined();
  }); // prettier-ignore
});
