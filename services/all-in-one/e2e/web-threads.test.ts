import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, requireBackend } from '@weft/testkit';
import { completed, newCallId } from './calls.ts';
import { startProgram } from './program.ts';
import { cleanUp } from './server-process.ts';
import { baseUrl, python, type Stack } from './stack.ts';
import { obstaclesOf, startWebStack, type WebStack } from './web-stack.ts';

/** Conversations in a real browser, written by the real SDK. */

// A running stack has its own.
const here = baseUrl === undefined ? describe : describe.skip;
const EVIL = '</pre><img src=x onerror="globalThis.hacked = 1">\u202e';

here('threads', () => {
  requireBackend('browser', describe)('in the browser', () => {
    requireBackend('python', describe)('of the Python SDK', () => {
      let stack: WebStack;
      const project = 'web/threads';
      const run = async (file: string, ...args: string[]) => {
        const at = { url: stack.server.url } as Stack;
        const { code, stderr } = await startProgram(at, { command: python, args: [file, ...args] });
        expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
      };

      beforeAll(async () => {
        stack = await startWebStack();
        await run('threads.py', project);
      }, 120_000);
      afterAll(async () => {
        await stack?.close();
        await cleanUp();
      });

      it('are explained until there is one', async () => {
        const page = await stack.open('/web/none/weave/threads');
        await page.getByText("with weave.thread('customer-42')").waitFor();
        await page.close();
      }, 30_000);

      it('are listed, searched, and read as conversations that go on by themselves', async () => {
        const page = await stack.open(`/${project}/weave/threads`);
        await page.getByRole('link', { name: 'other-2' }).waitFor();
        await page.getByLabel('Search by thread id', { exact: true }).fill('trip');
        await eventually(async () => (await page.getByRole('link', { name: 'other-2' }).count()) === 0);
        expect(new URL(page.url()).search).toBe('?text=trip');
        const row = page.getByRole('row').filter({ hasText: 'trip-1' });
        expect(await row.getByRole('cell').nth(1).innerText()).toBe('3');
        await row.getByRole('link').click();

        const turns = page.locator('.threads-turn');
        await turns.first().waitFor();
        const said = async (at: number) =>
          (await turns.nth(at).locator('.threads-bubble').allInnerTexts()).map((text) => text.replace(/\s+/g, ' '));
        expect(await said(0)).toEqual(['User Where to?', 'Agent You asked: Where to?']);
        expect(await said(1)).toEqual(['User How warm is it there?', 'Agent You asked: How warm is it there?']);
        expect(await said(2)).toEqual(['User And back?', 'Failed ValueError: no way back']);
        await turns.nth(0).getByText('15 tokens').waitFor();
        // Of all turns: 30 tokens of a model whose price is known.
        const total = page.locator('.facts');
        await eventually(async () => /Tokens\s+30\s+Cost\s+\$0\.0000/.test(await total.innerText()));

        // What happened in between, and the way there.
        await turns.nth(0).getByText('Steps').click();
        const steps = turns.nth(0).locator('.threads-steps li');
        await eventually(async () => (await steps.count()) === 2);
        expect((await steps.allInnerTexts()).map((text) => text.split(/\s/)[0])).toEqual(['weather', 'model']);

        // A turn of somebody else, while this page is open.
        await run('threads.py', project, 'Still there?');
        await page.getByText('You asked: Still there?').waitFor({ timeout: 10_000 });
        expect(await turns.count()).toBe(4);
        await steps.nth(0).getByRole('link').click();
        await page.getByRole('heading', { name: 'weather', exact: true }).waitFor();
        await page.close();
      }, 90_000); // prettier-ignore

      it('of OpenTelemetry agents have the answer of the model, and no turns of subagents', async () => {
        await run('agents.py', 'web/agents');
        const page = await stack.open('/web/agents/weave/threads/trip-1');
        const bubbles = page.locator('.threads-bubble');
        await page.getByText('Go to Rome.').waitFor();
        await page.getByText('Bon voyage!').waitFor();
        const texts = (await bubbles.allInnerTexts()).map((text) => text.replace(/\s+/g, ' '));
        expect(texts.slice(0, 4)).toEqual(['User Where to?', 'Agent Go to Rome.', 'User Thanks', 'Agent Bon voyage!']); // prettier-ignore
        expect(await page.locator('.threads-turn').count()).toBe(3);
        await page.close();
      }, 60_000);

      it('with hostile content run none of it, and are found by any id', async () => {
        const id = newCallId();
        const thread = `a/b ${EVIL} %2F`;
        await stack.send('web/evil-threads', [
          completed('web/evil-threads', id, {
            op_name: JSON.stringify(EVIL),
            thread_id: JSON.stringify(thread),
            turn_id: JSON.stringify(id),
            inputs: JSON.stringify({ message: EVIL.repeat(300), ['__proto__']: { polluted: 1 } }),
            output: JSON.stringify({ [EVIL]: 9007199254740991 }),
          }),
        ]);
        const page = await stack.open('/web/evil-threads/weave/threads');
        await page.locator('.threads-id a').click();
        await page.locator('.threads-turn').waitFor();
        await page.getByText('9007199254740991').waitFor();
        await page.getByRole('button', { name: /Show more/ }).click();
        expect(await page.evaluate('[globalThis.hacked, ({}).polluted]')).toEqual([undefined, undefined]);
        expect(await obstaclesOf(page)).toEqual([]);
        await page.close();
      }, 30_000);

      it.each([
        [390, true],
        [1280, false],
      ])(
        'fit %d pixels, for everybody',
        async (width, dark) => {
          for (const path of [`/${project}/weave/threads`, `/${project}/weave/threads/trip-1`]) {
            const page = await stack.open(path, { width, dark });
            await page.getByText('trip-1').first().waitFor();
            if (path.endsWith('trip-1')) await page.getByText('You asked: Where to?').waitFor();
            expect(await obstaclesOf(page)).toEqual([]);
            await page.close();
          }
        },
        60_000,
      );

      it('leave nothing on the console', () => expect(stack.complaints).toEqual([]));
    });
  });
});
