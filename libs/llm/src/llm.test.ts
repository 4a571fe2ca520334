import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger, loadConfig } from '@weft/runtime';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { createLlm, type Ask, type Llm } from './llm.ts';
import { llmEnv } from './settings.ts';
import { startFakeProviders, type FakeProviders } from './testing/fake-providers.ts';

let fake: FakeProviders;
let dir: string;
beforeAll(async () => {
  fake = await startFakeProviders();
  dir = await mkdtemp(join(tmpdir(), 'llm-'));
});
afterAll(async () => {
  await fake.stop();
  await rm(dir, { recursive: true, force: true });
});
beforeEach(() => {
  fake.asked.length = 0;
  fake.abandoned.count = 0;
});

const logger = createLogger({ name: 'test', level: 'silent' });
const KEY = 'sk-very-secret-key';
const keys = {
  OPENAI_API_KEY: KEY, ANTHROPIC_API_KEY: KEY, GEMINI_API_KEY: KEY, AWS_ACCESS_KEY_ID: 'AKIA', AWS_SECRET_ACCESS_KEY: KEY,
  AWS_REGION_NAME: 'eu-central-1', AZURE_API_KEY: KEY, AZURE_API_VERSION: '2024-06-01',
}; // prettier-ignore

function open(env: Record<string, string> = keys): Llm {
  const urls = {
    OPENAI_BASE_URL: `${fake.url}/v1/`,
    ANTHROPIC_BASE_URL: `${fake.url}/anthropic`,
    GEMINI_BASE_URL: `${fake.url}/gemini`,
    BEDROCK_BASE_URL: `${fake.url}/bedrock`,
    AZURE_API_BASE: `${fake.url}/azure/`,
    WEFT_LLM_SERVERS: JSON.stringify({ local: `${fake.url}/local/v1` }),
  };
  return createLlm({ config: loadConfig(z.object(llmEnv), { ...urls, ...env }), logger });
}

const hello = (model: string, more = {}): Ask => ({
  request: { model, messages: [{ role: 'user', content: 'hi' }], ...more },
});

async function chunksOf(llm: Llm, ask: Ask): Promise<any[]> {
  const chunks = [];
  for await (const chunk of await llm.stream(ask)) chunks.push(chunk);
  return chunks;
}

const said = (chunks: any[]) => chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('');

const MODELS = ['gpt-4o', 'openai/gpt-4o', 'azure/my-deployment', 'local/llama3', 'claude-sonnet-4', 'anthropic/claude-sonnet-4', 'gemini/gemini-2.0-flash', 'gemini-2.0-flash']; // prettier-ignore

describe('every provider', () => {
  it.each([...MODELS, 'bedrock/anthropic.claude-3', 'us.amazon.nova-lite-v1:0'])('%s answers in the same words', async (model) => {
    const answer: any = await open().complete(hello(model));
    expect(answer).toMatchObject({
      id: expect.any(String),
      object: 'chat.completion',
      created: expect.any(Number),
      model: expect.any(String),
      choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'hello there' } }],
      usage: { completion_tokens: 2 },
    });
    expect(answer.usage.total_tokens).toBe(answer.usage.prompt_tokens + 2);
    const { path, headers } = fake.asked[0]!;
    const prefix = { g: model.startsWith('gemini') ? '/gemini/' : '/v1/', o: '/v1/', a: model.startsWith('azure') ? '/azure/openai/deployments/my-deployment/chat/completions?api-version=2024-06-01' : '/anthropic/messages', l: '/local/v1/', c: '/anthropic/', b: '/bedrock/model/', u: '/bedrock/model/' }[model[0]!]!;
    expect(path.startsWith(prefix)).toBe(true);
    const sent = [headers.authorization, headers['x-api-key'], headers['x-goog-api-key'], headers['api-key']].join(' ');
    if (model.startsWith('local/')) expect(sent.trim()).toBe('');
    else expect(sent).toContain(prefix.startsWith('/bedrock') ? 'AWS4-HMAC-SHA256 Credential=AKIA/' : KEY);
  }); // prettier-ignore

  it.each(MODELS)('%s streams in the same words', async (model) => {
    const chunks = await chunksOf(open(), hello(model));
    expect(said(chunks)).toBe('hello there');
    expect(new Set(chunks.map((chunk) => chunk.object))).toEqual(new Set(['chat.completion.chunk']));
    const finishes = chunks.map((chunk) => chunk.choices[0]?.finish_reason).filter(Boolean);
    expect(finishes).toEqual(['stop']);
    expect(chunks.at(-1)).toMatchObject({
      choices: [],
      usage: { completion_tokens: 2, total_tokens: expect.any(Number) },
    });
  });

  it.each(['openai/tool', 'anthropic/tool', 'gemini/tool'])('%s calls tools in the same words', async (model) => {
    const tools = [{ type: 'function', function: { name: 'add', description: 'adds', parameters: { type: 'object', properties: { a: { type: 'number' } } } } }];
    const messages = [
      { role: 'system', content: 'be brief' },
      { role: 'user', content: [{ type: 'text', text: 'what is this?' }, { type: 'image_url', image_url: { url: 'data:image/png;base64,aGk=' } }] },
      { role: 'assistant', content: null, tool_calls: [{ id: 't0', type: 'function', function: { name: 'add', arguments: '{"a":0}' } }] },
      { role: 'tool', tool_call_id: 't0', content: 'zero' },
    ];
    const answer: any = await open().complete(hello(model, { messages, tools, tool_choice: 'auto', max_tokens: 100, stop: 'x' }));
    expect(answer.choices[0].message.tool_calls).toMatchObject([{ type: 'function', function: { name: 'add', arguments: '{"a":1}' } }]);
    const sent = JSON.stringify(fake.asked[0]!.body);
    for (const part of ['be brief', 'what is this?', 'aGk=', 'zero', 'adds', '100']) expect(sent).toContain(part);
    if (model === 'gemini/tool') return;
    const chunks = await chunksOf(open(), hello(model, { tools }));
    const calls = chunks.flatMap((chunk) => chunk.choices[0]?.delta.tool_calls ?? []);
    expect([calls[0].function.name, calls.map((call) => call.function.arguments).join('')]).toEqual(['add', '{"a":1}']);
  }); // prettier-ignore
});

