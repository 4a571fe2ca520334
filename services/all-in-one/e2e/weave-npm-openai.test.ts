import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FAKE_IMAGE, startFakeLlm } from './fake-llm.ts';
import { callsOf, isNewest, NPM_SDKS, NPM_TIMEOUT_MS, opOf } from './npm.ts';
import { runProgram } from './program.ts';
import { newProject, openStack, type ReadCall, type Stack } from './stack.ts';

/** OpenAI through `wrapOpenAI` of npm `weave`: chats, responses, images; and what they cost. */

let stack: Stack;
let llm: Awaited<ReturnType<typeof startFakeLlm>>;
beforeAll(async () => {
  stack = await openStack();
  llm = await startFakeLlm();
});
afterAll(async () => {
  await llm.stop();
  await stack.stop();
});

type Costs = Record<string, Record<string, unknown>>;
interface Said {
  readonly said: Record<string, unknown>;
  readonly root: string;
  readonly without: null;
  readonly priced: Costs;
  readonly children: readonly Costs[];
  readonly prices: unknown;
  readonly purged: null;
}

describe.each(NPM_SDKS)('npm %s', (sdk) => {
  let project: string;
  let said: Said;
  let all: ReadCall[];
  /** 0.11 also patches `openai` when it is required: then each call has one of its own kind in it, and counts twice. */
  const times = isNewest(sdk) ? 2 : 1;
  beforeAll(async () => {
    project = newProject('npm-openai');
    said = await runProgram<Said>(stack, 'npm/openai.cjs', sdk, project, llm.url);
    all = await stack.lines<ReadCall>('/calls/stream_query', { project_id: project });
  }, NPM_TIMEOUT_MS);
  const innermost = (op: string) =>
    callsOf(all, op).filter((call) => !all.some((other) => other.parent_id === call.id));

  it('leaves the program alone', () => {
    expect(said.said).toEqual({
      agent: ['hello there', 'hello there'],
      streamed: 'hello there',
      stopped: 'hello',
      failure: 400,
      response: 'hello there',
      responseStreamed: 'hello there',
      image: ['_weaveType', 'data', 'imageType'],
    });
    expect(all).toHaveLength(1 + 8 * times);
    expect(all.filter((call) => call.ended_at === null)).toEqual([]);
  });

  it('traces chats: plain in parallel, streamed, stopped early, refused', () => {
    const chats = innermost('openai.chat.completions.create');
    expect(chats.map((call) => call.summary.weave.status)).toEqual([...Array<string>(4).fill('success'), 'error']);
    const messages = [{ role: 'user', content: 'Say hello ☂' }];
    const tools = [{ type: 'function', function: { name: 'add', parameters: { type: 'object', properties: {} } } }];
    expect(chats[0]!.inputs).toEqual({ model: 'gpt-local', messages, temperature: 0.5, tools });
    expect(chats[1]!.inputs).toEqual({ model: 'gpt-other', messages, max_tokens: 5 });
    const content = chats.map((call) => (call.output as { choices: { message: { content: string } }[] } | null)?.choices[0]!.message.content);
    expect(content).toEqual(['hello there', 'hello there', 'hello there', 'hello', undefined]);
    const usage = (model: string) => ({ [model]: { requests: 1, prompt_tokens: 7, completion_tokens: 2, total_tokens: 9 } });
    expect(chats.map((call) => call.summary.usage)).toEqual([usage('gpt-local'), usage('gpt-other'), usage('gpt-local'), { 'gpt-local': { requests: 1 } }, undefined]);
    expect(chats[4]!.exception).toContain('no such model');
  }); // prettier-ignore

  it('traces responses and images, and stores the pictures', async () => {
    const responses = innermost('create');
    const message = { type: 'message', content: [expect.objectContaining({ text: 'hello there' })] };
    expect(responses.map((call) => call.output)).toEqual([
      expect.objectContaining({ output: [expect.objectContaining(message)] }),
      { responses: [expect.objectContaining({ output: [expect.objectContaining(message)] })] },
    ]);
    for (const call of responses) {
      expect(call.inputs).toMatchObject({ model: 'gpt-local' });
      expect(call.summary).toMatchObject({
        usage: { 'gpt-local': { requests: 1, input_tokens: 7, output_tokens: 2 } },
      });
    }
    const [image] = innermost('openai.images.generate');
    const { data } = image!.output as { data: [{ weave_type: object; files: Record<string, string> }] };
    expect(data[0].weave_type).toEqual({ type: 'PIL.Image.Image' });
    const res = await stack.send('/file/content', {
      project_id: project,
      digest: data[0].files['image.png'],
    });
    expect(Buffer.from(await res.arrayBuffer()).toString('base64')).toBe(FAKE_IMAGE);
  });

  it('does not show the key of the provider, which the package sends', () => {
    expect(JSON.stringify(all)).not.toContain('sk-local-secret');
    // The client is in the inputs where the package traces methods of it.
    if (isNewest(sdk)) expect(Object.keys(callsOf(all, 'create')[0]!.inputs)).toContain('self');
  });

  it('tells what calls cost, by the prices of the project', () => {
    const cost = (price: number, completion: number) => ({
      prompt_tokens: 7 * times,
      completion_tokens: 2 * times,
      requests: times,
      prompt_token_cost: price,
      completion_token_cost: completion,
      prompt_tokens_total_cost: 7 * times * price,
      completion_tokens_total_cost: 2 * times * completion,
      pricing_level: 'project',
    });
    const [local, other] = [{ 'gpt-local': cost(0.5, 2) }, { 'gpt-other': cost(10, 20) }];
    expect(said.priced).toMatchObject({ ...local, ...other });
    expect(said.children).toMatchObject([local, other]);
    expect([said.without, said.purged]).toEqual([null, null]);
    expect(said.prices).toEqual([['gpt-local', 2]]);
    expect(opOf(all.find((call) => call.id === said.root)!)).toBe('agent');
  });
});
