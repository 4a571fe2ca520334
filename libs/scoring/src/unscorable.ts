import { ScoreError } from './scorer.ts';
import type { ScorerAbout } from './scorer-kind.ts';

/** W&B's scorers that this server does not run, and what comes nearest: models that run in the client's process, or embeddings. */
const INSTEAD: ReadonlyMap<string, string> = new Map([
  ['PresidioScorer', 'PIIScorer finds what patterns can tell'],
  ['EmbeddingSimilarityScorer', 'SimilarityScorer compares texts, LLMAsAJudgeScorer meanings'],
  ['MultiTaskBinaryClassificationF1', 'it sums up an evaluation and scores no single call'],
  judged('OpenAIModerationScorer'),
  ...['Bias', 'Coherence', 'ContextRelevance', 'Fluency', 'Hallucination', 'Toxicity', 'Trust']
    .map((what) => `Weave${what}ScorerV1`)
    .map(judged),
]);

function judged(className: string): [string, string] {
  return [className, 'LLMAsAJudgeScorer asks a model'];
}

/** W&B's scorers: their published code is known, and what a kind of their name does is the same. */
const OF_WEAVE: ReadonlySet<string> = new Set([
  'ContextEntityRecallScorer', 'ContextRelevancyScorer', 'HallucinationFreeScorer', 'LLMAsAJudgeScorer', 'LevenshteinScorer',
  'PromptInjectionLLMGuardrail', 'PydanticScorer', 'RemoteScorer', 'Scorer', 'StringMatchScorer', 'SummarizationScorer', 'ValidJSONScorer',
  'ValidXMLScorer',
]); // prettier-ignore

/** Whether a `score` method is one that a user wrote. @param codeOf class that defines it. */
export function isOwnCode(codeOf: string | undefined): boolean {
  return codeOf !== undefined && !OF_WEAVE.has(codeOf);
}

const RUNNABLE =
  'a server runs LLMAsAJudgeScorer (a prompt), RemoteScorer (your own code behind HTTP) and the built-in classes of docs/online-eval.md';

/** For an object that no kind of scorer may claim. @param classes its own and those it is made of. */
export function whatInstead({ name, className }: ScorerAbout, classes: readonly string[]): ScoreError {
  if (className === '') return new ScoreError('unscorable', `${name}: is no scorer: it has no _class_name`);
  const instead = classes.map((each) => INSTEAD.get(each)).find((each) => each !== undefined);
  const what =
    instead !== undefined || classes.includes('Scorer') ? 'is code that no server runs' : 'is no scorer';
  const whatElse = instead === undefined ? RUNNABLE : `${instead}; ${RUNNABLE}`;
  return new ScoreError('unscorable', `${name}: ${className.slice(0, 80)} ${what}: ${whatElse}`);
}
