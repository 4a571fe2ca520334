import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, requireBackend } from '@weft/testkit';
import { startProgram } from './program.ts';
import { cleanUp } from './server-process.ts';
import { baseUrl, python, type Stack } from './stack.ts';
import { obstaclesOf, startWebStack, type Page, type WebStack } from './web-stack.ts';

/** Evaluations and leaderboards in a real browser, of runs of the real SDK. */

interface Ran {
  readonly runs: readonly [string, string];
  readonly worse: readonly number[];
  readonly better: readonly number[];
  readonly fails: number;
}

// A running stack has its own.
const here = baseUrl === undefined ? describe : describe.skip;

here('evaluations', () => {
  requireBackend('browser', describe)('in the browser', () => {
    requireBackend('python', describe)('of the Python SDK', () => {
      let stack: WebStack;
      let ran: Ran;
      const project = 'web/evaluations';
      const run = async (file: string) => {
        const at = { url: stack.server.url } as Stack;
        const { code, stdout, stderr } = await startProgram(at, { command: python, args: [file, project] });
        if (code !== 0) throw new Error(stderr.slice(-4000));
        return JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as unknown;
      };
      /** Numbers of the questions that a table shows, in order. */
      const numbers = async (page: Page) => {
        const texts = await page.locator('.evaluations-table tbody tr td:first-child').allInnerTexts();
        return texts.flatMap((text) => /number: (\d+)/.exec(text)?.[1] ?? []).map(Number);
      };
      const sorted = (values: readonly number[]) => [...values].sort((a, b) => a - b);
      const compare = () => `/${project}/weave/compare-evaluations?ids=${ran.runs.join(',')}`;

      beforeAll(async () => {
        stack = await startWebStack();
        ran = (await run('compare.py')) as Ran;
        await run('evals.py');
      }, 180_000);
      afterAll(async () => {
        await stack?.close();
        await cleanUp();
      });

      it('are explained until there is one', async () => {
        const page = await stack.open('/web/none/weave/evaluations');
        await page.getByText("weave.Evaluation(name='capitals'").first().waitFor();
        await page.goto(`${stack.server.url}/web/none/weave/leaderboards`);
        await page.getByText('leaderboard.LeaderboardColumn(').waitFor();
        await page.close();
      }, 30_000);

      it('are listed with their scores, filtered, and chosen to be compared', async () => {
        const page = await stack.open(`/${project}/weave/evaluations`);
        const rows = page.locator('tbody tr');
        await eventually(async () => (await rows.count()) === 5);
        await page.getByLabel('Model', { exact: true }).fill('capitals-v');
        await eventually(async () => (await rows.count()) === 2);
        await page.getByLabel('Evaluation', { exact: true }).fill('sums');
        await page.getByText('No run matches').waitFor();
        await page.getByRole('button', { name: 'Show all runs' }).click();
        const [old, changed] = [
          rows.filter({ hasText: 'capitals-v1' }),
          rows.filter({ hasText: 'capitals-v2' }),
        ];
        await eventually(async () => /exact\s+70 %/.test(await changed.innerText()));
        const text = await changed.innerText();
        expect(text).toContain('with errors');
        expect(text).toMatch(/style\.length\s+24\.97/);
        await eventually(async () => /\b30\b/.test(await changed.innerText()));
        // By hand, with the evaluation logger.
        expect(await rows.filter({ hasText: 'by hand' }).innerText()).toMatch(/closeness\.distance\s+0\.5/);
        await old.getByRole('checkbox').check();
        await changed.getByRole('checkbox').check();
        await page.getByRole('link', { name: 'Compare 2 runs' }).click();
        await page.getByRole('heading', { name: 'Compare 2 runs' }).waitFor();
        await page.close();
      }, 60_000);

      it('show every example of a run: sorted, searched, only errors, only failing', async () => {
        const page = await stack.open(`/${project}/weave/evaluations/${ran.runs[1]}`);
        await page.getByText('30 examples').waitFor();
        expect(await page.locator('.evaluations-cards').innerText()).toMatch(/exact\s+70 %\s+21 of 30, 95 % interval 52–83 %/);
        const which = page.getByLabel('Which examples', { exact: true });
        await which.selectOption('errors');
        await eventually(async () => (await numbers(page)).join() === String(ran.fails));
        await page.getByText(`ValueError: no answer to question ${ran.fails}`).waitFor();
        await which.selectOption({ label: 'Only failing exact' });
        await eventually(async () => sorted(await numbers(page)).join() === sorted([...ran.worse, ran.fails]).join());
        expect(new URL(page.url()).search).toContain('metric=exact');
        await which.selectOption('');
        await page.getByRole('button', { name: 'style.length' }).click();
        await eventually(async () => sorted((await numbers(page)).slice(0, ran.worse.length)).join() === ran.worse.join());
        await page.getByLabel('Search in examples and outputs', { exact: true }).fill('Town 12');
        await eventually(async () => (await numbers(page)).join() === '12');
        await page.reload();
        await eventually(async () => (await numbers(page)).join() === '12');
        await page.locator('.evaluations-table a').click();
        await page.getByRole('heading', { name: /predict_and_score/ }).waitFor();
        await page.close();
      }, 60_000); // prettier-ignore

      it('fold trials of an example', async () => {
        const page = await stack.open(`/${project}/weave/evaluations`);
        await page.getByRole('row', { name: /sums/ }).first().getByRole('link').click();
        await page.getByText('4 examples').waitFor();
        expect(await page.locator('.facts').innerText()).toContain('4 (8 trials)');
        const rows = page.locator('.evaluations-table tbody tr');
        await page
          .getByRole('button', { name: /^2 trials of/ })
          .first()
          .click();
        await page.getByRole('link', { name: 'Trial 2' }).waitFor();
        expect(await rows.count()).toBe(6);
        await page.close();
      }, 30_000);

      it('name exactly the examples that got worse, and lead to both traces', async () => {
        const page = await stack.open(compare());
        const worse = sorted([...ran.worse, ran.fails]);
        const exact = page.getByRole('row', { name: /^exact/ });
        await exact.waitFor();
        const words = await exact.innerText();
        // 29 and 21 of 30: McNemar's p = 0.02.
        expect(words).toMatch(/worse: −26\.7 points \(95 % interval −[\d.]+…−[\d.]+, 30 shared examples\)/);
        expect(await page.getByRole('row', { name: /^style\.polite/ }).innerText()).toContain('no clear difference');

        await exact.getByRole('button', { name: `See ${worse.length} that got worse` }).click();
        await page.getByText(`${worse.length} of 30 examples`).waitFor();
        expect(sorted(await numbers(page))).toEqual(worse);
        await page.getByLabel('Which examples', { exact: true }).selectOption('improvements');
        await eventually(async () => (await numbers(page)).join() === ran.better.join());
        await page.getByLabel('Which examples', { exact: true }).selectOption('differs');
        await eventually(async () => (await numbers(page)).length === worse.length + ran.better.length);

        // The other way round, better is worse.
        await page.getByRole('radio').nth(1).check();
        await page.getByText('better: +26.7 points').waitFor();
        await page.getByRole('radio').nth(0).check();
        await page.getByLabel('Which examples', { exact: true }).selectOption('regressions');
        await page.getByRole('button', { name: /number: 12/ }).click();
        const dialog = page.getByRole('dialog');
        await dialog.getByText('What changed in the output').waitFor();
        await dialog.locator('.editor').getByText('Town').first().waitFor();
        expect(new URL(page.url()).search).toContain('example=');
        const links = dialog.getByRole('link', { name: /Open the trace/ });
        expect(await links.count()).toBe(2);
        const before = await links.nth(0).getAttribute('href');
        await links.nth(1).click();
        await page.getByRole('heading', { name: /predict/ }).first().waitFor();
        expect(new URL(page.url()).pathname).not.toBe(before);
        await page.goto(stack.server.url + before!);
        await page.getByRole('heading', { name: /predict/ }).first().waitFor();
        await page.close();
      }, 90_000); // prettier-ignore

      it('with few examples are never called better or worse', async () => {
        const page = await stack.open(`/${project}/weave/evaluations`);
        await page.getByLabel('Evaluation', { exact: true }).fill('sums');
        await eventually(async () => (await page.locator('tbody tr').count()) === 2);
        for (const box of await page.getByRole('checkbox').all()) await box.check();
        await page.getByRole('link', { name: 'Compare 2 runs' }).click();
        const exact = page.getByRole('row', { name: /^exact/ });
        await exact.waitFor();
        expect(await exact.innerText()).toContain('but only 4 shared examples: too few to tell');
        expect(await page.locator('.evaluations-deltas').innerText()).not.toMatch(/(better|worse): /);
        await page.close();
      }, 30_000);

      it('make leaderboards: of the SDK, and of the form', async () => {
        const page = await stack.open(`/${project}/weave/leaderboards`);
        await page.getByRole('link', { name: 'Capitals board' }).click();
        const best = (name: RegExp) => page.getByRole('row', { name }).locator('.leaderboard-best').allInnerTexts();
        await page.getByRole('row', { name: /capitals-v1/ }).waitFor();
        expect(await best(/capitals-v1/)).toEqual(['96.7 % ★ best']);
        expect(await best(/capitals-v2/)).toEqual(['24.97 ★ best']);
        const link = page.getByRole('link', { name: '70 %' });
        expect(await link.getAttribute('href')).toBe(`/${project}/weave/evaluations/${ran.runs[1]}`);

        await page.getByRole('link', { name: 'Leaderboards', exact: true }).click();
        await page.getByRole('link', { name: 'New leaderboard' }).click();
        await page.getByLabel('Name', { exact: true }).fill('Who adds?');
        await page.getByLabel('Evaluation 1').selectOption({ label: await page.locator('option', { hasText: /^sums:/ }).first().innerText() });
        await page.getByLabel('Scorer 1').fill('closeness');
        await page.getByLabel('Figure 1').fill('distance.mean');
        await page.getByLabel('Less is better', { exact: true }).check();
        await page.getByRole('button', { name: 'Save', exact: true }).click();
        await page.getByRole('row', { name: /Adder/ }).first().waitFor();
        expect(new URL(page.url()).pathname).toBe(`/${project}/weave/leaderboards/who-adds`);
        expect(await page.locator('tbody tr').allInnerTexts()).toEqual([expect.stringMatching(/0 ★ best/), expect.stringMatching(/1$/)]);
        await page.getByRole('link', { name: 'Edit', exact: true }).click();
        await page.getByLabel('Description', { exact: true }).fill('The closest');
        await page.getByRole('button', { name: 'Save', exact: true }).click();
        await page.getByText('version 1').waitFor();
        await page.getByText('The closest').waitFor();
        // As SDKs read it.
        const res = await fetch(`${stack.server.url}/obj/read`, {
          method: 'POST',
          body: JSON.stringify({ project_id: project, object_id: 'who-adds', digest: 'latest' }),
        });
        expect(await res.json()).toMatchObject({
          obj: { base_object_class: 'Leaderboard', val: { _class_name: 'Leaderboard', columns: [{ _class_name: 'LeaderboardColumn', scorer_name: 'closeness', summary_metric_path: 'distance.mean', should_minimize: true }] } },
        });
        await page.close();
      }, 60_000); // prettier-ignore

      it('show a run while it goes on, and run nothing of what it holds', async () => {
        const evil = '</pre><img src=x onerror="globalThis.hacked = 1">\u202e';
        const base = `${stack.server.url}/v2/web/live`;
        const post = async (path: string, body: object) => {
          const res = await fetch(base + path, { method: 'POST', body: JSON.stringify(body) });
          expect([path, res.status]).toEqual([path, 200]);
          return (await res.json()) as Record<string, string>;
        };
        const refs = { evaluation: 'weave:///web/live/object/live:a', model: evil };
        const { evaluation_run_id } = await post('/evaluation_runs', refs);
        const page = await stack.open(`/web/live/weave/evaluations/${evaluation_run_id}`);
        await page.getByText('No example is done yet').waitFor();
        const predict = async (said: string, ok: boolean) => {
          const body = { model: evil, inputs: { [evil]: said, ['__proto__']: { polluted: 1 } }, output: evil, evaluation_run_id };
          const { prediction_id } = await post('/predictions', body);
          await post('/scores', { prediction_id, scorer: 'weave:///web/live/object/ok:b', value: ok, evaluation_run_id });
          await post(`/predictions/${prediction_id!}/finish`, {});
        };
        await predict('one', true);
        await page.getByText('1 of 1, 95 % interval').waitFor();
        await predict('two', false);
        await page.getByText('1 of 2, 95 % interval').waitFor();
        expect(await page.locator('.heading').innerText()).toContain('running');
        await post(`/evaluation_runs/${evaluation_run_id!}/finish`, {});
        await page.locator('.heading').getByText('finished').waitFor();
        expect(await page.locator('.evaluations-table').innerText()).toContain('onerror');
        expect(await page.evaluate('[globalThis.hacked, ({}).polluted]')).toEqual([undefined, undefined]);
        await page.goto(`${stack.server.url}/web/live/weave/compare-evaluations?ids=${evaluation_run_id},nobody`);
        await page.getByText('1 of the runs in the address are not there any more.').waitFor();
        await page.close();
      }, 60_000); // prettier-ignore

      it.each([
        [390, true],
        [1280, false],
      ])('fit %d pixels, for everybody', async (width, dark) => {
        const at = `/${project}/weave`;
        const pages = [
          [`${at}/evaluations`, 'capitals-v1'],
          [`${at}/evaluations/${ran.runs[1]}`, '30 examples'],
          [compare(), 'How sure is this?'],
          [`${at}/leaderboards`, 'Capitals board'],
          [`${at}/leaderboards/capitals-board`, '★ best'],
          [`${at}/leaderboards/capitals-board?edit=true`, 'Add a column'],
        ] as const;
        for (const [path, text] of pages) {
          const page = await stack.open(path, { width, dark });
          await page.getByText(text).first().waitFor();
          expect([path, await obstaclesOf(page)]).toEqual([path, []]);
          await page.close();
        }
      }, 90_000); // prettier-ignore

      it('leave nothing on the console', () => expect(stack.complaints).toEqual([]));
    });
  });
});
