import type { ChatMessage } from '@weft/llm';
import { z } from 'zod';
import { argumentsOf, type Arguments } from '../arguments.ts';
import type { Target } from '../scorer.ts';
import type { ScorerAbout } from '../scorer-kind.ts';
import { MessagesPrompt } from './judge-model.ts';
import { isRef, readMember, type Objects } from './objects.ts';

const flag = z.boolean().nullish().transform((value) => value ?? false); // prettier-ignore
const paths = z.array(z.string().max(500)).max(50).nullish();

/** W&B: weave/scorers/llm_as_a_judge_scorer.py */
export const llmJudgeConfig = z.looseObject({
  /** LLMStructuredCompletionModel, or its ref. */
  model: z.union([z.string(), z.looseObject({})]),
  /** A template, a MessagesPrompt, or the ref of one. */
  scoring_prompt: z.union([z.string(), MessagesPrompt]),
  enable_image_input_scoring: flag,
  enable_audio_input_scoring: flag,
  enable_video_input_scoring: flag,
  media_scoring_json_paths: paths,
  audio_input_scoring_json_paths: paths,
});

export type LlmJudgeConfig = z.output<typeof llmJudgeConfig>;

/** Of several calls, the newest's; `calls` is all of them. */
export function variablesOf(target: Target, about: ScorerAbout): Arguments {
  const given = argumentsOf(target, about.columnMap);
  if (target.calls.length < 2 || given.has('calls')) return given;
  const calls = target.calls.map((call) => {
    const each = argumentsOf({ ...target, call, calls: [call] }, new Map());
    return { op_name: call.opName, inputs: each.get('inputs'), output: each.get('output') };
  });
  return new Map(given).set('calls', calls);
}

export type ScoringPrompt = string | readonly ChatMessage[];

export async function readScoringPrompt(
  prompt: LlmJudgeConfig['scoring_prompt'],
  objects: Objects,
): Promise<ScoringPrompt> {
  if (typeof prompt !== 'string') return prompt.messages;
  if (!isRef(prompt)) return prompt;
  const found = await readMember(prompt, z.union([MessagesPrompt, z.looseObject({ content: z.string() })]), 'scoring_prompt', objects);
  return 'messages' in found ? (found.messages as ChatMessage[]) : (found.content as string);
} // prettier-ignore
