import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, requireBackend } from '@weft/testkit';
import { completed, newCallId } from './calls.ts';
import { cleanUp, newDirectory, runBundle, startServer, type ServerProcess } from './server-process.ts';
import { baseUrl } from './stack.ts';
import { obstaclesOf, startWebStack, type WebStack } from './web-stack.ts';

/** The web app in a real browser, against the bundle that its users run. */

const EVIL =
  '</pre><script>globalThis.hacked = 1</script><img src=x onerror="globalThis.hacked = 2">\u202e\u001b[31m';

// A running stack has its own.
const here = baseUrl === undefined ? describe : describe.skip;

here('pages', () => {
  requireBackend('browser', describe)('the web app', () => {
    let stack: WebStack;
    let keyed: ServerProcess;
    let key: string;

    beforeAll(async () => {
      const keysFile = join(await newDirectory(), 'keys.json');
      const keyArgs = ['keys', 'create', '--user', 'ada', '--role', 'write', '--file', keysFile];
      const created = await runBundle('cli', keyArgs);
      key = created.stdout.trim();
      stack = await startWebStack();
      keyed = await startServer(await newDirectory(), {
        env: { GATEWAY_OTLP_GRPC_PORT: 'off', WEFT_KEYS_FILE: keysFile },
      });
    }, 120_000);
    afterAll(async () => {
      await stack?.close();
      await cleanUp();
    });

    it('shows a first trace as it arrives, and leads to its calls', async () => {
      const project = 'web/first';
      const page = await stack.open(`/${project}/weave`);
      await page.getByText(`Waiting for the first trace of ${project}`).waitFor();
      const [root, child, trace_id] = [newCallId(), newCallId(), newCallId()];
      await stack.send(project, [
        completed(project, root, {
          op_name: '"answer"',
          trace_id: `"${trace_id}"`,
          inputs: '{"question":"what is a weft?"}',
          output: '9007199254740993',
        }),
        completed(project, child, {
          op_name: '"look up"',
          trace_id: `"${trace_id}"`,
          parent_id: `"${root}"`,
          exception: '"KeyError: warp"',
        }),
      ]);
      const row = page.locator('a.row');
      await row.first().waitFor();
      expect(await row.count()).toBe(1);
      expect(await row.innerText()).toContain('what is a weft?');
      await row.click();
      await page.getByRole('heading', { name: 'answer', exact: true }).waitFor();
      // Every digit.
      await page.getByText('9007199254740993').waitFor();
      await page.locator('.node', { hasText: 'look up' }).click();
      await page.getByText('KeyError: warp').waitFor();
      expect(new URL(page.url()).pathname).toBe(`/${project}/weave/calls/${child}`);
      // As the link of an SDK.
      await page.goto(`${stack.server.url}/${project}/r/call/${child}`);
      await page.getByText('KeyError: warp').waitFor();
      await page.close();
    }, 60_000);

    it('keeps filters in the address, and scrolls through pages without gaps', async () => {
      const project = 'web/many';
      const count = 450;
      const startOf = (i: number) => JSON.stringify(new Date(Date.UTC(2026, 0, 1) + i * 1000).toISOString());
      const batch = Array.from({ length: count }, (_, i) =>
        completed(project, newCallId(), {
          op_name: `"op ${i % 10}"`,
          inputs: `{"number":"n${i}n"}`,
          started_at: startOf(i),
          ended_at: startOf(i + 1),
          trace_id: `"${newCallId()}"`,
        }),
      );
      await stack.send(project, batch);
      const page = await stack.open(`/${project}/weave/traces`);
      const seen = new Set<string>();
      await page.locator('a.row').first().waitFor();
      for (let i = 0; i < 200 && seen.size < count; i++) {
        for (const text of await page.locator('a.row').allInnerTexts()) seen.add(/n\d+n/.exec(text)![0]);
        await page.evaluate("document.querySelector('.list').scrollBy(0, 380)");
        await page.waitForTimeout(30);
      }
      expect(seen.size).toBe(count);
      await page.getByLabel('Search in inputs and output', { exact: true }).fill('n321n');
      await eventually(async () => (await page.locator('a.row').count()) === 1);
      expect(new URL(page.url()).search).toContain('n321n');
      await page.reload();
      await eventually(async () => (await page.locator('a.row').count()) === 1);
      expect(await page.locator('a.row').innerText()).toContain('op 1');
      await page.close();
    }, 90_000);

    it('shows hostile content and runs none of it', async () => {
      const project = 'web/evil';
      const id = newCallId();
      const evil = JSON.stringify(EVIL);
      const nested = '['.repeat(300) + ']'.repeat(300);
      await stack.send(project, [
        completed(project, id, {
          op_name: evil,
          inputs: `{${evil}:${evil},"__proto__":{"polluted":1},"deep":${nested}}`,
          output: evil,
          exception: evil,
        }),
      ]);
      const page = await stack.open(`/${project}/weave/traces`);
      await page.locator('a.row').click();
      await page.getByText('"__proto__"').waitFor();
      expect(await page.evaluate('[globalThis.hacked, ({}).polluted]')).toEqual([undefined, undefined]);
      await page.close();
    }, 60_000);

    it('signs in with a key that scripts cannot see, and out again', async () => {
      const project = 'web/keyed';
      await stack.send(project, [completed(project, newCallId(), { op_name: '"secret"' })], {
        at: keyed,
        headers: { authorization: `Bearer ${key}` },
      });
      const page = await stack.open('/', { at: keyed });
      await page.getByLabel('API key', { exact: true }).fill('wrong');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByRole('alert').waitFor();
      await page.getByLabel('API key', { exact: true }).fill(key);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByRole('link', { name: project, exact: true }).click();
      await page.locator('a.row', { hasText: 'secret' }).waitFor();
      expect(await page.evaluate('document.cookie')).toBe('');
      const [cookie] = await page.context().cookies();
      expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict' });
      // A page of another origin of the same host.
      const stolen = await fetch(`${keyed.url}/weft/v1/projects`, {
        headers: { cookie: `${cookie!.name}=${key}`, 'sec-fetch-site': 'same-site' },
      });
      expect(stolen.status).toBe(401);
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.getByLabel('API key', { exact: true }).waitFor();
      expect(await page.context().cookies()).toEqual([]);
      await page.close();
    }, 60_000);

    it.each([
      [390, true],
      [1280, false],
      [1920, true],
    ])('fits %d pixels', async (width, dark) => {
      const page = await stack.open('/web/first/weave/traces', { width, dark });
      await page.locator('a.row').first().waitFor();
      expect(await obstaclesOf(page)).toEqual([]);
      await page.locator('a.row').first().click();
      await page.locator('.node.here').waitFor();
      expect(await obstaclesOf(page)).toEqual([]);
      await page.close();
    });

    it('complains of nothing', () => {
      expect(stack.complaints).toEqual([]);
    });
  });
});
