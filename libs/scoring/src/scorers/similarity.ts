import { z } from 'zod';
import { similarity as compare } from './distance.ts';
import { localKind } from './local-scorer.ts';

/**
 * How alike the output and an expected text are, by edit distance. From Python a config-only class or
 * `weave.publish({"_type": "SimilarityScorer", "_class_name": "SimilarityScorer", "_bases": ["Scorer", "Object", "BaseModel"], "threshold": 0.9,
 * "column_map": {"target": "expected"}}, name="similar")`. What is expected is the call's input `target`, or the member
 * `expected`. Says `{"similarity": 0.93, "passed": true}`.
 */
export const similarity = localKind({
  classNames: ['SimilarityScorer'],
  config: z.looseObject({
    expected: z.string().nullish(),
    threshold: z.number().min(0).max(1).nullish(),
    case_sensitive: z.boolean().nullish(),
  }),
  prepare: ({ expected, threshold, case_sensitive: minds }) => {
    const fold = (text: string) => (minds === false ? text.toLowerCase() : text);
    return (subject) => {
      const value = compare(fold(subject.output()), fold(expected ?? subject.text('target')));
      const passed = value >= (threshold ?? 0.8);
      return {
        output: { similarity: value, passed },
        ratings: [
          { name: 'similarity', value },
          { name: 'passed', value: Number(passed) },
        ],
      };
    };
  },
});
