import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openEmbeddedEventLog, type Rejected } from '@weft/event-log';
import { createKey } from '@weft/http';
import { createLogger } from '@weft/runtime';
import { eventually, requireBackend } from '@weft/testkit';
import { completed, newCallId, started } from './calls.ts';
import { cleanUp, newDirectory, startServer, type ServerProcess } from './server-process.ts';
import { baseUrl } from './stack.ts';
import { obstaclesOf, startWebStack, type Page, type WebStack } from './web-stack.ts';

/** What whoever runs the server sees, with an admin's key and with another; and the projects that everybody sees first. */

const PROJECT = 'team/app';

const letter = (id: string, reason: string, payload = started(PROJECT, id)): Rejected => ({
  event: {
    kind: 'call.started',
    projectId: PROJECT,
    id,
    userId: 'ada',
    receivedAtUs: 1_767_225_600_000_000,
    note: '',
    payload: Buffer.from(payload),
  },
  reason,
});

const here = baseUrl === undefined ? describe : describe.skip;

here('operations and home', () => {
  requireBackend('browser', describe)('in a browser', () => {
    let stack: WebStack;
    let keyed: ServerProcess;
    const keys = { admin: '', writer: '' };
    const stored = [newCallId(), newCallId()];

    beforeAll(async () => {
      const dataDir = await newDirectory();
      const logger = createLogger({ name: 'test', level: 'silent' });
      const log = await openEmbeddedEventLog({
        dir: join(dataDir, 'log'),
        groups: { 'trace-events': ['writer'] },
        logger,
      });
      await log.deadLetter('trace-events', 'writer', [
        ...stored.map((id) => letter(id, 'undecodable_event: a bug of yesterday')),
        letter('bad', 'undecodable_event: <b>op_name</b> is required', '{}'),
      ]);
      await log.close();
      const keysFile = join(await newDirectory(), 'keys.json');
      keys.admin = (await createKey(keysFile, { user: 'root', projects: ['*'], role: 'admin' })).key;
      keys.writer = (await createKey(keysFile, { user: 'bob', projects: ['team/*'], role: 'write' })).key;
      stack = await startWebStack();
      keyed = await startServer(dataDir, {
        env: { GATEWAY_OTLP_GRPC_PORT: 'off', WEFT_KEYS_FILE: keysFile },
      });
    }, 120_000);
    afterAll(async () => {
      await stack?.close();
      await cleanUp();
    });

    const openAs = async (key: string, path: string, options = {}) => {
      const page = await stack.open(path, { at: keyed, ...options });
      await page.getByLabel('API key', { exact: true }).fill(key);
      await page.getByRole('button', { name: 'Sign in' }).click();
      return page;
    };
    const rows = (page: Page, table: string) => page.getByRole('table', { name: table }).locator('tbody tr');
    const ask = async <T>(at: ServerProcess, path: string, body?: object, key = keys.admin) => {
      const res = await fetch(at.url + path, {
        method: body === undefined ? 'GET' : 'POST',
        headers: { authorization: `Bearer ${key}` },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      expect(res.status).toBe(200);
      return (await res.json()) as T;
    };

    it('waits for the first trace, shows it arrive, and the figures of a day', async () => {
      const page = await stack.open('/');
      await page.getByRole('heading', { name: 'Send the first trace' }).waitFor();
      await page.getByText(`export WF_TRACE_SERVER_URL=${stack.server.url}`).waitFor();
      await page.getByRole('tab', { name: 'OpenTelemetry', exact: true }).click();
      await page.getByText(`${stack.server.url}/otel/v1/traces`).waitFor();
      await page.getByRole('tab', { name: 'TypeScript', exact: true }).click();
      await page.getByText("weave.init('my-team/my-project')").waitFor();
      expect(await obstaclesOf(page)).toEqual([]);
      const now = Date.now();
      const send = (project: string, count: number, failed: number) =>
        stack.send(
          project,
          Array.from({ length: count }, (_, i) =>
            completed(project, newCallId(), {
              started_at: JSON.stringify(new Date(now - (i + 1) * 3_600_000).toISOString()),
              ended_at: JSON.stringify(new Date(now - (i + 1) * 3_600_000 + 50).toISOString()),
              trace_id: JSON.stringify(newCallId()),
              summary: '{"usage":{"gpt-4o":{"prompt_tokens":100000,"completion_tokens":10000,"requests":1}}}',
              ...(i < failed && { exception: '"no"' }),
            }),
          ),
        );
      await send('web/busy', 8, 3);
      const row = rows(page, 'Projects').filter({ hasText: 'web/busy' });
      await row.waitFor();
      // gpt-4o: 2.5 dollars for a million sent, 10 for a million received.
      await eventually(async () => (await row.innerText()).includes('$2.8'));
      expect((await row.locator('td').allInnerTexts()).slice(2, 5)).toEqual(['8', '3', '$2.8']);
      expect(await row.locator('svg g').count()).toBeGreaterThanOrEqual(24);
      for (let i = 0; i < 6; i++) await send(`web/small-${i}`, 1, 0);
      await page.reload();
      await page.getByLabel('Find a project', { exact: true }).fill('BUSY');
      await eventually(async () => (await rows(page, 'Projects').count()) === 1);
      expect(new URL(page.url()).searchParams.get('find')).toBe('BUSY');
      await page.getByLabel('Find a project', { exact: true }).fill('nothing like it');
      await page.getByText('No project’s name has').waitFor();
      await page.close();
    }, 60_000);

    it('says that figures are old while new ones cannot be had', async () => {
      const page = await stack.open('/operations');
      await page.getByRole('table', { name: 'Pipeline' }).waitFor();
      await page.route('**/weft/v1/pipeline', (route) => route.abort());
      await page.getByText(/These figures are .* old: asking for new ones fails/).waitFor();
      await page.unroute('**/weft/v1/pipeline');
      await page.getByRole('button', { name: 'Try again' }).click();
      await eventually(async () => (await page.getByText('These figures are').count()) === 0);
      await page.close();
    }, 60_000);

    it('tells how the pipeline is, more to an admin', async () => {
      const page = await openAs(keys.admin, '/operations');
      await rows(page, 'Pipeline').first().waitFor();
      expect(await rows(page, 'Pipeline').nth(0).innerText()).toMatch(/ClickHouse\s+ok\s+answered in \d/);
      expect(await rows(page, 'Pipeline').nth(1).innerText()).toMatch(/Writer.*\s+ok\s+everything is stored/);
      expect(await rows(page, 'Pipeline').nth(2).innerText()).toMatch(/This process\s+ok/);
      type Pipeline = { admin: boolean; writer: { events: number | null; oldest_ms: number | null } };
      const seen = await ask<Pipeline>(keyed, '/weft/v1/pipeline');
      expect(seen).toMatchObject({ admin: true, writer: { events: 0, oldest_ms: 0 } });
      const others = await ask<Pipeline>(keyed, '/weft/v1/pipeline', undefined, keys.writer);
      expect(others).toMatchObject({ admin: false, writer: { events: null, oldest_ms: 0 } });
      await page.close();
    }, 60_000);

    it('shows dead letters, replays what can be stored, and drops the rest', async () => {
      const page = await openAs(keys.admin, '/operations?tab=letters');
      await rows(page, 'Dead letters').first().waitFor();
      expect(await rows(page, 'Dead letters').count()).toBe(3);
      await page.getByLabel('Reason has', { exact: true }).fill('op_name');
      await page.keyboard.press('Enter');
      await eventually(async () => (await rows(page, 'Dead letters').count()) === 1);
      expect(new URL(page.url()).searchParams.get('reason')).toBe('op_name');
      await page.getByRole('button', { name: 'Show bad' }).click();
      const dialog = page.getByRole('dialog', { name: 'Dead letter' });
      await dialog.getByText('undecodable_event: <b>op_name</b> is required').waitFor();
      await dialog.getByText('{}', { exact: true }).waitFor();
      await page.keyboard.press('Escape');
      await page.getByLabel('Reason has', { exact: true }).fill('');
      await page.keyboard.press('Enter');
      await eventually(async () => (await rows(page, 'Dead letters').count()) === 3);

      await page.getByRole('button', { name: 'Replay all that are shown…' }).click();
      await page.getByText('2 would be stored').waitFor();
      await page.getByText('1 would be refused again').waitFor();
      await page.getByRole('button', { name: 'Replay them' }).click();
      await page.getByText('2 stored and off the list').waitFor();
      await eventually(async () => (await rows(page, 'Dead letters').count()) === 1);
      const { calls } = await ask<{ calls: { id: string }[] }>(keyed, '/calls/query', {
        project_id: PROJECT,
        columns: ['id'],
      });
      expect(calls.map(({ id }) => id).sort()).toEqual([...stored].sort());

      await page.getByRole('button', { name: 'Drop all that are shown…' }).click();
      await page.getByText('1 would be dropped').waitFor();
      await page.getByRole('button', { name: 'Drop them for good' }).click();
      await page.getByText('There are none: everything that was accepted is stored.').waitFor();
      await page.close();
    }, 60_000);

    it('shows an admin who has which key, and never a key', async () => {
      const page = await openAs(keys.admin, '/operations?tab=keys');
      await rows(page, 'Keys').filter({ hasText: 'bob' }).getByText('write', { exact: true }).waitFor();
      const text = await page.locator('main').innerText();
      for (const key of Object.values(keys)) expect(text).not.toContain(key);
      expect(await obstaclesOf(page)).toEqual([]);
      await page.close();
    });

    it('tells others what needs an admin’s key, and shows them the rest', async () => {
      const page = await openAs(keys.writer, '/operations?tab=letters');
      await page.getByText('Looking at dead letters needs a key with the role admin.').waitFor();
      await page.getByRole('link', { name: 'Pipeline', exact: true }).click();
      await page.getByText('it needs a key that is admin of all').waitFor();
      await page.getByRole('link', { name: 'Keys', exact: true }).click();
      await page.getByText('You are bob, with the role write').waitFor();
      await page.getByRole('link', { name: 'Storage', exact: true }).click();
      await page.getByText('What is beside the tables needs a key with the role admin.').waitFor();
      // After the letters of the test above were stored.
      const row = rows(page, 'Storage by project').filter({ hasText: PROJECT });
      await row.waitFor();
      const size = await ask<{ trace_storage_size_bytes: number }>(keyed, '/project/stats', {
        project_id: PROJECT,
      });
      await eventually(async () =>
        (await row.locator('td').nth(1).innerText()).startsWith(`${size.trace_storage_size_bytes} B`),
      );
      await page.close();
    }, 60_000);

    it.each([
      [390, true],
      [1280, false],
    ])(
      'fits %d pixels',
      async (width, dark) => {
        const page = await stack.open('/', { width, dark });
        const check = async (path: string) => expect([path, await obstaclesOf(page)]).toEqual([path, []]);
        await rows(page, 'Projects').first().waitFor();
        await check('/');
        for (const [tab, sign] of [
          ['pipeline', 'What cannot be seen from here'],
          ['letters', 'There are none'],
          ['storage', 'Blobs that nothing refers to'],
          ['keys', 'This server has no keys'],
        ] as const) {
          await page.goto(`${stack.server.url}/operations?tab=${tab}`);
          await page.getByText(sign).waitFor();
          await check(tab);
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
