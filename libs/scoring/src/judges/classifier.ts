import { z } from 'zod';
import type { Scorer, ScoreContext, Scores, Target, Verdict } from '../scorer.ts';
import type { Configured, ScorerDeps } from '../scorer-kind.ts';
import { explain } from '../scorer-object.ts';
import { AGENT_TURN_HEADER, FOOTER, OP_CALL_HEADER } from './classifier-prompts.ts';
import { headerVariables } from './classifier-variables.ts';
import {
  createJudge,
  MAX_PROMPT_CHARS,
  sumOf,
  withSpendBefore,
  type Answered,
  type Judge,
  type JudgeLimits,
  type Question,
  type Said,
} from './judge.ts';
import { readJudgeModel, type JudgeModel } from './judge-model.ts';
import {
  readScoringPrompt,
  variablesOf,
  type LlmJudgeConfig,
  type ScoringPrompt,
} from './llm-judge-object.ts';
import { unscorable } from './objects.ts';
import { formatTemplate, TemplateError } from './python/format.ts';
import { parseVerdict, UnusableAnswer, withoutBlock } from './verdict-json.ts';

/** What a model answers for each classifier where nothing is known yet. */
const EXPECTED_TOKENS = 60;

interface Classifier extends Configured<LlmJudgeConfig> {
  /** As the model is told it: of several with one name the second is `name (2)`. */
  readonly name: string;
  readonly prompt: ScoringPrompt;
  readonly model: JudgeModel;
}

/** Classifiers that one question asks for. */
interface Group {
  readonly classifiers: readonly Classifier[];
  readonly judge: Judge;
  readonly step: string | undefined;
}

/** Classifiers of a ClassifierMonitor: those of one model are asked together, in one completion, and each has a verdict of its own. */
export async function mergeClassifiers(
  each: readonly Configured<LlmJudgeConfig>[],
  deps: ScorerDeps,
  limits: JudgeLimits,
): Promise<Scorer> {
  const classifiers = await Promise.all(named(each).map((one) => readClassifier(one, deps)));
  const groups = await Promise.all(
    grouped(classifiers).map(async (members, i, all): Promise<Group> => {
      const [first] = members as [Classifier];
      const judge = await createJudge({ deps, about: first.about, model: first.model.model, limits });
      return { classifiers: members, judge, step: all.length === 1 ? undefined : String(i + 1) };
    }),
  );
  return {
    scorers: classifiers.map(({ about }) => ({ name: about.name, ref: about.ref })),
    provider: groups[0]!.judge.provider,
    score: (target, context) => askGroups(groups, target, context),
    forecast(target) {
      const each = groups.map((group) =>
        group.judge.forecast([questionOf(group, target)], EXPECTED_TOKENS * group.classifiers.length),
      );
      return sumOf(each);
    },
  };
}

type Named = Configured<LlmJudgeConfig> & { readonly name: string };

function named(each: readonly Configured<LlmJudgeConfig>[]): Named[] {
  const taken = new Set<string>();
  return each.map((one) => {
    let name = one.about.name;
    for (let count = 2; taken.has(name); count++) name = `${one.about.name} (${count})`;
    taken.add(name);
    return { ...one, name };
  });
}

async function readClassifier(one: Named, deps: ScorerDeps): Promise<Classifier> {
  const objects = { deps, about: one.about };
  return {
    ...one,
    model: await readJudgeModel(one.config.model, objects),
    prompt: await readScoringPrompt(one.config.scoring_prompt, objects),
  };
}

function grouped(classifiers: readonly Classifier[]): Classifier[][] {
  const groups = new Map<string, Classifier[]>();
  for (const classifier of classifiers) {
    const { model, params, before } = classifier.model;
    const key = JSON.stringify([model, params, before]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [classifier]);
    else group.push(classifier);
  }
  return [...groups.values()];
}

