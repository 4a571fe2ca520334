import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { requireBackend } from '@weft/testkit';
import { batch, completed, newCallId } from './calls.ts';
import { runProgram } from './program.ts';
import { newProject, openStack, type ReadCall, type Stack } from './stack.ts';

/** Prices of models, and what calls cost. */

let stack: Stack;
beforeAll(async () => {
  stack = await openStack();
});
afterAll(() => stack.stop());

interface Price {
  readonly id: string;
  readonly llm_id: string;
}
type Costs = Record<string, Record<string, unknown>>;

const create = (project: string, costs: object) =>
  stack.post<{ ids: [id: string, model: string][] }>('/cost/create', { project_id: project, costs });
const query = async (project: string, how: object = {}) =>
  (await stack.post<{ results: Price[] }>('/cost/query', { project_id: project, ...how })).results;
const purge = (project: string, $expr: object) =>
  stack.send('/cost/purge', { project_id: project, query: { $expr } });
const call = (project: string, id: string, usage: object, startedAt: string) =>
  completed(project, id, {
    started_at: JSON.stringify(startedAt),
    ended_at: JSON.stringify(startedAt),
    summary: JSON.stringify({ usage }),
  });
const costsOf = async (project: string, ids: readonly string[]) => {
  const calls = await stack.lines<ReadCall>('/calls/stream_query', {
    project_id: project,
    filter: { call_ids: ids },
    include_costs: true,
  });
  return calls.map((each) => (each.summary.weave as { readonly costs?: Costs }).costs);
};

describe('/cost/create, /cost/query and /cost/purge', () => {
  it('set prices, find them and take them back for good', async () => {
    const project = newProject('costs');
    const { ids } = await create(project, {
      one: { prompt_token_cost: 5, completion_token_cost: 10 },
      two: { prompt_token_cost: 15, completion_token_cost: 20, provider_id: 'me', effective_date: '2021-04-22T00:00:00' },
    }); // prettier-ignore
    expect(ids.map(([, model]) => model)).toEqual(['one', 'two']);
    const [one, two] = ids.map(([id]) => id);
    expect(await query(project, { sort_by: [{ field: 'llm_id', direction: 'desc' }] })).toEqual([
      {
        id: two, llm_id: 'two', prompt_token_cost: 15, completion_token_cost: 20, cache_read_input_token_cost: 0,
        cache_creation_input_token_cost: 0, prompt_token_cost_unit: 'USD', completion_token_cost_unit: 'USD',
        effective_date: '2021-04-22T00:00:00.000000Z', provider_id: 'me',
      },
      expect.objectContaining({ id: one, provider_id: 'default' }),
    ]); // prettier-ignore
    const fields = await query(project, { fields: ['llm_id'], limit: 1, offset: 1 });
    expect(fields).toMatchObject([{ llm_id: 'two', id: null, provider_id: null }]);
    expect(await query(newProject('costs'))).toEqual([]);

    expect((await purge(project, { $eq: [{ $getField: 'id' }, { $literal: one }] })).status).toBe(200);
    expect((await query(project)).map(({ id }) => id)).toEqual([two]);
    const both = { $or: [one, two].map((id) => ({ $eq: [{ $getField: 'id' }, { $literal: id }] })) };
    expect((await purge(project, both)).status).toBe(200);
    expect(await query(project)).toEqual([]);
  });

  it.each([
    ['another field', { $eq: [{ $getField: 'llm_id' }, { $literal: 'x' }] }],
    ['no field', { $eq: [{ $literal: 'x' }, { $literal: 'x' }] }],
    ['a number', { $eq: [{ $getField: 'id' }, { $literal: 5 }] }],
    ['more than is named', { $gt: [{ $getField: 'id' }, { $literal: '' }] }],
    ['the opposite', { $not: [{ $eq: [{ $getField: 'id' }, { $literal: 'x' }] }] }],
  ])('purge by ids only: not by %s', async (_, expr) => {
    expect((await purge(newProject('costs'), expr)).status).toBe(400);
  });

  it.each([
    [{ a: { prompt_token_cost: 1 } }, 'costs.a.completion_token_cost'],
    [{ a: { prompt_token_cost: '1', completion_token_cost: 1 } }, 'costs.a.prompt_token_cost'],
    [{ a: { prompt_token_cost: 1, completion_token_cost: 1, effective_date: 'soon' } }, 'costs.a.effective_date'],
    [{ a: 7 }, 'costs.a'],
    [7, 'costs'],
    [{ '': { prompt_token_cost: 1, completion_token_cost: 1 } }, 'costs'],
  ])('name what is wrong: %j', async (costs, path) => {
    const res = await stack.send('/cost/create', { project_id: newProject('costs'), costs });
    expect({ status: res.status, body: await res.text() }).toEqual({ status: 400, body: expect.stringContaining(`${path}:`) });
  }); // prettier-ignore

  it('refuse fields that prices do not have', async () => {
    const ask = (how: object) => stack.send('/cost/query', { project_id: newProject('costs'), ...how });
    expect((await ask({ fields: ['nope'] })).status).toBe(400);
    expect((await ask({ sort_by: [{ field: 'nope', direction: 'asc' }] })).status).toBe(400);
    expect((await ask({ query: { $expr: { $eq: [{ $getField: 'nope' }, { $literal: 1 }] } } })).status).toBe(
      400,
    );
    expect((await ask({ limit: -1 })).status).toBe(400);
  });
});

