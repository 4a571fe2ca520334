import { describe, expect, it } from '@jest/globals';
import { MAX_INSTANT_US } from '@weft/model';
import { fromCursor, toCursor } from './cursor.ts';

const key = { startedAtUs: 1_700_000_000_000_000, id: 'a', spanTraceId: 'b' };

describe('fromCursor', () => {
  it('reads what toCursor wrote', () => {
    expect(fromCursor(toCursor(key))).toEqual(key);
  });

  it.each([-9e15, 0.5, MAX_INSTANT_US])(
    'refuses the instant %d, at which nothing is stored',
    (startedAtUs) => {
      expect(() => fromCursor(toCursor({ ...key, startedAtUs }))).toThrow('after: is not a cursor');
    },
  );

  it.each(['', 'x', 'bnVsbA', 'e30'])('refuses %s', (text) => {
    expect(() => fromCursor(text)).toThrow('after: is not a cursor');
  });
});
