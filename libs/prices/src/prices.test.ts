import { describe, expect, it } from '@jest/globals';
import { builtInPrice } from './built-in.ts';
import { costOf, costsOf } from './cost.ts';
import { choosePrice, priceBook, type Price } from './price.ts';

const day = (text: string) => Date.parse(text) * 1000;
const NOW = day('2026-11-01');

const price = (given: Partial<Price> = {}): Price => ({
  id: 'p1', llmId: 'm', providerId: 'default', level: 'project', effectiveAtUs: day('2026-01-01'),
  promptTokenCost: 1, completionTokenCost: 10, cacheReadInputTokenCost: 0.1, cacheCreationInputTokenCost: 0.2,
  promptTokenCostUnit: 'USD', completionTokenCostUnit: 'USD', createdAtUs: day('2026-01-01T00:00:00.123Z'), createdBy: 'u', ...given,
}); // prettier-ignore
const usage = (counts: Record<string, unknown>, model = 'm') =>
  Buffer.from(JSON.stringify({ usage: { [model]: counts } }));
const costs = (summary: Uint8Array, prices: readonly Price[], atUs = NOW) => {
  const json = costsOf('e/p', summary, atUs, priceBook(prices));
  return json === undefined ? undefined : (JSON.parse(json) as Record<string, Record<string, unknown>>);
};

describe('the price that counts', () => {
  const old = price({ id: 'old', effectiveAtUs: day('2025-01-01') });
  const current = price({ id: 'current', effectiveAtUs: day('2026-01-01') });
  const future = price({ id: 'future', effectiveAtUs: day('2027-01-01') });
  const builtIn = price({ id: 'default', level: 'default', effectiveAtUs: day('2026-10-01') });

  it.each<[string, Price[], string]>([
    ['is the newest that is effective', [old, future, current], 'current'],
    ["is the project's, even where the built-in one is newer", [builtIn, old], 'old'],
    ['is the built-in one while that of the project is not effective', [builtIn, future], 'default'],
    ['is one to come where there is no other', [future], 'future'],
    ['is the one made last of two that are alike', [current, price({ ...current, id: 'again', createdAtUs: NOW })], 'again'],
  ])('%s', (_, prices, expected) => {
    expect(choosePrice(prices, NOW)?.id).toBe(expected);
    expect(choosePrice([...prices].reverse(), NOW)?.id).toBe(expected);
  }); // prettier-ignore

  it('counts from its first microsecond on', () => {
    expect(choosePrice([old, current], current.effectiveAtUs)?.id).toBe('current');
    expect(choosePrice([old, current], current.effectiveAtUs - 1)?.id).toBe('old');
  });

  it('is none where nobody knows one', () => expect(choosePrice([], NOW)).toBeUndefined());
});

describe('the built-in prices', () => {
  it('know models by their names and by the names of their versions', () => {
    expect(builtInPrice('gpt-4o', NOW)).toMatchObject({
      providerId: 'openai', level: 'default', promptTokenCost: 2.5e-6, completionTokenCost: 1e-5, cacheReadInputTokenCost: 1.25e-6,
    }); // prettier-ignore
    expect(builtInPrice('gpt-4o-2024-08-06', NOW)).toMatchObject({ promptTokenCost: 2.5e-6 });
    expect(builtInPrice('claude-sonnet-4-5-20250929', NOW)).toMatchObject({
      promptTokenCost: 3e-6,
      cacheCreationInputTokenCost: 3.75e-6,
    });
  });

  it('charge cached tokens as others where the list has no price for them', () =>
    expect(builtInPrice('gpt-4', NOW)).toMatchObject({
      promptTokenCost: 3e-5,
      cacheReadInputTokenCost: 3e-5,
    }));

  it('change with time', () => {
    const [before, after] = [builtInPrice('o3', day('2025-06-09')), builtInPrice('o3', day('2025-06-10'))];
    expect(before?.promptTokenCost).toBeGreaterThan(after!.promptTokenCost);
    expect(after?.effectiveAtUs).toBe(day('2025-06-10'));
  });

  it.each(['', 'my-model', 'x'.repeat(300), '__proto__', '\u0000', '('])('know nothing of %p', (name) =>
    expect(builtInPrice(name, NOW)).toBeUndefined(),
  );
});

describe('costs', () => {
  it('have all members, with the names that clients know', () => {
    expect(costs(usage({ prompt_tokens: 100, completion_tokens: 50, total_tokens: 150, requests: 1 }), [price()])).toEqual({
      m: {
        prompt_tokens: 100, completion_tokens: 50, requests: 1, total_tokens: 150, cache_read_input_tokens: 0, cache_creation_input_tokens: 0,
        prompt_token_cost: 1, completion_token_cost: 10, cache_read_input_token_cost: 0.1, cache_creation_input_token_cost: 0.2,
        prompt_tokens_total_cost: 100, completion_tokens_total_cost: 500, cache_read_input_tokens_total_cost: 0, cache_creation_input_tokens_total_cost: 0,
        prompt_token_cost_unit: 'USD', completion_token_cost_unit: 'USD', effective_date: '2026-01-01 00:00:00.000', provider_id: 'default',
        pricing_level: 'project', pricing_level_id: 'e/p', created_at: '2026-01-01 00:00:00.123', created_by: 'u',
      },
    }); // prettier-ignore
  });

  it('come from the built-in price where the project has none', () =>
    expect(costs(usage({ input_tokens: 10, output_tokens: 1 }, 'gpt-4o'), [])?.['gpt-4o']).toMatchObject({
      prompt_tokens_total_cost: 10 * 2.5e-6, pricing_level: 'default', pricing_level_id: 'default', created_by: 'system', provider_id: 'openai',
    })); // prettier-ignore

  it('count cached tokens once, at their own price', () => {
    const tokens = { promptTokens: 130, completionTokens: 2, cacheReadTokens: 100, cacheCreationTokens: 20 };
    expect(costOf(tokens, price())).toEqual({ prompt: 10, completion: 20, cacheRead: 10, cacheCreation: 4 });
  });

  it('are never below nothing: more cached than prompt tokens were counted apart', () => {
    const tokens = { promptTokens: 5, completionTokens: 3, cacheReadTokens: 50, cacheCreationTokens: 10 };
    expect(costOf(tokens, price())).toEqual({ prompt: 5, completion: 30, cacheRead: 5, cacheCreation: 2 });
  });

  it('count reasoning as what it is part of', () =>
    expect(costs(usage({ prompt_tokens: 1, completion_tokens: 50, reasoning_tokens: 40, completion_tokens_details: { reasoning_tokens: 40 } }), [price()])?.m)
      .toMatchObject({ completion_tokens: 50, completion_tokens_total_cost: 500 })); // prettier-ignore

  it('are there for the models that have a price, and not at all for none', () => {
    const two = Buffer.from('{"usage":{"m":{"prompt_tokens":1},"unknown":{"prompt_tokens":1}}}');
    expect(Object.keys(costs(two, [price()])!)).toEqual(['m']);
    expect(costs(usage({ prompt_tokens: 1 }, 'unknown'), [price()])).toBeUndefined();
    expect(costs(Buffer.from('{}'), [price()])).toBeUndefined();
    expect(costs(Buffer.from('{"usage":7}'), [price()])).toBeUndefined();
  });
});
