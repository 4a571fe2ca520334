import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Chat } from '@weft/chat';
import { ChatOfCall } from '@weft/weave-api';
import { completed, newCallId } from './calls.ts';
import { apiKey, newProject, openStack, type ReadCall, type Stack } from './stack.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await openStack();
});
afterAll(() => stack.stop());

const authorization = `Basic ${Buffer.from(`api:${apiKey}`).toString('base64')}`;
const get = (path: string) => fetch(stack.url + path, { headers: { authorization } });
const chatPath = (project: string, id: string) =>
  `/weft/v1/chat?${new URLSearchParams({ project_id: project, call_id: id }).toString()}`;

/** As the contract has it: strictly, members that it does not name are none. */
async function chat(project: string, id: string): Promise<Chat> {
  const res = await get(chatPath(project, id));
  const body: unknown = await res.json();
  expect([res.status, ChatOfCall.parse(body)]).toEqual([200, body]);
  return body as Chat;
}

/** The capture's spans name their project themselves. */
async function spans(fixture: string): Promise<{ project: string; calls: ReadCall[] }> {
  const project = newProject('chat');
  const [entity, name] = project.split('/') as [string, string];
  const json = readFileSync(new URL(`../../../libs/otlp/fixtures/${fixture}.json`, import.meta.url), 'utf8');
  const body = json.replaceAll('"acme"', `"${entity}"`).replaceAll('"otel-lab"', `"${name}"`);
  const res = await stack.send('/otel/v1/traces', body, { 'content-type': 'application/json' });
  expect(res.status).toBe(200);
  return { project, calls: await stack.lines<ReadCall>('/calls/stream_query', { project_id: project }) };
}

async function call(project: string, members: Record<string, unknown>): Promise<string> {
  const id = newCallId();
  const json = Object.entries(members).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);
  const batch = `{"batch":[${completed(project, id, Object.fromEntries(json))}]}`;
  expect((await stack.send(`/v2/${project}/calls/complete`, batch)).status).toBe(200);
  return id;
}

const EVIL = '</pre><script>alert(1)</script><img src=x onerror=alert(2)>';

describe('the chat of a call', () => {
  it.each([
    ['vercel-v5-tools', 'ai-sdk'],
    ['vercel-v7-tools', 'gen-ai'],
    ['openinference-tools', 'openai-chat'],
  ])('is the same for spans of %s', async (fixture, format) => {
    const { project, calls } = await spans(fixture);
    const chats = await Promise.all(calls.map(({ id }) => chat(project, id)));
    const second = chats.find(({ formats, messages }) => formats.input === format && messages.length === 3)!;
    expect(second.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool']);
    expect(second.messages[1]!.parts).toMatchObject([
      { type: 'toolCall', id: 'call_lab_1', name: 'get_weather', arguments: { city: 'Paris' } },
    ]);
    expect(second.messages[2]!.parts).toMatchObject([{ type: 'toolResult', id: 'call_lab_1' }]);
    expect(second.choices).toEqual([
      { role: 'assistant', parts: [{ type: 'text', text: 'It is 18°C and sunny in Paris.' }], finishReason: 'stop' },
    ]);
    expect(second.tools).toMatchObject([{ name: 'get_weather', type: 'function' }]);
    expect(second.model).toMatch(/^gpt-4o-mini/);
  }); // prettier-ignore

  it('is made of what a wrapped OpenAI client sent, to the digit', async () => {
    const project = newProject('chat');
    const id = await call(project, {
      op_name: '"openai.chat.completions.create"',
      inputs: `{"self":{},"model":"gpt-4o","messages":[{"role":"user","content":${JSON.stringify(EVIL)}},{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{\\"id\\":9007199254740993}"}}]}]}`,
      output: { choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'hello', reasoning_content: 'hmm' } }] },
    }); // prettier-ignore
    const { messages, choices, formats, model } = await chat(project, id);
    expect([formats, model]).toEqual([{ input: 'openai-chat', output: 'openai-chat' }, 'gpt-4o']);
    expect(messages[1]!.parts).toMatchObject([{ argumentsText: '{"id":9007199254740993}' }]);
    expect(choices).toEqual([
      { role: 'assistant', finishReason: 'stop', parts: [{ type: 'reasoning', text: 'hmm' }, { type: 'text', text: 'hello' }] },
    ]); // prettier-ignore
  });

  it('names media and loads none', async () => {
    const project = newProject('chat');
    const url = (each: string) => ({ type: 'image_url', image_url: { url: each } });
    const content = [url('data:image/png;base64,iVBORw0KGgo='), url('https://example.com/a.png'), url('javascript:alert(1)')];
    const id = await call(project, { inputs: { messages: [{ role: 'user', content }] } });
    expect((await chat(project, id)).messages[0]!.parts.map(({ type }) => type)).toEqual(['image', 'image', 'image']);
  }); // prettier-ignore

  it('is empty of a call without content, and 404 of none', async () => {
    const project = newProject('chat');
    const id = await call(project, {});
    expect(await chat(project, id)).toMatchObject({ messages: [], choices: [], formats: { input: null, output: null } });
    expect((await get(chatPath(project, newCallId()))).status).toBe(404);
    expect((await get(`/weft/v1/chat?project_id=${project}`)).status).toBe(422);
    expect((await get(chatPath('nonsense', id))).status).toBe(400);
  }); // prettier-ignore
});