async function askGroups(groups: readonly Group[], target: Target, context: ScoreContext): Promise<Scores> {
  const answers: Answered<Verdict[]>[] = [];
  for (const group of groups) {
    try {
      answers.push(await group.judge.ask(questionOf(group, target), context, (said) => readVerdicts(said, group)));
    } catch (error) {
      throw withSpendBefore(error, answers);
    }
  }
  const [first] = answers as [Answered<Verdict[]>];
  const all = <K extends 'request' | 'reply'>(key: K) =>
    answers.length === 1 ? first[key] : answers.map((answer) => answer[key]);
  return {
    verdicts: answers.flatMap(({ verdict }) => verdict),
    spend: sumOf(answers.map(({ spend }) => spend)),
    request: all('request'),
    reply: all('reply'),
  };
} // prettier-ignore

function questionOf({ classifiers, step }: Group, target: Target): Question {
  const [{ model, about }] = classifiers as [Classifier];
  const header = headerVariables(target);
  const parts = [formatTemplate(target.isAgentTurn ? AGENT_TURN_HEADER : OP_CALL_HEADER, header, MAX_PROMPT_CHARS)];
  for (const classifier of classifiers) {
    const variables = new Map([...header, ...variablesOf(target, classifier.about)]);
    parts.push(`<classifier name="${escaped(classifier.name)}">\n${render(classifier, variables)}\n</classifier>`);
  }
  parts.push(formatTemplate(FOOTER, new Map(), MAX_PROMPT_CHARS));
  const content = parts.join('\n');
  if (content.length > MAX_PROMPT_CHARS)
    throw unscorable({ about }, `the prompt has more than ${MAX_PROMPT_CHARS} characters`);
  return {
    request: {
      messages: [...model.before, { role: 'user', content }],
      ...model.params,
      response_format: { type: 'json_object' },
    },
    ...(step !== undefined && { step }),
  };
} // prettier-ignore

function escaped(name: string): string {
  return name.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
}

function render({ prompt, about }: Classifier, variables: ReadonlyMap<string, unknown>): string {
  const texts = typeof prompt === 'string' ? [prompt] : prompt.flatMap(({ content }) => (typeof content === 'string' ? content : [])); // prettier-ignore
  try {
    return texts.map((text) => formatTemplate(text, variables, MAX_PROMPT_CHARS)).join('\n');
  } catch (error) {
    if (error instanceof TemplateError) throw unscorable({ about }, `scoring_prompt: ${error.message}`);
    throw error;
  }
}

const Match = z.strictObject({
  is_match: z.boolean(),
  confidence: z.number().min(0).max(1),
  reason: z.string(),
});
const Answer = z.strictObject({ classifiers: z.record(z.string(), z.unknown()) });

/** Nothing is corrected: a verdict that is missing, too many or out of range is none. */
function readVerdicts(said: Said, { classifiers }: Group): Verdict[] {
  const answer = Answer.safeParse(parseVerdict(withoutBlock(said.content ?? '')));
  if (!answer.success) throw new UnusableAnswer(`the verdicts: ${explain(answer.error)}`);
  const given = new Map(Object.entries(answer.data.classifiers));
  const verdicts = classifiers.map(({ name, about }): Verdict => {
    if (!given.has(name)) throw new UnusableAnswer(`the classifier ${JSON.stringify(name)} has no verdict`);
    const match = Match.safeParse(given.get(name));
    if (!match.success) throw new UnusableAnswer(`the verdict of ${JSON.stringify(name)}: ${explain(match.error)}`);
    given.delete(name);
    const { is_match: isMatch, confidence, reason } = match.data;
    const tags = isMatch ? [{ tag: about.name, reason, confidence }] : [];
    return { scorerName: about.name, scorerRef: about.ref, output: match.data, tags };
  });
  const [extra] = given.keys();
  if (extra !== undefined) throw new UnusableAnswer(`nobody asked for ${JSON.stringify(extra.slice(0, 80))}`);
  return verdicts;
} // prettier-ignore
