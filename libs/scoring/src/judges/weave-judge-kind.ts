import type { ChatMessage } from '@weft/llm';
import type { Arguments } from '../arguments.ts';
import type { Scorer, Target } from '../scorer.ts';
import type { ScorerAbout, ScorerDeps, ScorerKind } from '../scorer-kind.ts';
import { countableOf } from './countable.ts';
import {
  createJudge,
  JUDGE_LIMITS,
  MAX_PROMPT_CHARS,
  sumOf,
  withSpendBefore,
  type Answered,
  type JudgeLimits,
  type Question,
} from './judge.ts';
import { readModelId } from './judge-model.ts';
import { variablesOf } from './llm-judge-object.ts';
import { unscorable } from './objects.ts';
import { formatTemplate, TemplateError } from './python/format.ts';
import { readStructured, structuredBy } from './structured.ts';
import type { WeaveConfig, WeaveJudge, WeaveStep } from './weave-judges.ts';

/** Reasoning, and what comes of it. */
const EXPECTED_TOKENS = 150;

export function weaveJudgeKind(judge: WeaveJudge, limits: JudgeLimits = JUDGE_LIMITS): ScorerKind<WeaveConfig> {
  return {
    classNames: [judge.className],
    config: judge.config,
    create: (config, about, deps) => createWeaveJudge(judge, config, about, deps, limits),
  };
} // prettier-ignore

async function createWeaveJudge(
  { needs, steps, output, sendsParams }: WeaveJudge,
  config: WeaveConfig,
  about: ScorerAbout,
  deps: ScorerDeps,
  limits: JudgeLimits,
): Promise<Scorer> {
  const model = await readModelId(config.model_id, { deps, about });
  const judge = await createJudge({ deps, about, model, limits });
  const params = sendsParams ? { temperature: config.temperature, max_tokens: config.max_tokens } : {};

  function prepare(target: Target) {
    const given = variablesOf(target, about);
    const missing = needs.find((name) => !given.has(name));
    if (missing !== undefined) throw unscorable({ about }, missingText(missing, given));
    const all = steps(config, given);
    return { given, all, questions: all.map((step, i) => toQuestion(step, all.length === 1 ? undefined : String(i + 1), params, about)) };
  }

  return {
    scorers: [{ name: about.name, ref: about.ref }],
    provider: judge.provider,
    async score(target, context) {
      const { given, all, questions } = prepare(target);
      const answers: Answered<unknown>[] = [];
      for (const [i, question] of questions.entries()) {
        try {
          answers.push(await judge.ask(question, context, (said) => readStructured(said, all[i]!.schema, 'json_schema')));
        } catch (error) {
          throw withSpendBefore(error, answers);
        }
      }
      const result = output(answers.map(({ verdict }) => verdict), config, given);
      const [first] = answers as [Answered<unknown>];
      return {
        verdicts: [{ scorerName: about.name, scorerRef: about.ref, output: result, ...countableOf(result) }],
        spend: sumOf(answers.map(({ spend }) => spend)),
        request: answers.length === 1 ? first.request : answers.map(({ request }) => request),
        reply: answers.length === 1 ? first.reply : answers.map(({ reply }) => reply),
      };
    },
    forecast: (target) => judge.forecast(prepare(target).questions, EXPECTED_TOKENS),
  };
} // prettier-ignore

function toQuestion(step: WeaveStep, name: string | undefined, params: object, about: ScorerAbout): Question {
  const user: ChatMessage = { role: 'user', content: fill(step, about) };
  const messages = step.system === undefined ? [user] : [{ role: 'system', content: step.system }, user];
  const request = { messages, ...params, ...structuredBy(step.schema, step.schemaName, 'json_schema') };
  return name === undefined ? { request } : { request, step: name };
}

function fill({ template, variables }: WeaveStep, about: ScorerAbout): string {
  try {
    return formatTemplate(template, new Map(Object.entries(variables)), MAX_PROMPT_CHARS);
  } catch (error) {
    if (error instanceof TemplateError) throw unscorable({ about }, error.message);
    throw error;
  }
}

function missingText(name: string, given: Arguments): string {
  const names = [...given.keys()].slice(0, 20).map((each) => each.slice(0, 80));
  return `the call has no input ${JSON.stringify(name)} (it has ${names.join(', ')}): map one to it by column_map`;
}
