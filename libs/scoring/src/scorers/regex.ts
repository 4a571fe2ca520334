import { RE2JS } from 're2js';
import { z } from 'zod';
import { ScoreError } from '../scorer.ts';
import { Mode, verdictOn } from './contains.ts';
import { localKind } from './local-scorer.ts';

/** Instructions of a pattern times characters of a text: about half a second at worst. */
const MAX_WORK = 4_000_000;

/**
 * Patterns that the output has to match, or must not. `{"_class_name": "RegexScorer", "patterns": ["^\\d+$"], "mode": "all"}`: mode as
 * of ContainsScorer; `case_sensitive` is true unless it is false. The syntax is RE2's, which no pattern makes slow: no
 * look-around and no back-references. Says `{"passed": true, "found": ["^\\d+$"]}`.
 */
export const regex = localKind({
  classNames: ['RegexScorer'],
  config: z.looseObject({
    patterns: z.array(z.string().min(1).max(2000)).min(1).max(100),
    mode: Mode,
    case_sensitive: z.boolean().nullish(),
  }),
  prepare: ({ patterns, mode, case_sensitive: minds }, _, { name }) => {
    const compiled = patterns.map((pattern) => ({
      pattern,
      matcher: compilePattern(pattern, minds !== false, name),
    }));
    return (subject) => {
      const output = subject.output();
      const found = compiled.filter(({ matcher }) => isFound(matcher, output));
      return verdictOn(
        found.map(({ pattern }) => pattern),
        patterns.length,
        mode,
      );
    };
  },
});

/** @throws ScoreError `unscorable` for what is no pattern of RE2. */
export function compilePattern(pattern: string, isCaseSensitive: boolean, what: string): RE2JS {
  try {
    return RE2JS.compile(pattern, isCaseSensitive ? 0 : RE2JS.CASE_INSENSITIVE);
  } catch (cause) {
    const why = (cause as Error).message.slice(0, 200);
    throw new ScoreError('unscorable', `${what}: ${JSON.stringify(pattern.slice(0, 200))}: ${why}`, {
      cause,
    });
  }
}

/** Anywhere in the text. @throws ScoreError `unscorable` where it would take too long. */
export function isFound(pattern: RE2JS, text: string): boolean {
  if (pattern.programSize() * text.length > MAX_WORK)
    throw new ScoreError(
      'unscorable',
      `${text.length} characters are too many for the pattern ${pattern.pattern().slice(0, 200)}`,
    );
  return pattern.matcher(text).find();
}
