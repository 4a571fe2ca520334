import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { requireBackend } from '@weft/testkit';
import { batch, completed, newIds, started } from './calls.ts';
import { runProgram } from './program.ts';
import { apiKey, newProject, openStack, type Stack } from './stack.ts';

/** Lists of calls for people to look through. */

let stack: Stack;
beforeAll(async () => {
  stack = await openStack();
});
afterAll(() => stack.stop());

interface Queue {
  readonly id: string;
  readonly name: string;
  readonly updated_at: string;
}
interface Item {
  readonly id: string;
  readonly call_id: string;
  readonly position_in_queue: number | null;
}

const UUID7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7/;
const ISO = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{6}Z$/);

function queuesOf(project_id: string) {
  const request = async (method: string, path: string, body?: object) => {
    const query = body === undefined ? `?project_id=${encodeURIComponent(project_id)}` : '';
    const res = await fetch(`${stack.url}/annotation_queues${path}${query}`, {
      method,
      headers: { authorization: `Basic ${Buffer.from(`api:${apiKey}`).toString('base64')}` },
      ...(body && { body: JSON.stringify({ project_id, ...body }) }),
    });
    const text = await res.text();
    return { status: res.status, text, json: (text.startsWith('{') ? JSON.parse(text) : {}) as any };
  };
  const ok = async (method: string, path: string, body?: object) => {
    const answer = await request(method, path, body);
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${answer.text}`);
    return answer.json;
  };
  return {
    request,
    create: async (name: string, more: object = {}) =>
      (await ok('POST', '', { name, scorer_refs: [], ...more })).id as string,
    read: async (id: string) => (await ok('GET', `/${id}`)).queue as Queue,
    list: (query: object = {}) => stack.lines<Queue>('/annotation_queues/query', { project_id, ...query }),
    change: async (id: string, body: object) => (await ok('PUT', `/${id}`, body)).queue as Queue,
    remove: async (id: string) => (await ok('DELETE', `/${id}`)).queue as Queue,
    add: (id: string, call_ids: readonly string[], more: object = {}) =>
      ok('POST', `/${id}/items`, { call_ids, display_fields: ['inputs.x'], ...more }),
    items: async (id: string, query: object = {}) =>
      (await ok('POST', `/${id}/items/query`, query)).items as (Item & Record<string, unknown>)[],
    progress: (id: string, item: string, annotation_state: string, wb_user_id?: string) =>
      request('POST', `/${id}/items/${item}/progress`, { annotation_state, wb_user_id }),
    stats: async (...queue_ids: string[]) => (await ok('POST', '/stats', { queue_ids })).stats,
  };
}

async function callsIn(project: string, count: number): Promise<string[]> {
  const ids = newIds(count);
  const calls = ids.map((id, i) =>
    completed(project, id, { op_name: `"op${i % 2}"`, trace_id: JSON.stringify(id) }),
  );
  await stack.send(`/v2/${project}/calls/complete`, batch(...calls));
  return ids;
}

describe('annotation queues', () => {
  it('are made, found, changed and deleted', async () => {
    const project = newProject('queues');
    const { create, read, list, change, remove, request } = queuesOf(project);
    const refs = ['weave:///e/p/object/a:1', 'weave:///e/p/object/b:2'];
    const first = await create('Error Review', { description: 'look', scorer_refs: refs, wb_user_id: 'ann' });
    expect(first).toMatch(UUID7);
    expect(await read(first)).toEqual({
      id: first, project_id: project, name: 'Error Review', description: 'look', scorer_refs: refs, created_by: expect.any(String), created_at: ISO,
      updated_at: ISO, deleted_at: null,
    }); // prettier-ignore
    const second = await create('Quality');
    expect((await list()).map(({ id }) => id)).toEqual([second, first]);
    expect((await list({ name: 'error' })).map(({ id }) => id)).toEqual([first]);
    expect((await list({ sort_by: [{ field: 'name', direction: 'asc' }, { field: 'nope', direction: 'asc' }] })).map(({ id }) => id)).toEqual([first, second]); // prettier-ignore
    expect((await list({ limit: 1, offset: 1 })).map(({ id }) => id)).toEqual([first]);
    const before = await read(first);
    const changed = await change(first, { name: 'New', description: null });
    expect(changed).toEqual({ ...before, name: 'New', updated_at: ISO });
    expect(changed.updated_at > before.updated_at).toBe(true);
    expect(await read(first)).toEqual(changed);
    expect(await change(first, {})).toEqual(changed);
    expect(await change(first, { scorer_refs: [] })).toMatchObject({ name: 'New', scorer_refs: [] });
    expect(await remove(first)).toMatchObject({ id: first, deleted_at: ISO });
    expect((await list()).map(({ id }) => id)).toEqual([second]);
    for (const [method, path, body] of [
      ['GET', `/${first}`],
      ['DELETE', `/${first}`],
      ['PUT', `/${first}`, { name: 'x' }],
      ['POST', `/${first}/items`, { call_ids: [], display_fields: [] }],
    ] as const)
      expect(await request(method, path, body)).toMatchObject({ status: 404 });
    expect(await queuesOf(newProject('queues')).request('GET', `/${second}`)).toMatchObject({ status: 404 });
    expect(await request('POST', '', { name: 'x' })).toMatchObject({ status: 422 });
  });

  it('hold each call once, as it was when it was added', async () => {
    const project = newProject('queues');
    const { create, add, items } = queuesOf(project);
    const calls = await callsIn(project, 4);
    const [running] = newIds(1);
    await stack.send('/call/start', `{"start":${started(project, running!, { op_name: '"slow"' })}}`);
    const queue = await create('Q');
    expect(await add(queue, [...calls.slice(0, 2), calls[0]!, 'unknown'])).toEqual({
      added_count: 2,
      duplicates: 0,
    });
    expect(await add(queue, calls)).toEqual({ added_count: 2, duplicates: 2 });
    expect(await add(queue, [...calls, running!])).toEqual({ added_count: 1, duplicates: 4 });
    const found = await items(queue, { include_position: true });
    expect(found.map((item) => [item.call_id, item.position_in_queue])).toEqual(
      [...calls, running].map((id, i) => [id, i + 1]),
    );
    expect(found[0]).toEqual({
      id: expect.stringMatching(UUID7), project_id: project, queue_id: queue, call_id: calls[0], call_started_at: ISO, call_ended_at: ISO,
      call_op_name: 'op0', call_trace_id: calls[0], display_fields: ['inputs.x'], added_by: expect.any(String), annotation_state: 'unstarted',
      annotator_user_id: '', created_at: ISO, created_by: expect.any(String), updated_at: ISO, deleted_at: null, position_in_queue: 1,
    }); // prettier-ignore
    expect(found[4]).toMatchObject({ call_op_name: 'slow', call_ended_at: null });
    const ids = async (query: object) => (await items(queue, query)).map((item) => item.call_id);
    expect(await ids({ filter: { call_op_name: 'op1' } })).toEqual([calls[1], calls[3]]);
    expect(await ids({ filter: { id: found[2]!.id } })).toEqual([calls[2]]);
    expect(await ids({ filter: { call_id: calls[3], call_trace_id: calls[3] } })).toEqual([calls[3]]);
    expect(await ids({ filter: { added_by: 'nobody' } })).toEqual([]);
    expect(await ids({ filter: { annotation_states: ['completed'] } })).toEqual([]);
    expect(await ids({ sort_by: [{ field: 'created_at', direction: 'desc' }], limit: 2, offset: 1 })).toEqual(
      [calls[3], calls[2]],
    );
    expect((await items(queue))[0]!.position_in_queue).toBeNull();
  });

  it('take the same calls from two requests at once as from one', async () => {
    const project = newProject('queues');
    const { create, add, items } = queuesOf(project);
    const calls = await callsIn(project, 20);
    const queue = await create('Q');
    await Promise.all([add(queue, calls), add(queue, calls), add(queue, calls)]);
    expect((await items(queue)).map((item) => item.call_id).sort()).toEqual([...calls].sort());
  });

  it('know how far annotators are', async () => {
    const project = newProject('queues');
    const { create, add, items, progress, stats } = queuesOf(project);
    const queue = await create('Q');
    await add(queue, await callsIn(project, 3));
    const [a, b] = (await items(queue)).map(({ id }) => id) as [string, string];
    expect(await progress(queue, a, 'in_progress')).toMatchObject({
      status: 200,
      json: { item: { id: a, annotation_state: 'in_progress' } },
    });
    expect(await progress(queue, a, 'in_progress')).toMatchObject({ status: 200 });
    expect(await progress(queue, a, 'completed')).toMatchObject({
      status: 200,
      json: { item: { annotation_state: 'completed' } },
    });
    expect(await progress(queue, b, 'skipped')).toMatchObject({ status: 200 });
    expect((await items(queue)).map((item) => item['annotation_state'])).toEqual([
      'completed',
      'skipped',
      'unstarted',
    ]);
    expect(
      (await items(queue, { filter: { annotation_states: ['unstarted'] }, include_position: true }))[0]!
        .position_in_queue,
    ).toBe(3);
    expect(await stats(queue, 'other')).toEqual([
      { queue_id: queue, total_items: 3, completed_items: 2 },
      { queue_id: 'other', total_items: 0, completed_items: 0 },
    ]);
    for (const [item, state, message] of [
      [a, 'in_progress', 'Cannot transition to'],
      [a, 'skipped', 'Invalid state transition'],
      [a, 'done', 'Invalid annotation_state'],
      ['unknown', 'completed', 'not found in queue'],
    ] as const)
      expect(await progress(queue, item, state)).toMatchObject({
        status: 400,
        text: expect.stringContaining(message),
      });
  });

  it('are where feedback may come from', async () => {
    const project = newProject('queues');
    const { create, remove } = queuesOf(project);
    const queue_id = await create('Q');
    const feedback = { project_id: project, weave_ref: 'r', feedback_type: 'custom', payload: {}, queue_id };
    await stack.post('/feedback/create', feedback);
    const query = { $expr: { $eq: [{ $getField: 'queue_id' }, { $literal: queue_id }] } };
    expect(await stack.post('/feedback/query', { project_id: project, query })).toMatchObject({
      result: [{ queue_id }],
    });
    await remove(queue_id);
    expect((await stack.send('/feedback/create', feedback)).status).toBe(400);
  });
});

requireBackend('python', describe)('annotating with Python weave', () => {
  it('goes through a queue, grades, notes, and takes a note back', async () => {
    const out = await runProgram<Record<string, unknown>>(stack, 'annotate.py', newProject('annotate'));
    expect(out).toEqual({
      added: [2, 0], again: [1, 2], items: [1, 2, 3].map((place) => [true, place, ['inputs.question']]), names: ['Reviewed'], stats: [3, 2],
      deleted: true, left: 0, good: [true], reactions: [':thumbs_up:'],
      types: [['wandb.annotation.grade', 'wandb.reaction.1'], ['length']], on_call: [{ characters: 1 }],
    }); // prettier-ignore
  });
});
