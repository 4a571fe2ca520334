import { describe, expect, it } from '@jest/globals';
import { summaryFacts } from './facts.ts';

const facts = (text: string) => summaryFacts(Buffer.from(text));
const NONE = {
  model: '', promptTokens: 0, completionTokens: 0, totalTokens: 0, cacheReadTokens: 0, cacheCreationTokens: 0,
  usageModels: [], usageCounts: [], descendantError: false,
}; // prettier-ignore

describe('summaryFacts', () => {
  it('names the first model and adds up all of them', () => {
    const text =
      '{"usage":{"gpt":{"requests":1,"prompt_tokens":10,"completion_tokens":5,"total_tokens":16},"claude":{"input_tokens":7,"output_tokens":2,"cache_read_input_tokens":4,"cache_creation_input_tokens":1}}}';
    expect(facts(text)).toEqual({
      model: 'gpt', promptTokens: 17, completionTokens: 7, totalTokens: 25, cacheReadTokens: 4, cacheCreationTokens: 1,
      usageModels: ['gpt', 'claude'], usageCounts: [10, 5, 16, 0, 0, 7, 2, 9, 4, 1], descendantError: false,
    }); // prettier-ignore
  });

  it('needs no lists for one model', () => {
    expect(facts('{"usage":{"m":{"prompt_tokens":1,"completion_tokens":2}}}')).toMatchObject({
      model: 'm', totalTokens: 3, usageModels: [], usageCounts: [],
    }); // prettier-ignore
  });

  it('does not count the same tokens under two names', () => {
    expect(facts('{"usage":{"m":{"prompt_tokens":10,"input_tokens":10}}}').promptTokens).toBe(10);
  });

  it('sees an error below', () => {
    expect(facts('{"status_counts":{"success":3,"error":1}}').descendantError).toBe(true);
    expect(facts('{"status_counts":{"success":3,"error":0}}').descendantError).toBe(false);
  });

  it.each([
    '{}',
    '',
    '{"usage":null,"status_counts":[]}',
    '{"usage":{"":3}}',
    '{"usage":{"":{"prompt_tokens":"many","completion_tokens":-5}}}',
    '{"status_counts":{"error":null}}',
    '{"usage":{"',
    '["usage"]',
  ])('takes %s for nothing', (text) => {
    expect(facts(text)).toEqual(NONE);
  });

  it('keeps within its columns', () => {
    expect(facts('{"usage":{"m":{"prompt_tokens":1e400,"completion_tokens":99999999999}}}')).toMatchObject({
      promptTokens: 2 ** 32 - 1,
      completionTokens: 2 ** 32 - 1,
    });
  });
});
