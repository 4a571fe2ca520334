import { describe, expect, it } from '@jest/globals';
import { feedbackField } from '@weft/trace-store';
import { purgedIds } from './purged-ids.ts';

const id = { $getField: 'id' };
const is = (value: unknown) => ({ $eq: [id, { $literal: value }] });

describe('purgedIds', () => {
  it.each<[object, string[]]>([
    [is('a'), ['a']],
    [{ $or: [is('a'), is('b'), is('a')] }, ['a', 'b']],
    [{ $in: [id, [{ $literal: 'a' }, { $literal: 'b' }]] }, ['a', 'b']],
  ])('of %j are %j', ($expr, ids) => {
    expect(purgedIds({ $expr }, feedbackField, 'feedback')).toEqual(ids);
  });

  it.each([
    { $eq: [{ $getField: 'feedback_type' }, { $literal: 'a' }] },
    { $eq: [{ $literal: 'a' }, id] },
    is(5),
    is(null),
    { $and: [is('a'), is('b')] },
    { $not: [is('a')] },
    { $gt: [id, { $literal: 'a' }] },
    { $or: [is('a'), { $eq: [{ $getField: 'creator' }, { $literal: 'a' }] }] },
    { $in: [{ $getField: 'creator' }, [{ $literal: 'a' }]] },
    { $in: [id, Array.from({ length: 1001 }, (_, i) => ({ $literal: String(i) }))] },
  ])('refuses %j', ($expr) => {
    expect(() => purgedIds({ $expr }, feedbackField, 'feedback')).toThrow(
      expect.objectContaining({ code: 'invalid_request' }),
    );
  });
});
