import { z } from 'zod';
import { distance } from './distance.ts';
import { localKind } from './local-scorer.ts';

/**
 * W&B: `weave.scorers.LevenshteinScorer(column_map={"target": "expected"})`. Says `{"levenshtein_distance": 3}`: by how many
 * characters the output differs from the call's input `target`.
 */
export const levenshtein = localKind({
  classNames: ['LevenshteinScorer'],
  config: z.looseObject({}),
  prepare: () => (subject) => ({
    output: { levenshtein_distance: distance(subject.output(), subject.text('target')) },
  }),
});
