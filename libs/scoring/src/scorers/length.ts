import { z } from 'zod';
import { localKind } from './local-scorer.ts';

const Limit = z.number().int().min(0).nullish();

/**
 * Bounds for the length of the output. `{"_class_name": "LengthScorer", "min_characters": 1, "max_words": 200}`; bounds are included,
 * and those left out do not count. Words are what white space parts. Says `{"passed": true, "characters": 12, "words": 2}`.
 */
export const length = localKind({
  classNames: ['LengthScorer'],
  config: z.looseObject({ min_characters: Limit, max_characters: Limit, min_words: Limit, max_words: Limit }),
  prepare: (config) => (subject) => {
    const text = subject.output();
    const characters = Array.from(text).length;
    const words = text.match(/\S+/g)?.length ?? 0;
    const passed =
      isWithin(characters, config.min_characters, config.max_characters) &&
      isWithin(words, config.min_words, config.max_words);
    return { output: { passed, characters, words } };
  },
});

function isWithin(value: number, least: number | null | undefined, most: number | null | undefined): boolean {
  return value >= (least ?? 0) && value <= (most ?? Infinity);
}
