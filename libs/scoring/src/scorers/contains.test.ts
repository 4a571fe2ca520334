import { describe, expect, it } from '@jest/globals';
import { loadScorer, verdictOf } from '../testing/local.ts';

describe('ContainsScorer', () => {
  it.each<[object, object]>([
    [{ substrings: ['SORRY', 'x y'] }, { passed: true, found: ['SORRY'] }],
    [{ substrings: ['nope'] }, { passed: false, found: [] }],
    [
      { substrings: ['sorry', 'cannot'], mode: 'all' },
      { passed: true, found: ['sorry', 'cannot'] },
    ],
    [
      { substrings: ['sorry', 'nope'], mode: 'all' },
      { passed: false, found: ['sorry'] },
    ],
    [
      { substrings: ['sorry', 'nope'], mode: 'none' },
      { passed: false, found: ['sorry'] },
    ],
    [
      { substrings: ['nope'], mode: 'none' },
      { passed: true, found: [] },
    ],
    [
      { substrings: ['sorry'], case_sensitive: true },
      { passed: false, found: [] },
    ],
  ])('%j: %j', async (members, expected) => {
    const { output, ratings } = await verdictOf('ContainsScorer', members, { output: 'Sorry, I cannot.' });
    expect(output).toEqual(expected);
    expect(ratings).toEqual([{ name: 'passed', value: Number((expected as { passed: boolean }).passed) }]);
  });

  it.each([{}, { substrings: [] }, { substrings: [''] }, { substrings: ['a'], mode: 'some' }])('refuses %j', (members) =>
    expect(loadScorer('ContainsScorer', members)).rejects.toMatchObject({ kind: 'unscorable' })); // prettier-ignore
});
