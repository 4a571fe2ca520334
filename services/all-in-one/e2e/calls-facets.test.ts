import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { completed, newCallId, started } from './calls.ts';
import { newProject, openStack, type Stack } from './stack.ts';

let stack: Stack;
const project = newProject('facets');

beforeAll(async () => {
  stack = await openStack();
  const op = (name: string, version: string) => JSON.stringify(`weave:///${project}/op/${name}:${version}`);
  const calls = [
    ...Array.from({ length: 6 }, (_, i) =>
      completed(project, newCallId(), {
        op_name: op('answer', `v${i % 2}`),
        inputs: JSON.stringify({ city: i < 4 ? 'Oslo' : 'Bergen', n: i, 'dotted.name': true }),
        output: JSON.stringify({ text: 'fjord', parts: [1, 2] }),
        attributes: '{"env":{"stage":"prod"}}',
        summary: JSON.stringify({
          usage: {
            'gpt-4.1': { input_tokens: i, output_tokens: 1 },
            ...(i === 0 && { o3: { input_tokens: 1 } }),
          },
        }),
        ended_at: JSON.stringify(`2026-01-02T03:04:0${6 + (i % 3)}.000006Z`),
        thread_id: '"t1"',
      }),
    ),
    completed(project, newCallId(), { op_name: '"plain"', exception: '"KeyError"' }),
  ];
  const sent = await stack.send(`/v2/${project}/calls/complete`, `{"batch":[${calls.join(',')}]}`);
  expect(sent.status).toBe(200);
  const start = JSON.parse(started(project, newCallId(), { op_name: '"plain"' })) as object;
  await stack.post('/call/start', { start });
});
afterAll(() => stack.stop());

interface Facets {
  readonly facets: readonly {
    readonly field: string;
    readonly values: readonly { readonly value: string; readonly count: number }[];
    readonly is_approximate: boolean;
  }[];
}
const facets = async (fields: readonly string[], body: object = {}) => {
  const { facets: found } = await stack.post<Facets>('/weft/v1/calls/facets', { project_id: project, fields, ...body }); // prettier-ignore
  expect(found.map(({ is_approximate }) => is_approximate)).toEqual(fields.map(() => false));
  return found.map(({ values }) => Object.fromEntries(values.map(({ value, count }) => [value, count])));
};

it('counts values of columns, models and payloads', async () => {
  const found = await facets(['op_name', 'status', 'model', 'inputs.city', 'attributes.env.stage', 'thread_id']); // prettier-ignore
  expect(found).toEqual([
    { [`weave:///${project}/op/answer:*`]: 6, plain: 2 },
    { success: 6, error: 1, running: 1 },
    { 'gpt-4.1': 6, o3: 1 },
    { Oslo: 4, Bergen: 2 },
    { prod: 6 },
    { t1: 6 },
  ]);
});

it('counts under a filter, values that hold a text, and no more than are wanted', async () => {
  const query = { $expr: { $eq: [{ $getField: 'inputs.city' }, { $literal: 'Oslo' }] } };
  expect(await facets(['inputs.city', 'status'], { query })).toEqual([{ Oslo: 4 }, { success: 4 }]);
  expect(await facets(['inputs.city'], { contains: 'BERG' })).toEqual([{ Bergen: 2 }]);
  expect(await facets(['inputs.city'], { limit: 1 })).toEqual([{ Oslo: 4 }]);
  expect(await facets(['op_name'], { filter: { op_names: ['plain'] } })).toEqual([{ plain: 2 }]);
});

it('says what cannot be counted', async () => {
  const refused = async (body: object) => {
    const sent = await stack.send('/weft/v1/calls/facets', { project_id: project, ...body });
    return [sent.status, ((await sent.json()) as { reason?: string }).reason];
  };
  expect(await refused({ fields: ['feedback.[x].payload.y'] })).toEqual([422, expect.stringContaining('fields[0]')]); // prettier-ignore
  expect((await refused({ fields: ['nothing'] }))[0]).toBe(422);
  expect((await refused({ fields: [] }))[0]).toBe(422);
  expect((await refused({ fields: ['status'], limit: 51 }))[0]).toBe(422);
});

it('lists paths that the newest calls have, feedback among them', async () => {
  const query = { project_id: project, filter: { op_names: ['plain'] } };
  const { calls } = await stack.post<{ calls: { id: string }[] }>('/weft/v1/calls/page', query);
  const weave_ref = `weave:///${project}/call/${calls[0]!.id}`;
  const note = { project_id: project, weave_ref, feedback_type: 'rated', payload: { stars: 4 } };
  await stack.post('/feedback/create', note);
  const { fields, sampled } = await stack.post<{
    fields: { path: string; kinds: string[]; count: number }[];
    sampled: number;
  }>('/weft/v1/calls/fields', { project_id: project });
  expect(sampled).toBe(8);
  const of = new Map(fields.map(({ path, ...rest }) => [path, rest]));
  expect(of.get('inputs.city')).toEqual({ kinds: ['text'], count: 6 });
  expect(of.get('inputs.dotted\\.name')).toEqual({ kinds: ['bool'], count: 6 });
  expect(of.get('output.parts')).toEqual({ kinds: ['list'], count: 6 });
  expect(of.get('summary.usage.gpt-4\\.1.input_tokens')).toEqual({ kinds: ['number'], count: 6 });
  expect(of.get('feedback.[rated].payload.stars')).toEqual({ kinds: ['number'], count: 1 });
  expect([...of.keys()].filter((path) => path.startsWith('summary.weave'))).toEqual([]);
});

it('sorts pages: by start with a place to go on from, by others so far only', async () => {
  const page = (body: object) =>
    stack.post<{ calls: { id: string; inputs: { n?: number } }[]; next: string | null; is_capped: boolean }>('/weft/v1/calls/page', { project_id: project, limit: 3, ...body }); // prettier-ignore
  for (const field of ['started_at', 'summary.weave.latency_ms', 'inputs.n']) {
    for (const direction of ['asc', 'desc']) {
      const ids: string[] = [];
      const ns: number[] = [];
      for (let after: string | null | undefined; after !== null;) {
        const { calls, next, is_capped } = await page({ sort_by: [{ field, direction }], after });
        expect(is_capped).toBe(false);
        ids.push(...calls.map(({ id }) => id));
        ns.push(...calls.flatMap(({ inputs }) => inputs.n ?? []));
        after = next;
      }
      expect(new Set(ids).size).toBe(8);
      if (field === 'inputs.n') expect(ns).toEqual(direction === 'asc' ? [0, 1, 2, 3, 4, 5] : [5, 4, 3, 2, 1, 0]); // prettier-ignore
    }
  }
  const after = JSON.stringify(['offset', 10_000]);
  const body = { project_id: project, after, sort_by: [{ field: 'inputs.n', direction: 'asc' }] };
  expect((await stack.send('/weft/v1/calls/page', body)).status).toBe(400);
});
