import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { startFakeLlm, type FakeLlm } from './start-fake-llm.ts';
import type { FakeLlmAnswer } from './types.ts';

let fake: FakeLlm;
beforeAll(async () => {
  fake = await startFakeLlm();
});
afterAll(() => fake.stop());
beforeEach(() => {
  fake.reset();
  fake.answer(undefined);
});

function ask(content: string, more: object = {}, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${fake.url}/chat/completions`, {
    method: 'POST',
    headers,
    redirect: 'manual',
    body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content }], ...more }),
  });
}

const contentOf = async (response: Response) => ((await response.json()) as any).choices[0].message.content;

describe('the fake provider', () => {
  it('counts what it is asked, by key and by text, and bills by a plain rule', async () => {
    fake.script('first', { content: { score: 1 } });
    expect(await contentOf(await ask('x'.repeat(9), {}, { 'idempotency-key': 'k1' }))).toBe('first');
    expect(await contentOf(await ask('again', {}, { 'idempotency-key': 'k1' }))).toBe('{"score":1}');
    fake.answer(({ text }) => text.toUpperCase());
    expect(await contentOf(await ask('third'))).toBe('THIRD');
    expect([fake.asked, fake.answered, fake.countOf('xxx'), fake.open]).toEqual([3, 3, 1, 0]);
    expect(fake.byIdempotencyKey()).toEqual(new Map([['k1', 2]]));
    expect(fake.billed).toEqual({ promptTokens: 3 + 2 + 2, completionTokens: 2 + 3 + 2 });
  });

  it('fits the format that is asked for', async () => {
    const schema = { type: 'object', properties: { choice: { enum: ['A', 'B'] }, why: { type: 'string' } } };
    const format = { type: 'json_schema', json_schema: { name: 's', schema } };
    expect(await contentOf(await ask('x', { response_format: format }))).toBe(
      '{"choice":"A","why":"because"}',
    );
    const tools = [{ type: 'function', function: { name: 'f', parameters: schema } }];
    const called: any = await (await ask('x', { tools, tool_choice: { type: 'function' } })).json();
    expect(called.choices[0].message.tool_calls[0].function).toEqual({
      name: 'f',
      arguments: '{"choice":"A","why":"because"}',
    });
    const streamed = await (await ask('x', { stream: true })).text();
    expect(streamed).toContain('hello there');
    expect(streamed.trim().endsWith('data: [DONE]')).toBe(true);
  });

  it.each<[FakeLlmAnswer, number]>([
    [{ fault: 'garbage' }, 200],
    [{ fault: 'wrong_schema' }, 200],
    [{ fault: 'rate_limited', retryAfter: '7' }, 429],
    [{ fault: 'quota' }, 429],
    [{ fault: 'status', status: 529 }, 529],
    [{ fault: 'redirect' }, 307],
    [{ fault: 'slow', ms: 5, then: 'late' }, 200],
  ])('%j answers %d', async (answer, status) => {
    fake.script(answer);
    const response = await ask('x');
    expect(response.status).toBe(status);
    expect(response.headers.get('retry-after')).toBe(status === 429 && !isQuota(answer) ? '7' : null);
    await response.text();
  });

  it.each<FakeLlmAnswer>([{ fault: 'reset' }, { fault: 'header_bomb', sizeBytes: 1024 * 1024 }])(
    '%j breaks the connection',
    async (answer) => {
      fake.script(answer);
      await expect(ask('x')).rejects.toThrow();
    },
  );

  it.each<FakeLlmAnswer>([{ fault: 'hang' }, { fault: 'stall' }, { fault: 'drip', everyMs: 5 }])(
    '%j does not come to its end',
    async (answer) => {
      fake.script(answer);
      const body = JSON.stringify({ model: 'm', messages: [] });
      const signal = AbortSignal.timeout(100);
      const whole = fetch(`${fake.url}/chat/completions`, { method: 'POST', body, signal }).then((r) =>
        r.text(),
      );
      await expect(whole).rejects.toThrow(/abort/i);
    },
  );

  it.each<FakeLlmAnswer>([
    { fault: 'huge', sizeBytes: 20 * 1024 * 1024 },
    { fault: 'gzip_bomb', sizeBytes: 20 * 1024 * 1024 },
  ])('%j is as large as it says', async (answer) => {
    fake.script(answer);
    let sizeBytes = 0;
    for await (const chunk of (await ask('x')).body!) sizeBytes += chunk.length;
    expect(sizeBytes).toBeGreaterThan(20 * 1024 * 1024);
  });
});

function isQuota(answer: FakeLlmAnswer): boolean {
  return typeof answer === 'object' && 'fault' in answer && answer.fault === 'quota';
}
