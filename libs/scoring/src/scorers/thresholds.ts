import { readUsage } from '@weft/model';
import { costOf } from '@weft/prices';
import { z } from 'zod';
import { ScoreError } from '../scorer.ts';
import { localKind } from './local-scorer.ts';

const Limit = z.number().min(0);

/** How long the call took. `{"_class_name": "LatencyScorer", "max_seconds": 3}` says `{"passed": true, "seconds": 1.25}`. */
export const latency = localKind({
  classNames: ['LatencyScorer'],
  config: z.looseObject({ max_seconds: Limit }),
  prepare: ({ max_seconds: most }) => ({ target: { call } }) => {
    if (call.endedAtUs === null) throw new ScoreError('unscorable', 'the call has not ended');
    const seconds = (call.endedAtUs - call.startedAtUs) / 1e6;
    return { output: { passed: seconds <= most, seconds } };
  },
}); // prettier-ignore

/**
 * Tokens that the call and those below it used (`summary.usage`, all models together).
 * `{"_class_name": "TokensScorer", "max_total_tokens": 4000}`, also `max_prompt_tokens` and `max_completion_tokens`. Says
 * `{"passed": true, "prompt_tokens": 900, "completion_tokens": 80, "total_tokens": 980}`.
 */
export const tokens = localKind({
  classNames: ['TokensScorer'],
  config: z.looseObject({
    max_prompt_tokens: Limit.nullish(),
    max_completion_tokens: Limit.nullish(),
    max_total_tokens: Limit.nullish(),
  }),
  prepare:
    (config) =>
    ({ target: { call } }) => {
      const usage = readUsage(call.summary);
      const prompt = usage.reduce((sum, { promptTokens }) => sum + promptTokens, 0);
      const completion = usage.reduce((sum, { completionTokens }) => sum + completionTokens, 0);
      const total = usage.reduce((sum, each) => sum + (each.totalTokens || each.promptTokens + each.completionTokens), 0); // prettier-ignore
      const passed =
        prompt <= (config.max_prompt_tokens ?? Infinity) &&
        completion <= (config.max_completion_tokens ?? Infinity) &&
        total <= (config.max_total_tokens ?? Infinity);
      return {
        output: { passed, prompt_tokens: prompt, completion_tokens: completion, total_tokens: total },
      };
    },
});

/**
 * What those tokens cost, by the project's prices. `{"_class_name": "CostScorer", "max_usd": 0.01}` says
 * `{"passed": true, "usd": 0.0021, "unpriced_models": []}`; with models that have no price `usd` is the least it cost, and `passed`
 * is null unless that is too much already.
 */
export const cost = localKind({
  classNames: ['CostScorer'],
  config: z.looseObject({ max_usd: Limit }),
  prepare: ({ max_usd: most }, deps) => async ({ target: { call } }) => {
    const usage = readUsage(call.summary);
    const prices = usage.length === 0 ? undefined : await deps.prices(call.projectId);
    let usd = 0;
    const unpriced: string[] = [];
    for (const each of usage) {
      const price = prices?.priceOf(each.model, call.startedAtUs);
      if (price === undefined) unpriced.push(each.model);
      else usd += Object.values<number>({ ...costOf(each, price) }).reduce((sum, part) => sum + part, 0);
    }
    const passed = usd > most ? false : unpriced.length === 0 ? true : null;
    return { output: { passed, usd, unpriced_models: unpriced } };
  },
}); // prettier-ignore
