import type { ChatMessage } from '@weft/llm';
import type { Arguments } from '../arguments.ts';
import type { Scorer, Target, Verdict } from '../scorer.ts';
import type { ScorerAbout, ScorerDeps, ScorerKind } from '../scorer-kind.ts';
import { mergeClassifiers } from './classifier.ts';
import { countableOf } from './countable.ts';
import {
  createJudge,
  JUDGE_LIMITS,
  MAX_PROMPT_CHARS,
  type JudgeLimits,
  type Question,
  type Said,
} from './judge.ts';
import { readJudgeModel } from './judge-model.ts';
import {
  llmJudgeConfig,
  readScoringPrompt,
  variablesOf,
  type LlmJudgeConfig,
  type ScoringPrompt,
} from './llm-judge-object.ts';
import { separateMedia, type MediaPart, type MediaSettings } from './media.ts';
import { unscorable } from './objects.ts';
import { formatTemplate, TemplateError } from './python/format.ts';
import { readMedia } from './read-media.ts';
import { parseVerdict, UnusableAnswer } from './verdict-json.ts';

/** What a judge answers where nothing is known of it yet. */
const EXPECTED_TOKENS = 100;

/** LLMAsAJudgeScorer: the user's prompt, filled in as Python does it, is all that is asked. */
export function llmJudgeKind(limits: JudgeLimits = JUDGE_LIMITS): ScorerKind<LlmJudgeConfig> {
  return {
    classNames: ['LLMAsAJudgeScorer'],
    config: llmJudgeConfig,
    create: (config, about, deps) => createLlmJudge(config, about, deps, limits),
    merge: (each, deps) => mergeClassifiers(each, deps, limits),
  };
}

async function createLlmJudge(
  config: LlmJudgeConfig,
  about: ScorerAbout,
  deps: ScorerDeps,
  limits: JudgeLimits,
): Promise<Scorer> {
  const objects = { deps, about };
  const { model, params, format, before } = await readJudgeModel(config.model, objects);
  const prompt = await readScoringPrompt(config.scoring_prompt, objects);
  const judge = await createJudge({ deps, about, model, limits });
  const media = mediaSettingsOf(config);

  function questionOf(target: Target): Question {
    const given = variablesOf(target, about);
    const { variables, parts } = media === undefined ? { variables: given, parts: [] } : separateMedia(given, media, target.media);
    const asked = render(prompt, variables, about);
    return { request: { messages: [...before, ...withMedia(asked, parts)], ...params } };
  }

  return {
    scorers: [{ name: about.name, ref: about.ref }],
    provider: judge.provider,
    ...(media !== undefined && { readMedia: (target, source) => readMedia(variablesOf(target, about), media, source) }),
    async score(target, context) {
      const answered = await judge.ask(questionOf(target), context, (said) => readOutput(said, format));
      const { verdict: output, ...rest } = answered;
      const verdict: Verdict = { scorerName: about.name, scorerRef: about.ref, output, ...countableOf(output) };
      return { verdicts: [verdict], ...rest };
    },
    forecast: (target) => judge.forecast([questionOf(target)], EXPECTED_TOKENS),
  };
} // prettier-ignore

/** @throws ScoreError `unscorable` that names what is missing */
function render(prompt: ScoringPrompt, variables: Arguments, about: ScorerAbout): ChatMessage[] {
  let room = MAX_PROMPT_CHARS;
  const fill = (template: string) => {
    const text = formatTemplate(template, variables, room);
    room -= text.length;
    return text;
  };
  try {
    if (typeof prompt === 'string') return [{ role: 'user', content: fill(prompt) }];
    return prompt.map((message) => fillMessage(message, fill));
  } catch (error) {
    if (error instanceof TemplateError) throw unscorable({ about }, `scoring_prompt: ${error.message}`);
    throw error;
  }
}

/** Every text in it, and in lists of parts (W&B: format_message_with_template_vars). */
function fillMessage(message: ChatMessage, fill: (template: string) => string): ChatMessage {
  return Object.fromEntries(
    Object.entries(message).map(([name, value]) => {
      if (typeof value === 'string') return [name, fill(value)];
      const isParts = Array.isArray(value) && value.every((part) => typeof part === 'object' && part !== null && !Array.isArray(part)); // prettier-ignore
      return [name, isParts ? (value as ChatMessage[]).map((part) => fillMessage(part, fill)) : value];
    }),
  );
}

/** Media follow the text of the last message of the user. */
function withMedia(messages: readonly ChatMessage[], parts: readonly MediaPart[]): readonly ChatMessage[] {
  if (parts.length === 0) return messages;
  const last = messages.findLastIndex(({ role }) => role === 'user');
  if (last < 0) return [...messages, { role: 'user', content: parts }];
  const { content } = messages[last]!;
  const own = Array.isArray(content) ? (content as MediaPart[]) : [{ type: 'text', text: content ?? '' }];
  return messages.with(last, { ...messages[last], content: [...own, ...parts] });
}

function mediaSettingsOf(config: LlmJudgeConfig): MediaSettings | undefined {
  const { enable_image_input_scoring: image, enable_audio_input_scoring: audio, enable_video_input_scoring: video } = config;
  if (!image && !audio && !video) return undefined;
  const where = config.media_scoring_json_paths ?? config.audio_input_scoring_json_paths ?? undefined;
  return { image, audio, video, paths: where?.length === 0 ? undefined : where };
} // prettier-ignore

/** As the SDK's parse_response; a member that is there twice is refused too. */
function readOutput(said: Said, format: 'text' | 'json_object'): unknown {
  if (format === 'json_object') return parseVerdict(said.content ?? '');
  if (said.content === null) throw new UnusableAnswer('the model returned no text');
  return said.content;
}
