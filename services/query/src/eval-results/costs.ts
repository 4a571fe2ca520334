import { readUsage } from '@weft/model';
import { costOf } from '@weft/prices';
import type { StoredCall } from '@weft/trace-store';
import type { CallCosts } from '../costs.ts';
import { predictCallOf, type TrialCalls } from './trial-calls.ts';

/** What the model's own calls of some trials cost, in their order; null = nobody knows. Scorers are not counted. */
export type PredictCosts = (page: readonly TrialCalls[]) => Promise<readonly (number | null)[]>;

export const withoutCosts: PredictCosts = async () => [];

/** @param prices of the project. */
export function predictCosts(prices: CallCosts): PredictCosts {
  return async (page) => {
    const calls = page.map(predictCallOf);
    await prices.load(calls.filter((call) => call !== undefined));
    return calls.map((call) => (call === undefined ? null : sumOf(call, prices)));
  };
}

function sumOf(call: StoredCall, prices: CallCosts): number | null {
  let sum: number | null = null;
  for (const usage of readUsage(call.summary)) {
    const price = prices.priceOf(usage.model, call.startedAtUs);
    if (price === undefined) continue;
    const cost = costOf(usage, price);
    sum = (sum ?? 0) + cost.prompt + cost.completion + cost.cacheRead + cost.cacheCreation;
  }
  return sum;
}
