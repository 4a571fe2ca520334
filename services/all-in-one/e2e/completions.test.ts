import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@weft/testkit';
import { startAllInOne } from '../src/start.ts';
import { startFakeLlm } from './fake-llm.ts';
import { apiKey, newProject, PATIENT, type ReadCall } from './stack.ts';

/** Models behind the server: what is asked, answered and traced. A stack of its own, because keys and addresses are its settings. */

const KEY = 'sk-of-the-operator';
let llm: { url: string; stop(): Promise<void> };
let slow: { url: string; asked: { count: number; left: number }; stop(): Promise<void> };
let url: string;
const closing: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  llm = await startFakeLlm();
  closing.push(() => llm.stop());
  slow = await startSlow();
  closing.push(() => slow.stop());
  const dataDir = await mkdtemp(join(tmpdir(), 'weft-completions-'));
  closing.push(() => rm(dataDir, { recursive: true, force: true }));
  const env = {
    ...PATIENT,
    OPENAI_API_KEY: KEY,
    OPENAI_BASE_URL: llm.url,
    WEFT_LLM_SERVERS: JSON.stringify({ slow: slow.url }),
  };
  const server = await startAllInOne({ dataDir, env });
  closing.push(() => server.stop());
  url = server.url;
});
afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

/** Sends one chunk and then nothing. */
async function startSlow(): Promise<typeof slow> {
  const asked = { count: 0, left: 0 };
  const server: Server = createServer((req: IncomingMessage, res) => {
    asked.count++;
    res.once('close', () => asked.left++);
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    const chunk = { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta: { content: 'wait' }, finish_reason: null }] }; // prettier-ignore
    req.resume().once('end', () => res.write(`data: ${JSON.stringify(chunk)}\n\n`));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    asked,
    stop: () => new Promise((resolve) => (server.closeAllConnections(), server.close(() => resolve()))),
  };
}

const send = (path: string, body: object, signal?: AbortSignal) =>
  fetch(url + path, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { authorization: `Bearer ${apiKey}` },
    ...(signal && { signal }),
  });

async function post<T = any>(path: string, body: object): Promise<T> {
  const res = await send(path, body);
  const text = await res.text();
  if (res.status !== 200) throw new Error(`${path}: ${res.status} ${text}`);
  return JSON.parse(text) as T;
}

async function lines<T = any>(path: string, body: object): Promise<T[]> {
  const res = await send(path, body);
  const text = await res.text();
  if (res.status !== 200) throw new Error(`${path}: ${res.status} ${text}`);
  return text.split('\n').filter(Boolean).map((line) => JSON.parse(line) as T); // prettier-ignore
}

const calls = (project_id: string) => lines<ReadCall>('/calls/stream_query', { project_id });
const messages = [{ role: 'user', content: 'hi' }];

describe('/completions/create', () => {
  it("answers in OpenAI's words and traces the call", async () => {
    const project_id = newProject('llm');
    const inputs = {
      model: 'gpt-4o',
      messages,
      temperature: 0.5,
      extra_headers: { 'x-key': 'mine' },
      vertex_credentials: 'mine',
    };
    const answer = await post('/completions/create', {
      project_id,
      inputs,
      conversation_id: 'talk',
      source: 'playground',
    });
    expect(answer).toEqual({
      response: expect.objectContaining({
        object: 'chat.completion',
        choices: [
          { index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'hello there' } },
        ],
        usage: { prompt_tokens: 7, completion_tokens: 2, total_tokens: 9 },
      }),
      weave_call_id: expect.any(String),
      span_id: answer.weave_call_id,
      trace_id: answer.weave_call_id,
      conversation_id: 'talk',
    });
    const traced = await calls(project_id);
    expect(traced).toMatchObject([
      {
        id: answer.weave_call_id,
        op_name: 'weave.completions_create',
        parent_id: null,
        thread_id: 'talk',
        inputs: { model: 'gpt-4o', messages, temperature: 0.5 },
        output: answer.response,
        attributes: { weave: { source: 'playground' } },
        summary: { usage: { 'gpt-4o': { prompt_tokens: 7, total_tokens: 9 } }, weave: { status: 'success' } },
      },
    ]);
    expect(JSON.stringify(traced)).not.toMatch(/mine|sk-of-the-operator/);
  });

  it('below a call when asked, and not at all when not', async () => {
    const project_id = newProject('llm');
    const inputs = { model: 'gpt-4o', messages };
    await post('/completions/create', { project_id, inputs, trace_id: 't1', parent_id: 'p1' });
    expect(await post('/completions/create', { project_id, inputs, track_llm_call: false })).toEqual({
      response: expect.objectContaining({ object: 'chat.completion' }),
      weave_call_id: null,
      span_id: null,
      trace_id: null,
      conversation_id: null,
    });
    expect(await calls(project_id)).toMatchObject([{ trace_id: 't1', parent_id: 'p1' }]);
  });

  it('gives back what the provider refuses', async () => {
    const project_id = newProject('llm');
    const { response } = await post('/completions/create', { project_id, inputs: { model: 'fail', messages } });
    expect(response).toEqual({ error: 'no such model', error_status_code: 400 });
    expect(await calls(project_id)).toMatchObject([{ exception: 'no such model', output: null, summary: { weave: { status: 'error' } } }]);
    const unknown = await post('/completions/create', { project_id, inputs: { model: 'nobody/m', messages } });
    expect(unknown.response.error).toContain('nobody/m');
  }); // prettier-ignore

  it('names the key that is missing, and what is wrong', async () => {
    const project_id = newProject('llm');
    const refused = async (body: object) => {
      const res = await send('/completions/create', { project_id, ...body });
      return [res.status, await res.json()];
    };
    expect(await refused({ inputs: { model: 'claude-sonnet-4', messages } })).toEqual([
      400,
      expect.objectContaining({
        reason: expect.stringContaining('ANTHROPIC_API_KEY'),
        api_key: 'ANTHROPIC_API_KEY',
      }),
    ]);
    expect((await refused({ inputs: { messages } }))[0]).toBe(422);
    expect((await refused({ inputs: { model: 'm', messages: [1] } }))[0]).toBe(422);
    expect((await refused({ inputs: { model: 'gpt-4o', messages }, trace_id: 'a b' }))[0]).toBe(400);
    expect(await calls(project_id)).toEqual([]);
  });

  it('puts a prompt before the messages and fills it in', async () => {
    const project_id = newProject('llm');
    const val = {
      _type: 'MessagesPrompt', _class_name: 'MessagesPrompt', _bases: ['Prompt', 'Object', 'BaseModel'], name: 'greet',
      messages: [{ role: 'system', content: 'You greet {name}. {{not me}}' }, { role: 'assistant', content: '{name}' }],
    }; // prettier-ignore
    const { digest } = await post('/obj/create', { obj: { project_id, object_id: 'greet', val } });
    const ask = (inputs: object) => post('/completions/create', { project_id, inputs: { model: 'gpt-4o', ...inputs } });
    for (const prompt of [`weave:///${project_id}/object/greet:${digest}`, 'greet:latest', 'greet']) {
      const { response } = await ask({ prompt, messages: [{ role: 'user', content: 'I am {name}' }], template_vars: { name: 'Ada' } });
      expect(response.choices[0].message.content).toBe('hello there');
    }
    expect((await ask({ prompt: 'greet', template_vars: { other: 'x' } })).response.error).toContain("'name' not found");
    expect((await ask({ prompt: 'nobody' })).response.error).toContain('Could not find prompt');
    const [traced] = await calls(project_id);
    expect(traced!.inputs).toMatchObject({ messages: [{ content: 'I am {name}' }], template_vars: { name: 'Ada' } });
  }); // prettier-ignore
});

