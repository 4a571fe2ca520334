import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, requireBackend } from '@weft/testkit';
import { completed, newCallId } from './calls.ts';
import { cleanUp } from './server-process.ts';
import { baseUrl } from './stack.ts';
import { obstaclesOf, startWebStack, type Page, type WebStack } from './web-stack.ts';

/** Figures on the page are those of what was sent, computed here a second time. */

const PROJECT = 'web/dashboard';
const BASE_MS = Date.UTC(2026, 0, 5);
const HALF_HOUR_MS = 1_800_000;
const EVIL = '=cmd()</td><img src=x onerror="globalThis.hacked=1">';

/** US dollars for a token. */
const PRICES = { 'model-a': { in: 0.001, out: 0.002 }, 'model-b': { in: 0.01, out: 0.03 } } as const;

interface Sent {
  readonly atMs: number;
  readonly ms: number;
  readonly op: string;
  readonly user: string;
  readonly model: keyof typeof PRICES;
  readonly tokens: { readonly in: number; readonly out: number };
  readonly isError: boolean;
}

const SENT: readonly Sent[] = Array.from({ length: 48 }, (_, i) => ({
  atMs: BASE_MS + i * HALF_HOUR_MS + 60_000,
  ms: (i + 1) * 100,
  op: ['answer', 'look up', 'judge'][i % 3]!,
  user: i % 4 === 0 ? EVIL : i % 2 === 0 ? 'ada' : 'bob',
  model: i % 3 === 0 ? 'model-b' : 'model-a',
  tokens: { in: 100 + i, out: 10 + i },
  isError: i % 12 === 2,
}));

