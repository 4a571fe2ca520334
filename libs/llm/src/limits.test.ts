import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger, loadConfig } from '@weft/runtime';
import { startFakeLlm, type FakeLlm, type FakeLlmAnswer } from '@weft/testkit';
import { z } from 'zod';
import { createLlm, type Ask, type Llm } from './llm.ts';
import { llmEnv } from './settings.ts';
import { usageOf } from './usage.ts';

let fake: FakeLlm;
let llm: Llm;
beforeAll(async () => {
  fake = await startFakeLlm();
  const config = loadConfig(z.object(llmEnv), {
    OPENAI_BASE_URL: fake.url,
    OPENAI_API_KEY: 'k',
    WEFT_LLM_SERVERS: JSON.stringify({ local: fake.url }),
  });
  llm = createLlm({ config, logger: createLogger({ name: 'test', level: 'silent' }) });
});
afterAll(() => fake.stop());
beforeEach(() => fake.reset());

const MIB = 1024 * 1024;
const ask = (more: Partial<Ask> = {}): Ask => ({
  request: { model: 'local/m', messages: [{ role: 'user', content: 'hi' }] },
  maxAnswerBytes: 4 * MIB,
  ...more,
});

describe('a provider that misbehaves', () => {
  it.each<[FakeLlmAnswer, object]>([
    [{ fault: 'garbage' }, { kind: 'invalid', status: 200, body: '<html>502 Bad Gateway</html>' }],
    [{ fault: 'wrong_schema' }, { kind: 'invalid' }],
    [{ fault: 'rate_limited' }, { kind: 'rate_limited', status: 429, retryAfterMs: undefined }],
    [
      { fault: 'rate_limited', retryAfter: '3' },
      { kind: 'rate_limited', retryAfterMs: 3000 },
    ],
    [{ fault: 'quota' }, { kind: 'quota', status: 429 }],
    [
      { fault: 'status', status: 500 },
      { kind: 'unavailable', status: 500 },
    ],
    [
      { fault: 'status', status: 529 },
      { kind: 'unavailable', status: 529 },
    ],
    [{ fault: 'redirect' }, { kind: 'refused', status: 307 }],
    [{ fault: 'header_bomb', sizeBytes: MIB }, { kind: 'invalid' }],
    [{ fault: 'reset' }, { kind: 'unavailable' }],
    [{ fault: 'huge' }, { kind: 'invalid', message: `the model's answer has more than ${4 * MIB} bytes` }],
    [{ fault: 'huge', status: 500 }, { kind: 'invalid' }],
    [{ fault: 'gzip_bomb', sizeBytes: 1024 * MIB }, { kind: 'invalid' }],
  ])('%j', async (answer, expected) => {
    fake.script(answer);
    await expect(llm.complete(ask())).rejects.toMatchObject({ name: 'LlmError', ...expected });
    expect(fake.asked).toBe(1);
  });

  it.each<FakeLlmAnswer>([{ fault: 'hang' }, { fault: 'stall' }])('%j is given up when nothing comes', async (answer) => {
    fake.script(answer);
    await expect(llm.complete(ask({ idleMs: 60 }))).rejects.toMatchObject({ kind: 'timeout', message: 'the provider sent nothing for 60 ms' });
  }); // prettier-ignore

  it('a byte at a time is given up in time', async () => {
    fake.script({ fault: 'drip', everyMs: 10 });
    await expect(llm.complete(ask({ idleMs: 5000, timeoutMs: 150 }))).rejects.toMatchObject({
      kind: 'timeout',
      message: 'the model did not answer within 150 ms',
    });
  });

  it('nobody listens', async () => {
    const gone = await startFakeLlm();
    const config = loadConfig(z.object(llmEnv), { WEFT_LLM_SERVERS: JSON.stringify({ local: gone.url }) });
    await gone.stop();
    const closed = createLlm({ config, logger: createLogger({ name: 'test', level: 'silent' }) });
    await expect(closed.complete(ask())).rejects.toMatchObject({ kind: 'unavailable', status: undefined });
  });

  it('of ten gigabytes no more is kept than is read', async () => {
    fake.answer({ fault: 'huge', sizeBytes: 10 * 1024 * MIB });
    const before = process.memoryUsage.rss();
    let most = 0;
    const watch = setInterval(() => (most = Math.max(most, process.memoryUsage.rss())), 5);
    await Promise.all(Array.from({ length: 4 }, () => expect(llm.complete(ask())).rejects.toMatchObject({ kind: 'invalid' })));
    clearInterval(watch);
    expect((Math.max(most, process.memoryUsage.rss()) - before) / MIB).toBeLessThan(160);
  }); // prettier-ignore
});

describe('who is asked', () => {
  it.each([
    ['gpt-4o', 'openai'],
    ['local/m', 'local'],
    ['claude-sonnet-4', 'anthropic'],
    ['azure_ai/x', 'azure'],
  ])('%s: %s', (model, provider) => expect(llm.providerOf(model)).toBe(provider));

  it('of a name that nobody knows is nobody', () => {
    expect(() => llm.providerOf('nobody/m')).toThrow(expect.objectContaining({ kind: 'refused' }));
  });
});

describe('usage in one shape', () => {
  it.each([
    [undefined, undefined],
    [{ prompt_tokens: 3, completion_tokens: 2, total_tokens: 99 }, { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 }],
    [{ input_tokens: 3, output_tokens: 2 }, { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 }],
    [{ prompt_tokens: -3, completion_tokens: 'many' }, { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }],
    [
      { prompt_tokens: 9, completion_tokens: 4, prompt_tokens_details: { cached_tokens: 5 }, completion_tokens_details: { reasoning_tokens: 3 } },
      { prompt_tokens: 9, completion_tokens: 4, total_tokens: 13, prompt_tokens_details: { cached_tokens: 5 }, completion_tokens_details: { reasoning_tokens: 3 } },
    ],
  ])('%j', (usage, expected) => expect(usageOf({ usage })).toEqual(expected)); // prettier-ignore
});