describe("servers with OpenAI's wire", () => {
  it('get the request and give the answer as they are', async () => {
    const more = {
      n: 2,
      logit_bias: { 5: 1 },
      response_format: { type: 'json_object' },
      guided_choice: ['a'],
    };
    const answer: any = await open().complete(hello('gpt-4o', more));
    expect(fake.asked[0]!.body).toEqual({
      model: 'gpt-4o',
      messages: [{ role: 'user', content: 'hi' }],
      ...more,
    });
    expect(answer).toMatchObject({
      system_fingerprint: 'fp',
      service_tier: 'default',
      choices: [{ index: 0 }, { index: 1 }],
    });
    await chunksOf(open(), hello('local/llama3'));
    expect(fake.asked[1]!.body).toMatchObject({
      model: 'llama3',
      stream: true,
      stream_options: { include_usage: true },
    });
  });

  it('get headers of the request, but not for their key or address', async () => {
    const headers = { 'x-mine': 'yes', Authorization: 'Bearer other', Host: 'evil', 'Content-Length': '1', 'bad name': 'x', 'x-bad': 'a\r\nb: c' };
    await open().complete({ ...hello('gpt-4o'), headers });
    expect(fake.asked[0]!.headers).toMatchObject({ 'x-mine': 'yes', authorization: `Bearer ${KEY}`, host: new URL(fake.url).host });
    expect(fake.asked[0]!.headers).not.toHaveProperty('x-bad');
  }); // prettier-ignore
});

