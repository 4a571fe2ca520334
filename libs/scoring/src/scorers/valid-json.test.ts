import { describe, expect, it } from '@jest/globals';
import { outputOf } from '../testing/local.ts';

describe('ValidJSONScorer', () => {
  it.each<[unknown, boolean]>([
    ['{"a": [1, 2]}', true],
    [' "text" ', true],
    ['12', true],
    ['{"a": NaN, "b": [-Infinity, Infinity], "NaN": "NaN"}', true],
    ['', false],
    ['{a: 1}', false],
    ['{"a": 1,}', false],
    ["{'a': 1}", false],
    ['NaNa', false],
    ['{"a": Nope}', false],
    ['```json\n{}\n```', false],
    ['"NaN', false],
    [{ a: 1 }, true],
    [[1], true],
    [{ answer: 'no JSON' }, true],
    [null, false],
    [{ choices: [{ message: { role: 'assistant', content: '{"a":1}' } }] }, true],
    [{ choices: [{ message: { role: 'assistant', content: 'hello' } }] }, false],
  ])('%j: %j', async (output, expected) =>
    expect(await outputOf('ValidJSONScorer', {}, { output })).toEqual({ json_valid: expected })); // prettier-ignore

  it('reads hostile texts in time', async () => {
    const output = `NaN ${'"\\"'.repeat(300_000)}`;
    expect(await outputOf('ValidJSONScorer', {}, { output })).toEqual({ json_valid: false });
  });
});
