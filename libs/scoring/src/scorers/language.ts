import { z } from 'zod';
import { localKind } from './local-scorer.ts';

/** More tells no more about the language. */
const MAX_CHARACTERS = 10_000;

/**
 * The language of the output. `{"_class_name": "LanguageScorer", "languages": ["en", "de"]}`: ISO 639-1 codes, of which it has to be one.
 * Says `{"passed": true, "language": "en"}`; both are null where the text is too short or too little of a text to tell.
 */
export const language = localKind({
  classNames: ['LanguageScorer'],
  config: z.looseObject({
    languages: z
      .array(z.string().regex(/^[a-z]{2}$/, 'is no ISO 639-1 code'))
      .min(1)
      .max(60),
  }),
  async prepare({ languages }) {
    // It takes 80 MB: only where it is used.
    const { eld } = await import('eld/extrasmall');
    return (subject) => {
      const guess = eld.detect(subject.output().slice(0, MAX_CHARACTERS));
      if (guess.language === '' || !guess.isReliable()) return { output: { passed: null, language: null } };
      return {
        output: { passed: languages.includes(guess.language), language: guess.language },
        tags: [{ tag: guess.language }],
      };
    };
  },
});
