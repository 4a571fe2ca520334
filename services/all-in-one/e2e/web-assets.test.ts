import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, requireBackend } from '@weft/testkit';
import { runProgram } from './program.ts';
import { cleanUp } from './server-process.ts';
import { baseUrl, type Stack } from './stack.ts';
import { obstaclesOf, startWebStack, type Page, type WebStack } from './web-stack.ts';

/** Datasets, prompts, models, scorers and ops in a real browser, as the SDKs publish them and read them back. */

const EVIL =
  '</td><script>globalThis.hacked = 1</script><img src=x onerror="globalThis.hacked = 2">\u202e=cmd()';

type Refs = Record<
  'dataset' | 'string' | 'messages' | 'scorer' | 'model' | 'warmer' | 'shout2' | 'settings',
  string
>;
const digestOf = (ref: string) => ref.split(':').at(-1)!;

// A running stack has its own.
const here = baseUrl === undefined ? describe : describe.skip;

here('pages', () => {
  requireBackend('python', describe)('of what SDKs publish', () => {
    requireBackend('browser', describe)('of assets', () => {
      const project = 'web/assets';
      let stack: WebStack;
      let refs: Refs;

      beforeAll(async () => {
        stack = await startWebStack();
        refs = await runProgram<Refs>(sdks(), 'assets.py', project);
      }, 150_000);
      afterAll(async () => {
        await stack?.close();
        await cleanUp();
      });

      const sdks = () => ({ url: stack.server.url }) as Stack;
      const pathOf = (name: string, version: string, rest = '', of = project) =>
        `/${of}/weave/objects/${name}/versions/${version}${rest}`;
      const listPath = (kind: string, of = project) => `/${of}/weave/assets?kind=${kind}`;
      async function post<T>(path: string, body: object): Promise<T> {
        const res = await fetch(stack.server.url + path, { method: 'POST', body: JSON.stringify(body) });
        if (res.status !== 200) throw new Error(`${path}: ${res.status} ${await res.text()}`);
        return (await res.json()) as T;
      }
      /** A dataset as the SDKs send one. */
      async function sendDataset(of: string, name: string, rows: readonly object[]): Promise<void> {
        const { digest } = await post<{ digest: string }>('/table/create', {
          table: { project_id: of, rows },
        });
        const val = { _type: 'Dataset', _class_name: 'Dataset', _bases: ['Object', 'BaseModel'], name, description: null, rows: `weave:///${of}/table/${digest}` }; // prettier-ignore
        await post('/obj/create', { obj: { project_id: of, object_id: name, val } });
      }
      const readVal = async <T = Record<string, unknown>>(name: string, of = project) =>
        (
          await post<{ obj: { val: T; version_index: number } }>('/obj/read', {
            project_id: of,
            object_id: name,
            digest: 'latest',
          })
        ).obj;
      const save = (page: Page) => page.getByRole('button', { name: 'Save as a new version' }).click();

      it('lists each kind with its latest versions, and finds by name', async () => {
      const page = await stack.open(`/${project}/weave/assets`);
      await page.getByRole('link', { name: 'Pictures', exact: true }).waitFor();
      for (const [tab, name] of [['Prompts', 'chatty'], ['Models', 'Answerer'], ['Scorers', 'short'], ['Ops', 'shout'], ['Other', 'settings']] as const) {
        await page.getByRole('link', { name: tab, exact: true }).click();
        await page.getByRole('link', { name, exact: true }).waitFor();
        expect(new URL(page.url()).searchParams.get('kind')).toBe(tab.toLowerCase());
      }
      await page.goto(stack.server.url + listPath('ops'));
      const rows = page.locator('.assets-list tbody tr');
      await rows.first().waitFor();
      await page.getByLabel('Search by name').fill('shou');
      await eventually(async () => (await rows.count()) === 1);
      expect(await rows.innerText()).toMatch(/shout\s+op\s+v1/);
      await page.reload();
      await rows.first().waitFor();
      expect(await rows.count()).toBe(1);
      await page.close();
    }, 60_000); // prettier-ignore

      it('teaches what is not there yet, in both languages', async () => {
        const page = await stack.open(listPath('datasets', 'web/none'));
        for (const tab of ['Datasets', 'Prompts', 'Models', 'Scorers', 'Ops', 'Other']) {
          await page.getByRole('link', { name: tab, exact: true }).click();
          await page.getByRole('heading', { name: 'Python', exact: true }).waitFor();
          await page.getByRole('heading', { name: 'TypeScript', exact: true }).waitFor();
          expect(await page.locator('.assets-teach').innerText()).toContain("weave.init('web/none')");
        }
        await page.close();
      });

      it('edits a dataset into a version that Python reads exactly', async () => {
      const page = await stack.open(pathOf('Pictures', 'latest'));
      const image = page.locator('.rows img').first();
      await image.waitFor();
      await eventually(() => page.evaluate("document.querySelector('.rows img')?.naturalWidth === 24"));
      // Every digit, and what is a float.
      await page.getByText('9007199254740993').waitFor();
      await page.getByRole('button', { name: 'Edit', exact: true }).click();
      await page.getByRole('button', { name: 'Edit question: What is 0 + 0?' }).click();
      await page.getByLabel('Value of question', { exact: true }).fill(EVIL);
      await page.getByRole('button', { name: 'Keep', exact: true }).click();
      await page.getByRole('button', { name: 'Edit answer: 9007199254740993' }).click();
      await page.getByLabel('Value of answer', { exact: true }).fill('9007199254740995');
      await page.getByRole('button', { name: 'Keep', exact: true }).click();
      await page.getByRole('button', { name: 'Remove row 2' }).click();
      await page.getByRole('button', { name: 'Add rows' }).click();
      await page.getByLabel('or the same, pasted').fill('id,answer,score\n"new ""one""",7,2.0\n');
      await page.getByRole('button', { name: 'Add 1 row' }).click();
      await page.getByText('4 rows differ from v0').waitFor();
      await save(page);
      await page.getByRole('button', { name: /v1 \(latest\)/ }).waitFor();
      expect(await page.evaluate('globalThis.hacked')).toBeUndefined();
      const digest = new URL(page.url()).pathname.split('/').at(-1)!;
      const read = await runProgram<{ rows: unknown[] }>(sdks(), 'assets.py', project, `weave:///${project}/object/Pictures:${digest}`);
      const picture = (i: number) => ({ picture: [24 + i, 18], pixel: [i * 60, 90, 200].map((n) => n) });
      expect(read.rows).toEqual([
        { id: 'r0', question: EVIL, answer: { int: '0' }, score: { float: '0.0' }, image: picture(0) },
        { id: 'r2', question: 'What is 2 + 2?', answer: { int: '4' }, score: { float: '2.0' }, image: picture(2) },
        { id: 'r3', question: 'What is 3 + 3?', answer: { int: '9007199254740995' }, score: { float: '3.0' }, image: picture(3), nested: { tags: ['a', 'b'], weight: { float: '1.0' } } },
        { id: 'new "one"', answer: { int: '7' }, score: { float: '2.0' } },
      ]);
      // And the old one is as it was.
      const old = await runProgram<{ rows: unknown[] }>(sdks(), 'assets.py', project, refs.dataset);
      expect(old.rows).toHaveLength(4);
      await page.getByRole('link', { name: 'Compare versions' }).click();
      await page.getByText('2 changed, 1 added, 1 removed, 1 the same').waitFor();
      expect(await page.locator('.diff-table').first().innerText()).toContain('9007199254740993');
      await page.close();
    }, 120_000); // prettier-ignore

      it('shows hostile rows and columns and runs none of them', async () => {
      const of = 'web/evil-rows';
      const rows = [{ [EVIL]: EVIL, html: { deep: [EVIL] }, 'a.b': 1 }, JSON.parse(`{"__proto__":"polluted?","constructor":${JSON.stringify(EVIL)}}`) as object];
      await sendDataset(of, 'evil', rows);
      const page = await stack.open(pathOf('evil', 'latest', '', of));
      await page.getByText('polluted?').waitFor();
      await page.getByRole('button', { name: 'Open row 1' }).click();
      await page.locator('dialog').getByText('onerror').first().waitFor();
      await page.keyboard.press('Escape');
      await page.getByRole('button', { name: 'Edit', exact: true }).click();
      await page.getByRole('button', { name: 'Edit __proto__: polluted?' }).click();
      await page.getByLabel('Value of __proto__').fill('no');
      await page.getByRole('button', { name: 'Keep', exact: true }).click();
      await save(page);
      await page.getByRole('button', { name: /v1 \(latest\)/ }).waitFor();
      const { rows: table } = (await readVal<{ rows: string }>('evil', of)).val;
      const stored = await fetch(`${stack.server.url}/table/query`, { method: 'POST', body: JSON.stringify({ project_id: of, digest: table.split('/').at(-1) }) });
      expect(await stored.text()).toContain(`"val":{"__proto__":"no","constructor":${JSON.stringify(EVIL)}}`);
      expect(await page.evaluate('[globalThis.hacked, ({}).polluted, document.scripts.length]')).toEqual([undefined, undefined, 1]);
      await page.close();
    }, 60_000); // prettier-ignore

      it('reads long datasets as they are looked at, sorts them and finds rows', async () => {
        const of = 'web/long-rows';
        const length = 3000;
        await sendDataset(
          of,
          'long',
          Array.from({ length }, (_, i) => ({ number: (i * 7) % length, text: `n${i}n` })),
        );
        const page = await stack.open(pathOf('long', 'v0', '', of));
        await page.getByText('3,000 rows.').waitFor();
        expect(await page.locator('.rows-line').count()).toBeLessThan(80);
        await page.evaluate("document.querySelector('.rows').scrollTo(0, 1e9)");
        await page.getByText('n2999n').waitFor();
        await page.getByRole('button', { name: 'number', exact: true }).click();
        await page.evaluate("document.querySelector('.rows').scrollTo(0, 0)");
        await eventually(async () => /\b0\b/.test(await page.locator('.rows-line').first().innerText()));
        await page.getByRole('button', { name: 'number', exact: true }).click();
        await eventually(async () => (await page.locator('.rows-line').first().innerText()).includes('2999'));
        expect(new URL(page.url()).searchParams.get('sort')).toBe('desc:number');
        await page.getByLabel('Find rows that hold a text', { exact: true }).fill('n1234n');
        await page.getByText('1 row found.').waitFor();
        expect(await page.locator('.rows-line').innerText()).toContain('1235');
        await page.reload();
        await page.getByText('1 row found.').waitFor();
        await page.close();
      }, 60_000);

      it('makes a dataset of a file, and gives it back as files', async () => {
      const page = await stack.open(listPath('datasets', 'web/files'));
      await page.getByRole('button', { name: 'New dataset' }).click();
      await page.getByLabel('Name', { exact: true }).fill('from-file');
      const csv = 'name;count;code;ok\r\n"Ada;\r\nL.";1.0;007;true\r\n=1+1;2;008;false\r\n';
      await page.getByLabel('A CSV, JSONL or JSON file').setInputFiles({ name: 'rows.csv', mimeType: 'text/csv', buffer: Buffer.from(csv) });
      await page.getByText('2 rows').waitFor();
      await page.getByRole('button', { name: 'Publish', exact: true }).click();
      await page.getByRole('button', { name: /v0 \(latest\)/ }).waitFor();
      const file = async (format: RegExp) => {
        await page.getByRole('button', { name: 'Export' }).click();
        const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('menuitem', { name: format }).click()]);
        return readFile(await download.path(), 'utf8');
      };
      await page.getByText('2 rows.').waitFor();
      expect(await file(/JSONL/)).toBe(
        '{"name":"Ada;\\r\\nL.","count":1.0,"code":"007","ok":true}\n{"name":"=1+1","count":2,"code":"008","ok":false}\n',
      );
      // No formula for whoever opens it in a spreadsheet.
      expect(await file(/CSV/)).toBe('name,count,code,ok\r\n"Ada;\r\nL.",1.0,007,true\r\n\'=1+1,2,008,false\r\n');
      await page.close();
    }, 60_000); // prettier-ignore

      it('tags, names and deletes versions', async () => {
        const digest = digestOf(refs.model);
        const page = await stack.open(pathOf('Answerer', digest));
        await page.getByRole('button', { name: '+ tag' }).click();
        await page.getByLabel('New tag', { exact: true }).fill('reviewed');
        await page.keyboard.press('Enter');
        await page.getByRole('button', { name: 'Remove the tag reviewed' }).waitFor();
        await page.getByRole('button', { name: '+ alias' }).click();
        await page.getByLabel('New alias', { exact: true }).fill('production');
        await page.keyboard.press('Enter');
        await page.getByRole('button', { name: 'Remove the alias production' }).waitFor();
        await page.goto(stack.server.url + pathOf('Answerer', 'production'));
        await page.getByRole('button', { name: /^v0/ }).waitFor();
        await page.getByRole('button', { name: 'Remove the tag reviewed' }).click();
        await page.getByText('reviewed').waitFor({ state: 'detached' });
        await page.getByRole('button', { name: '+ tag' }).click();
        await page.getByLabel('New tag', { exact: true }).fill('not/this one!');
        await page.keyboard.press('Enter');
        await page.getByRole('alert').waitFor();
        await page.getByRole('button', { name: 'Delete…' }).click();
        await page.getByRole('button', { name: 'Delete this version' }).click();
        await page.getByRole('link', { name: 'Answerer', exact: true }).waitFor();
        await page.goto(stack.server.url + pathOf('Answerer', digest));
        await page.getByRole('heading', { name: 'This version is deleted' }).waitFor();
        await page.goto(stack.server.url + pathOf('nobody', 'v0'));
        await page.getByRole('heading', { name: 'There is no such version' }).waitFor();
        await page.close();
      }, 60_000);

      it('leads from a model to its ops, their code, what has changed and their calls', async () => {
        const page = await stack.open(pathOf('Answerer', 'latest'));
        await page.getByRole('row', { name: /temperature 1\.0/ }).waitFor();
        await page.getByRole('link', { name: /^Answerer\.predict:/ }).click();
        await page.getByText('Called 2 times.').waitFor();
        await page.getByText('def predict(self, question: str) -> str:').waitFor();
        await page.goto(stack.server.url + `/${project}/weave/ops/shout/versions/${digestOf(refs.shout2)}`);
        await page.getByText('Called 2 times.').waitFor();
        await page.getByRole('button', { name: /^v0/ }).click();
        await page.getByRole('menuitem', { name: /v1/ }).click();
        await page.getByText('Called 3 times.').waitFor();
        await page.getByRole('link', { name: 'Compare versions' }).click();
        await page.getByText('+ "!"').waitFor();
        await page.getByRole('link', { name: 'Calls', exact: true }).click();
        await page.getByText('3 calls of this version').waitFor();
        await page.getByRole('link', { name: 'Show them in Traces' }).click();
        await page.locator('.row, tbody tr').filter({ hasText: 'shout' }).first().waitFor();
        await page.goto(stack.server.url + pathOf('brief', 'latest', '?tab=calls'));
        await page.getByText('1 call with this version among their inputs').waitFor();
        await page.close();
      }, 60_000);

      it('marks the variables of prompts and edits them into versions', async () => {
      const page = await stack.open(pathOf('chatty', 'latest'));
      await page.locator('.message mark', { hasText: '{mood}' }).waitFor();
      await page.getByRole('button', { name: 'Edit', exact: true }).click();
      await page.getByLabel('Message 1', { exact: true }).fill('You are {mood} and {size}.');
      await save(page);
      await page.getByRole('button', { name: /v1 \(latest\)/ }).waitFor();
      expect((await readVal('chatty')).val).toMatchObject({
        _class_name: 'MessagesPrompt',
        messages: [{ role: 'system', content: 'You are {mood} and {size}.' }, { role: 'user', content: '{question}' }],
      });
      await page.getByRole('link', { name: 'Compare versions' }).click();
      await page.getByText('and {size}').waitFor();
      await page.getByRole('link', { name: 'Use', exact: true }).click();
      await page.getByText('.get()').waitFor();
      await page.goto(stack.server.url + pathOf('brief', 'v0'));
      await page.getByText('Answer briefly:').waitFor();
      await page.getByRole('link', { name: 'Open in the playground' }).click();
      await eventually(async () => (await page.getByLabel('Message 1', { exact: true }).inputValue()) === 'Answer briefly: {question}');
      await page.close();
    }, 60_000); // prettier-ignore

      it('shows what the npm package publishes', async () => {
        const of = 'web/npm-assets';
        await runProgram(sdks(), 'objects.cjs', 'weave', of);
        const page = await stack.open(pathOf('sums', 'latest', '', of));
        await page.getByText('25 rows.').waitFor();
        await page.getByText('3+3').waitFor();
        await page.goto(stack.server.url + listPath('prompts', of));
        await page.getByRole('link', { name: 'greet', exact: true }).click();
        await page.locator('.message mark', { hasText: '{name}' }).waitFor();
        await page.goto(stack.server.url + pathOf('settings', 'latest', '?tab=diff', of));
        await page.getByText('"temperature": 0.5').waitFor();
        await page.close();
      }, 60_000);

      it.each([
      [390, true],
      [1280, false],
    ])('fits %d pixels and can be read', async (width, dark) => {
      const page = await stack.open(listPath('datasets'), { width, dark });
      const look = async (path: string, seen: string) => {
        await page.goto(stack.server.url + path);
        await page.locator(seen).first().waitFor();
        expect([path, await obstaclesOf(page)]).toEqual([path, []]);
      };
      await look(listPath('ops'), '.assets-list a');
      await look(listPath('models', 'web/none'), '.assets-teach');
      await look(pathOf('Pictures', 'latest'), '.rows-line img');
      await page.getByRole('button', { name: 'Edit', exact: true }).click();
      await page.locator('.rows-cell').first().click();
      expect(await obstaclesOf(page)).toEqual([]);
      await look(pathOf('Pictures', 'latest', '?tab=diff'), '.diff-table, .note');
      await look(pathOf('chatty', 'latest'), '.message');
      await look(pathOf('Answerer', 'latest'), '.object-fields');
      await look(pathOf('shout', 'latest'), '.editor');
      await look(pathOf('shout', 'latest', '?tab=calls'), '.object-calls');
      await look(pathOf('shout', 'latest', '?tab=use'), '.assets-two');
      await page.close();
    }, 60_000); // prettier-ignore

      it('complains of nothing', () => {
        expect(stack.complaints).toEqual([]);
      });
    });
  });
});
