import type { TraceEvent } from '../events.ts';
import { asBuffer, type JsonMembers } from '../json-members.ts';
import { formatInstant } from '../time.ts';
import { decoding } from './decoding.ts';

/** What the tokens of one model cost from an instant on; amounts are per token, in their unit. */
export interface PriceRecord {
  readonly llmId: string;
  readonly providerId: string;
  readonly effectiveAtUs: number;
  readonly promptTokenCost: number;
  readonly completionTokenCost: number;
  readonly cacheReadInputTokenCost: number;
  readonly cacheCreationInputTokenCost: number;
  readonly promptTokenCostUnit: string;
  readonly completionTokenCostUnit: string;
}

export const MAX_LLM_ID = 256;
const MAX_PROVIDER = 128;
const MAX_UNIT = 64;

export function encodePrice(price: PriceRecord): Uint8Array {
  return Buffer.from(
    JSON.stringify({
      llm_id: price.llmId,
      provider_id: price.providerId,
      effective_date: formatInstant(price.effectiveAtUs),
      prompt_token_cost: price.promptTokenCost,
      completion_token_cost: price.completionTokenCost,
      cache_read_input_token_cost: price.cacheReadInputTokenCost,
      cache_creation_input_token_cost: price.cacheCreationInputTokenCost,
      prompt_token_cost_unit: price.promptTokenCostUnit,
      completion_token_cost_unit: price.completionTokenCostUnit,
    }),
  );
}

/** @throws AppError `undecodable_event` */
export function readPriceEvent(event: TraceEvent): PriceRecord {
  return decoding(event, (members) => readPrice(members, members.requiredText('llm_id'), event.receivedAtUs));
}

/**
 * One value of `costs` of a create request (weave-api: CostCreateInput).
 * @param nowUs from when it is effective where it does not say. @throws AppError `invalid_request`
 */
export function readPrice(members: JsonMembers, llmId: string, nowUs: number): PriceRecord {
  const bounded = (name: string, max: number, otherwise: string): string => {
    const text = members.text(name);
    if (text !== null && text.length > max) throw members.invalid(name, `is longer than ${max} characters`);
    return text === null || text === '' ? otherwise : text;
  };
  const prompt = amount(members, 'prompt_token_cost');
  const completion = amount(members, 'completion_token_cost');
  if (prompt === null) throw members.invalid('prompt_token_cost', 'is required');
  if (completion === null) throw members.invalid('completion_token_cost', 'is required');
  return {
    llmId,
    providerId: bounded('provider_id', MAX_PROVIDER, 'default'),
    effectiveAtUs: members.optional('effective_date') === null ? nowUs : members.instant('effective_date'),
    promptTokenCost: prompt,
    completionTokenCost: completion,
    cacheReadInputTokenCost: amount(members, 'cache_read_input_token_cost') ?? 0,
    cacheCreationInputTokenCost: amount(members, 'cache_creation_input_token_cost') ?? 0,
    promptTokenCostUnit: bounded('prompt_token_cost_unit', MAX_UNIT, 'USD'),
    completionTokenCostUnit: bounded('completion_token_cost_unit', MAX_UNIT, 'USD'),
  };
}

function amount(members: JsonMembers, name: string): number | null {
  const bytes = members.optional(name);
  if (bytes === null) return null;
  const value = Number(asBuffer(bytes).toString('latin1'));
  if (!Number.isFinite(value)) throw members.invalid(name, 'must be a number');
  return value;
}
