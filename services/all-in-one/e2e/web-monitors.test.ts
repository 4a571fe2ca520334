import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, requireBackend, startFakeLlm, type FakeLlm } from '@weft/testkit';
import { modelEnv } from '../cluster/test-models.ts';
import { completed, newCallId } from './calls.ts';
import { cleanUp, newDirectory, startServer } from './server-process.ts';
import { baseUrl } from './stack.ts';
import { obstaclesOf, startWebStack, type Page, type WebStack } from './web-stack.ts';

/** A monitor that is made in the browser scores what comes, by a model that is asked for real. */

const PROJECT = 'web/monitors';
const PAST = 6;

const here = baseUrl === undefined ? describe : describe.skip;

here('monitors', () => {
  requireBackend('browser', describe)('in a browser', () => {
    let stack: WebStack;
    let llm: FakeLlm;

    beforeAll(async () => {
      llm = await startFakeLlm();
      llm.answer(({ text }) => ({ content: { score: text.includes('Rome') ? 0.25 : 0.75, reason: 'so' } }));
      stack = await startWebStack({
        WEAVE_ENABLE_ONLINE_EVAL: 'true',
        WF_SCORING_WORKER_BATCH_TIMEOUT: '1',
        WEFT_SCORING_REQUESTS_PER_MINUTE: '0',
        ...modelEnv({ judge: Number(new URL(llm.url).port) }),
      });
    }, 120_000);
    afterAll(async () => {
      await stack?.close();
      await llm?.stop();
      await cleanUp();
    });

    const call = (op: string, output: string, minutesAgo = 0) => {
      const startMs = Date.now() - minutesAgo * 60_000 - 2000;
      return completed(PROJECT, newCallId(), {
        op_name: JSON.stringify(`weave:///${PROJECT}/op/${op}:v1`),
        trace_id: JSON.stringify(newCallId()),
        started_at: JSON.stringify(new Date(startMs).toISOString()),
        ended_at: JSON.stringify(new Date(startMs + 1000).toISOString()),
        inputs: '{"question":"Which city?"}',
        output: JSON.stringify(output),
      });
    };
    const row = (page: Page, table: string, text: string) =>
      page.getByRole('table', { name: table }).locator('tr', { hasText: text });
    /** The number before the words. */
    const counted = async (page: Page, table: string, text: string) =>
      (await row(page, table, text).locator('td').innerText()).trim();

    it('teaches what a monitor is where there are none', async () => {
      const page = await stack.open('/web/no-monitors/weave/monitors');
      await page.getByText('There are no monitors yet').waitFor();
      await page.getByText('LLMAsAJudgeScorer(').waitFor();
      expect(await obstaclesOf(page)).toEqual([]);
      await page.close();
    });

    it('makes one, forecasts what it would have done, and shows its first scores', async () => {
      await stack.send(
        PROJECT,
        Array.from({ length: PAST }, (_, i) => call('answer', 'Paris', 5 + i)).concat(call('other', 'x', 5)),
      );
      const page = await stack.open(`/${PROJECT}/weave/monitors/new`);
      await page.getByRole('button', { name: 'Save and activate' }).click();
      await page.getByText('Give it a name of letters').waitFor();
      await page.getByLabel('Name', { exact: true }).fill('helpfulness');
      await page.getByLabel('Op', { exact: true }).fill('answer');
      await page.getByRole('button', { name: 'Add op' }).click();
      await page.getByLabel('Write a new one').selectOption('LLMAsAJudgeScorer');
      await page.getByLabel('Scorer name', { exact: true }).fill('helpful');
      await page.getByLabel('Model', { exact: false }).first().fill('judge/m');
      await page.getByLabel('US dollars a day', { exact: true }).fill('5');

      await page.getByRole('button', { name: 'Forecast' }).click();
      await row(page, 'Forecast', 'scores to be made').waitFor();
      expect(await counted(page, 'Forecast', 'calls in this time')).toBe(String(PAST + 1));
      expect(await counted(page, 'Forecast', 'of the ops')).toBe(String(PAST));
      expect(await counted(page, 'Forecast', 'scores to be made')).toBe(String(PAST));
      expect(await counted(page, 'Forecast', 'questions to models')).toBe(String(PAST));
      expect(Number(await counted(page, 'Forecast', 'tokens'))).toBeGreaterThan(PAST * 10);
      // Nobody was asked, and nothing is scored yet.
      expect(llm.asked).toBe(0);
      expect(await obstaclesOf(page)).toEqual([]);

      await page.getByRole('button', { name: 'Save and activate' }).click();
      await page.getByRole('heading', { name: 'helpfulness', exact: true }).waitFor();
      await page.getByText('active', { exact: true }).waitFor();
      await page.getByRole('link', { name: 'Scores', exact: true }).click();
      // What was written is what the server has: it scores calls that come now. A change is seen within 5 s.
      await eventually(async () => {
        await stack.send(PROJECT, [call('answer', 'Rome')]);
        return (await page.getByRole('table', { name: 'Scores' }).count()) > 0;
      }, 30_000);
      const first = page.getByRole('table', { name: 'Scores' }).locator('tbody tr').first();
      expect(await first.innerText()).toContain('"score":0.25');
      expect(await first.innerText()).toContain('helpful');
      await first.getByRole('link').click();
      await eventually(() => page.url().includes('/weave/calls/'));
      await page.close();
    }, 60_000);

    it('counts in the ledger what it did, and scores the past', async () => {
      const page = await stack.open(`/${PROJECT}/weave/monitors/helpfulness?tab=past`);
      await page.getByRole('button', { name: 'Forecast' }).click();
      await page.getByRole('button', { name: /^Make \d+ scores?/ }).click();
      await page.getByText(/^Done: /).waitFor();
      await page.getByRole('link', { name: 'Ledger', exact: true }).click();
      const read = async () =>
        (
          (await (
            await fetch(`${stack.server.url}/monitors/ledger`, {
              method: 'POST',
              body: JSON.stringify({ project_id: PROJECT, monitor: 'helpfulness' }),
            })
          ).json()) as { monitors: { scored: number; pending: number; spend: { calls: number } }[] }
        ).monitors[0]!;
      const settled = await eventually(async () => {
        const entry = await read();
        return entry.pending === 0 && entry.scored > PAST && entry;
      }, 30_000);
      await eventually(async () => (await counted(page, 'Ledger', 'scored')) === String(settled.scored));
      expect(settled.scored).toBe(llm.answered);
      expect(await counted(page, 'Ledger', 'failed')).toBe('0');
      expect(await counted(page, 'Spent today', 'questions')).toBe(String(settled.spend.calls));
      expect(await row(page, 'Spent today', 'of $5').count()).toBe(1);

      await page.goto(`${stack.server.url}/${PROJECT}/weave/monitors`);
      const cells = row(page, 'Monitors', 'helpfulness').locator('td');
      await eventually(async () => (await cells.nth(4).innerText()) === String(settled.scored));
      await eventually(async () => (await cells.nth(6).innerText()) === String(settled.scored));
      await page.close();
    }, 60_000);

    it('pauses and resumes, and keeps what it does not know when it is edited', async () => {
      const obj = async () =>
        (
          (await (
            await fetch(`${stack.server.url}/obj/read`, {
              method: 'POST',
              body: JSON.stringify({ project_id: PROJECT, object_id: 'helpfulness', digest: 'latest' }),
            })
          ).json()) as { obj: { val: Record<string, unknown> } }
        ).obj.val;
      const page = await stack.open(`/${PROJECT}/weave/monitors/helpfulness`);
      await page.getByRole('button', { name: 'Pause' }).click();
      await page.getByText('paused', { exact: true }).waitFor();
      expect((await obj())['active']).toBe(false);
      await page.getByRole('link', { name: 'Edit', exact: true }).click();
      expect(await page.getByLabel('US dollars a day', { exact: true }).inputValue()).toBe('5');
      await page.getByLabel('Sample, percent').fill('12.5');
      await page.getByLabel('Where', { exact: true }).fill('summary.weave.latency_ms');
      await page.getByLabel('Compare').selectOption('is more than');
      await page.getByLabel('Value', { exact: true }).fill('500');
      await page.getByRole('button', { name: 'Add condition' }).click();
      await page.getByRole('button', { name: 'Save paused' }).click();
      await eventually(async () => (await obj())['sampling_rate'] === 0.125);
      expect(await obj()).toMatchObject({
        active: false,
        op_names: [`weave:///${PROJECT}/op/answer:*`],
        is_traced: true,
        query: { $expr: { $and: [{ $gt: [{ $convert: { to: 'double' } }, { $literal: 500 }] }] } },
      });
      await page.getByRole('button', { name: 'Resume' }).click();
      await page.getByText('active', { exact: true }).waitFor();
      await page.close();
    }, 60_000);

    it('says why a score failed', async () => {
      llm.answer(() => 'no JSON at all');
      const project = stack.server.url;
      const page = await stack.open(`/${PROJECT}/weave/monitors/helpfulness?tab=edit`);
      await page.getByLabel('Sample, percent').fill('100');
      await page.getByRole('button', { name: 'Save and activate' }).click();
      await eventually(async () => {
        await stack.send(PROJECT, [call('answer', `Oslo ${Math.random()}`)]);
        const res = await fetch(`${project}/feedback/query`, {
          method: 'POST',
          body: JSON.stringify({ project_id: PROJECT, fields: ['payload'], limit: 1000 }),
        });
        return (await res.text()).includes('"status":"error"');
      }, 30_000);
      await page.goto(`${project}/${PROJECT}/weave/monitors/helpfulness?tab=failures`);
      const failed = page.getByRole('table', { name: 'Failed scores' }).locator('tbody tr').first();
      await failed.waitFor();
      expect(await failed.innerText()).toMatch(/helpful\s+\S+: .*JSON/i);
      await page.close();
    }, 60_000);

    it('says what to do where the server does not score', async () => {
      const off = await startServer(await newDirectory(), { env: { GATEWAY_OTLP_GRPC_PORT: 'off' } });
      const page = await stack.open('/web/off/weave/monitors', { at: off });
      await page.getByText('Online evaluation is off on this server.').waitFor();
      await page.getByText('WEAVE_ENABLE_ONLINE_EVAL=true').waitFor();
      await page.close();
    }, 60_000);

    it.each([
      [390, true],
      [1280, false],
    ])(
      'fits %d pixels',
      async (width, dark) => {
        for (const path of [
          '',
          '/new',
          '/helpfulness',
          '/helpfulness?tab=failures',
          '/helpfulness?tab=edit',
        ]) {
          const page = await stack.open(`/${PROJECT}/weave/monitors${path}`, { width, dark });
          await page.getByRole('heading').first().waitFor();
          await page.locator('table, form').first().waitFor();
          expect([path, await obstaclesOf(page)]).toEqual([path, []]);
          await page.close();
        }
      },
      60_000,
    );

    it('complains of nothing', () => {
      expect(stack.complaints).toEqual([]);
    });
  });
});
