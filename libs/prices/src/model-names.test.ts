import { describe, expect, it } from '@jest/globals';
import { builtInPrice } from './built-in.ts';
import { costOf, costsOf } from './cost.ts';
import { priceBook } from './price.ts';

const AT = Date.UTC(2026, 0, 1) * 1000;

describe('names of models as they are sent', () => {
  it.each<[name: string, provider: string, like: string]>([
    ['gpt-4o-2024-08-06', 'openai', 'gpt-4o'],
    ['gpt-4.1-mini-2025-04-14', 'openai', 'gpt-4.1-mini'],
    ['gpt-5-mini-2025-08-07', 'openai', 'gpt-5-mini'],
    ['gpt-35-turbo', 'openai', 'gpt-3.5-turbo'],
    ['GPT-4o', 'openai', 'gpt-4o'],
    ['openai/gpt-4o', 'openai', 'gpt-4o'],
    ['openai:gpt-4o', 'openai', 'gpt-4o'],
    ['litellm_proxy/gpt-4o', 'openai', 'gpt-4o'],
    ['azure/gpt-4o', 'azure', 'gpt-4o'],
    ['claude-sonnet-4-5-20250929', 'anthropic', 'claude-sonnet-4-5'],
    ['claude-3-5-sonnet@20240620', 'anthropic', 'claude-3-5-sonnet-latest'],
    ['anthropic/claude-3.5-sonnet', 'anthropic', 'claude-3-5-sonnet-latest'],
    ['anthropic:claude-3-5-sonnet-latest', 'anthropic', 'claude-3-5-sonnet-latest'],
    ['anthropic.claude-3-5-sonnet-20240620-v1:0', 'aws', 'claude-3-5-sonnet-latest'],
    ['us.anthropic.claude-3-5-sonnet-20241022-v2:0', 'aws', 'claude-3-5-sonnet-latest'],
    ['us-gov.anthropic.claude-3-5-sonnet-20240620-v1:0', 'aws', 'claude-3-5-sonnet-latest'],
    ['global.anthropic.claude-sonnet-4-5-20250929-v1:0', 'aws', 'claude-sonnet-4-5'],
    ['bedrock/anthropic.claude-3-5-sonnet-20240620-v1:0', 'aws', 'claude-3-5-sonnet-latest'],
    ['bedrock:us.anthropic.claude-3-5-sonnet-20241022-v2:0', 'aws', 'claude-3-5-sonnet-latest'],
    ['arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-5-sonnet-20240620-v1:0', 'aws', 'claude-3-5-sonnet-latest'],
    ['arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-sonnet-4-20250514-v1:0', 'aws', 'claude-sonnet-4-20250514'],
    ['gemini-2.5-pro-preview-05-06', 'google', 'gemini-2.5-pro'],
    ['models/gemini-2.5-pro', 'google', 'gemini-2.5-pro'],
    ['gemini/gemini-2.0-flash', 'google', 'gemini-2.0-flash'],
    ['google/gemini-2.5-flash', 'google', 'gemini-2.5-flash'],
    ['google-gla:gemini-2.0-flash', 'google', 'gemini-2.0-flash'],
    ['vertex_ai/gemini-1.5-pro', 'google', 'gemini-1.5-pro'],
    ['publishers/google/models/gemini-2.0-flash', 'google', 'gemini-2.0-flash'],
    ['projects/p/locations/us-central1/publishers/google/models/gemini-1.5-pro-002', 'google', 'gemini-1.5-pro'],
    ['vertex_ai/claude-3-5-sonnet@20240620', 'google', 'claude-3-5-sonnet-latest'],
    ['publishers/anthropic/models/claude-3-5-sonnet@20240620', 'google', 'claude-3-5-sonnet-latest'],
    ['mistral/mistral-large-latest', 'mistral', 'mistral-large-latest'],
    ['deepseek/deepseek-chat', 'deepseek', 'deepseek-chat'],
    ['cohere/command-r', 'cohere', 'command-r'],
    ['xai/grok-4', 'x-ai', 'grok-4'],
  ])('%s has the price of %s for %s', (name, providerId, like) => {
    const { promptTokenCost, completionTokenCost } = builtInPrice(like, AT)!;
    expect(builtInPrice(name, AT)).toMatchObject({ llmId: name, providerId, promptTokenCost, completionTokenCost });
  }); // prettier-ignore

  it.each([
    'text-embedding-3-small', 'text-embedding-ada-002', 'chatgpt-4o-latest', 'ft:gpt-4o-mini-2024-07-18:org::abc', 'amazon.nova-pro-v1:0',
    'us.amazon.nova-lite-v1:0', 'meta.llama3-1-70b-instruct-v1:0', 'groq/llama-3.3-70b-versatile',
    'together_ai/meta-llama/Llama-3.3-70B-Instruct-Turbo', 'openrouter/anthropic/claude-3.5-sonnet:beta',
  ])('%s has a price', (name) => expect(builtInPrice(name, AT)?.promptTokenCost).toBeGreaterThan(0)); // prettier-ignore

  it.each([
    'my-deployment', 'azure/my-gpt-4o', 'gpt', 'chat', 'models', 'openai/', '/', ':', 'meta-llama/Llama-3.3-70B-Instruct', 'deepseek-ai/DeepSeek-V3',
    'qwen/qwen3-32b', 'arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3', 'openai/'.repeat(30),
  ])('%s: nobody knows who runs it', (name) => expect(builtInPrice(name, AT)).toBeUndefined()); // prettier-ignore

  it('never charge for a free variant', () =>
    expect(builtInPrice('openrouter/deepseek/deepseek-chat:free', AT)?.promptTokenCost ?? 0).toBe(0));
});

describe('cached tokens', () => {
  const price = builtInPrice('claude-3-5-sonnet-latest', AT)!;
  const tokens = { completionTokens: 0, cacheReadTokens: 32, cacheCreationTokens: 0 };

  it('are a part of the prompt', () =>
    expect(costOf({ ...tokens, promptTokens: 43 }, price)).toMatchObject({
      prompt: 11 * price.promptTokenCost,
      cacheRead: 32 * price.cacheReadInputTokenCost,
    }));

  it('are apart where there are more of them than the prompt has', () =>
    expect(costOf({ ...tokens, promptTokens: 11 }, price)).toMatchObject({
      prompt: 11 * price.promptTokenCost,
      cacheRead: 32 * price.cacheReadInputTokenCost,
    }));
});

it('costs that clients report replace nothing', () => {
  const summary = (reported: object) =>
    Buffer.from(JSON.stringify({ usage: { 'gpt-4o': { input_tokens: 10, output_tokens: 1, ...reported } } }));
  const costs = costsOf('e/p', summary({}), AT, priceBook([]));
  expect(costs).toContain('"prompt_tokens_total_cost":0.000025');
  expect(costsOf('e/p', summary({ reported_cost: 7 }), AT, priceBook([]))).toBe(costs);
});
