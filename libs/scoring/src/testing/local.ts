import { createLogger } from '@weft/runtime';
import { priceBook } from '@weft/prices';
import { createScorers, type ScorersDeps } from '../registry.ts';
import type { CallToScore, Scorer, Target, Verdict } from '../scorer.ts';

/** Scorers that ask nobody, as the worker runs them: their object is read and checked, then they look at a call. */

export interface CallLike extends Partial<Omit<CallToScore, 'inputs' | 'output' | 'summary'>> {
  readonly inputs?: unknown;
  readonly output?: unknown;
  readonly summary?: unknown;
}

/** Payloads are given as values. */
export function targetOf({ inputs = {}, output = null, summary = {}, ...given }: CallLike = {}): Target {
  const call: CallToScore = {
    projectId: 'e/p', id: 'call', traceId: 'trace', parentId: null, threadId: null, isSpan: false, opName: 'op', displayName: null,
    startedAtUs: 1_700_000_000_000_000, endedAtUs: 1_700_000_001_250_000, exception: null, attributes: json({}),
    inputs: json(inputs), output: json(output), summary: json(summary), ...given,
  }; // prettier-ignore
  return { call, calls: [call], isAgentTurn: false };
}

function json(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

/** @param objects values by ref. */
export function scorersDeps(
  objects: ReadonlyMap<string, unknown>,
  more: Partial<ScorersDeps> = {},
): ScorersDeps {
  const nobody = () => Promise.reject(new Error('no model is asked'));
  return {
    llm: { complete: nobody, stream: nobody, providerOf: () => 'nobody', providers: async () => [] },
    readObject: async (ref) => (objects.has(ref) ? json(objects.get(ref)) : null),
    prices: async () => priceBook([]),
    logger: createLogger({ name: 'test', level: 'silent' }),
    ...more,
  };
}

export const SCORER_REF = 'weave:///e/p/object/mine:v1';

/** A scorer of that class, as a client publishes it. */
export function loadScorer(className: string, members: object = {}): Promise<Scorer> {
  const value = {
    _type: className,
    _class_name: className,
    _bases: ['Scorer', 'Object', 'BaseModel'],
    ...members,
  };
  return createScorers(scorersDeps(new Map([[SCORER_REF, value]]))).load([SCORER_REF]);
}

/** What a scorer of that class says of a call. */
export async function verdictOf(className: string, members: object, call: CallLike): Promise<Verdict> {
  const scorer = await loadScorer(className, members);
  const context = { signal: AbortSignal.abort(), idempotencyKey: 'k', correlationId: 'c' };
  const { verdicts } = await scorer.score(targetOf(call), context);
  return verdicts[0]!;
}

export async function outputOf(className: string, members: object, call: CallLike): Promise<unknown> {
  return (await verdictOf(className, members, call)).output;
}
