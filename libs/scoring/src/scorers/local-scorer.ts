import type { z } from 'zod';
import { argumentsOf, type Arguments } from '../arguments.ts';
import { NOTHING_SPENT, ScoreError, type Scorer, type Target, type Verdict } from '../scorer.ts';
import type { ScorerAbout, ScorerDeps, ScorerKind } from '../scorer-kind.ts';
import { jsonTextOf, textOf } from '../text-of.ts';

/** Characters of one text that are looked at; what is longer is not scored. */
const MAX_TEXT = 1_000_000;

/** What is looked at: read only as far as a scorer asks. */
export interface Subject {
  readonly target: Target;
  /** What the output says (`textOf`). @throws ScoreError `unscorable` */
  output(): string;
  /** The output as it is. */
  outputValue(): unknown;
  /** The output as what should be JSON: a text, what a model answered, or the JSON of any other value. @throws ScoreError `unscorable` */
  outputJson(): string;
  /** An argument as text; a call that has no input of that name needs a column map. @throws ScoreError `unscorable` */
  text(argument: string): string;
}

/** Feedback's `payload.output`, and the same to be counted: truth values become ratings of 0 and 1 where none are named. */
export interface Finding extends Pick<Verdict, 'tags' | 'ratings'> {
  readonly output: Readonly<Record<string, unknown>>;
}

export interface LocalKind<Config> {
  readonly classNames: readonly string[];
  readonly config: z.ZodType<Config>;
  /** What can be made once. @throws ScoreError `unscorable` for what the config cannot mean. */
  prepare(config: Config, deps: ScorerDeps, about: ScorerAbout): Look | Promise<Look>;
}
export type Look = (subject: Subject) => Finding | Promise<Finding>;

/** A kind of scorers that asks nobody. */
export function localKind<Config>({ classNames, config, prepare }: LocalKind<Config>): ScorerKind<Config> {
  return {
    classNames,
    config,
    async create(checked, about, deps) {
      return toScorer(about, await prepare(checked, deps, about));
    },
  };
}

function toScorer(about: ScorerAbout, look: Look): Scorer {
  const { name, ref } = about;
  return {
    scorers: [{ name, ref }],
    provider: null,
    forecast: () => NOTHING_SPENT,
    async score(target) {
      const { output, tags, ratings = ratingsOf(output) } = await look(subjectOf(target, about));
      const verdict: Verdict = { scorerName: name, scorerRef: ref, output, ratings, ...(tags && { tags }) };
      return { verdicts: [verdict], spend: NOTHING_SPENT, request: null, reply: null };
    },
  };
}

function subjectOf(target: Target, { columnMap }: ScorerAbout): Subject {
  let found: Arguments | undefined;
  const value = (argument: string) => (found ??= argumentsOf(target, columnMap)).get(argument);
  const text = (argument: string) => {
    const given = value(argument);
    if (given === undefined) throw new ScoreError('unscorable', missing(argument));
    return bounded(argument, textOf(given));
  };
  return {
    target,
    text,
    output: () => text('output'),
    outputValue: () => value('output'),
    outputJson: () => bounded('output', jsonTextOf(value('output'))),
  };
}

function bounded(argument: string, text: string): string {
  if (text.length <= MAX_TEXT) return text;
  throw new ScoreError('unscorable', `${argument}: is longer than ${MAX_TEXT} characters`);
}

function missing(argument: string): string {
  return `${argument}: the call has no input of that name; a column_map says which one it is, such as {"${argument}": "expected"}`;
}

function ratingsOf(output: Finding['output']): NonNullable<Verdict['ratings']> {
  return Object.entries(output).flatMap(([name, value]) =>
    typeof value === 'boolean' ? [{ name, value: Number(value) }] : [],
  );
}
