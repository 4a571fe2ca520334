import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, requireBackend } from '@weft/testkit';
import { completed, newCallId } from './calls.ts';
import { startFakeLlm } from './fake-llm.ts';
import { cleanUp } from './server-process.ts';
import { baseUrl } from './stack.ts';
import { obstaclesOf, startWebStack, type Page, type WebStack } from './web-stack.ts';

/** Trying messages on models in a real browser. The models are a server that always says the same, and one that never ends. */

const EVIL = '<img src=x onerror="globalThis.hacked = 1">{who}';

// A running stack has its own.
const here = baseUrl === undefined ? describe : describe.skip;

here('pages', () => {
  requireBackend('browser', describe)('of the playground', () => {
    const project = 'web/playground';
    let llm: Awaited<ReturnType<typeof startFakeLlm>>;
    let endless: Server;
    let stack: WebStack;
    let left = 0;

    beforeAll(async () => {
      llm = await startFakeLlm();
      endless = createServer((req, res) => {
        res.once('close', () => left++);
        res.writeHead(200, { 'content-type': 'text/event-stream' });
        const chunk = { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta: { content: 'wait' }, finish_reason: null }] }; // prettier-ignore
        req.resume().once('end', () => res.write(`data: ${JSON.stringify(chunk)}\n\n`));
      });
      await new Promise<void>((resolve) => endless.listen(0, '127.0.0.1', resolve));
      stack = await startWebStack({
        OPENAI_API_KEY: 'sk-of-the-operator',
        OPENAI_BASE_URL: llm.url,
        WEFT_LLM_SERVERS: JSON.stringify({
          endless: `http://127.0.0.1:${(endless.address() as AddressInfo).port}/v1`,
        }),
      });
    }, 120_000);
    afterAll(async () => {
      await stack?.close();
      await cleanUp();
      endless.closeAllConnections();
      endless.close();
      await llm.stop();
    });

    const open = (search = '', options = {}) => stack.open(`/${project}/weave/playground${search}`, options);
    async function post<T>(path: string, body: object): Promise<T> {
      const res = await fetch(stack.server.url + path, { method: 'POST', body: JSON.stringify(body) });
      if (res.status !== 200) throw new Error(`${path}: ${res.status} ${await res.text()}`);
      return (await res.json()) as T;
    }
    interface Asked {
      readonly id: string;
      readonly inputs: Record<string, unknown>;
      readonly exception: string | null;
      readonly attributes: object;
    }
    const calls = async () =>
      (
        await post<{ calls: Asked[] }>('/calls/query', {
          project_id: project,
          sort_by: [{ field: 'started_at', direction: 'desc' }],
        })
      ).calls;
    const answers = (page: Page) => page.locator('.answer-text');

    it('asks variants side by side, fills variables in and links the calls', async () => {
      const page = await open();
      await page.getByLabel('Message 1', { exact: true }).fill('You are {mood}.');
      await page.getByLabel('Message 2', { exact: true }).fill(EVIL);
      await page.getByLabel('mood').fill('terse');
      await page.getByLabel('Model of variant 1').fill('gpt-4o');
      await page.getByLabel('Temperature', { exact: true }).fill('0.5');
      await page.getByLabel('JSON', { exact: true }).check();
      await page.getByRole('button', { name: '+ Variant' }).click();
      await page.getByLabel('Model of variant 2').fill('gpt-4o-mini');
      await page.getByLabel('Temperature', { exact: true }).nth(1).fill('');
      await page.getByRole('button', { name: 'Run all 2' }).click();
      await eventually(async () => (await page.getByText('7 + 2 tokens').count()) === 2);
      expect(await answers(page).allInnerTexts()).toEqual(['hello there', 'hello there']);
      // A price is known of gpt-4o.
      await page.getByText(/\$0\.0000\d+/).first().waitFor();
      const asked = await calls();
      expect(new Map(asked.map(({ inputs }) => [inputs['model'], inputs]))).toEqual(
        new Map<string, object>([
          ['gpt-4o', expect.objectContaining({ temperature: 0.5, response_format: { type: 'json_object' }, template_vars: { mood: 'terse', who: '{who}' } })],
          ['gpt-4o-mini', expect.not.objectContaining({ temperature: expect.anything() })],
        ]),
      );
      expect(asked[0]!.attributes).toMatchObject({ weave: { source: 'playground' } });
      await page.getByRole('link', { name: 'Open the call' }).first().click();
      await page.getByText('hello there').first().waitFor();
      // What the call was asked is where the next try begins.
      await page.goto(`${stack.server.url}/${project}/weave/playground?call=${asked.find(({ inputs }) => inputs['model'] === 'gpt-4o')!.id}`);
      await eventually(async () => (await page.getByLabel('Message 2', { exact: true }).inputValue()) === EVIL);
      expect(await page.getByLabel('Model of variant 1').inputValue()).toBe('gpt-4o');
      expect(await page.getByLabel('Temperature', { exact: true }).inputValue()).toBe('0.5');
      expect(await page.getByLabel('mood').inputValue()).toBe('terse');
      expect(await page.evaluate('globalThis.hacked')).toBeUndefined();
      await page.close();
    }, 60_000); // prettier-ignore

    it('begins with a prompt, goes on with the answer and is saved as its next version', async () => {
      const val = { _type: 'MessagesPrompt', _class_name: 'MessagesPrompt', _bases: ['Prompt', 'Object', 'BaseModel'], name: null, description: null, messages: [{ role: 'user', content: 'Greet {name}' }] };
      const { digest } = await post<{ digest: string }>('/obj/create', { obj: { project_id: project, object_id: 'greet', val } });
      const page = await open(`?prompt=${encodeURIComponent(`weave:///${project}/object/greet:${digest}`)}`);
      await page.getByLabel('name', { exact: true }).fill('Ada');
      await page.getByLabel('Model of variant 1').fill('gpt-4o');
      await page.keyboard.press('Control+Enter');
      await page.getByRole('button', { name: 'Continue from here' }).click();
      expect(await page.getByLabel('Message 2', { exact: true }).inputValue()).toBe('hello there');
      await page.getByLabel('Message 3', { exact: true }).fill('Again');
      await page.getByRole('button', { name: 'Save as prompt' }).click();
      await page.getByRole('button', { name: 'Publish', exact: true }).click();
      await page.getByRole('button', { name: /v1 \(latest\)/ }).waitFor();
      const { obj } = await post<{ obj: { val: object; base_object_class: string } }>('/obj/read', { project_id: project, object_id: 'greet', digest: 'latest' });
      expect(obj).toMatchObject({
        base_object_class: 'Prompt',
        val: { messages: [{ role: 'user', content: 'Greet {name}' }, { role: 'assistant', content: 'hello there' }, { role: 'user', content: 'Again' }] },
      });
      await page.close();
    }, 60_000); // prettier-ignore

    it('says what is missing, what a provider refuses, and stops', async () => {
      const page = await open();
      await page.getByLabel('Message 2', { exact: true }).fill('hi');
      await page.getByLabel('Model of variant 1').fill('claude-sonnet-4-5');
      await page.getByText('The server has no ANTHROPIC_API_KEY').waitFor();
      await page.getByRole('button', { name: 'Run', exact: true }).click();
      await page.getByRole('alert').getByText('Whoever runs this server sets ANTHROPIC_API_KEY').waitFor();
      await page.getByLabel('Model of variant 1').fill('fail');
      await page.getByRole('button', { name: 'Run', exact: true }).click();
      await page.getByRole('alert').getByText('no such model').waitFor();
      await page.getByLabel('Model of variant 1').fill('endless/m');
      await page.getByRole('button', { name: 'Run', exact: true }).click();
      await answers(page).getByText('wait').waitFor();
      await page.getByRole('button', { name: 'Stop', exact: true }).click();
      await page.getByText(/^stopped/).waitFor();
      await eventually(() => left > 0);
      const ended = await eventually(async () =>
        (await calls()).find(
          ({ inputs, exception }) => inputs['model'] === 'endless/m' && exception !== null,
        ),
      );
      expect(ended.exception).toContain('the client left');
      await page.close();
    }, 60_000);

    it('begins with the chat of any framework, and says where there is none', async () => {
      const [agent, plain] = [newCallId(), newCallId()];
      await stack.send(project, [
        completed(project, agent, {
          op_name: '"anthropic.Messages.create"',
          inputs: '{"model":"claude-x","system":"Be kind.","messages":[{"role":"user","content":[{"type":"text","text":"Hello"}]}],"max_tokens":9}',
        }),
        completed(project, plain, { op_name: '"add"', inputs: '{"a":1}' }),
      ]); // prettier-ignore
      const page = await open(`?call=${agent}`);
      await eventually(async () => /Hello/.test(await page.locator('.message textarea').last().inputValue()));
      expect(await page.getByLabel('Model of variant 1').inputValue()).toBe('claude-x');
      await page.goto(`${stack.server.url}/${project}/weave/playground?call=${plain}`);
      await eventually(async () =>
        /"a": 1/.test(await page.getByLabel('Message 1', { exact: true }).inputValue()),
      );
      await page.goto(`${stack.server.url}/${project}/weave/playground?call=nobody`);
      await page.getByText('There is no call nobody').waitFor();
      await page.close();
    }, 60_000);

    it.each([
      [390, true],
      [1280, false],
    ])(
      'fits %d pixels and can be read',
      async (width, dark) => {
        const page = await open('', { width, dark });
        await page.getByLabel('Message 2', { exact: true }).fill('{one} {two}');
        await page.getByLabel('Model of variant 1').fill('gpt-4o');
        await page.getByRole('button', { name: '+ Variant' }).click();
        await page.getByLabel('Model of variant 2').fill('claude-x');
        await page.getByRole('button', { name: 'Run all 2' }).click();
        await page.getByText('7 + 2 tokens').waitFor();
        await page.getByRole('alert').waitFor();
        expect(await obstaclesOf(page)).toEqual([]);
        await page.close();
      },
      60_000,
    );

    it('complains of nothing', () => {
      expect(stack.complaints).toEqual([]);
    });
  });
});
