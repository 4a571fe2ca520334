import { createHash } from 'node:crypto';
import { usageOf, type ChatCompletion, type ChatMessage, type ChatRequest } from '@weft/llm';
import { nowUs } from '@weft/model';
import { costOf, type Prices } from '@weft/prices';
import { ScoreError, type Forecast, type ScoreContext, type Spend } from '../scorer.ts';
import type { ScorerAbout, ScorerDeps } from '../scorer-kind.ts';
import { toScoreError } from './failure.ts';
import { shown } from './shown.ts';
import { estimateTokens, historyOf } from './tokens.ts';
import { RefusedAnswer, UnusableAnswer } from './verdict-json.ts';

/** How long a judge may take, and how much it may say. */
export interface JudgeLimits {
  readonly timeoutMs: number;
  /** Longest wait for the next byte. */
  readonly idleMs: number;
  readonly maxAnswerBytes: number;
}

export const JUDGE_LIMITS: JudgeLimits = {
  timeoutMs: 60_000,
  idleMs: 30_000,
  maxAnswerBytes: 4 * 1024 * 1024,
};

/** Of the prompt, all messages together; what providers take is less. */
export const MAX_PROMPT_CHARS = 4 * 1024 * 1024;

/** A request but for its model. */
export type JudgeRequest = Pick<ChatRequest, 'max_tokens' | 'response_format'> & {
  readonly messages: readonly ChatMessage[];
  readonly [member: string]: unknown;
};

/** What a judge is asked. */
export interface Question {
  readonly request: JudgeRequest;
  /** Random text in the messages that is another one next time. */
  readonly fence?: string;
  /** Several questions of one score have different ones. */
  readonly step?: string;
}

/** The model's message. */
export interface Said {
  readonly content: string | null;
  /** Arguments of its calls of the tool, as texts. */
  toolArguments(name: string): readonly string[];
  /** It was cut off at the most tokens it may say. */
  readonly isCutOff: boolean;
}

export interface Answered<T> {
  readonly verdict: T;
  readonly spend: Spend;
  /** Bounded, for the score call. */
  readonly request: unknown;
  readonly reply: unknown;
}

/** One model, ready to be asked. */
export interface Judge {
  readonly model: string;
  /** `llm:<provider>` */
  readonly provider: string;
  /**
   * @param read makes the verdict. @throws UnusableAnswer, RefusedAnswer
   * @throws ScoreError
   */
  ask<T>(question: Question, context: ScoreContext, read: (said: Said) => T): Promise<Answered<T>>;
  /**
   * By the rule: prompt tokens are characters divided by four, completion tokens are `expectedTokens`, at most the request's
   * `max_tokens`; once the scorer was answered, what its answers took on average.
   */
  forecast(questions: readonly Question[], expectedTokens: number): Forecast;
}

export interface JudgeDeps {
  readonly deps: ScorerDeps;
  readonly about: ScorerAbout;
  readonly model: string;
  readonly limits: JudgeLimits;
}

/** @throws ScoreError `unscorable` for a model that nobody knows */
export async function createJudge({ deps, about, model, limits }: JudgeDeps): Promise<Judge> {
  const provider = `llm:${providerOf(deps, about, model)}`;
  const pricesNow = await deps.prices(about.projectId);
  const history = historyOf(deps.llm);
  const nothingSpent: Spend = { model, requests: 0, promptTokens: 0, completionTokens: 0, costUsd: 0 };
  const pastKey = (step = '') => `${about.ref} ${step}`;

  /** Where the provider does not say what it took, it is estimated: a budget must not count it as nothing. */
  async function spent(question: Question, answer: ChatCompletion, said: Said): Promise<Spend> {
    const usage = usageOf(answer);
    const estimated = estimateTokens(question.request.messages);
    const promptTokens = usage?.prompt_tokens ?? estimated;
    const completionTokens = usage?.completion_tokens ?? Math.ceil((said.content ?? '').length / 4);
    if (usage !== undefined) history.learn(pastKey(question.step), estimated, promptTokens, completionTokens);
    const cached = usage?.prompt_tokens_details?.cached_tokens ?? 0;
    const names = typeof answer.model === 'string' ? [model, answer.model] : [model];
    const costUsd = costUsdOf(await deps.prices(about.projectId), names, promptTokens, completionTokens, cached);
    return { model, requests: 1, promptTokens, completionTokens, costUsd };
  }

  return {
    model,
    provider,

    async ask(question, context, read) {
      const request: ChatRequest = { model, ...question.request };
      const shownRequest = shown(request);
      const cacheKey = deps.cache === undefined ? '' : keyOf(about.projectId, provider, request, question.fence);
      const known = await deps.cache?.get(cacheKey);
      const fromCache = known === undefined ? undefined : readKnown(known, read);
      if (fromCache !== undefined)
        return { verdict: fromCache.verdict, spend: nothingSpent, request: shownRequest, reply: { cached: true, answer: shown(fromCache.answer) } };
      const step = question.step === undefined ? '' : `:${question.step}`;
      const headers = { 'idempotency-key': context.idempotencyKey + step, 'x-correlation-id': context.correlationId };
      let answer: ChatCompletion;
      try {
        answer = await deps.llm.complete({ request, headers, signal: context.signal, ...limits });
      } catch (error) {
        const spend: Spend = { ...nothingSpent, requests: 1 };
        throw toScoreError(error, { model, spend, nothingSpent, request: shownRequest });
      }
      const reply = shown(answer);
      const said = saidIn(answer);
      const spend = await spent(question, answer, said);
      try {
        const verdict = read(checked(answer, said));
        await deps.cache?.put(cacheKey, JSON.stringify(answer));
        return { verdict, spend, request: shownRequest, reply };
      } catch (error) {
        throw toVerdictError(error, said, { spend, request: shownRequest, reply });
      }
    },

    forecast(questions, expectedTokens) {
      let [promptTokens, completionTokens] = [0, 0];
      for (const { request, step } of questions) {
        const past = history.of(pastKey(step));
        promptTokens += Math.ceil(estimateTokens(request.messages) * (past?.ratio ?? 1));
        completionTokens += Math.ceil(past?.completion ?? Math.min(expectedTokens, request.max_tokens ?? Infinity));
      }
      const costUsd = costUsdOf(pricesNow, [model], promptTokens, completionTokens, 0);
      return { model, requests: questions.length, promptTokens, completionTokens, costUsd };
    },
  };
} // prettier-ignore

