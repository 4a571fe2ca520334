import { describe, expect, it } from '@jest/globals';
import { compileChip, problemOf, selectionOf, type FilterChip } from './trace-filters.ts';

const get = (path: string) => ({ $getField: path });

describe('conditions', () => {
  it.each<[FilterChip, object]>([
    [['status', '=', 'error'], { $eq: [get('summary.weave.status'), { $literal: 'error' }] }],
    [['latency_ms', '>', '300'], { $gt: [get('summary.weave.latency_ms'), { $literal: 300 }] }],
    [
      ['inputs.n', '<', '5'],
      { $not: [{ $gte: [{ $convert: { input: get('inputs.n'), to: 'double' } }, { $literal: 5 }] }] },
    ],
    [
      ['inputs.q', 'contains', 'a'],
      { $contains: { input: get('inputs.q'), substr: { $literal: 'a' }, case_insensitive: true } },
    ],
    [['output.x', 'exists', ''], { $not: [{ $eq: [get('output.x'), { $literal: null }] }] }],
    [['model', '=', 'gpt-4.1'], { $not: [{ $eq: [get('summary.usage.gpt-4\\.1'), { $literal: null }] }] }],
    [
      ['op_name', '=', 'weave:///e/p/op/a:*'],
      { $contains: { input: get('op_name'), substr: { $literal: 'weave:///e/p/op/a:' } } },
    ],
  ])('%j', (chip, expected) => expect(compileChip(chip)).toEqual(expected));

  it.each<[FilterChip, string]>([
    [['', '=', 'x'], 'Choose a field'],
    [['nonsense', '=', 'x'], 'There is no field “nonsense”'],
    [['inputs.n', '>', 'many'], '“many” is not a number'],
    [['inputs.n', '=', ''], 'Type a value'],
    [['started_at', '>', 'soon'], 'is not a time'],
  ])('say what is wrong with %j', (chip, problem) => expect(problemOf(chip)).toContain(problem));

  it('of a range end now, and leave out what is wrong', () => {
    const { filter, query } = selectionOf({ since: '1h', filters: [['inputs.n', '>', 'many']] }, 7_200_000);
    expect(filter).toEqual({ trace_roots_only: true });
    expect(query).toEqual({ $expr: { $and: [{ $gte: [get('started_at'), { $literal: 3600 }] }] } });
    expect(selectionOf({ all: true })).toEqual({});
  });
});
