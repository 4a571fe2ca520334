import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { completed, newCallId } from './calls.ts';
import { apiKey, newProject, openStack, type ReadCall, type Stack } from './stack.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await openStack();
});
afterAll(() => stack.stop());

interface CallsPage {
  readonly calls: readonly ReadCall[];
  readonly next: string | null;
}

const page = (project: string, body: object) =>
  stack.post<CallsPage>('/weft/v1/calls/page', { project_id: project, ...body });

async function send(project: string, batch: readonly string[]): Promise<void> {
  const sent = await stack.send(`/v2/${project}/calls/complete`, `{"batch":[${batch.join(',')}]}`);
  expect(sent.status).toBe(200);
}

it('gives the newest first, page by page, without gaps though calls come in and start at one time', async () => {
  const project = newProject('page');
  // Four of each start.
  const call = (i: number) => {
    const at = JSON.stringify(new Date(Date.UTC(2026, 1, 1) + Math.floor(i / 4)).toISOString());
    return completed(project, newCallId(), { started_at: at, ended_at: at, inputs: `{"i":${i}}` });
  };
  await send(
    project,
    Array.from({ length: 50 }, (_, i) => call(i)),
  );
  const seen: number[] = [];
  let after: string | null | undefined;
  for (let n = 0; after !== null; n++) {
    const { calls, next }: CallsPage = await page(project, { limit: 7, after });
    seen.push(...calls.map(({ inputs }) => (inputs as { i: number }).i));
    after = next;
    // Newer than all: they move nothing.
    if (n === 2) await send(project, [call(1000), call(1001)]);
  }
  expect(seen.length).toBe(50);
  expect(new Set(seen).size).toBe(50);
  expect(seen.map((i) => Math.floor(i / 4))).toEqual(
    seen.map((i) => Math.floor(i / 4)).sort((a, b) => b - a),
  );
  expect((await page(project, { limit: 1 })).calls[0]!.inputs).toMatchObject({ i: expect.any(Number) });
});

it('takes filters and queries along, also behind a cursor', async () => {
  const project = newProject('page');
  await send(
    project,
    Array.from({ length: 20 }, (_, i) => completed(project, newCallId(), { op_name: `"op-${i % 2}"` })),
  );
  const query = { $expr: { $eq: [{ $getField: 'op_name' }, { $literal: 'op-1' }] } };
  const first = await page(project, { query, limit: 6 });
  const second = await page(project, { query, limit: 6, after: first.next });
  expect([first.calls.length, second.calls.length, second.next]).toEqual([6, 4, null]);
  const ids = [...first.calls, ...second.calls].map(({ id }) => id);
  expect(new Set(ids).size).toBe(10);
  expect((await page(project, { filter: { trace_roots_only: true }, limit: 1000 })).calls.length).toBe(20);
});

it('cuts payloads to previews of the same shape, blobs too', async () => {
  const project = newProject('page');
  const large = 'word '.repeat(200_000);
  await send(project, [
    completed(project, newCallId(), {
      inputs: JSON.stringify({ model: 'm', prompt: large }),
      output: JSON.stringify([large, 1]),
    }),
  ]);
  const { calls } = await page(project, { preview_bytes: 300 });
  const { inputs, output } = calls[0] as unknown as {
    inputs: { model: string; prompt: string };
    output: [string, number];
  };
  expect(JSON.stringify(calls[0]).length).toBeLessThan(2500);
  expect([inputs.model, inputs.prompt.slice(0, 10), inputs.prompt.endsWith('…')]).toEqual([
    'm',
    'word word ',
    true,
  ]);
  expect(output[0].startsWith('word ')).toBe(true);
});

it('says what is wrong with a request', async () => {
  const project = newProject('page');
  const status = async (body: object) =>
    (await stack.send('/weft/v1/calls/page', { project_id: project, ...body })).status;
  expect(await status({ after: 'x' })).toBe(400);
  expect(await status({ after: '["never","a","b"]' })).toBe(400);
  expect(await status({ limit: 0 })).toBe(422);
  expect(await status({ limit: 1001 })).toBe(422);
  expect(await status({})).toBe(200);
});

it('lists the project as one that has calls', async () => {
  const project = newProject('page');
  const now = JSON.stringify(new Date().toISOString());
  await send(project, [
    completed(project, newCallId(), { started_at: now, ended_at: now }),
    completed(project, newCallId()),
  ]);
  const res = await fetch(`${stack.url}/weft/v1/projects`, {
    headers: { authorization: `Bearer ${apiKey}` },
  });
  const { projects } = (await res.json()) as {
    projects: { project_id: string; calls_24h: number; latest_call_at: string }[];
  };
  expect(projects.find(({ project_id }) => project_id === project)).toEqual({
    project_id: project,
    calls_24h: 1,
    latest_call_at: expect.stringMatching(/^20\d\d-.*Z$/),
  });
});
