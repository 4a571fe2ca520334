import { readUsage, type ModelUsage } from '@weft/model';
import type { Price, Prices } from './price.ts';

/** What the tokens of one model cost, each token counted once. */
export interface Cost {
  /** Of tokens that came from no cache. */
  readonly prompt: number;
  readonly completion: number;
  readonly cacheRead: number;
  readonly cacheCreation: number;
}

type Tokens = Pick<
  ModelUsage,
  'promptTokens' | 'completionTokens' | 'cacheReadTokens' | 'cacheCreationTokens'
>;

/**
 * Cached tokens have prices of their own and are part of the prompt's, so they are taken out of them. Where there are more
 * of them than prompt tokens, the client counts them apart.
 */
export function costOf(tokens: Tokens, price: Price): Cost {
  const cached = tokens.cacheReadTokens + tokens.cacheCreationTokens;
  const prompt = tokens.promptTokens < cached ? tokens.promptTokens : tokens.promptTokens - cached;
  return {
    prompt: prompt * price.promptTokenCost,
    completion: tokens.completionTokens * price.completionTokenCost,
    cacheRead: tokens.cacheReadTokens * price.cacheReadInputTokenCost,
    cacheCreation: tokens.cacheCreationTokens * price.cacheCreationInputTokenCost,
  };
}

/**
 * `summary.weave.costs` of a call as JSON (weave-api: LLMCostSchema, one per model that has a price); undefined = no usage
 * or no price. @param summary the call's summary as it was sent. @param startedAtUs the price of that instant counts.
 */
export function costsOf(
  projectId: string,
  summary: Uint8Array,
  startedAtUs: number,
  prices: Prices,
): string | undefined {
  const costs: string[] = [];
  for (const usage of readUsage(summary)) {
    const price = prices.priceOf(usage.model, startedAtUs);
    if (price !== undefined)
      costs.push(`${JSON.stringify(usage.model)}:${renderCost(projectId, usage, price)}`);
  }
  return costs.length === 0 ? undefined : `{${costs.join(',')}}`;
}

export function renderCost(projectId: string, usage: ModelUsage, price: Price): string {
  const cost = costOf(usage, price);
  return JSON.stringify({
    prompt_tokens: usage.promptTokens,
    completion_tokens: usage.completionTokens,
    requests: usage.requests,
    total_tokens: usage.totalTokens,
    cache_read_input_tokens: usage.cacheReadTokens,
    cache_creation_input_tokens: usage.cacheCreationTokens,
    prompt_token_cost: price.promptTokenCost,
    completion_token_cost: price.completionTokenCost,
    cache_read_input_token_cost: price.cacheReadInputTokenCost,
    cache_creation_input_token_cost: price.cacheCreationInputTokenCost,
    prompt_tokens_total_cost: cost.prompt,
    completion_tokens_total_cost: cost.completion,
    cache_read_input_tokens_total_cost: cost.cacheRead,
    cache_creation_input_tokens_total_cost: cost.cacheCreation,
    prompt_token_cost_unit: price.promptTokenCostUnit,
    completion_token_cost_unit: price.completionTokenCostUnit,
    effective_date: dateText(price.effectiveAtUs),
    provider_id: price.providerId,
    pricing_level: price.level,
    pricing_level_id: price.level === 'project' ? projectId : 'default',
    created_at: dateText(price.createdAtUs),
    created_by: price.createdBy,
  });
}

/** `2026-01-02 03:04:05.678`, UTC: what W&B's server makes of them here, unlike elsewhere. */
function dateText(us: number): string {
  return new Date(us / 1000).toISOString().slice(0, -1).replace('T', ' ');
}
