import { z } from 'zod';
import { localKind } from './local-scorer.ts';

/**
 * W&B: `weave.scorers.StringMatchScorer(column_map={"target": "expected"})`. Says `{"string_in_input": true}` where the output is
 * found in the call's input `target`, whatever the case.
 */
export const stringMatch = localKind({
  classNames: ['StringMatchScorer'],
  config: z.looseObject({}),
  prepare: () => (subject) => ({
    output: {
      string_in_input: subject.text('target').toLowerCase().includes(subject.output().toLowerCase()),
    },
  }),
});
