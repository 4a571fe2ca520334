import { describe, expect, it } from '@jest/globals';
import { loadScorer, outputOf } from '../testing/local.ts';

const summary = {
  usage: {
    'gpt-4o': { prompt_tokens: 1000, completion_tokens: 100 },
    unheard: { input_tokens: 10, output_tokens: 5, total_tokens: 15 },
  },
};
const priced = { usage: { 'gpt-4o': summary.usage['gpt-4o'] } };

describe('LatencyScorer', () => {
  it.each<[number, boolean]>([[1.25, true], [1.2, false]])('of at most %j s: %j', async (most, passed) =>
    expect(await outputOf('LatencyScorer', { max_seconds: most }, {})).toEqual({ passed, seconds: 1.25 })); // prettier-ignore

  it('needs the end of the call', () =>
    expect(outputOf('LatencyScorer', { max_seconds: 1 }, { endedAtUs: null })).rejects.toMatchObject({ kind: 'unscorable' })); // prettier-ignore
});

describe('TokensScorer', () => {
  it.each<[object, boolean]>([
    [{ max_total_tokens: 1115 }, true],
    [{ max_total_tokens: 1114 }, false],
    [{ max_prompt_tokens: 1009 }, false],
    [{ max_completion_tokens: 104 }, false],
    [{}, true],
  ])('%j: %j', async (members, passed) =>
    expect(await outputOf('TokensScorer', members, { summary })).toEqual({ passed, prompt_tokens: 1010, completion_tokens: 105, total_tokens: 1115 })); // prettier-ignore
});

describe('CostScorer', () => {
  const usd = 1000 * 2.5e-6 + 100 * 1e-5;
  it.each<[number, object, object]>([
    [0.01, priced, { passed: true, usd, unpriced_models: [] }],
    [0.003, priced, { passed: false, usd, unpriced_models: [] }],
    [0.01, summary, { passed: null, usd, unpriced_models: ['unheard'] }],
    [0.003, summary, { passed: false, usd, unpriced_models: ['unheard'] }],
    [0, {}, { passed: true, usd: 0, unpriced_models: [] }],
  ])('of at most $%j', async (most, used, expected) => {
    const said = (await outputOf('CostScorer', { max_usd: most }, { summary: used })) as { usd: number };
    expect({ ...said, usd: Number(said.usd.toFixed(9)) }).toEqual(expected);
  });

  it('needs its limit', () =>
    expect(loadScorer('CostScorer', {})).rejects.toMatchObject({ kind: 'unscorable' }));
});