describe('/completions/create_stream', () => {
  it('gives chunks line by line, the ids of the call first, and traces the whole answer', async () => {
    const project_id = newProject('llm');
    const [meta, ...chunks] = await lines('/completions/create_stream', { project_id, inputs: { model: 'gpt-4o', messages } });
    expect(meta).toEqual({ _meta: { weave_call_id: expect.any(String), span_id: meta._meta.weave_call_id, trace_id: expect.any(String), conversation_id: expect.any(String) } });
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toBe('hello there');
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: 9 } });
    expect(await calls(project_id)).toMatchObject([
      {
        id: meta._meta.weave_call_id,
        output: { object: 'chat.completion', choices: [{ finish_reason: 'stop', message: { role: 'assistant', content: 'hello there' } }] },
        summary: { usage: { 'gpt-4o': { total_tokens: 9 } }, weave: { status: 'success' } },
      },
    ]);
    const plain = await lines('/completions/create_stream', { project_id, inputs: { model: 'gpt-4o', messages }, track_llm_call: false });
    expect(plain[0]).toMatchObject({ object: 'chat.completion.chunk' });
    expect(await calls(project_id)).toHaveLength(1);
  }); // prettier-ignore

  it('says what the provider refuses in a line, and what is missing with a status', async () => {
    const project_id = newProject('llm');
    const [meta, error] = await lines('/completions/create_stream', { project_id, inputs: { model: 'fail', messages } });
    expect([Object.keys(meta), error]).toEqual([['_meta'], { error: 'no such model' }]);
    const res = await send('/completions/create_stream', { project_id, inputs: { model: 'claude-3', messages } });
    expect([res.status, await res.json()]).toEqual([400, expect.objectContaining({ api_key: 'ANTHROPIC_API_KEY' })]);
    expect(await calls(project_id)).toMatchObject([{ exception: 'no such model' }]);
  }); // prettier-ignore

  it('leaves as it comes, and ends with its client', async () => {
    const project_id = newProject('llm');
    const left = new AbortController();
    const res = await send('/completions/create_stream', { project_id, inputs: { model: 'slow/m', messages } }, left.signal); // prettier-ignore
    const reader = res.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    // The provider has not ended, and never will.
    while (!text.includes('"wait"')) text += (await reader.read()).value!;
    left.abort();
    await eventually(() => slow.asked.left === slow.asked.count);
    const ended = await eventually(async () =>
      (await calls(project_id)).find((call) => call.ended_at !== null),
    );
    expect(ended).toMatchObject({
      exception: expect.stringContaining('client left'),
      output: { choices: [{ message: { content: 'wait' } }] },
    });
  });
});

it('/image/create says that it is not there', async () => {
  const res = await send('/image/create', { project_id: newProject('llm'), inputs: { model: 'dall-e-3', prompt: 'a cat' } });
  expect(res.status).toBe(501);
}); // prettier-ignore
