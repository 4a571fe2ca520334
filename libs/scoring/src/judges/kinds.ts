import type { ScorerKind } from '../scorer-kind.ts';
import { JUDGE_LIMITS, type JudgeLimits } from './judge.ts';
import { llmJudgeKind } from './llm-judge.ts';
import { rubricKind } from './rubric-judge.ts';
import { RUBRICS } from './rubrics.ts';
import { weaveJudgeKind } from './weave-judge-kind.ts';
import { WEAVE_JUDGES } from './weave-judges.ts';

/** Every scorer that asks a model. */
export function judgeKinds(limits: JudgeLimits = JUDGE_LIMITS): readonly ScorerKind[] {
  return [
    llmJudgeKind(limits),
    ...WEAVE_JUDGES.map((judge) => weaveJudgeKind(judge, limits)),
    ...RUBRICS.map((rubric) => rubricKind(rubric, limits)),
  ];
}
