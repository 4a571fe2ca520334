import type { PriceRecord } from '@weft/model';
import { builtInPrice } from './built-in.ts';

/** A price of a project's, or one that comes with the version. */
export interface Price extends PriceRecord {
  readonly id: string;
  readonly level: 'project' | 'default';
  readonly createdAtUs: number;
  readonly createdBy: string;
}

/** The price that counts for a model at an instant; undefined = nobody knows one. */
export interface Prices {
  priceOf(model: string, atUs: number): Price | undefined;
}

/**
 * Of the prices of one model the one that counts at an instant (weave-api §7.8): one that is effective by then before one
 * that is not, the project's before the built-in one, the newest effective date, the one that was made last.
 */
export function choosePrice(prices: readonly Price[], atUs: number): Price | undefined {
  let best: Price | undefined;
  for (const price of prices) if (best === undefined || isBefore(price, best, atUs)) best = price;
  return best;
}

function isBefore(a: Price, b: Price, atUs: number): boolean {
  const [aCounts, bCounts] = [a.effectiveAtUs <= atUs, b.effectiveAtUs <= atUs];
  if (aCounts !== bCounts) return aCounts;
  if (a.level !== b.level) return a.level === 'project';
  if (a.effectiveAtUs !== b.effectiveAtUs) return a.effectiveAtUs > b.effectiveAtUs;
  if (a.createdAtUs !== b.createdAtUs) return a.createdAtUs > b.createdAtUs;
  return a.id > b.id;
}

/** A project's prices with the built-in ones behind them. */
export function priceBook(ofProject: readonly Price[]): Prices {
  const byModel = new Map<string, Price[]>();
  for (const price of ofProject) {
    const same = byModel.get(price.llmId);
    if (same === undefined) byModel.set(price.llmId, [price]);
    else same.push(price);
  }
  return {
    priceOf(model, atUs) {
      const own = byModel.get(model) ?? NONE;
      const builtIn = builtInPrice(model, atUs);
      return choosePrice(builtIn === undefined ? own : [...own, builtIn], atUs);
    },
  };
}

const NONE: readonly Price[] = [];