describe('what fails', () => {
  it.each([
    ['gpt-4o', 'OPENAI_API_KEY'], ['azure/d', 'AZURE_API_KEY'], ['claude-3', 'ANTHROPIC_API_KEY'], ['gemini/g', 'GEMINI_API_KEY'],
    ['bedrock/m', 'AWS_REGION_NAME'], ['groq/llama', 'GROQ_API_KEY'], ['xai/grok', 'XAI_API_KEY'],
  ])('%s without its key names it', async (model, name) => {
    const error = { code: 'invalid_request', details: { api_key: name } };
    await expect(open({}).complete(hello(model))).rejects.toMatchObject(error);
    await expect(open({}).stream(hello(model))).rejects.toMatchObject(error);
  }); // prettier-ignore

  it.each(['openai/fail', 'anthropic/fail', 'gemini/fail'])('%s is the provider’s, and shows no key', async (model) => {
    const refused = expect.objectContaining({ name: 'LlmError', status: 401, message: expect.stringMatching(/Incorrect API key provided: (Bearer )?\[secret\]/) });
    await expect(open().complete(hello(model))).rejects.toEqual(refused);
    await expect(open().stream(hello(model))).rejects.toEqual(refused);
  }); // prettier-ignore

  it.each(['custom::mine::m', 'nobody/m'])('%s is known to nobody', async (model) => {
    await expect(open().complete(hello(model))).rejects.toMatchObject({ name: 'LlmError', status: 400 });
    expect(fake.asked).toEqual([]);
  });

  it('in the middle of a stream is thrown after what came', async () => {
    const got: any[] = [];
    const read = async () => {
      for await (const chunk of await open().stream(hello('openai/breaks'))) got.push(chunk);
    };
    await expect(read()).rejects.toMatchObject({
      name: 'LlmError',
      message: expect.stringContaining('overloaded'),
    });
    expect(got[0]).toMatchObject({ choices: [{ delta: { content: 'hel' } }] });
  });

  it('a redirect is not followed, and an endless answer is cut', async () => {
    await expect(open().complete(hello('openai/moved'))).rejects.toMatchObject({ name: 'LlmError' });
    await expect(open().complete(hello('openai/huge'))).rejects.toMatchObject({ name: 'LlmError', message: expect.stringContaining('bytes') });
  }); // prettier-ignore

  it.each(['openai/slow', 'anthropic/slow'])('%s is given up in time, and when its client leaves', async (model) => {
    await expect(open().complete({ ...hello(model), timeoutMs: 50 })).rejects.toMatchObject({ name: 'LlmError', message: 'the model did not answer within 50 ms' });
    const left = new AbortController();
    const asking = open().complete({ ...hello(model), signal: left.signal });
    left.abort();
    await expect(asking).rejects.toMatchObject({ name: 'LlmError' });
  }); // prettier-ignore

  it('more requests than allowed are told to come again, and room is made by those that end', async () => {
    const llm = open({ ...keys, WEFT_LLM_MAX_CONCURRENT: '1' });
    const left = new AbortController();
    const asking = llm.complete({ ...hello('openai/slow'), signal: left.signal });
    await expect(llm.complete(hello('gpt-4o'))).rejects.toMatchObject({ code: 'too_many_requests' });
    left.abort();
    await expect(asking).rejects.toThrow();
    expect(await chunksOf(llm, hello('gpt-4o'))).not.toEqual([]);
    for await (const chunk of await llm.stream(hello('gpt-4o'))) if (chunk) break;
    await llm.complete(hello('gpt-4o'));
  });

  it.each([
    [{ role: 'nobody', content: 'x' }, 'messages[0].role'],
    [{ role: 'user', content: [{ type: 'what' }] }, 'messages[0].content[0].type'],
    [{ role: 'user', content: 5 }, 'messages[0].content'],
    [{ role: 'assistant', tool_calls: [{ id: 't', function: { name: 'f', arguments: '{' } }] }, 'messages[0].tool_calls[0].function.arguments'],
  ])('a message %j that cannot be said is named', async (message, path) => {
    await expect(open().complete(hello('claude-3', { messages: [message] }))).rejects.toMatchObject({ name: 'LlmError', status: 400, message: expect.stringContaining(path) });
  }); // prettier-ignore
});

describe('the secrets file', () => {
  it('wins over the environment, is read again when it changes, and survives being broken', async () => {
    const file = join(dir, 'secrets.json');
    await writeFile(file, JSON.stringify({ OPENAI_API_KEY: 'sk-of-the-file', LOCAL_API_KEY: 'sk-local' }));
    const llm = open({ ...keys, WEFT_LLM_SECRETS_FILE: file });
    const keyOf = async (model: string) => {
      await llm.complete(hello(model));
      return fake.asked.at(-1)!.headers.authorization ?? fake.asked.at(-1)!.headers['x-api-key'];
    };
    expect(await keyOf('gpt-4o')).toBe('Bearer sk-of-the-file');
    expect(await keyOf('local/llama3')).toBe('Bearer sk-local');
    expect(await keyOf('claude-3')).toBe(KEY);
    const turnsTo = async (expected: string) => {
      for (let i = 0; i < 200 && (await keyOf('gpt-4o')) !== expected; i++) await new Promise((resolve) => setTimeout(resolve, 25));
      expect(await keyOf('gpt-4o')).toBe(expected);
    };
    await writeFile(file, JSON.stringify({ OPENAI_API_KEY: 'sk-new-and-longer' }));
    await turnsTo('Bearer sk-new-and-longer');
    await writeFile(file, '{"OPENAI_API_KEY": ');
    expect(await keyOf('gpt-4o')).toBe('Bearer sk-new-and-longer');
    await writeFile(file, '{}');
    await turnsTo(`Bearer ${KEY}`);
  }, 20_000); // prettier-ignore
});

describe('settings', () => {
  it.each([
    ['WEFT_LLM_SERVERS', 'x'], ['WEFT_LLM_SERVERS', '[]'], ['WEFT_LLM_SERVERS', '{"A/b":"http://x"}'], ['WEFT_LLM_SERVERS', '{"a":"file:///etc"}'],
    ['OPENAI_BASE_URL', 'ftp://x'], ['OPENAI_BASE_URL', 'http://user:pass@x/v1'], ['WEFT_LLM_TIMEOUT_MS', '0'],
  ])('refuse %s=%s', (name, value) => {
    expect(() => loadConfig(z.object(llmEnv), { [name]: value })).toThrow(name);
  }); // prettier-ignore
});
