import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, requireBackend } from '@weft/testkit';
import { batch, completed, ended, endItem, newCallId, started, startItem } from './calls.ts';
import { cleanUp } from './server-process.ts';
import { baseUrl } from './stack.ts';
import { obstaclesOf, startWebStack, type Page, type WebStack } from './web-stack.ts';

/** The picture of a trace in a real browser, and the columns it is made of. */

// A running stack has its own.
const here = baseUrl === undefined ? describe : describe.skip;
const PROJECT = 'web/trace';
const USAGE = { prompt_tokens: 100, completion_tokens: 20, requests: 1 };

const at = (ms: number) => JSON.stringify(new Date(Date.UTC(2026, 0, 5) + ms).toISOString());

interface Says {
  readonly parent?: string;
  readonly from: number;
  readonly to: number;
  readonly name: string;
  readonly error?: string;
  readonly usage?: object;
}

function call(traceId: string, id: string, { parent, from, to, name, error, usage }: Says): string {
  return completed(PROJECT, id, {
    op_name: JSON.stringify(name),
    trace_id: JSON.stringify(traceId),
    started_at: at(from),
    ended_at: at(to),
    ...(parent !== undefined && { parent_id: JSON.stringify(parent) }),
    ...(error !== undefined && { exception: JSON.stringify(error) }),
    ...(usage !== undefined && { summary: JSON.stringify({ usage }) }),
  });
}

