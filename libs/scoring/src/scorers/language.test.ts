import { describe, expect, it } from '@jest/globals';
import { loadScorer, outputOf } from '../testing/local.ts';

describe('LanguageScorer', () => {
  it.each<[string, boolean | null, string | null]>([
    ['This answer is not helpful because it ignores the question.', true, 'en'],
    ['Das ist eine Antwort, die niemand verlangt hat.', true, 'de'],
    ['Je ne sais pas ce que cela veut dire.', false, 'fr'],
    ['これはテストです', false, 'ja'],
    ['12345', null, null],
    ['', null, null],
  ])('%s: %j', async (output, passed, language) =>
    expect(await outputOf('LanguageScorer', { languages: ['en', 'de'] }, { output })).toEqual({ passed, language })); // prettier-ignore

  it('refuses what is no code of a language', () =>
    expect(loadScorer('LanguageScorer', { languages: ['english'] })).rejects.toMatchObject({
      kind: 'unscorable',
    }));
});
