import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, requireBackend } from '@weft/testkit';
import { completed, newCallId } from './calls.ts';
import { runProgram } from './program.ts';
import { cleanUp } from './server-process.ts';
import { baseUrl, type Stack } from './stack.ts';
import { obstaclesOf, startWebStack, type Page, type WebStack } from './web-stack.ts';

/** The page of one call in a real browser, with calls as the Python SDK and an OTLP exporter send them. */

const EVIL =
  '</pre><script>globalThis.hacked = 1</script><img src=x onerror="globalThis.hacked = 2">\u202e\u001b[31m';
const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAYAAACNMs+9AAAAFUlEQVR42mNk+M9Qz0AEYBxVSF+FABJADveWkH6oAAAAAElFTkSuQmCC';
const PICTURE_WIDTH = "document.querySelector('.jt-media img')?.naturalWidth";
/** More than is read of a call at once. */
const LARGE_CHARS = 5_500_000;

interface Sent {
  readonly first: string;
  readonly call: string;
  readonly judged: string;
  readonly failed: string;
}

// A running stack has its own.
const here = baseUrl === undefined ? describe : describe.skip;

here('pages', () => {
  requireBackend('browser', describe)('the page of a call', () => {
    let stack: WebStack;

    beforeAll(async () => {
      stack = await startWebStack();
    }, 120_000);
    afterAll(async () => {
      await stack?.close();
      await cleanUp();
    });

    const open = (project: string, id: string, tab?: string, options = {}) =>
      stack.open(`/${project}/weave/calls/${id}${tab === undefined ? '' : `?tab=${tab}`}`, options);
    const hasLoaded = (page: Page) =>
      page.getByRole('status').filter({ hasText: 'Loading' }).first().waitFor({ state: 'detached' });
    const isClean = async (page: Page) => {
      expect(await obstaclesOf(page)).toEqual([]);
    };

    requireBackend('python', describe)('of the Python SDK', () => {
      const project = 'web/call-sdk';
      let sent: Sent;
      beforeAll(async () => {
        // The program needs no more of a stack than where it is.
        sent = await runProgram<Sent>({ url: stack.server.url } as Stack, 'call-page.py', project);
      }, 120_000);

      it('shows pictures, values behind refs, every digit, and where a value stands', async () => {
        const page = await open(project, sent.call);
        await page.getByRole('heading', { name: 'look', exact: true }).waitFor();
        await page.getByRole('img', { name: 'image.png' }).first().waitFor();
        await eventually(async () => (await page.evaluate(PICTURE_WIDTH)) === 60);
        await page.getByText('9007199254740993').waitFor();
        const example = page.getByRole('treeitem', { name: '"example"' }).first();
        await example.getByRole('button', { name: 'Look', exact: true }).click();
        await example.getByText('"what is a weft?"').waitFor();
        await page.getByRole('treeitem', { name: '"prompt"' }).click();
        await page.getByText('inputs.prompt', { exact: true }).waitFor();
        await page.getByRole('link', { name: 'questions:' }).last().waitFor();
        expect(await page.getByRole('link', { name: 'loom-1' }).getAttribute('href')).toBe(
          `/${project}/weave/threads/loom-1`,
        );
        await isClean(page);
        await page.getByRole('link', { name: 'Filter traces by this value' }).click();
        await page.waitForURL(`**/${project}/weave/traces?**`);
        // One of both calls of the op has it.
        await page.locator(`a[href*="${sent.call}"]`).first().waitFor();
        expect(await page.locator(`a[href*="${sent.first}"]`).count()).toBe(0);
        await page.close();
      }, 60_000);

      it('takes notes, reactions and annotations, and gives back what is one’s own', async () => {
        const page = await open(project, sent.call, 'feedback');
        const given = page.locator('.call-feedback');
        await given.getByText('a note from a program').waitFor();
        await page.getByRole('button', { name: 'React: great' }).click();
        await given.getByText('🎉').waitFor();
        await page.getByLabel('Note', { exact: true }).fill(EVIL);
        await page.getByRole('button', { name: 'Add the note' }).click();
        await given.getByText('globalThis.hacked = 1').waitFor();

        await page.getByLabel('quality').first().fill('9');
        await page.evaluate('for (const form of document.forms) form.noValidate = true');
        await page.getByRole('button', { name: 'Save quality' }).click();
        // What the schema does not allow is refused with a reason.
        await page.getByRole('alert').waitFor();
        await page.getByLabel('quality').first().fill('5');
        await page.getByRole('button', { name: 'Save quality' }).click();
        await page.getByRole('alert').waitFor({ state: 'detached' });
        await page.getByLabel('correct').first().selectOption('true');
        await page.getByRole('button', { name: 'Save correct' }).click();
        await page.getByLabel('tone').first().selectOption('1');
        await page.getByRole('button', { name: 'Save tone' }).click();
        await given.getByText('rude').waitFor();

        const before = await given.getByRole('listitem').count();
        await given.getByRole('button', { name: 'Delete Note' }).first().click();
        await eventually(async () => (await given.getByRole('listitem').count()) === before - 1);
        await given.getByText('globalThis.hacked = 1').waitFor({ state: 'detached' });
        const { result } = (await (
          await fetch(`${stack.server.url}/feedback/query`, {
            method: 'POST',
            body: JSON.stringify({ project_id: project }),
          })
        ).json()) as { result: { feedback_type: string; payload: unknown }[] };
        const values = result.filter(({ feedback_type: type }) => type.startsWith('wandb.annotation.'));
        expect(values.map(({ payload }) => payload)).toEqual(
          expect.arrayContaining([{ value: 4 }, { value: 5 }, { value: true }, { value: 'rude' }]),
        );
        await page.close();
      }, 60_000);

      it('shows scores with their reasons, code in its version, and programs to copy', async () => {
        const page = await open(project, sent.call, 'scores');
        await page.getByText('it is in capitals').waitFor();
        expect(await page.locator('.call-score').innerText()).toMatch(/passed\s+yes\s+score\s+0\.9/);
        await page.getByRole('link', { name: 'Code', exact: true }).click();
        await page.getByText('Says what is in a picture.').waitFor();
        await isClean(page);
        await page.getByRole('link', { name: 'Use', exact: true }).click();
        await page.getByText(`client.get_call("${sent.call}")`).waitFor();
        await page.getByText(`await client.getCall("${sent.call}")`).waitFor();
        await page.getByRole('link', { name: 'Scores' }).click();
        await page.getByRole('link', { name: `call ${sent.judged}` }).click();
        await page.getByRole('heading', { name: 'is_loud' }).waitFor();
        await page.close();
      }, 60_000);

      it('compares with the previous call of the op', async () => {
        const page = await open(project, sent.call, 'compare');
        await page.getByRole('button', { name: 'Previous call of this op' }).click();
        await page.locator('.cm-deletedChunk').getByText('first').waitFor();
        expect(new URL(page.url()).searchParams.get('compare')).toBe(sent.first);
        await isClean(page);
        await page.goto(
          `${stack.server.url}/${project}/weave/calls/${sent.call}?tab=compare&compare=nothing`,
        );
        await page.getByText('There is no call nothing').waitFor();
        await page.close();
      }, 60_000);

      it('renames a call, and deletes it when it is sure', async () => {
        const page = await open(project, sent.failed);
        await page.getByText('no thread left').first().waitFor();
        const choose = async (item: string) => {
          await page.getByRole('button', { name: 'Actions' }).click();
          await page.getByRole('menuitem', { name: item }).click();
        };
        await choose('Rename…');
        await page.getByLabel('Display name', { exact: true }).fill('the torn one');
        await page.getByRole('button', { name: 'Save', exact: true }).click();
        await page.getByRole('heading', { name: 'the torn one' }).waitFor();
        await choose('Delete…');
        await page.getByRole('button', { name: 'Delete with everything below' }).click();
        await page.waitForURL(`**/${project}/weave/traces**`);
        await page.goto(`${stack.server.url}/${project}/weave/calls/${sent.failed}`);
        await page.getByText('There is no such call').waitFor();
        await page.close();
      }, 60_000);
    });

    it('shows a conversation first where a model was called', async () => {
      const [project, id] = ['web/call-chat', newCallId()];
      const ask = { role: 'user', content: [{ type: 'text', text: `What is this? ${EVIL}` }, image(`data:image/png;base64,${PNG}`), image('https://example.com/a.png'), image('javascript:alert(1)')] }; // prettier-ignore
      const tool = { role: 'assistant', content: null, tool_calls: [{ id: 'c1', type: 'function', function: { name: 'lookup', arguments: '{"id":9007199254740993}' } }] }; // prettier-ignore
      const answer = { role: 'assistant', reasoning_content: 'Let me think.', content: '{"answer":"a weft","sure":0.9}' }; // prettier-ignore
      await stack.send(project, [
        completed(project, id, {
          op_name: '"openai.chat.completions.create"',
          inputs: JSON.stringify({ model: 'gpt-4o', temperature: 0.2, messages: [ask, tool, { role: 'tool', tool_call_id: 'c1', content: '{"rows":[1]}' }] }),
          output: JSON.stringify({ choices: [{ index: 0, finish_reason: 'stop', message: answer }] }),
          summary: '{"usage":{"gpt-4o-2024-08-06":{"requests":1,"prompt_tokens":1200,"completion_tokens":80},"ours":{"prompt_tokens":1}}}',
        }),
      ]); // prettier-ignore
      const page = await open(project, id);
      const chat = page.locator('.call-chat');
      await chat.getByText('temperature 0.2').waitFor();
      await eventually(async () => (await page.evaluate(PICTURE_WIDTH)) === 10);
      expect(await chat.getByRole('img').count()).toBe(1);
      expect(await chat.getByRole('link', { name: 'https://example.com/a.png' }).count()).toBe(1);
      expect(await chat.locator('a[href^="javascript"]').count()).toBe(0);
      await chat.getByText('9007199254740993').waitFor();
      await chat.getByRole('treeitem', { name: '"sure"' }).waitFor();
      expect(await chat.getByText('Let me think.').count()).toBe(0);
      await chat.getByRole('button', { name: 'Thinking' }).click();
      await chat.getByText('Let me think.').waitFor();
      await page.getByRole('link', { name: 'Usage', exact: true }).click();
      await page.getByText('list price of openai').waitFor();
      await page.getByText('1 model has no price', { exact: false }).waitFor();
      await eventually(async () => (await page.getByRole('table').count()) === 3);
      expect(await page.evaluate('globalThis.hacked')).toBeUndefined();
      await page.close();
    }, 60_000);

    it('plays what was said to a model', async () => {
      const [project, id] = ['web/call-audio', newCallId()];
      const content = [
        { type: 'text', text: 'Listen:' },
        { type: 'input_audio', input_audio: { data: wav(800).toString('base64'), format: 'wav' } },
      ];
      await stack.send(project, [
        completed(project, id, {
          op_name: '"openai.chat.completions.create"',
          inputs: JSON.stringify({ model: 'gpt-4o-audio', messages: [{ role: 'user', content }] }),
          output: JSON.stringify({ choices: [{ index: 0, message: { role: 'assistant', content: 'Silence.' } }] }),
        }),
      ]);
      const page = await open(project, id);
      await page.locator('.call-chat audio').waitFor();
      const duration = "document.querySelector('.call-chat audio').duration";
      await eventually(async () => Math.abs(((await page.evaluate(duration)) as number) - 0.1) < 0.01);
      await isClean(page);
      await page.close();
    }, 60_000); // prettier-ignore

    it('shows Markdown as what it means, or as it stands', async () => {
      const [project, id] = ['web/call-markdown', newCallId()];
      const text = `# Plan\n\n- **first**\n- [x] second\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n\`\`\`js\nlet x = '${EVIL}';\n\`\`\`\n\n${EVIL}\n\n[bad](javascript:alert(1)) [good](https://example.com/d) ![shot](https://example.com/p.png)`;
      const answer = { role: 'assistant', content: text };
      await stack.send(project, [
        completed(project, id, {
          op_name: '"openai.chat.completions.create"',
          inputs: JSON.stringify({ model: 'gpt-4o', messages: [{ role: 'user', content: 'A plan?' }] }),
          output: JSON.stringify({ choices: [{ index: 0, finish_reason: 'stop', message: answer }] }),
        }),
      ]);
      const page = await open(project, id);
      const chat = page.locator('.call-chat');
      await chat.getByRole('heading', { name: 'Plan', exact: true }).waitFor();
      expect(await chat.locator('li strong').innerText()).toBe('first');
      expect(await chat.locator('.task-list-item').innerText()).toBe('☑ second');
      expect(await chat.getByRole('cell', { name: '2', exact: true }).count()).toBe(1);
      await chat.locator('pre code').getByText('globalThis.hacked = 1').waitFor();
      // Pictures of others are links: nobody is told who reads.
      expect(
        await page.evaluate("[...document.querySelectorAll('.markdown a')].map(({ href }) => href)"),
      ).toEqual(['https://example.com/d', 'https://example.com/p.png']);
      expect(await chat.getByRole('img').count()).toBe(0);
      await isClean(page);
      await chat.getByRole('button', { name: 'As text', exact: true }).click();
      await chat.getByText('| a | b |').waitFor();
      await page.reload();
      await chat.getByText('| a | b |').waitFor();
      await chat.getByRole('button', { name: 'As Markdown', exact: true }).click();
      await chat.getByRole('heading', { name: 'Plan', exact: true }).waitFor();
      expect(await page.evaluate('globalThis.hacked')).toBeUndefined();
      await page.close();
    }, 60_000); // prettier-ignore

    it('shows the span behind a call, and leads to spans that it links to', async () => {
      const project = 'web/call-otel';
      const [trace, other] = ['5b8efff798038103d269b633813fc60c', '6c8efff798038103d269b633813fc60d'];
      const attribute = (key: string, stringValue: string) => ({ key, value: { stringValue } });
      const span = (traceId: string, spanId: string, more: object) => ({ traceId, spanId, name: 'chat gpt-4o', kind: 3, startTimeUnixNano: '1795234072594000000', endTimeUnixNano: '1795234072671278981', ...more }); // prettier-ignore
      const messages = (text: string) => JSON.stringify([{ role: 'user', parts: [{ type: 'text', content: text }] }]); // prettier-ignore
      const spans = [
        span(other, 'aaaaaaaaaaaaaaa1', {}),
        span(trace, 'aaaaaaaaaaaaaaa2', {
          attributes: [attribute('gen_ai.operation.name', 'chat'), attribute('gen_ai.input.messages', messages('hello span')), attribute('evil', EVIL)],
          links: [{ traceId: other, spanId: 'aaaaaaaaaaaaaaa1', attributes: [attribute('why', 'retry')] }, { traceId: other, spanId: 'aaaaaaaaaaaaaaa9' }],
          events: [{ timeUnixNano: '1795234072600000000', name: 'first token', attributes: [] }],
          status: { code: 2, message: 'it broke' },
        }),
      ]; // prettier-ignore
      const resource = { attributes: [attribute('service.name', 'loom')] };
      const body = { resourceSpans: [{ resource, scopeSpans: [{ scope: { name: 'weaver', version: '1' }, spans }] }] }; // prettier-ignore
      const res = await fetch(`${stack.server.url}/otel/v1/traces`, {
        method: 'POST',
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json', project_id: project },
      });
      expect(res.status).toBe(200);
      const page = await open(project, 'aaaaaaaaaaaaaaa2');
      await page.locator('.call-chat').getByText('hello span').waitFor();
      await page.getByRole('link', { name: 'OTel', exact: true }).click();
      await page.getByText('ERROR: it broke').waitFor();
      await page.getByText('weaver 1', { exact: true }).waitFor();
      await page.getByText('"first token"').waitFor();
      await page.getByText('not stored here').waitFor();
      await isClean(page);
      await page.getByRole('link', { name: `${other} / aaaaaaaaaaaaaaa1` }).click();
      await page.waitForURL('**/aaaaaaaaaaaaaaa1');
      await page.close();
    }, 60_000);

    it('runs nothing of hostile values, wherever they stand', async () => {
      const [project, id] = ['web/call-evil', newCallId()];
      const evil = JSON.stringify(EVIL);
      const refs =
        '"weave:///web/call-evil/object/%zz:1","weave:///a/b/call/<x>","weave://///","javascript:alert(1)"';
      const media = `{"_type":"CustomWeaveType","weave_type":{"type":"PIL.Image.Image"},"files":{"image.png":"../../../x","a.png":"${'A'.repeat(43)}"}}`;
      await stack.send(project, [
        completed(project, id, {
          op_name: JSON.stringify(EVIL.slice(0, 120)),
          display_name: evil,
          thread_id: evil,
          inputs: `{${evil}:${evil},"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":2}},"refs":[${refs}],"picture":${media},"messages":[{"role":${evil},"content":${evil}}]}`,
          output: `{"choices":[{"finish_reason":${evil},"message":{"role":"assistant","content":${evil},"tool_calls":[{"id":${evil},"type":"function","function":{"name":${evil},"arguments":${evil}}}]}}]}`,
          exception: evil,
          attributes: `{"weave":{"source":${evil}},"kind":${evil},"otel_span":${evil}}`,
          summary: `{"usage":{${evil}:{"prompt_tokens":${evil}},"__proto__":{"prompt_tokens":3}},"weave":{"costs":${evil}}}`,
          wb_user_id: evil,
        }),
      ]); // prettier-ignore
      const feedback = [{ feedback_type: EVIL, payload: { [EVIL]: EVIL } }, { feedback_type: 'otel.evaluation', payload: { name: EVIL, score: EVIL, explanation: EVIL } }]; // prettier-ignore
      for (const each of feedback) {
        const about = { project_id: project, weave_ref: `weave:///${project}/call/${id}`, ...each };
        const res = await fetch(`${stack.server.url}/feedback/create`, { method: 'POST', body: JSON.stringify(about) }); // prettier-ignore
        expect(res.status).toBe(200);
      }
      const page = await open(project, id);
      for (const tab of ['Chat', 'Call', 'Feedback', 'Scores', 'Usage', 'Code', 'Use', 'Compare']) {
        await page.getByRole('navigation', { name: 'Of the call' }).getByRole('link', { name: tab }).click();
        await page.locator(`.tabs [aria-current]`, { hasText: tab }).waitFor();
        await hasLoaded(page);
        expect(await page.getByText('Something went wrong').count()).toBe(0);
        expect(await page.evaluate('[globalThis.hacked, ({}).polluted]')).toEqual([undefined, undefined]);
        expect(await page.locator('a[href^="javascript"]').count()).toBe(0);
        expect(await obstaclesOf(page)).toEqual([]);
      }
      await page.close();
    }, 90_000);

    it('shows what is very large or very deep without stopping', async () => {
      const [project, id] = ['web/call-large', newCallId()];
      const deep = `${'{"a":['.repeat(150)}"the bottom"${']}'.repeat(150)}`;
      const rows = Array.from({ length: 20_000 }, (_, i) => `{"row":${i}}`).join(',');
      await stack.send(project, [
        completed(project, id, {
          inputs: `{"text":"${'word '.repeat(LARGE_CHARS / 5)}the end","small":1}`,
          output: `{"deep":${deep},"rows":[${rows}]}`,
        }),
      ]);
      const page = await open(project, id);
      await page.getByText('What is above is only a part of 5.5 MB').waitFor();
      await page.getByRole('button', { name: 'Load all 5.5 MB' }).click();
      await page.getByText('5,499,407 more characters').waitFor();
      const begun = Date.now();
      await page.getByLabel('Search in Inputs').fill('THE END');
      await page.locator('mark', { hasText: 'the end' }).waitFor();
      expect(Date.now() - begun).toBeLessThan(3000);
      const download = page.waitForEvent('download');
      await page.getByRole('button', { name: 'Download Inputs' }).click();
      expect((await download).suggestedFilename()).toBe('inputs.json');

      await page.getByLabel('Search in Output').fill('the bottom');
      await page.locator('mark', { hasText: 'the bottom' }).waitFor();
      await page.getByText(`output.deep${'.a.0'.repeat(150)}`.slice(0, 200), { exact: false }).waitFor();
      await page.getByLabel('Search in Output').fill('19998');
      await page.getByText('output.rows.19998', { exact: true }).waitFor();
      await page.getByRole('button', { name: 'Next', exact: true }).click();
      await page.getByText('output.rows.19998.row', { exact: true }).waitFor();
      // As keyboards do it.
      const tree = page.getByRole('tree', { name: 'Output' });
      await tree.focus();
      await page.keyboard.press('ArrowLeft');
      await page.getByText('output.rows.19998', { exact: true }).waitFor();
      await page.keyboard.press('Home');
      await page.getByText('output.deep', { exact: true }).waitFor();
      await page.keyboard.press('ArrowLeft');
      expect(await tree.getByRole('treeitem').first().getAttribute('aria-expanded')).toBe('false');
      await page.close();
    }, 90_000);

    it.each([
      [390, true],
      [1280, false],
    ])(
      'fits %d pixels',
      async (width, dark) => {
        const page = await stack.open('/web/call-chat/weave/traces?all=true', { width, dark });
        await page.locator('a[href*="/weave/calls/"]').first().click();
        const tabs = page.getByRole('navigation', { name: 'Of the call' });
        for (const tab of ['Chat', 'Call', 'Feedback', 'Scores', 'Usage', 'Code', 'Use', 'Compare']) {
          await tabs.getByRole('link', { name: tab, exact: true }).click();
          await tabs.locator('[aria-current]', { hasText: tab }).waitFor();
          await hasLoaded(page);
          await isClean(page);
        }
        await page.close();
      },
      120_000,
    );

    it('complains of nothing', () => {
      expect(stack.complaints).toEqual([]);
    });
  });
});

function image(url: string) {
  return { type: 'image_url', image_url: { url } };
}

/** Silence at 8 kHz, a byte a sample. */
function wav(samples: number): Buffer {
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + samples, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(8000, 24);
  head.writeUInt32LE(8000, 28);
  head.writeUInt16LE(1, 32);
  head.writeUInt16LE(8, 34);
  head.write('data', 36);
  head.writeUInt32LE(samples, 40);
  return Buffer.concat([head, Buffer.alloc(samples, 128)]);
}
