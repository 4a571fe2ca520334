import { z } from 'zod';
import type { Arguments } from '../arguments.ts';
import type { Scorer, Target } from '../scorer.ts';
import type { ScorerAbout, ScorerDeps, ScorerKind } from '../scorer-kind.ts';
import { aboutFence, createFence, fenced } from './fence.ts';
import { createJudge, JUDGE_LIMITS, MAX_PROMPT_CHARS, type JudgeLimits, type Question } from './judge.ts';
import { readModelId } from './judge-model.ts';
import { variablesOf } from './llm-judge-object.ts';
import { materialOf, textOf, type Material } from './material.ts';
import { unscorable } from './objects.ts';
import { readStructured, structuredBy } from './structured.ts';
import type { Piece, Rubric } from './rubrics.ts';

const config = z.looseObject({
  model_id: z.string().min(1).default('gpt-4o'),
  temperature: z.number().min(0).max(2).nullish().transform((value) => value ?? 0),
  max_tokens: z.int().positive().nullish().transform((value) => value ?? 1024),
  /** Of ClosedQAScorer, where the call has none. */
  criteria: z.string().nullish(),
  /** What else the judge should know; by the scorer's author. */
  instructions: z.string().max(20_000).nullish(),
  /** For servers that do not know `json_schema`. */
  structured_output: z.enum(['json_schema', 'json_object', 'tool']).nullish().transform((value) => value ?? 'json_schema'),
}); // prettier-ignore

type RubricConfig = z.output<typeof config>;

/** A choice and a sentence. */
const EXPECTED_TOKENS = 60;

/** A judge with a question of our own: what is judged is fenced, and the verdict is one of the rubric's choices or none. */
export function rubricKind(rubric: Rubric, limits: JudgeLimits = JUDGE_LIMITS): ScorerKind<RubricConfig> {
  return {
    classNames: rubric.classNames,
    config,
    create: (own, about, deps) => createRubricJudge(rubric, own, about, deps, limits),
  };
}

async function createRubricJudge(
  rubric: Rubric,
  own: RubricConfig,
  about: ScorerAbout,
  deps: ScorerDeps,
  limits: JudgeLimits,
): Promise<Scorer> {
  const judge = await createJudge({ deps, about, model: await readModelId(own.model_id, { deps, about }), limits });
  const names = Object.keys(rubric.choices) as [string, ...string[]];
  const Verdict = z.strictObject({ reason: z.string().max(8000), choice: z.enum(names) });
  const structured = structuredBy(Verdict, 'verdict', own.structured_output);

  function questionOf(target: Target): Question {
    const fence = createFence();
    const given = variablesOf(target, about);
    const withOwn = own.criteria && !given.has('criteria') ? new Map([...given, ['criteria', own.criteria]]) : given;
    const material = materialOf(target);
    const pieces = rubric.pieces.flatMap((piece) => {
      const text = textOfPiece(piece, withOwn, material);
      if (text === undefined) throw unscorable({ about }, `the call has no ${piece.arguments.join(', ')}`);
      return text === '' ? [] : fenced(piece.name, text, fence);
    });
    const messages = [
      { role: 'system', content: systemPrompt(rubric, own, fence) },
      { role: 'user', content: pieces.join('\n\n') },
    ];
    if (messages.reduce((sum, { content }) => sum + content.length, 0) > MAX_PROMPT_CHARS)
      throw unscorable({ about }, `the prompt has more than ${MAX_PROMPT_CHARS} characters`);
    return { request: { messages, temperature: own.temperature, max_tokens: own.max_tokens, ...structured }, fence };
  }

  return {
    scorers: [{ name: about.name, ref: about.ref }],
    provider: judge.provider,
    async score(target, context) {
      const { verdict, ...rest } = await judge.ask(questionOf(target), context, (said) =>
        readStructured(said, Verdict, own.structured_output),
      );
      const { choice, reason } = verdict;
      const { score } = rubric.choices[choice]!;
      return {
        verdicts: [
          {
            scorerName: about.name,
            scorerRef: about.ref,
            output: { score, passed: score >= rubric.passFrom, choice, reason },
            tags: [{ tag: choice, reason }],
            ratings: [{ name: 'score', value: score, reason }],
          },
        ],
        ...rest,
      };
    },
    forecast: (target) => judge.forecast([questionOf(target)], EXPECTED_TOKENS),
  };
} // prettier-ignore

function textOfPiece(piece: Piece, given: Arguments, material: Material): string | undefined {
  for (const name of piece.arguments) if (given.has(name)) return textOf(given.get(name));
  if (piece.otherwise === 'unscorable') return undefined;
  return piece.otherwise === 'none' ? '' : material[piece.otherwise];
}

function systemPrompt({ task, choices }: Rubric, own: RubricConfig, fence: string): string {
  return [
    'You are a careful judge of texts.',
    task,
    ...(own.instructions ? [own.instructions] : []),
    aboutFence(fence),
    'Choose one:',
    ...Object.entries(choices).map(([name, { means }]) => `- "${name}": ${means}`),
    'Answer with a JSON object {"reason": …, "choice": …}: first the reason, in one or two sentences, then the name of your choice.',
  ].join('\n');
}
