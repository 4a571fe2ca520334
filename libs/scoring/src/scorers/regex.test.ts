import { describe, expect, it } from '@jest/globals';
import { loadScorer, outputOf } from '../testing/local.ts';

describe('RegexScorer', () => {
  it.each<[object, object]>([
    [{ patterns: ['^\\d{3}-\\w+$'] }, { passed: true, found: ['^\\d{3}-\\w+$'] }],
    [{ patterns: ['ABC'] }, { passed: false, found: [] }],
    [{ patterns: ['ABC'], case_sensitive: false }, { passed: true, found: ['ABC'] }],
    [{ patterns: ['b', 'x'], mode: 'all' }, { passed: false, found: ['b'] }],
    [{ patterns: ['b'], mode: 'none' }, { passed: false, found: ['b'] }],
  ])('%j: %j', async (members, expected) =>
    expect(await outputOf('RegexScorer', members, { output: '123-abc' })).toEqual(expected)); // prettier-ignore

  it('takes no longer for patterns that are made to', async () => {
    const output = `${'a'.repeat(50_000)}b`;
    for (const pattern of ['(a+)+$', '^(a|a)*$', '(a*)*c', '^(([a-z])+.)+[A-Z]([a-z])+$'])
      expect(await outputOf('RegexScorer', { patterns: [pattern] }, { output })).toMatchObject({
        passed: false,
      });
  });

  it('refuses texts that are too long for a large pattern', () =>
    expect(outputOf('RegexScorer', { patterns: ['(?:a?){500}a{500}'] }, { output: 'a'.repeat(100_000) })).rejects.toMatchObject({
      kind: 'unscorable', message: expect.stringContaining('100000 characters are too many'),
    })); // prettier-ignore

  it.each(['(', '(?=x)', '(a)\\1', '(a{1000}){1000}'])('refuses %j, which is no pattern of RE2', (pattern) =>
    expect(loadScorer('RegexScorer', { patterns: [pattern] })).rejects.toMatchObject({
      kind: 'unscorable',
      message: expect.stringContaining(`mine: ${JSON.stringify(pattern)}`),
    }),
  );
});
