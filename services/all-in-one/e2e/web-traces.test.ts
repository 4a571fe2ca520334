import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, requireBackend } from '@weft/testkit';
import { completed, newCallId, started, ended } from './calls.ts';
import { cleanUp } from './server-process.ts';
import { baseUrl } from './stack.ts';
import { obstaclesOf, startWebStack, type Page, type WebStack } from './web-stack.ts';

/** The list of traces: what is shown of what, what comes in meanwhile, and what is done with it. */

// A running stack has its own.
const here = baseUrl === undefined ? describe : describe.skip;
const project = 'web/traces';
const path = `/${project}/weave/traces`;

here('pages', () => {
  requireBackend('browser', describe)('the list of traces', () => {
    let stack: WebStack;

    const post = async <T>(route: string, body: object): Promise<T> => {
      const res = await fetch(stack.server.url + route, { method: 'POST', body: JSON.stringify(body) });
      if (res.status !== 200) throw new Error(`${route}: ${res.status} ${await res.text()}`);
      return (await res.json()) as T;
    };
    const rows = (page: Page) => page.locator('a.row');
    const open = async (search = '') => {
      const page = await stack.open(path + search);
      await rows(page).first().waitFor();
      return page;
    };
    const count = (page: Page, wanted: number) =>
      eventually(async () => (await rows(page).count()) === wanted);
    const search = (members: object) =>
      `?${Object.entries(members).map(([name, value]) => `${name}=${encodeURIComponent(JSON.stringify(value))}`).join('&')}`; // prettier-ignore

    beforeAll(async () => {
      stack = await startWebStack();
      const at = (i: number, ms = 0) =>
        JSON.stringify(new Date(Date.now() - 3_600_000 - i * 60_000 + ms).toISOString());
      await stack.send(
        project,
        Array.from({ length: 12 }, (_, i) =>
          completed(project, newCallId(), {
            op_name: JSON.stringify(`weave:///${project}/op/${i % 3 === 0 ? 'classify' : 'answer'}:v${i % 2}`),
            started_at: at(i),
            ended_at: at(i, 100 * (i + 1)),
            trace_id: `"${newCallId()}"`,
            inputs: JSON.stringify({ question: `what is ${i}?`, tier: i < 4 ? 'pro' : 'free', big: 'BIG' }).replace('"BIG"', '9007199254740993'),
            output: JSON.stringify({ score: i / 10, text: i === 5 ? '=1+1' : 'fine' }),
            summary: `{"usage":{"gpt-4.1":{"prompt_tokens":${i},"completion_tokens":1}}}`,
          }),
        ),
      ); // prettier-ignore
    }, 120_000);
    afterAll(async () => {
      await stack?.close();
      await cleanUp();
    });

    it('filters by what it suggests, with the keyboard, and keeps that in the address', async () => {
      const page = await open();
      await page.getByRole('button', { name: '+ Filter' }).click();
      await page.getByRole('combobox', { name: 'Field', exact: true }).pressSequentially('inputs.ti');
      await page.getByRole('option', { name: /inputs\.tier/ }).waitFor();
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Enter');
      await page.getByRole('combobox', { name: 'Value', exact: true }).focus();
      await page.getByRole('option', { name: /^pro\s*4$/ }).waitFor();
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Enter');
      await count(page, 4);
      expect(new URL(page.url()).searchParams.get('filters')).toBe('[["inputs.tier","=","pro"]]');
      await page.reload();
      await count(page, 4);
      await page.getByRole('button', { name: 'Take away the filter on inputs.tier' }).click();
      await count(page, 12);
      // An op by its name, whatever its version.
      await page.getByRole('combobox', { name: 'Op', exact: true }).click();
      await page.getByRole('option', { name: /^classify\s*4$/ }).click();
      await count(page, 4);
      await page.close();
    }, 60_000);

    it('says what is wrong with a filter', async () => {
      const page = await open();
      await page.getByRole('button', { name: '+ Filter' }).click();
      await page.getByRole('combobox', { name: 'Field', exact: true }).fill('latency_ms');
      await page.getByRole('combobox', { name: 'Value', exact: true }).fill('slow');
      await page.getByRole('button', { name: 'Apply', exact: true }).click();
      await page.getByRole('alert').getByText('“slow” is not a number').waitFor();
      await page.getByRole('combobox', { name: 'Value', exact: true }).fill('1000');
      await page.getByRole('button', { name: 'Apply', exact: true }).click();
      await count(page, 2);
      await page.close();
    }, 60_000);

    it('filters by time, in the zone of the viewer', async () => {
      const page = await open();
      await page.getByLabel('Time', { exact: true }).selectOption('1h');
      await page.getByText('No trace matches').waitFor();
      await page.getByLabel('Time', { exact: true }).selectOption('1d');
      await count(page, 12);
      await page.getByLabel('Time', { exact: true }).selectOption('choose');
      await page.getByLabel('From', { exact: true }).fill('2030-01-01T00:00');
      await page.getByLabel('To', { exact: true }).fill('2029-01-01T00:00');
      await page.getByRole('button', { name: 'Show', exact: true }).click();
      await page.getByRole('alert').waitFor();
      await page.getByLabel('From', { exact: true }).fill('2020-01-01T00:00');
      await page.getByRole('button', { name: 'Show', exact: true }).click();
      await count(page, 12);
      await page.close();
    }, 60_000);

    it('shows the columns that somebody chose, and sorts by them', async () => {
      const page = await open();
      await page.getByRole('button', { name: 'Columns' }).click();
      await page.getByLabel('Find a column', { exact: true }).fill('score');
      await page.getByRole('button', { name: 'Show output.score' }).click();
      await page.getByLabel('Find a column', { exact: true }).fill('tokens');
      await page.getByRole('button', { name: 'Show Tokens' }).click();
      await page.getByRole('button', { name: 'Hide Inputs' }).click();
      await page.getByRole('button', { name: 'Move Tokens to the left' }).click();
      await page.getByRole('button', { name: 'Done', exact: true }).click();
      await page.getByRole('button', { name: 'Sort by output.score' }).click();
      await eventually(async () => (await rows(page).first().innerText()).includes('1.1'));
      await page.getByRole('button', { name: /Sort by output.score, now highest first/ }).click();
      await eventually(async () => (await rows(page).nth(1).innerText()).includes('0.1'));
      expect(JSON.parse(new URL(page.url()).searchParams.get('cols')!)).toEqual([
        'started_at', 'name', 'output', 'status', 'latency', 'tokens', 'output.score',
      ]); // prettier-ignore
      await page.close();
    }, 60_000);

    it('shows calls as they start and end, and holds them back from who has scrolled or paused', async () => {
      const live = 'web/live';
      await stack.send(live, Array.from({ length: 60 }, (_, i) => completed(live, newCallId(), { trace_id: `"${newCallId()}"`, op_name: `"old ${i}"` }))); // prettier-ignore
      const page = await stack.open(`/${live}/weave/traces`);
      await rows(page).first().waitFor();
      await page.getByRole('button', { name: 'Live', exact: true }).waitFor();
      const now = () => JSON.stringify(new Date().toISOString());
      const begin = async (name: string) => {
        const id = newCallId();
        const start = JSON.parse(
          started(live, id, { started_at: now(), op_name: JSON.stringify(name) }),
        ) as object;
        await post('/call/start', { start });
        return id;
      };
      const id = await begin('new one');
      const sentAt = Date.now();
      await page.locator('a.row', { hasText: 'new one' }).getByText('running').waitFor();
      expect(Date.now() - sentAt).toBeLessThan(4000);
      await post('/call/end', { end: JSON.parse(ended(live, id, { ended_at: now() })) as object });
      await page.locator('a.row', { hasText: 'new one' }).getByText('ok').waitFor();
      await page.evaluate("document.querySelector('.list').scrollBy(0, 400)");
      await begin('held back');
      await page.getByRole('button', { name: '1 new' }).click();
      await page.locator('a.row', { hasText: 'held back' }).waitFor();
      await page.getByRole('button', { name: 'Live', exact: true }).click();
      await begin('while paused');
      await page.waitForTimeout(1500);
      expect(await page.locator('a.row', { hasText: 'while paused' }).count()).toBe(0);
      await page.getByRole('button', { name: 'Paused' }).click();
      await page.locator('a.row', { hasText: 'while paused' }).waitFor();
      await page.close();
    }, 60_000);

    it('adds chosen calls to a dataset, new and existing, with every digit', async () => {
      const page = await open(search({ filters: [['inputs.tier', '=', 'pro']] }));
      await count(page, 4);
      const boxes = page.getByRole('checkbox', { name: /^Choose (answer|classify)/ });
      await boxes.nth(0).click();
      await boxes.nth(2).click({ modifiers: ['Shift'] });
      await page.getByText('3 chosen').waitFor();
      await page.getByRole('button', { name: 'Add to dataset' }).click();
      await page.getByLabel('Name of the new one', { exact: true }).fill('picked');
      await page.getByRole('button', { name: 'Add 3 calls' }).click();
      await page.getByText('3 rows added').waitFor();
      await page.getByRole('button', { name: 'Close', exact: true }).last().click();
      // What it was done to is not chosen any more.
      await page.getByText('3 chosen').waitFor({ state: 'detached' });
      await boxes.nth(3).click();
      await page.getByRole('button', { name: 'Add to dataset' }).click();
      await page.getByLabel('Dataset', { exact: true }).selectOption('picked');
      await page.getByRole('button', { name: 'Add 1 call' }).click();
      await page.getByText('1 row added').waitFor();
      const { obj } = await post<{ obj: { val: { rows: string } } }>('/obj/read', { project_id: project, object_id: 'picked', digest: 'latest' }); // prettier-ignore
      const digest = obj.val.rows.split('/').at(-1)!;
      const res = await fetch(`${stack.server.url}/table/query`, { method: 'POST', body: JSON.stringify({ project_id: project, digest }) }); // prettier-ignore
      const text = await res.text();
      expect(text.match(/9007199254740993/g)).toHaveLength(4);
      const { rows: stored } = JSON.parse(text) as { rows: { val: { question: string; output: object } }[] };
      expect(stored.map(({ val }) => val.question)).toEqual([0, 1, 2, 3].map((i) => `what is ${i}?`));
      await page.close();
    }, 60_000);

    it('annotates chosen calls, and tells what could not be scored', async () => {
      const page = await open(search({ filters: [['output.score', '<', '0.2']] }));
      await count(page, 2);
      await page.getByRole('checkbox', { name: 'Choose all calls that are loaded' }).click();
      await page.getByRole('button', { name: 'Annotate', exact: true }).click();
      await page.getByLabel('Note', { exact: true }).fill('low score');
      await page.getByRole('button', { name: 'Bad', exact: true }).click();
      await page.getByRole('button', { name: 'Annotate 2 calls' }).click();
      await page.getByText('2 calls annotated').waitFor();
      const { result } = await post<{ result: { feedback_type: string }[] }>('/feedback/query', { project_id: project }); // prettier-ignore
      expect(result.map(({ feedback_type }) => feedback_type).sort()).toEqual([
        'wandb.note.1', 'wandb.note.1', 'wandb.reaction.1', 'wandb.reaction.1',
      ]); // prettier-ignore
      await page.getByRole('button', { name: 'Close', exact: true }).last().click();
      await page.goto(stack.server.url + path + search({ cols: ['name', 'feedback.[wandb.note.1].payload.note'], filters: [['feedback.[wandb.note.1].payload.note', 'contains', 'LOW']] })); // prettier-ignore
      await count(page, 2);
      expect(await rows(page).first().innerText()).toContain('low score');
      await page.getByRole('checkbox', { name: 'Choose all calls that are loaded' }).click();
      await page.getByRole('button', { name: 'Score', exact: true }).click();
      await page.getByText('This project has no scorers').waitFor();
      await page.close();
    }, 60_000);

    it('exports what is listed', async () => {
      const page = await open(search({ cols: ['name', 'output.text', 'tokens'], filters: [['output.score', '=', '0.5']] })); // prettier-ignore
      await count(page, 1);
      await page.getByRole('button', { name: 'Export' }).click();
      await page.getByText('1 calls, the newest first').waitFor();
      const download = page.waitForEvent('download');
      await page.getByRole('button', { name: 'Export' }).last().click();
      const file = await download;
      expect(file.suggestedFilename()).toBe('web-traces-calls.csv');
      const [head, line] = (await readFile(await file.path(), 'utf8')).split('\r\n');
      expect(head).toBe('id,summary.weave.trace_name,output.text,tokens');
      expect(line).toMatch(/,answer,'=1\+1,6$/);
      await page.getByText('Saved:').waitFor();
      await page.close();
    }, 60_000);

    it('saves a view, opens it as it was, renames and deletes it', async () => {
      const page = await open(search({ filters: [['inputs.tier', '=', 'pro'], ['latency_ms', '>', '150']], cols: ['name', 'inputs.tier', 'latency'], sort: '-summary.weave.latency_ms', status: 'success' })); // prettier-ignore
      await count(page, 3);
      const shown = () => {
        const params = new URL(page.url()).searchParams;
        return ['filters', 'cols', 'sort', 'status', 'query'].map((name) =>
          params.get(name)?.replace(/^"|"$/g, ''),
        );
      };
      const before = shown();
      const choose = async (item: string) => {
        await page.getByRole('button', { name: /▾/ }).click();
        await page.getByRole('menuitem', { name: item }).click();
      };
      await choose('Save as a new view…');
      await page.getByLabel('Name', { exact: true }).fill('Slow pros');
      await page.getByRole('button', { name: 'Save', exact: true }).click();
      await page.getByRole('button', { name: 'Slow pros' }).waitFor();
      const { objs } = await post<{ objs: { val: { _class_name: string; definition: object } }[] }>('/objs/query', { project_id: project, filter: { base_object_classes: ['SavedView'] } }); // prettier-ignore
      expect(objs[0]!.val).toMatchObject({
        _class_name: 'SavedView',
        view_type: 'traces',
        label: 'Slow pros',
      });
      await page.goto(stack.server.url + path);
      await count(page, 12);
      await choose('Slow pros');
      await count(page, 3);
      expect(shown()).toEqual(before);
      await choose('Rename…');
      await page.getByLabel('Name', { exact: true }).fill('Slowest');
      await page.getByRole('button', { name: 'Save', exact: true }).click();
      await page.getByRole('button', { name: 'Slowest' }).waitFor();
      await choose('Delete…');
      await page.getByRole('button', { name: 'Delete the view' }).click();
      await page.getByRole('button', { name: 'Views' }).waitFor();
      await page.close();
    }, 60_000);

    it('deletes chosen calls once it was asked to', async () => {
      const doomed = 'web/doomed';
      await stack.send(doomed, Array.from({ length: 3 }, (_, i) => completed(doomed, newCallId(), { trace_id: `"${newCallId()}"`, op_name: `"op ${i}"` }))); // prettier-ignore
      const page = await stack.open(`/${doomed}/weave/traces`);
      await count(page, 3);
      await page.getByRole('checkbox', { name: 'Choose op 1, success' }).click();
      await page.getByRole('button', { name: 'Delete', exact: true }).click();
      await page.getByRole('heading', { name: 'Delete 1 call?' }).waitFor();
      await page.getByRole('button', { name: 'Delete 1 call' }).click();
      await page.getByText('1 call deleted').waitFor();
      await page.getByRole('button', { name: 'Close', exact: true }).last().click();
      await count(page, 2);
      await page.close();
    }, 60_000);

    it('chooses all that match, also what is not loaded', async () => {
      const many = 'web/many';
      await stack.send(many, Array.from({ length: 230 }, (_, i) => completed(many, newCallId(), { trace_id: `"${newCallId()}"`, op_name: `"${i < 130 ? 'doomed' : 'kept'}"` }))); // prettier-ignore
      const page = await stack.open(`/${many}/weave/traces?op=doomed`);
      await rows(page).first().waitFor();
      await page.getByRole('checkbox', { name: 'Choose all calls that are loaded' }).click();
      await page.getByText('100 chosen').waitFor();
      await page.getByRole('button', { name: 'Choose all that match' }).click();
      await page.getByText('130 chosen').waitFor();
      expect(await page.getByRole('button', { name: 'Choose all that match' }).count()).toBe(0);
      await page.getByRole('button', { name: 'Delete', exact: true }).click();
      await page.getByRole('button', { name: 'Delete 130 calls' }).click();
      await page.getByText('130 calls deleted').waitFor();
      const { count: left } = await post<{ count: number }>('/calls/query_stats', { project_id: many });
      expect(left).toBe(100);
      await page.close();
    }, 60_000);

    it.each([
      [390, true],
      [1280, false],
    ])(
      'fits %d pixels',
      async (width, dark) => {
        const page = await stack.open(path + search({ filters: [['inputs.tier', '=', 'pro']] }), {
          width,
          dark,
        });
        await rows(page).first().waitFor();
        const isFine = async () => expect(await obstaclesOf(page)).toEqual([]);
        await isFine();
        await page.getByRole('checkbox', { name: 'Choose all calls that are loaded' }).click();
        await page.getByRole('button', { name: '+ Filter' }).click();
        await page.getByRole('option', { name: 'status', exact: true }).waitFor();
        await isFine();
        await page.keyboard.press('Escape');
        await page.keyboard.press('Escape');
        for (const name of ['Columns', 'Export', 'Add to dataset', 'Annotate']) {
          await page.getByRole('button', { name, exact: true }).click();
          await page.getByRole('dialog').waitFor();
          await isFine();
          await page.keyboard.press('Escape');
        }
        await page.close();
      },
      60_000,
    );

    it('complains of nothing', () => {
      expect(stack.complaints).toEqual([]);
    });
  });
});
