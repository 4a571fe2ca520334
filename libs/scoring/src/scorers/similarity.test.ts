import { describe, expect, it } from '@jest/globals';
import { loadScorer, verdictOf } from '../testing/local.ts';

describe('SimilarityScorer', () => {
  it.each<[object, unknown, object]>([
    [{ expected: 'abcd' }, 'abcx', { similarity: 0.75, passed: false }],
    [{ expected: 'abcd', threshold: 0.75 }, 'abcx', { similarity: 0.75, passed: true }],
    [{ expected: 'ABCD', case_sensitive: false }, 'abcd', { similarity: 1, passed: true }],
    [{ expected: 'ABCD' }, 'abcd', { similarity: 0, passed: false }],
    [{ expected: '' }, '', { similarity: 1, passed: true }],
    [{ threshold: 0 }, 'x', { similarity: 0, passed: true }],
  ])('%j: %j is %j', async (members, output, expected) =>
    expect((await verdictOf('SimilarityScorer', members, { inputs: { target: 'abc' }, output })).output).toEqual(expected)); // prettier-ignore

  it('can be counted', async () =>
    expect((await verdictOf('SimilarityScorer', { expected: 'abcd' }, { output: 'abcx' })).ratings).toEqual([
      { name: 'similarity', value: 0.75 },
      { name: 'passed', value: 0 },
    ]));

  it('refuses what its members cannot mean', () =>
    expect(loadScorer('SimilarityScorer', { threshold: 2 })).rejects.toMatchObject({
      kind: 'unscorable',
      message: expect.stringContaining('mine: threshold'),
    }));
});