const costOf = ({ model, tokens }: Sent) => tokens.in * PRICES[model].in + tokens.out * PRICES[model].out;
const sum = (values: readonly number[]) => values.reduce((all, value) => all + value, 0);
/** As the engine's exact quantile. */
const quantile = (sent: readonly Sent[], level: number) => {
  const sorted = sent.map(({ ms }) => ms).sort((a, b) => a - b);
  const place = level * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(place)]!, sorted[Math.ceil(place)]!];
  return low + (high - low) * (place - Math.floor(place));
};
const money = (amount: number) => {
  const style = { style: 'currency', currency: 'USD' } as const;
  const digits = amount >= 1 ? {} : { maximumSignificantDigits: 3 };
  return new Intl.NumberFormat('en-US', { ...style, ...digits }).format(amount);
};
const seconds = (ms: number) => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(2)} s`);

const here = baseUrl === undefined ? describe : describe.skip;

here('the dashboard', () => {
  requireBackend('browser', describe)('in a browser', () => {
    let stack: WebStack;
    const range = `from=${new Date(BASE_MS).toISOString()}&to=${new Date(BASE_MS + 86_400_000).toISOString()}`;
    const path = `/${PROJECT}/weave/dashboard?${range}&tz=UTC`;

    beforeAll(async () => {
      stack = await startWebStack();
      const post = (route: string, body: object) =>
        fetch(stack.server.url + route, { method: 'POST', body: JSON.stringify(body) });
      const costs = Object.entries(PRICES).map(([model, price]) => [
        model,
        {
          prompt_token_cost: price.in,
          completion_token_cost: price.out,
          effective_date: '2025-01-01T00:00:00Z',
        },
      ]);
      const priced = await post('/cost/create', {
        project_id: PROJECT,
        costs: Object.fromEntries(costs) as object,
      });
      expect(priced.status).toBe(200);
      await stack.send(
        PROJECT,
        SENT.map(({ atMs, ms, op, user, model, tokens, isError }, i) => {
          const trace_id = JSON.stringify(newCallId());
          return completed(PROJECT, newCallId(), {
            trace_id,
            op_name: JSON.stringify(`weave:///${PROJECT}/op/${encodeURIComponent(op)}:v${i % 2}`),
            started_at: JSON.stringify(new Date(atMs).toISOString()),
            ended_at: JSON.stringify(new Date(atMs + ms).toISOString()),
            wb_user_id: JSON.stringify(user),
            thread_id: JSON.stringify(`thread ${i % 5}`),
            summary: JSON.stringify({
              usage: {
                [model]: { prompt_tokens: tokens.in, completion_tokens: tokens.out, requests: 1 },
              },
            }),
            ...(isError && { exception: '"ValueError: no"' }),
          });
        }),
      );
    }, 120_000);
    afterAll(async () => {
      await stack?.close();
      await cleanUp();
    });

    const tile = (page: Page, name: string) => page.locator('.dash-tiles > div', { hasText: name });
    /** Cells of the table of a chart's values, without the times. */
    const valuesOf = async (page: Page, title: string) => {
      const chart = page.locator('figure', { has: page.getByText(title, { exact: true }) });
      await chart.locator('summary').click();
      await chart.locator('.chart-values tbody tr').first().waitFor();
      const rows = await chart.locator('.chart-values tr').allInnerTexts();
      return rows.map((row) => row.split('\t').slice(1));
    };

    it('shows the figures of what was sent', async () => {
      const page = await stack.open(path);
      await tile(page, 'Requests').waitFor();
      const errors = SENT.filter(({ isError }) => isError);
      const text = async (name: string) => (await tile(page, name).innerText()).replace(/\s+/g, ' ');
      expect(await text('Requests')).toBe(`Requests ${SENT.length}`);
      expect(await text('Errors')).toBe(
        `Errors ${((errors.length / SENT.length) * 100).toFixed(1)} % ${errors.length} of ${SENT.length}`,
      );
      const [p50, p95, p99] = [0.5, 0.95, 0.99].map((level) => seconds(quantile(SENT, level)));
      expect(await text('Latency')).toBe(`Latency p50 ${p50} p95 ${p95}, p99 ${p99}`);
      const [tokensIn, tokensOut] = [sum(SENT.map((s) => s.tokens.in)), sum(SENT.map((s) => s.tokens.out))];
      const n = (value: number) => value.toLocaleString('en-US');
      expect(await text('Tokens')).toBe(
        `Tokens ${n(tokensIn + tokensOut)} ${n(tokensIn)} in, ${n(tokensOut)} out`,
      );
      expect(await text('Cost')).toBe(`Cost ${money(sum(SENT.map(costOf)))}`);
      // A point for each half hour, and one request in each.
      const requests = await valuesOf(page, 'Requests');
      expect(requests).toEqual([['requests'], ...SENT.map(() => ['1'])]);
      const cost = await valuesOf(page, 'Cost');
      expect(cost.slice(1)).toEqual(SENT.map((sent) => [money(costOf(sent))]));
      const latency = await valuesOf(page, 'Latency');
      expect(latency[5]).toEqual(['500 ms', '500 ms', '500 ms']);
      await page.close();
    }, 60_000);

    it('says what a model cost by user, on the page and as CSV', async () => {
      const page = await stack.open(path);
      const table = page.getByRole('table', { name: 'Cost by model and user' });
      await table.waitFor();
      const groups = new Map<string, Sent[]>();
      for (const sent of SENT) {
        const key = JSON.stringify([sent.model, sent.user]);
        groups.set(key, [...(groups.get(key) ?? []), sent]);
      }
      const expected = [...groups]
        .map(([key, sent]) => ({
          key: JSON.parse(key) as [string, string],
          sent,
          cost: sum(sent.map(costOf)),
        }))
        .sort((a, b) =>
          Math.abs(b.cost - a.cost) < 1e-9 ? (a.key[1] < b.key[1] ? -1 : 1) : b.cost - a.cost,
        );
      const rows = (await table.locator('tbody tr').allInnerTexts()).map((row) => row.split('\t'));
      expect(rows).toEqual(
        expected.map(({ key, sent, cost }) => [
          ...key,
          String(sent.length),
          sum(sent.map((s) => s.tokens.in)).toLocaleString('en-US'),
          sum(sent.map((s) => s.tokens.out)).toLocaleString('en-US'),
          money(cost),
        ]),
      );
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('button', { name: 'Download CSV' }).click(),
      ]);
      const csv = await readFile(await download.path(), 'utf8');
      const lines = csv.trim().split('\r\n');
      expect(lines).toHaveLength(expected.length + 1);
      expect(lines[0]).toBe('from,to,model,user,requests,input_tokens,output_tokens,cost_usd');
      expect(csv).toContain(`"'${EVIL.replaceAll('"', '""')}"`);
      const total = sum(lines.slice(1).map((line) => Number(line.split(',').at(-1))));
      expect(total).toBeCloseTo(sum(SENT.map(costOf)), 6);
      expect(await page.evaluate('globalThis.hacked')).toBeUndefined();
      await page.close();
    }, 60_000);

    it('names the slowest, the most expensive and what fails most', async () => {
      const page = await stack.open(path);
      const list = (title: string) => page.locator('.dash-top', { hasText: title });
      await list('Slowest ops').locator('li').first().waitFor();
      const by = (name: (sent: Sent) => string) => {
        const groups = new Map<string, Sent[]>();
        for (const sent of SENT) groups.set(name(sent), [...(groups.get(name(sent)) ?? []), sent]);
        return [...groups];
      };
      const first = async (title: string) => {
        await list(title).locator('li').first().waitFor();
        return (await list(title).locator('li').first().innerText()).split(/\s*\n+\s*/);
      };
      const slowest = by(({ op }) => op).sort((a, b) => quantile(b[1], 0.95) - quantile(a[1], 0.95))[0]!;
      expect(await first('Slowest ops')).toEqual([slowest[0], seconds(quantile(slowest[1], 0.95)), `${slowest[1].length}×`]); // prettier-ignore
      const dearest = by(({ model }) => model)
        .map(([model, sent]) => [model, sum(sent.map(costOf))] as const)
        .sort((a, b) => b[1] - a[1])[0]!;
      expect((await first('Most expensive models')).slice(0, 2)).toEqual([dearest[0], money(dearest[1])]);
      const failing = by(({ op }) => op)
        .map(([op, sent]) => [op, sent.filter(({ isError }) => isError).length, sent.length] as const)
        .sort((a, b) => b[1] - a[1])[0]!;
      expect(await first('Most errors')).toEqual([failing[0], String(failing[1]), `of ${failing[2]}`]);
      await list('Most errors').getByRole('link').first().click();
      await eventually(() => page.url().includes('/weave/traces'));
      expect(new URL(page.url()).searchParams.get('status')).toBe('error');
      // Exactly the calls that were counted.
      await eventually(async () => (await page.locator('a.row').count()) === failing[1]);
      await page.close();
    }, 60_000);

    it('splits by user, keeps everything in the address, and knows zones', async () => {
      const page = await stack.open(path);
      await page.getByLabel('Split by').selectOption('user');
      const users = ['bob', 'ada', EVIL];
      await eventually(async () => (await page.locator('.u-legend').first().innerText()).includes('bob'));
      const [labels, ...rows] = await valuesOf(page, 'Requests');
      expect([...labels!].sort()).toEqual([...users].sort());
      const totals = labels!.map((_, column) => sum(rows.map((row) => Number(row[column]))));
      expect(totals).toEqual(labels!.map((user) => SENT.filter((sent) => sent.user === user).length));
      expect(new URL(page.url()).searchParams.get('by')).toBe('user');
      await page.getByLabel('Time zone', { exact: true }).fill('Asia/Kathmandu');
      await page.keyboard.press('Enter');
      await eventually(() => page.url().includes('Kathmandu'));
      expect(await page.getByLabel('From', { exact: true }).inputValue()).toBe('2026-01-05T05:45');
      // Half of the day, as its clock shows it.
      await page.getByLabel('To', { exact: true }).fill('2026-01-05T17:45');
      await page.getByRole('button', { name: 'Show', exact: true }).click();
      await eventually(async () => (await tile(page, 'Requests').innerText()).includes('24'));
      await page.reload();
      await eventually(async () => (await tile(page, 'Requests').innerText()).includes('24'));
      expect(await page.getByLabel('Split by').inputValue()).toBe('user');
      await page.getByLabel('To', { exact: true }).fill('2026-01-04T00:00');
      await page.getByText('The end is before the start.').waitFor();
      await page.close();
    }, 60_000);

    it('leads from a point of a chart to its traces', async () => {
      const page = await stack.open(path);
      const plot = page
        .locator('figure', { has: page.getByText('Requests', { exact: true }) })
        .locator('.u-over');
      await plot.waitFor();
      const box = (await plot.boundingBox())!;
      await plot.click({ position: { x: box.width / 2, y: box.height / 2 } });
      await eventually(() => page.url().includes('/weave/traces'));
      // One request in each half hour.
      await page.locator('a.row').first().waitFor();
      expect(await page.locator('a.row').count()).toBe(1);
      // And of a user: all that the list of users says.
      await page.goto(stack.server.url + path);
      const ada = page
        .locator('.dash-top', { hasText: 'Most expensive users' })
        .getByRole('link', { name: 'ada', exact: true });
      await ada.click();
      const ofAda = SENT.filter(({ user }) => user === 'ada').length;
      await eventually(async () => (await page.locator('a.row').count()) === ofAda);
      await page.close();
    }, 60_000);

    it('shows nothing sent as nothing', async () => {
      const page = await stack.open('/web/empty-dashboard/weave/dashboard?range=7d');
      await page.getByText('No call of this time says which model it used.').waitFor();
      expect(await tile(page, 'Requests').innerText()).toContain('0');
      await page.close();
    });

    it.each([
      [390, true],
      [1280, false],
    ])('fits %d pixels', async (width, dark) => {
      const page = await stack.open(`${path}&by=model`, { width, dark });
      await page.getByRole('table', { name: 'Cost by model and user' }).waitFor();
      await page.locator('.u-over').last().waitFor();
      expect(await obstaclesOf(page)).toEqual([]);
      await page.close();
    });

    it('complains of nothing', () => {
      expect(stack.complaints).toEqual([]);
    });
  });
});