here('pages', () => {
  requireBackend('browser', describe)('the picture of a trace', () => {
    let stack: WebStack;
    const traceId = newCallId();
    const [root, plan, write, ask, look] = Array.from({ length: 5 }, newCallId) as [
      string, string, string, string, string,
    ]; // prettier-ignore

    beforeAll(async () => {
      stack = await startWebStack();
      const twice = { 'gpt-4o-mini': { prompt_tokens: 200, completion_tokens: 40, requests: 2 } };
      await stack.send(PROJECT, [
        call(traceId, root, { from: 0, to: 1000, name: 'agent', usage: twice }),
        call(traceId, plan, { parent: root, from: 10, to: 300, name: 'plan', usage: twice }),
        call(traceId, ask, {
          parent: plan,
          from: 20,
          to: 120,
          name: 'chat',
          usage: { 'gpt-4o-mini': USAGE },
        }),
        call(traceId, newCallId(), {
          parent: plan,
          from: 130,
          to: 290,
          name: 'chat',
          usage: { 'gpt-4o-mini': USAGE },
        }),
        call(traceId, write, { parent: root, from: 310, to: 990, name: 'write' }),
        call(traceId, look, {
          parent: write,
          from: 320,
          to: 980,
          name: 'look up',
          error: 'KeyError: warp',
        }),
        call(traceId, newCallId(), { parent: 'never-sent', from: 400, to: 410, name: 'orphan' }),
      ]);
    }, 120_000);
    afterAll(async () => {
      await stack?.close();
      await cleanUp();
    });

    const open = async (id: string, search = '', options = {}) => {
      const page = await stack.open(`/${PROJECT}/weave/calls/${id}${search}`, options);
      await page.locator('.node.here, .flame canvas').first().waitFor();
      return page;
    };
    const names = (page: Page) => page.locator('.node bdi').allInnerTexts();
    const focused = async (page: Page) => await page.locator('.node.focus bdi').innerText();

    it('is a tree that keys walk, fold and open', async () => {
      const page = await open(root);
      expect(await names(page)).toEqual(['agent', 'plan', 'chat', 'chat', 'write', 'look up', 'orphan']);
      const tree = page.getByRole('tree', { name: 'Calls of the trace' });
      const item = tree.getByRole('treeitem').nth(1);
      expect(
        await Promise.all(
          ['aria-level', 'aria-posinset', 'aria-setsize', 'aria-expanded'].map((name) => item.getAttribute(name)),
        ),
      ).toEqual(['2', '1', '2', 'true']); // prettier-ignore
      await tree.focus();
      const press = async (...keys: string[]) => {
        for (const key of keys) await page.keyboard.press(key);
      };
      await press('ArrowDown', 'ArrowLeft');
      await eventually(async () => (await names(page)).length === 5);
      expect(await focused(page)).toBe('plan');
      await press('ArrowRight', 'ArrowRight');
      expect(await focused(page)).toBe('chat');
      await press('ArrowLeft', 'End');
      await eventually(async () => (await focused(page)) === 'orphan');
      await press('Home', 'ArrowDown', 'ArrowDown', 'Enter');
      await page.getByRole('heading', { name: 'chat', exact: true }).waitFor();
      expect(new URL(page.url()).pathname).toBe(`/${PROJECT}/weave/calls/${ask}`);
      await page.locator('.node.here', { hasText: 'chat' }).waitFor();
      // A click on the mark folds and opens nothing.
      await page.locator('.node', { hasText: 'plan' }).locator('.trace-fold').click();
      await eventually(async () => (await names(page)).length === 5);
      expect(new URL(page.url()).pathname).toBe(`/${PROJECT}/weave/calls/${ask}`);
      await page.close();
    }, 60_000);

    it('counts what was used once, as the server does', async () => {
      const page = await open(root);
      await page.getByRole('button', { name: 'Wide', exact: true }).click();
      const cells = page.locator('.node .trace-tokens');
      expect(await cells.allInnerTexts()).toEqual(['240', '240', '120', '120', '', '', '']);
      const res = await fetch(`${stack.server.url}/trace/usage`, {
        method: 'POST',
        body: JSON.stringify({ project_id: PROJECT, filter: { trace_ids: [traceId] } }),
      });
      const { call_usage: usage } = (await res.json()) as {
        call_usage: Record<string, Record<string, { total_tokens: number }>>;
      };
      expect(usage[root]!['gpt-4o-mini']!.total_tokens).toBe(240);
      await page.getByText('240 tokens').waitFor();
      await page.close();
    }, 60_000);

    it('leads to what failed, and keeps that in the address', async () => {
      const page = await open(root);
      expect(await page.locator('.node.error bdi').allInnerTexts()).toEqual(['look up']);
      expect(await page.locator('.node.error-below bdi').allInnerTexts()).toEqual(['agent', 'write']);
      expect(await page.locator('.node.slow bdi').allInnerTexts()).toEqual([
        'agent', 'plan', 'chat', 'chat', 'write', 'look up',
      ]); // prettier-ignore
      await page.getByRole('button', { name: 'Errors only' }).click();
      await eventually(async () => (await names(page)).join() === 'agent,write,look up');
      await page.reload();
      await page.locator('.node.here').waitFor();
      expect(await names(page)).toEqual(['agent', 'write', 'look up']);
      await page.getByRole('button', { name: 'Errors only' }).click();
      await eventually(async () => (await names(page)).length === 7);

      const field = page.getByLabel('Search in this trace', { exact: true });
      await field.fill('CHAT');
      await page.locator('.trace-hits', { hasText: '2' }).waitFor();
      await field.press('Enter');
      await page.locator('.trace-hits', { hasText: '1 of 2' }).waitFor();
      await field.press('Enter');
      await page.locator('.trace-hits', { hasText: '2 of 2' }).waitFor();
      await field.press('Shift+Enter');
      await page.locator('.trace-hits', { hasText: '1 of 2' }).waitFor();
      // In an error, below what is folded.
      await page.getByRole('button', { name: 'Levels' }).click();
      await page.getByRole('menuitem', { name: 'Fold all', exact: true }).click();
      await eventually(async () => (await names(page)).join() === 'agent,orphan');
      await field.fill('warp');
      await eventually(() => new URL(page.url()).searchParams.get('find') === 'warp');
      await field.press('Enter');
      await page.locator('.node.focus', { hasText: 'look up' }).waitFor();
      await page.close();
    }, 60_000);

    it('says in words what the flame picture shows, and zooms', async () => {
      const page = await open(plan, '?view=flame');
      const said = page.locator('#flame-said');
      expect(await said.innerText()).toContain('29.0 % of the trace');
      await page.locator('.flame').focus();
      await page.keyboard.press('ArrowDown');
      await eventually(async () => (await said.innerText()).includes('chat'));
      await page.keyboard.press('z');
      await page.getByRole('button', { name: 'All of the trace' }).click();
      await page.locator('.flame canvas').click({ position: { x: 20, y: 8 } });
      await eventually(async () => (await said.innerText()).includes('agent'));
      await page.locator('.flame').focus();
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: 'agent', exact: true }).waitFor();
      expect(new URL(page.url()).searchParams.get('view')).toBe('flame');
      await page.close();
    }, 60_000);

    it('follows a trace that runs', async () => {
      const [live, first, second] = [newCallId(), newCallId(), newCallId()];
      const now = () => JSON.stringify(new Date().toISOString());
      const send = async (...items: string[]) => {
        const res = await fetch(`${stack.server.url}/call/upsert_batch`, {
          method: 'POST',
          body: batch(...items),
        });
        expect(res.status).toBe(200);
      };
      const child = (id: string, name: string) =>
        startItem(started(PROJECT, id, {
          trace_id: JSON.stringify(live), parent_id: JSON.stringify(live), op_name: JSON.stringify(name), started_at: now(),
        })); // prettier-ignore
      await send(
        startItem(started(PROJECT, live, { op_name: '"long run"', started_at: now() })),
        child(first, 'first step'),
      );
      const page = await open(live);
      expect(await page.locator('.node.runs').count()).toBe(2);
      await page.getByText('2 running').waitFor();
      await send(
        endItem(ended(PROJECT, first, { ended_at: now(), exception: '"Late failure"' })),
        child(second, 'second step'),
      );
      await page.locator('.node', { hasText: 'second step' }).waitFor();
      await page.locator('.node.error', { hasText: 'first step' }).waitFor();
      await send(
        endItem(ended(PROJECT, second, { ended_at: now() })),
        endItem(ended(PROJECT, live, { ended_at: now() })),
      );
      await eventually(async () => (await page.locator('.node.runs').count()) === 0);
      await page.close();
    }, 60_000);

    it('shows a trace of many parts, and comes back to where it was', async () => {
      const many = newCallId();
      const ids = Array.from({ length: 5000 }, newCallId);
      const batchOf = (from: number) =>
        ids
          .slice(from, from + 1000)
          .map((id, i) =>
            call(many, id, { parent: many, from: from + i, to: from + i + 1, name: `n${from + i}` }),
          );
      await stack.send(PROJECT, [call(many, many, { from: 0, to: 6000, name: 'many' })]);
      for (let from = 0; from < ids.length; from += 1000) await stack.send(PROJECT, batchOf(from));
      const page = await open(ids[4990]!);
      await page.getByText('5,001 calls').waitFor();
      await page.locator('.node.here', { hasText: 'n4990' }).waitFor();
      expect(await page.locator('.node').count()).toBeLessThan(80);
      await page.getByRole('tree', { name: 'Calls of the trace' }).focus();
      await page.keyboard.press('End');
      await page.locator('.node.focus', { hasText: 'n4999' }).click();
      await page.getByRole('heading', { name: 'n4999' }).waitFor();
      await page.locator('.node.here', { hasText: 'n4999' }).waitFor();
      await page.close();

      // The same by parts of any size, and each call once.
      const found: string[] = [];
      const totals: unknown[] = [];
      for (let after: string | undefined; ;) {
        const part = await read({ project_id: PROJECT, trace_id: many, limit: 700, after });
        found.push(...part.ids);
        totals.push(part.head.total);
        if (part.head.next === null) break;
        after = part.head.next;
      }
      expect(totals).toEqual([5001, ...Array<undefined>(7).fill(undefined)]);
      expect([...found].sort()).toEqual([many, ...ids].sort());
      const lately = await read({ project_id: PROJECT, trace_id: many, within_s: 600 });
      expect(lately.head.rows).toBe(5001);
    }, 60_000);

    it('finds the trace of a call', async () => {
      const ofTrace = await read({ project_id: PROJECT, trace_id: traceId });
      const ofCall = await read({ project_id: PROJECT, call_id: ofTrace.ids.at(-1) });
      expect(ofTrace.ids.length).toBeGreaterThan(1);
      expect(ofCall).toEqual(ofTrace);
      expect(ofCall.head.trace_id).toBe(traceId);
      const body = JSON.stringify({ project_id: PROJECT, call_id: 'none' });
      const res = await fetch(`${stack.server.url}/weft/v1/trace`, { method: 'POST', body });
      expect([res.status, await res.json()]).toEqual([404, { reason: 'Call none not found' }]);
    });

    it('refuses places that it has not given', async () => {
      for (const wrong of [
        { after: 'x' },
        { after: '[1]' },
        { limit: 0 },
        { limit: 100_001 },
        { within_s: -1 },
      ]) {
        const body = JSON.stringify({ project_id: PROJECT, trace_id: traceId, ...wrong });
        const res = await fetch(`${stack.server.url}/weft/v1/trace`, { method: 'POST', body });
        expect([wrong, res.status]).toEqual([wrong, 'after' in wrong ? 400 : 422]);
      }
      for (const ids of [{}, { trace_id: traceId, call_id: root }]) {
        const res = await fetch(`${stack.server.url}/weft/v1/trace`, {
          method: 'POST',
          body: JSON.stringify({ project_id: PROJECT, ...ids }),
        });
        expect([ids, res.status]).toEqual([ids, 422]);
      }
      expect((await read({ project_id: PROJECT, trace_id: 'none' })).head).toMatchObject({
        rows: 0,
        total: 0,
      });
    });

    it('shows circles and hostile names', async () => {
      const [one, two] = [newCallId(), newCallId()];
      const evil = '\u202e<img src=x onerror="globalThis.hacked=1">';
      await stack.send(PROJECT, [
        call(one, one, { parent: two, from: 0, to: 10, name: evil, error: evil }),
        call(one, two, { parent: one, from: 5, to: 9, name: '' }),
      ]);
      const page = await open(two);
      expect(await names(page)).toEqual([evil, 'no name']);
      expect(await page.evaluate('globalThis.hacked')).toBeUndefined();
      await page.close();
    }, 60_000);

    it.each([
      [390, true],
      [1280, false],
    ])(
      'fits %d pixels',
      async (width, dark) => {
        for (const search of ['', '?view=flame', '?errors=true&find=look']) {
          const page = await open(root, search, { width, dark });
          expect(await obstaclesOf(page)).toEqual([]);
          await page.close();
        }
      },
      60_000,
    );

    it('complains of nothing', () => {
      expect(stack.complaints).toEqual([]);
    });

    interface Head {
      readonly trace_id: string;
      readonly rows: number;
      readonly total?: number;
      readonly next: string | null;
      readonly columns: readonly { readonly name: string; readonly type: string; readonly length: number }[];
    }

    /** As docs/api.md says it. */
    async function read(body: object): Promise<{ head: Head; ids: string[] }> {
      const res = await fetch(`${stack.server.url}/weft/v1/trace`, {
        method: 'POST',
        body: JSON.stringify(body),
      });
      const buffer = Buffer.from(await res.arrayBuffer());
      const length = buffer.readUInt32LE(0);
      const head = JSON.parse(buffer.toString('utf8', 4, 4 + length)) as Head;
      const sizes: Record<string, number> = { uint8: 1, uint32: 4, int32: 4, float64: 8 };
      const places = new Map<string, number>();
      let place = Math.ceil((4 + length) / 8) * 8;
      for (const column of head.columns) {
        places.set(column.name, place);
        place += Math.ceil((column.length * sizes[column.type]!) / 8) * 8;
      }
      expect(place).toBe(buffer.length);
      const ids: string[] = [];
      for (let i = 0, from = 0; i < head.rows; i++) {
        const to = buffer.readUInt32LE(places.get('id_ends')! + i * 4);
        ids.push(buffer.toString('utf8', places.get('ids')! + from, places.get('ids')! + to));
        from = to;
      }
      return { head, ids };
    }
  });
});
