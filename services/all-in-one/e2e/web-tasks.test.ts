import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, requireBackend } from '@weft/testkit';
import { completed, newCallId } from './calls.ts';
import { runProgram } from './program.ts';
import { cleanUp } from './server-process.ts';
import { baseUrl, type Stack } from './stack.ts';
import { startWebStack, type Page, type WebStack } from './web-stack.ts';

/** What people come for, as one who has never been here would go about it: from the first page, by what can be read on it. */

const ENTITY = 'tasks';
const DAY_MS = 86_400_000;

interface Comparison {
  readonly runs: readonly [string, string];
  readonly worse: readonly number[];
}

// A running stack has its own.
const here = baseUrl === undefined ? describe : describe.skip;

here('tasks', () => {
  requireBackend('browser', describe)('in a browser', () => {
    let stack: WebStack;
    /** Said at the end: what each took, in seconds and steps. */
    const took: string[] = [];

    beforeAll(async () => {
      stack = await startWebStack({ WEAVE_ENABLE_ONLINE_EVAL: 'true' });
    }, 120_000);
    afterAll(async () => {
      console.log(took.join('\n'));
      await stack?.close();
      await cleanUp();
    });

    /** From the list of projects into one, then to a part of it. */
    async function enter(project: string, part: string): Promise<Page> {
      const page = await stack.open('/');
      await page
        .getByRole('link', { name: `${ENTITY}/${project}` })
        .first()
        .click();
      if (part !== 'Traces')
        await page.getByRole('navigation', { name: 'Project' }).getByRole('link', { name: part }).click();
      return page;
    }

    async function timed(task: string, work: () => Promise<Page>): Promise<void> {
      const startedAt = performance.now();
      const page = await work();
      took.push(`${task}: ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
      expect(stack.complaints).toEqual([]);
      await page.close();
    }

    const callOf = (project: string, atMs: number, ms: number, members: Record<string, string>) =>
      completed(`${ENTITY}/${project}`, newCallId(), {
        trace_id: `"${newCallId()}"`,
        started_at: JSON.stringify(new Date(atMs).toISOString()),
        ended_at: JSON.stringify(new Date(atMs + ms).toISOString()),
        ...members,
      });

    it('finds the slowest failing call of one op of yesterday', async () => {
      const yesterday = new Date(Date.now() - DAY_MS);
      const noon = Date.UTC(yesterday.getUTCFullYear(), yesterday.getUTCMonth(), yesterday.getUTCDate(), 12);
      const exception = (said: string) => ({ exception: JSON.stringify(said) });
      const op = (name: string) => ({ op_name: `"weave:///${ENTITY}/slow/op/${name}:v0"` });
      await stack.send(`${ENTITY}/slow`, [
        ...Array.from({ length: 40 }, (_, i) => callOf('slow', noon + i * 60_000, 5_000 + i, op('answer'))),
        ...Array.from({ length: 9 }, (_, i) =>
          callOf('slow', noon + i * 60_000, 1_000 + i, { ...op('answer'), ...exception(`Quick ${i}`) }),
        ),
        callOf('slow', noon + 7, 4_000, { ...op('answer'), ...exception('TimeoutError: the one') }),
        callOf('slow', noon + 8, 9_000, { ...op('other'), ...exception('of another op') }),
        callOf('slow', Date.now(), 8_000, { ...op('answer'), ...exception('of today') }),
        callOf('slow', noon - 2 * DAY_MS, 8_500, { ...op('answer'), ...exception('of the day before') }),
      ]);
      await timed("yesterday's slowest failing call of one op", async () => {
        const page = await enter('slow', 'Traces');
        await page.getByLabel('Time', { exact: true }).selectOption('choose');
        const day = (at: number) => new Date(at).toISOString().slice(0, 11);
        await page.getByLabel('From', { exact: true }).fill(`${day(noon)}00:00`);
        await page.getByLabel('To', { exact: true }).fill(`${day(noon + DAY_MS)}00:00`);
        await page.getByRole('button', { name: 'Show', exact: true }).click();
        await page.getByLabel('Status', { exact: true }).selectOption('error');
        await page.getByRole('combobox', { name: 'Op', exact: true }).click();
        await page.getByRole('option', { name: /^answer/ }).click();
        await eventually(async () => (await page.locator('a.row').count()) === 10);
        await page.getByRole('button', { name: 'Sort by Latency' }).click();
        await page.getByRole('button', { name: 'Sort by Latency, now highest first' }).waitFor();
        await page.locator('a.row').first().getByText('TimeoutError: the one').waitFor();
        await page.locator('a.row').first().click();
        await page.getByRole('heading', { name: 'answer', exact: true }).waitFor();
        await page.locator('.detail, article').getByText('TimeoutError: the one').first().waitFor();
        return page;
      });
    }, 90_000);

    requireBackend('python', describe)('with the Python SDK', () => {
      it('sees why an evaluation got worse', async () => {
        const project = `${ENTITY}/evals`;
        const { worse } = await runProgram<Comparison>(
          { url: stack.server.url } as Stack,
          'compare.py',
          project,
        );
        await timed('why an evaluation got worse', async () => {
          const page = await enter('evals', 'Evaluations');
          const boxes = page.getByRole('checkbox', { name: /^Compare/ });
          await boxes.nth(1).click();
          await boxes.nth(0).click();
          await page.getByRole('link', { name: 'Compare 2 runs' }).click();
          // The older one is the baseline.
          const exact = page.getByRole('row', { name: /^exact/ });
          await exact.getByText(/^worse: /).waitFor();
          await exact.getByRole('button', { name: /^See \d+ that got worse/ }).click();
          const examples = page.getByRole('button', { name: /What is the capital/ });
          await examples.first().waitFor();
          const listed = await examples.allInnerTexts();
          const numbers = listed.map((text) => Number(/country (\d+)/.exec(text)![1]));
          for (const number of numbers.slice(0, 5)) expect([...worse, 28]).toContain(number);
          await examples.first().click();
          const dialog = page.getByRole('dialog');
          await dialog.getByText('What changed in the output').waitFor();
          await dialog
            .getByRole('link', { name: /^Open the trace in/ })
            .last()
            .click();
          await page.locator('.node.here').waitFor();
          return page;
        });
      }, 120_000);
    });

    it('adds three calls to a dataset', async () => {
      await stack.send(
        `${ENTITY}/data`,
        Array.from({ length: 5 }, (_, i) =>
          callOf('data', Date.now() - 60_000 + i, 10, {
            op_name: '"answer"',
            inputs: `{"question":"what is ${i}?"}`,
            output: `{"answer":${i}}`,
          }),
        ),
      );
      await timed('three calls to a dataset', async () => {
        const page = await enter('data', 'Traces');
        const boxes = page.getByRole('checkbox', { name: /^Choose answer/ });
        for (const i of [0, 1, 2]) await boxes.nth(i).click();
        await page.getByRole('button', { name: 'Add to dataset' }).click();
        await page.getByLabel('Name of the new one', { exact: true }).fill('picked');
        await page.getByRole('button', { name: 'Add 3 calls' }).click();
        await page.getByText('3 rows added').waitFor();
        await page.getByRole('button', { name: 'Close', exact: true }).last().click();
        const nav = page.getByRole('navigation', { name: 'Project' });
        await nav.getByRole('link', { name: 'Assets', exact: true }).click();
        await page.getByRole('link', { name: 'picked', exact: true }).first().click();
        for (const i of [4, 3, 2]) await page.getByText(`what is ${i}?`).first().waitFor();
        return page;
      });
    }, 60_000);

    it('creates a monitor and sees its first score', async () => {
      const answer = (text: string) =>
        stack.send(`${ENTITY}/watched`, [
          callOf('watched', Date.now(), 10, { op_name: '"answer"', output: JSON.stringify(text) }),
        ]);
      await answer('before');
      await timed('a monitor and its first score', async () => {
        const page = await enter('watched', 'Monitors');
        await page.getByRole('link', { name: 'New monitor' }).click();
        await page.getByLabel('Name', { exact: true }).fill('no-excuses');
        await page.getByLabel('Op', { exact: true }).fill('answer');
        await page.getByRole('button', { name: 'Add op' }).click();
        await page.getByLabel('Write a new one').selectOption('ContainsScorer');
        await page.getByLabel('Scorer name', { exact: true }).fill('says-sorry');
        await page.getByRole('button', { name: 'Save and activate' }).click();
        await page.getByRole('heading', { name: 'no-excuses' }).waitFor();
        // The program goes on meanwhile.
        await answer('I am sorry');
        await page.getByRole('link', { name: 'Scores', exact: true }).click();
        const scores = page.getByRole('table', { name: 'Scores' });
        await eventually(async () => {
          if ((await scores.getByRole('link').count()) > 0) return true;
          await page.waitForTimeout(500);
          return undefined;
        });
        await scores.getByRole('link', { name: /^call/ }).first().click();
        await page.getByRole('heading', { name: 'answer', exact: true }).waitFor();
        return page;
      });
    }, 90_000);

    it('finds what a model cost last week per user', async () => {
      const project = `${ENTITY}/money`;
      const usage = (model: string) => `{"usage":{"${model}":{"prompt_tokens":1000,"completion_tokens":100,"requests":1}}}`; // prettier-ignore
      const prices = { prompt_token_cost: 0.001, completion_token_cost: 0.01, effective_date: '2025-01-01T00:00:00Z' }; // prettier-ignore
      const body = JSON.stringify({ project_id: project, costs: { 'model-x': prices, 'model-y': prices } });
      expect((await fetch(`${stack.server.url}/cost/create`, { method: 'POST', body })).status).toBe(200);
      const of = (user: string, model: string, atMs: number) =>
        callOf('money', atMs, 10, { wb_user_id: `"${user}"`, summary: usage(model), op_name: '"ask"' });
      await stack.send(project, [
        ...[1, 2, 3].map((day) => of('ada', 'model-x', Date.now() - day * DAY_MS)),
        of('bob', 'model-x', Date.now() - DAY_MS),
        of('bob', 'model-y', Date.now() - DAY_MS),
        of('ada', 'model-x', Date.now() - 20 * DAY_MS),
      ]);
      await timed('what a model cost last week per user', async () => {
        const page = await enter('money', 'Dashboard');
        await page
          .locator('label', { hasText: /^Time(?! zone)/ })
          .getByRole('combobox')
          .selectOption({ label: 'Last 7 days' });
        const row = (user: string) =>
          page
            .getByRole('table', { name: 'Cost by model and user' })
            .getByRole('row', { name: new RegExp(`^model-x ${user}`) });
        await row('ada').getByText('$6').waitFor();
        await row('bob').getByText('$2').waitFor();
        return page;
      });
    }, 60_000);
  });
});
