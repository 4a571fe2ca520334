import { z } from 'zod';
import { localKind, type Finding } from './local-scorer.ts';

/** How many of what is looked for have to be there. */
export const Mode = z.enum(['any', 'all', 'none']).nullish();

/**
 * Texts that the output has to have, or must not. `{"_class_name": "ContainsScorer", "substrings": ["sorry"], "mode": "none"}`: mode
 * is `any` (default), `all` or `none`; whatever the case unless `case_sensitive`. Says `{"passed": true, "found": []}`.
 */
export const contains = localKind({
  classNames: ['ContainsScorer'],
  config: z.looseObject({
    substrings: z.array(z.string().min(1).max(1000)).min(1).max(1000),
    mode: Mode,
    case_sensitive: z.boolean().nullish(),
  }),
  prepare: ({ substrings, mode, case_sensitive: minds }) => {
    const fold = (text: string) => (minds === true ? text : text.toLowerCase());
    return (subject) => {
      const output = fold(subject.output());
      return verdictOn(
        substrings.filter((text) => output.includes(fold(text))),
        substrings.length,
        mode,
      );
    };
  },
});

/** @param of how many were looked for. */
export function verdictOn(found: readonly string[], of: number, mode: z.infer<typeof Mode>): Finding {
  const passed =
    mode === 'all' ? found.length === of : mode === 'none' ? found.length === 0 : found.length > 0;
  return { output: { passed, found } };
}