describe('include_costs', () => {
  it("takes the project's price of the call's time, else the built-in one", async () => {
    const project = newProject('costs');
    const [before, after, unknown, none] = [newCallId(), newCallId(), newCallId(), newCallId()];
    const price = (prompt: number, date: string) => ({
      prompt_token_cost: prompt, completion_token_cost: 0, cache_read_input_token_cost: 0.5, effective_date: date,
    }); // prettier-ignore
    await create(project, { mine: price(1, '2026-01-01T00:00:00Z'), 'gpt-4o': price(7, '2026-06-01T00:00:00Z') });
    await create(project, { mine: price(2, '2026-03-01T00:00:00Z') });
    const usage = {
      mine: { prompt_tokens: 10, completion_tokens: 1, cache_read_input_tokens: 4 },
      'gpt-4o': { input_tokens: 100, output_tokens: 10 },
    };
    await stack.send(
      `/v2/${project}/calls/complete`,
      batch(
        call(project, before, usage, '2026-02-01T00:00:00Z'),
        call(project, after, usage, '2026-07-01T00:00:00Z'),
        call(project, unknown, { nobodys: { prompt_tokens: 1 } }, '2026-07-01T00:00:00Z'),
        call(project, none, {}, '2026-07-01T00:00:00Z'),
      ),
    );
    const [first, second, third, fourth] = await costsOf(project, [before, after, unknown, none]);
    expect(first).toMatchObject({
      mine: { prompt_tokens_total_cost: 6, cache_read_input_tokens_total_cost: 2, pricing_level: 'project', pricing_level_id: project },
      'gpt-4o': { prompt_tokens: 100, completion_tokens: 10, prompt_tokens_total_cost: 100 * 2.5e-6, pricing_level: 'default', created_by: 'system' },
    }); // prettier-ignore
    expect(second).toMatchObject({
      mine: { prompt_tokens_total_cost: 12 },
      'gpt-4o': { prompt_tokens_total_cost: 700, pricing_level: 'project' },
    });
    expect([third, fourth]).toEqual([undefined, undefined]);
    const read = await stack.post<{ call: ReadCall }>('/call/read', { project_id: project, id: after, include_costs: true });
    expect((read.call.summary.weave as { costs?: Costs }).costs).toEqual(second);
    const plain = await stack.post<{ call: ReadCall }>('/call/read', { project_id: project, id: after });
    expect(plain.call.summary.weave).not.toHaveProperty('costs');
  }); // prettier-ignore
});

requireBackend('python', describe)('the Python SDK', () => {
  it('adds, queries and purges costs, and reads what calls cost', async () => {
    const out = await runProgram<Record<string, unknown> & { costs: Record<string, Costs> }>(
      stack,
      'costs.py',
      newProject('py'),
    );
    expect(out).toMatchObject({
      all: ['my-model', 'other', 'other'], by_model: ['my-model'], by_id: [1998], by_query: ['other', 'other'], second: 1,
      without: [false, false, false], after_one: ['my-model', 'other'], after_all: [],
    }); // prettier-ignore
    expect(out.costs.chat!['my-model']).toMatchObject({
      prompt_tokens: 10, completion_tokens: 3, requests: 1, total_tokens: 13, prompt_tokens_total_cost: 5, completion_tokens_total_cost: 6,
    }); // prettier-ignore
    // The SDK adds up what is below.
    expect(out.costs.ask!['my-model']).toMatchObject({
      prompt_tokens: 20,
      requests: 2,
      prompt_tokens_total_cost: 10,
    });
  });
});
