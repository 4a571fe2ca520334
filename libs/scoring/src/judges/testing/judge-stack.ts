import { createLlm, llmEnv } from '@weft/llm';
import { priceBook, type Price } from '@weft/prices';
import { createLogger, loadConfig } from '@weft/runtime';
import { startFakeLlm, type FakeLlm } from '@weft/testkit';
import { z } from 'zod';
import type { CallToScore, ScoreContext, Scorer, Target } from '../../scorer.ts';
import type { AnswerCache, Configured, ScorerAbout, ScorerDeps, ScorerKind } from '../../scorer-kind.ts';
import { judgeKinds } from '../kinds.ts';
import type { JudgeLimits } from '../judge.ts';

export interface JudgeStack {
  readonly fake: FakeLlm;
  readonly deps: ScorerDeps;
  /** Values of objects by their refs. */
  readonly objects: Map<string, unknown>;
  /** @param config the object's own members. */
  load(className: string, config: object, more?: LoadMore): Promise<Scorer>;
  merge(each: readonly { name: string; config: object }[], more?: LoadMore): Promise<Scorer>;
  stop(): Promise<void>;
}

export interface LoadMore {
  readonly name?: string;
  readonly columnMap?: Readonly<Record<string, string>>;
  readonly cache?: AnswerCache;
  readonly limits?: Partial<JudgeLimits>;
}

export const PROJECT = 'e/p';
export const refOf = (name: string) => `weave:///${PROJECT}/object/${name}:abc`;
export const LIMITS: JudgeLimits = { timeoutMs: 5000, idleMs: 2000, maxAnswerBytes: 4 * 1024 * 1024 };

/** Judges that ask a fake provider over HTTP, by the door that services use. */
export async function startJudgeStack(): Promise<JudgeStack> {
  const fake = await startFakeLlm();
  const objects = new Map<string, unknown>();
  const config = loadConfig(z.object(llmEnv), {
    OPENAI_API_KEY: 'sk-very-secret',
    OPENAI_BASE_URL: fake.url,
    WEFT_LLM_SERVERS: JSON.stringify({ local: fake.url, 'my-provider': fake.url }),
  });
  const logger = createLogger({ name: 'test', level: 'silent' });
  const deps: ScorerDeps = {
    llm: createLlm({ config, logger }),
    readObject: async (ref) => (objects.has(ref) ? Buffer.from(JSON.stringify(objects.get(ref))) : null),
    prices: async () => priceBook([PRICE]),
    logger,
  };
  const depsWith = ({ cache }: LoadMore) => (cache === undefined ? deps : { ...deps, cache });
  return {
    fake,
    deps,
    objects,
    async load(className, own, more = {}) {
      const kind = kindOf(className, more);
      const { config: checked, about } = configured(kind, className, more.name ?? 'mine', own, more);
      return kind.create(checked, about, depsWith(more));
    },
    async merge(each, more = {}) {
      const kind = kindOf('LLMAsAJudgeScorer', more);
      const all = each.map((one) => configured(kind, 'LLMAsAJudgeScorer', one.name, one.config, more));
      return kind.merge!(all, depsWith(more));
    },
    stop: () => fake.stop(),
  };
}

function kindOf(className: string, { limits }: LoadMore): ScorerKind {
  const kinds = judgeKinds({ ...LIMITS, ...limits });
  return kinds.find(({ classNames }) => classNames.includes(className))!;
}

function configured(
  kind: ScorerKind,
  className: string,
  name: string,
  own: object,
  { columnMap = {} }: LoadMore,
): Configured<unknown> {
  const about: ScorerAbout = {
    projectId: PROJECT,
    name,
    ref: refOf(name),
    className,
    columnMap: new Map(Object.entries(columnMap)),
  };
  return { config: kind.config.parse(own), about };
}

const PRICE: Price = {
  id: 'p1',
  level: 'project',
  llmId: 'local/m',
  providerId: 'local',
  promptTokenCost: 0.001,
  completionTokenCost: 0.01,
  cacheReadInputTokenCost: 0,
  cacheCreationInputTokenCost: 0,
  promptTokenCostUnit: 'USD',
  completionTokenCostUnit: 'USD',
  effectiveAtUs: 0,
  createdAtUs: 0,
  createdBy: 'u',
} as Price;

const json = (value: unknown) => Buffer.from(JSON.stringify(value));

export interface CallParts {
  readonly inputs?: unknown;
  readonly output?: unknown;
  readonly attributes?: unknown;
  readonly exception?: string;
  readonly opName?: string;
}

export function callOf(parts: CallParts = {}): CallToScore {
  return {
    projectId: PROJECT,
    id: 'c1',
    traceId: 't1',
    parentId: null,
    threadId: null,
    isSpan: false,
    opName: parts.opName ?? 'weave:///e/p/op/answer:1',
    displayName: null,
    startedAtUs: 0,
    endedAtUs: 1,
    exception: parts.exception ?? null,
    attributes: json(parts.attributes ?? {}),
    inputs: json(parts.inputs ?? { question: 'why?' }),
    output: json(parts.output ?? 'because'),
    summary: json({}),
  };
}

export function targetOf(parts: CallParts = {}, isAgentTurn = false): Target {
  const call = callOf(parts);
  return { call, calls: [call], isAgentTurn };
}

export const contextOf = (signal: AbortSignal = new AbortController().signal): ScoreContext => ({
  signal,
  idempotencyKey: 'score-1',
  correlationId: 'corr-1',
});