/** What several questions of one score took together. */
export function sumOf(spends: readonly Spend[]): Spend {
  return spends.reduce((a, b) => ({
    model: a.model,
    requests: a.requests + b.requests,
    promptTokens: a.promptTokens + b.promptTokens,
    completionTokens: a.completionTokens + b.completionTokens,
    costUsd: a.costUsd + b.costUsd,
  }));
}

/** A failure after questions that were answered costs what they cost. */
export function withSpendBefore(error: unknown, answers: readonly Answered<unknown>[]): unknown {
  if (!(error instanceof ScoreError) || answers.length === 0) return error;
  const { kind, message, retryAfterMs, request, reply } = error;
  const spend = sumOf([...answers.map((answer) => answer.spend), error.spend]);
  const wait = retryAfterMs === undefined ? {} : { retryAfterMs };
  return new ScoreError(kind, message, { ...wait, spend, request, reply, cause: error });
}

function providerOf({ llm }: ScorerDeps, about: ScorerAbout, model: string): string {
  try {
    return llm.providerOf(model);
  } catch (cause) {
    throw new ScoreError('unscorable', `${about.name}: ${(cause as Error).message}`, { cause });
  }
}

function costUsdOf(
  prices: Prices,
  names: readonly string[],
  promptTokens: number,
  completionTokens: number,
  cacheReadTokens: number,
): number {
  for (const name of names) {
    const price = prices.priceOf(name, nowUs());
    if (price === undefined) continue;
    const cost = costOf({ promptTokens, completionTokens, cacheReadTokens, cacheCreationTokens: 0 }, price);
    return cost.prompt + cost.completion + cost.cacheRead;
  }
  return 0;
}

/** Of one project: what another has asked is not known here. */
function keyOf(projectId: string, provider: string, request: ChatRequest, fence: string | undefined): string {
  const text = JSON.stringify({ projectId, provider, request });
  const plain = fence === undefined ? text : text.replaceAll(fence, 'fence');
  return createHash('sha256').update(plain).digest('hex');
}

/** Undefined = what is kept there is of no use. */
function readKnown<T>(known: string, read: (said: Said) => T): { verdict: T; answer: ChatCompletion } | undefined {
  try {
    const answer = JSON.parse(known) as ChatCompletion;
    return { verdict: read(checked(answer, saidIn(answer))), answer };
  } catch {
    return undefined;
  }
} // prettier-ignore

type Members = Readonly<Record<string, unknown>>;

function membersOf(value: unknown): Members {
  return typeof value === 'object' && value !== null ? (value as Members) : {};
}

function saidIn(answer: ChatCompletion): Said {
  const choice = Array.isArray(answer.choices) ? membersOf(answer.choices[0]) : {};
  const { content, tool_calls: calls } = membersOf(choice.message);
  const called = Array.isArray(calls) ? calls.map((call) => membersOf(membersOf(call).function)) : [];
  return {
    content: typeof content === 'string' ? content : null,
    toolArguments: (name) =>
      called.flatMap((call) =>
        call.name === name && typeof call.arguments === 'string' ? call.arguments : [],
      ),
    isCutOff: choice.finish_reason === 'length',
  };
}

/** @throws UnusableAnswer, RefusedAnswer */
function checked(answer: ChatCompletion, said: Said): Said {
  const choice = Array.isArray(answer.choices) ? membersOf(answer.choices[0]) : {};
  const { refusal } = membersOf(choice.message);
  if (typeof refusal === 'string' && refusal !== '')
    throw new RefusedAnswer(`the model declined: ${refusal.slice(0, 500)}`);
  if (choice.finish_reason === 'content_filter')
    throw new RefusedAnswer("the provider's content filter stopped the answer");
  if (choice.message === undefined) throw new UnusableAnswer('the answer has no message');
  return said;
}

function toVerdictError(
  error: unknown,
  said: Said,
  more: { spend: Spend; request: unknown; reply: unknown },
): unknown {
  if (error instanceof RefusedAnswer) return new ScoreError('unscorable', error.message, { ...more, cause: error });
  if (!(error instanceof UnusableAnswer)) return error;
  const why = said.isCutOff ? `${error.message} (cut off at its most tokens)` : error.message;
  return new ScoreError('garbage', why, { ...more, cause: error });
} // prettier-ignore
