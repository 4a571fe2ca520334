import { costOf, type Cost } from '@weft/prices';
import type { StatsRange, TokenSums, TraceReader } from '@weft/trace-store';
import { CallCosts } from './costs.ts';

const DAY_US = 86_400_000_000;

/** Where the price of a token may change: at the project's dates and at midnight. Ascending, microseconds. */
export async function priceChangesUs(
  reader: Pick<TraceReader, 'priceChanges'>,
  { projectId, fromUs, toUs }: StatsRange,
): Promise<number[]> {
  const changesUs = new Set(await reader.priceChanges(projectId, fromUs, toUs));
  for (let us = Math.ceil(fromUs / DAY_US) * DAY_US; us < toUs; us += DAY_US) changesUs.add(us);
  return [...changesUs].sort((a, b) => a - b);
}

/** Tokens of one model between two changes of its price. */
export type Priced = Pick<
  TokenSums,
  'model' | 'sinceUs' | 'uncached' | 'completion' | 'cacheRead' | 'cacheCreation'
>;

/** @returns what the tokens cost; undefined of a model without a known price. */
export async function pricesFor(
  reader: Pick<TraceReader, 'pricesOf'>,
  { projectId, fromUs }: StatsRange,
  models: readonly string[],
): Promise<(tokens: Priced) => Cost | undefined> {
  const prices = new CallCosts(reader, projectId);
  await prices.loadModels(models);
  return ({ model, sinceUs, uncached, completion, cacheRead, cacheCreation }) => {
    const price = prices.priceOf(model, Math.max(sinceUs, fromUs));
    return (
      price &&
      costOf(
        {
          promptTokens: uncached + cacheRead + cacheCreation,
          completionTokens: completion,
          cacheReadTokens: cacheRead,
          cacheCreationTokens: cacheCreation,
        },
        price,
      )
    );
  };
}

export const totalOf = ({ prompt, completion, cacheRead, cacheCreation }: Cost): number =>
  prompt + completion + cacheRead + cacheCreation;
