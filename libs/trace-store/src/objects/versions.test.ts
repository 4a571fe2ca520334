import { describe, expect, it } from '@jest/globals';
import { NO_INSTANT_US } from '../native.ts';
import { findVersion, numberVersions, type VersionRow } from './versions.ts';
import { NEVER_CREATED_US } from './write.ts';

const row = (
  digest: string,
  first: number,
  last = first,
  deleted = NO_INSTANT_US,
  kind: 'op' | 'object' = 'object',
): VersionRow => ({
  digest,
  kind,
  firstCreatedUs: first,
  lastCreatedUs: last,
  lastDeletedUs: deleted,
});
const find = (rows: VersionRow[], wanted: string) => findVersion(numberVersions(rows), wanted);

describe('versions of an object', () => {
  it('are numbered by first publication, deleted ones included', () => {
    const rows = [row('c', 30), row('a', 10), row('b', 20, 20, 25)];
    expect(numberVersions(rows).map((v) => [v.row.digest, v.index, v.isLatest, v.deletedAtUs])).toEqual([
      ['a', 0, false, null],
      ['b', 1, false, 25],
      ['c', 2, true, null],
    ]);
    expect(find(rows, 'v1')?.row.digest).toBe('b');
    expect(find(rows, 'v3')).toBeNull();
  });

  it('keep their number and become the latest when published again', () => {
    const rows = [row('a', 10, 40), row('b', 20)];
    expect(find(rows, 'latest')).toMatchObject({ index: 0, row: { digest: 'a' } });
  });

  it('come back to life when published after their deletion', () => {
    expect(find([row('a', 10, 30, 20)], 'a')).toMatchObject({ isLatest: true, deletedAtUs: null });
    expect(find([row('a', 10, 20, 20)], 'a')).toMatchObject({ isLatest: false, deletedAtUs: 20 });
  });

  it('with all of them deleted, the latest is a deleted one', () => {
    expect(find([row('a', 10, 10, 50), row('b', 20, 20, 40)], 'latest')).toMatchObject({
      row: { digest: 'b' },
      deletedAtUs: 40,
    });
  });

  it('that were only ever deleted do not exist', () => {
    expect(find([row('a', NEVER_CREATED_US, NO_INSTANT_US, 50)], 'latest')).toBeNull();
    expect(find([row('a', NEVER_CREATED_US, NO_INSTANT_US, 50)], 'a')).toBeNull();
  });

  it('are numbered per kind, and a digest that looks like a number is a digest', () => {
    const rows = [row('a', 10), row('v0', 20), row('o', 5, 5, NO_INSTANT_US, 'op')];
    expect(find(rows, 'v0')?.row.digest).toBe('v0');
    expect(find(rows, 'o')).toMatchObject({ index: 0, row: { kind: 'op' } });
  });
});
