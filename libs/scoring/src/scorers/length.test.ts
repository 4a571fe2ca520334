import { describe, expect, it } from '@jest/globals';
import { outputOf } from '../testing/local.ts';

describe('LengthScorer', () => {
  it.each<[object, unknown, object]>([
    [{}, 'two words', { passed: true, characters: 9, words: 2 }],
    [{ max_characters: 9, min_characters: 9, min_words: 2, max_words: 2 }, 'two words', { passed: true, characters: 9, words: 2 }],
    [{ max_characters: 8 }, 'two words', { passed: false, characters: 9, words: 2 }],
    [{ max_words: 1 }, 'two words', { passed: false, characters: 9, words: 2 }],
    [{ min_characters: 1 }, null, { passed: false, characters: 0, words: 0 }],
    [{}, '😀é', { passed: true, characters: 2, words: 1 }],
    [{}, { choices: [{ message: { role: 'assistant', content: 'an answer' } }] }, { passed: true, characters: 9, words: 2 }],
  ])('%j: %j is %j', async (members, output, expected) => expect(await outputOf('LengthScorer', members, { output })).toEqual(expected)); // prettier-ignore
});
