import { calcPrice, type ConditionalPrice, type ModelPrice } from '@pydantic/genai-prices';
import { listedNames, type ListedName } from './model-names.ts';
import type { Price } from './price.ts';

/** What of the price list is kept of one model. */
interface Listed {
  readonly providerId: string;
  /** Oldest first. */
  readonly prices: readonly { readonly fromUs: number; readonly price: ModelPrice }[];
}

/** Models asked for, known or not. Names come from clients: when there are too many, begin anew. */
const looked = new Map<string, Listed | null>();
const MAX_LOOKED = 10_000;

const PER_MILLION = 1e6;
/** No model name is longer; what is longer would only cost time to match. */
const MAX_MODEL_NAME = 256;

/**
 * The list price of a model at an instant, of the price list that comes with this version (genai-prices). Ordinary rates:
 * surcharges for long prompts and discounts by the hour of day are left out, a project that needs them sets its own.
 */
export function builtInPrice(model: string, atUs: number): Price | undefined {
  const listed = lookUp(model);
  const found = listed?.prices.findLast(({ fromUs }) => fromUs <= atUs) ?? listed?.prices[0];
  if (listed === null || found === undefined) return undefined;
  const { fromUs, price } = found;
  const input = rate(price, 'input_mtok') ?? 0;
  return {
    id: 'default',
    llmId: model,
    providerId: listed.providerId,
    level: 'default',
    effectiveAtUs: fromUs,
    promptTokenCost: input,
    completionTokenCost: rate(price, 'output_mtok') ?? 0,
    // Without a price of their own cached tokens are tokens like all others.
    cacheReadInputTokenCost: rate(price, 'cache_read_mtok') ?? input,
    cacheCreationInputTokenCost: rate(price, 'cache_write_mtok') ?? input,
    promptTokenCostUnit: 'USD',
    completionTokenCostUnit: 'USD',
    createdAtUs: fromUs,
    createdBy: 'system',
  };
}

function lookUp(model: string): Listed | null {
  const known = looked.get(model);
  if (known !== undefined) return known;
  if (looked.size >= MAX_LOOKED) looked.clear();
  const listed = find(model);
  looked.set(model, listed);
  return listed;
}

function find(model: string): Listed | null {
  if (model === '' || model.length > MAX_MODEL_NAME) return null;
  let found: ReturnType<typeof calcPrice> = null;
  for (const listed of listedNames(model)) {
    found = ask(listed);
    if (found !== null) break;
  }
  if (found === null) return null;
  const { prices } = found.model;
  const dated: readonly ConditionalPrice[] = Array.isArray(prices) ? prices : [{ prices }];
  return {
    providerId: found.provider.id,
    prices: dated.flatMap(({ constraint, prices: price }) => {
      if (constraint === undefined) return [{ fromUs: 0, price }];
      return constraint.type === 'start_date'
        ? [{ fromUs: Date.parse(constraint.start_date) * 1000, price }]
        : [];
    }),
  };
}

/** A name that the list cannot match has no price. */
function ask({ name, provider }: ListedName): ReturnType<typeof calcPrice> {
  try {
    return calcPrice({}, name, provider === undefined ? {} : { providerId: provider });
  } catch {
    return null;
  }
}

/** Per token. */
function rate(price: ModelPrice, unit: string): number | undefined {
  const listed = price[unit];
  if (listed === undefined) return undefined;
  const perMillion = typeof listed === 'number' ? listed : listed.base;
  return perMillion / PER_MILLION;
}
