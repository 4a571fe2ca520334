import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { batch, completed, endItem, ended, newCallId, newIds, startItem, started } from './calls.ts';
import { newProject, openStack, type ReadCall, type Stack } from './stack.ts';

/**
 * What is read is a function of the set of what was acknowledged, at once: there is no sleep and no retry in this file.
 */

let stack: Stack;
beforeAll(async () => {
  stack = await openStack();
});
afterAll(() => stack.stop());

type Call = ReadCall & { readonly display_name: string | null };

const upsert = (...items: string[]) => stack.send('/call/upsert_batch', batch(...items)).then(ok);
const complete = (project: string, ...calls: string[]) =>
  stack.send(`/v2/${project}/calls/complete`, batch(...calls)).then(ok);
const rename = (project: string, id: string, name: string) =>
  stack.post('/call/update', { project_id: project, call_id: id, display_name: name });
const remove = (project: string, ...ids: string[]) =>
  stack.post<{ num_deleted: number }>('/calls/delete', { project_id: project, call_ids: ids });
const read = async (project: string, id: string) =>
  (await stack.post<{ call: Call | null }>('/call/read', { project_id: project, id })).call;
const list = (project: string, more: object = {}) =>
  stack.lines<Call>('/calls/stream_query', { project_id: project, ...more });
const count = async (project: string, filter: object = {}) =>
  (await stack.post<{ count: number }>('/calls/query_stats', { project_id: project, filter })).count;

async function ok(res: Response): Promise<unknown> {
  const answer = (await res.json()) as { errors?: unknown };
  expect([res.status, answer.errors]).toEqual([200, undefined]);
  return answer;
}

const ROUNDS = 200;
/** Side by side, each in a project of its own: a round is mostly waiting for the disk. */
const LANES = 8;

describe('a read that starts after an acknowledged write sees it', () => {
  it(`${ROUNDS} times, for every kind of write`, async () => {
    await Promise.all(Array.from({ length: LANES }, () => writeAndRead(newProject('fresh'), ROUNDS / LANES)));
  }, 120_000);

  async function writeAndRead(project: string, rounds: number): Promise<void> {
    let calls = 0;
    for (let round = 0; round < rounds; round++) {
      const id = newCallId();
      switch (round % 8) {
        case 0:
          await upsert(startItem(started(project, id)));
          calls++;
          expect((await read(project, id))?.summary.weave.status).toBe('running');
          await upsert(endItem(ended(project, id, { output: String(round) })));
          expect(await read(project, id)).toMatchObject({
            output: round,
            summary: { weave: { status: 'success' } },
          });
          break;
        case 1:
          await complete(project, completed(project, id, { output: String(round) }));
          calls++;
          expect((await list(project, { filter: { call_ids: [id] } }))[0]?.output).toBe(round);
          break;
        case 2:
          await complete(project, completed(project, id));
          calls++;
          await rename(project, id, `name ${round}`);
          expect((await read(project, id))?.display_name).toBe(`name ${round}`);
          break;
        case 3:
          await complete(project, completed(project, id));
          expect(await count(project)).toBe(calls + 1);
          expect(await remove(project, id)).toEqual({ num_deleted: 1 });
          expect([await read(project, id), await count(project)]).toEqual([null, calls]);
          break;
        case 4: {
          const obj = { project_id: project, object_id: 'thing', val: { round } };
          const { digest } = await stack.post<{ digest: string }>('/obj/create', { obj });
          for (const version of [digest, 'latest', `v${Math.floor(round / 8)}`])
            expect(
              await stack.post('/obj/read', { project_id: project, object_id: 'thing', digest: version }),
            ).toMatchObject({ obj: { digest, val: { round }, is_latest: 1 } });
          break;
        }
        case 5: {
          const rows = [{ round }, { round: 'b' }, { round }];
          const { digest } = await stack.post<{ digest: string }>('/table/create', { table: { project_id: project, rows } }); // prettier-ignore
          const table = await stack.post<{ rows: { val: unknown }[] }>('/table/query', { project_id: project, digest }); // prettier-ignore
          expect(table.rows.map(({ val }) => val)).toEqual(rows);
          expect(await stack.post('/table/query_stats', { project_id: project, digest })).toEqual({
            count: 3,
          });
          break;
        }
        case 6: {
          const form = new FormData();
          form.set('project_id', project);
          form.set('file', new Blob([`file ${round}`]), 'f.txt');
          const { digest } = (await (await stack.send('/file/create', form)).json()) as { digest: string };
          const content = await stack.send('/file/content', { project_id: project, digest });
          expect(await content.text()).toBe(`file ${round}`);
          break;
        }
        case 7: {
          await complete(project, completed(project, id));
          calls++;
          const weave_ref = `weave:///${project}/call/${id}`;
          await stack.post('/feedback/create', { project_id: project, weave_ref, feedback_type: 'test', payload: { round } }); // prettier-ignore
          const [call] = await list(project, { filter: { call_ids: [id] }, include_feedback: true });
          expect(call?.summary.weave).toMatchObject({ feedback: [{ weave_ref, payload: { round } }] });
          break;
        }
      }
    }
    expect([await count(project), (await list(project)).length]).toEqual([calls, calls]);
  }

  it('also when many write and read at once', async () => {
    const project = newProject('fresh');
    await Promise.all(
      Array.from({ length: 16 }, async (_, worker) => {
        for (let i = 0; i < 8; i++) {
          const id = newCallId();
          await upsert(
            startItem(started(project, id)),
            endItem(ended(project, id, { output: `[${worker},${i}]` })),
          );
          expect((await read(project, id))?.output).toEqual([worker, i]);
        }
      }),
    );
    expect(await count(project)).toBe(128);
  });
});

describe('the parts of a call in any order', () => {
  const IN = { inputs: '{"n":1}' };
  const OUT = { output: '2' };
  const whole = (project: string, id: string) => completed(project, id, { ...IN, ...OUT });

  it('an end without its start shows nothing; its start makes it whole', async () => {
    const [project, id] = [newProject('order'), newCallId()];
    await upsert(endItem(ended(project, id, OUT)));
    expect([await read(project, id), await count(project)]).toEqual([null, 0]);
    await upsert(startItem(started(project, id, IN)));
    expect(await read(project, id)).toMatchObject({ inputs: { n: 1 }, output: 2, summary: { weave: { status: 'success', latency_ms: 1000 } } }); // prettier-ignore
    expect(await count(project)).toBe(1);
  });

  it('a name may come before everything else, the last one stays', async () => {
    const [project, id] = [newProject('order'), newCallId()];
    await rename(project, id, 'early');
    expect(await read(project, id)).toBeNull();
    await upsert(startItem(started(project, id, { display_name: '"own"' })));
    expect((await read(project, id))?.display_name).toBe('early');
    await rename(project, id, 'late');
    await upsert(endItem(ended(project, id)), startItem(started(project, id, { display_name: '"own"' })));
    expect((await read(project, id))?.display_name).toBe('late');
    await rename(project, id, '');
    expect((await read(project, id))?.display_name).toBeNull();
  });

  it('a deleted call stays deleted, whatever comes late or again', async () => {
    const project = newProject('deleted');
    const [kept, running, whole1, never] = newIds(4) as [string, string, string, string];
    await upsert(startItem(started(project, kept)), startItem(started(project, running)));
    await complete(project, whole(project, whole1));
    expect(await remove(project, running, whole1, never)).toEqual({ num_deleted: 2 });
    expect(await remove(project, running, whole1, never)).toEqual({ num_deleted: 0 });
    await upsert(endItem(ended(project, running)), startItem(started(project, running)));
    await complete(
      project,
      whole(project, whole1),
      completed(project, whole1, { ended_at: '"2027-01-01T00:00:00Z"' }),
    );
    await upsert(startItem(started(project, never)), endItem(ended(project, never)));
    await rename(project, running, 'x');
    for (const id of [running, whole1, never]) expect(await read(project, id)).toBeNull();
    expect([await count(project), (await list(project)).map(({ id }) => id)]).toEqual([1, [kept]]);
  });

  it('a delete takes what is below along, in whatever depth, and nothing else', async () => {
    const project = newProject('deleted');
    const [root, child, grandchild, other] = newIds(4) as [string, string, string, string];
    const under = (parent: string) => ({ parent_id: `"${parent}"`, trace_id: `"${root}"` });
    await complete(
      project,
      completed(project, root),
      completed(project, child, under(root)),
      completed(project, grandchild, under(child)),
      completed(project, other, { trace_id: `"${root}"` }),
    );
    expect(await remove(project, child)).toEqual({ num_deleted: 2 });
    expect((await list(project)).map(({ id }) => id).sort()).toEqual([root, other].sort());
    expect(await remove(project, root)).toEqual({ num_deleted: 1 });
    expect(await count(project)).toBe(1);
  });

  it('a delete takes more than 10,000 descendants along', async () => {
    const project = newProject('deleted');
    const [root, ...children] = newIds(10_501) as [string, ...string[]];
    const under = { parent_id: `"${root}"`, trace_id: `"${root}"` };
    await complete(project, completed(project, root), ...children.map((id) => completed(project, id, under)));
    expect(await count(project)).toBe(10_501);
    expect(await remove(project, root)).toEqual({ num_deleted: 10_501 });
    expect([await count(project), await list(project)]).toEqual([0, []]);
  });

  it('a call made from a span can be named and deleted, and stays so when the span comes again', async () => {
    const [project, id] = [newProject('span'), randomBytes(8).toString('hex')];
    const span = { traceId: randomBytes(16).toString('hex'), spanId: id, name: 's', startTimeUnixNano: '1767323045000000000', endTimeUnixNano: '1767323046000000000' }; // prettier-ignore
    const send = () =>
      stack
        .send('/otel/v1/traces', { resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] }, { 'content-type': 'application/json', project_id: project })
        .then((res) => expect(res.status).toBe(200)); // prettier-ignore
    await rename(project, id, 'before the span');
    await send();
    expect((await read(project, id))?.display_name).toBe('before the span');
    await rename(project, id, 'after');
    await send();
    expect([(await read(project, id))?.display_name, await count(project)]).toEqual(['after', 1]);
    expect(await remove(project, id)).toEqual({ num_deleted: 1 });
    await send();
    expect([await read(project, id), await count(project)]).toEqual([null, 0]);
  });

  it('the same again, in one request or many, is one call', async () => {
    const project = newProject('again');
    const [apart, once] = [newCallId(), newCallId()];
    const parts = [startItem(started(project, apart, IN)), endItem(ended(project, apart, OUT))];
    await upsert(...parts, ...parts, ...parts.toReversed());
    for (const part of [...parts, ...parts]) await upsert(part);
    await complete(project, ...Array<string>(5).fill(whole(project, once)));
    await complete(project, whole(project, once));
    for (let i = 0; i < 3; i++) await rename(project, once, 'twice');
    const calls = await list(project);
    expect(calls.map(({ id }) => id).sort()).toEqual([apart, once].sort());
    for (const call of calls) expect(call).toMatchObject({ inputs: { n: 1 }, output: 2 });
    expect(await count(project)).toBe(2);
  });

  it('complete and apart, mixed in any order, is one call with the same content', async () => {
    const project = newProject('mixed');
    const orders = [
      ['start', 'end', 'complete'], ['start', 'complete', 'end'], ['end', 'start', 'complete'],
      ['end', 'complete', 'start'], ['complete', 'start', 'end'], ['complete', 'end', 'start'],
    ]; // prettier-ignore
    const seen = new Set<string>();
    for (const [i, order] of orders.entries()) {
      const id = newCallId();
      for (const part of order) {
        if (part === 'complete') await complete(project, whole(project, id));
        else if (part === 'start') await upsert(startItem(started(project, id, IN)));
        else await upsert(endItem(ended(project, id, OUT)));
      }
      expect(await count(project)).toBe(i + 1);
      seen.add(JSON.stringify(await read(project, id)).replaceAll(id, 'id'));
    }
    expect([...seen]).toHaveLength(1);
  });

  /** The same bytes of the same call in two projects, in opposite orders; the path says which project. */
  async function bothOrders(kind: 'start' | 'end', parts: readonly [string, string]): Promise<Call[]> {
    const answers = [];
    const id = newCallId();
    const bodies = parts.map((members) => {
      const text = kind === 'start' ? started('e2e/any', id) : ended('e2e/any', id);
      return `{"${kind}":${text.slice(0, -1)},${members}}}`;
    });
    for (const order of [bodies, bodies.toReversed()]) {
      const project = newProject('conflict');
      const send = (body: string) => stack.send(`/v2/${project}/call/${kind}`, body).then(ok);
      for (const body of order) await send(body);
      await upsert(kind === 'start' ? endItem(ended(project, id)) : startItem(started(project, id)));
      const call = (await read(project, id))!;
      for (const body of order) await send(body);
      expect(await read(project, id)).toEqual(call);
      // Whichever won, there is one call in every reading.
      const byName = await list(project, { sort_by: [{ field: 'op_name', direction: 'asc' }] });
      expect([await count(project), (await list(project)).length, byName.length]).toEqual([1, 1, 1]);
      answers.push({ ...call, project_id: '' });
    }
    return answers;
  }

  it.each([
    ['starts', 'start', ['"inputs":{"from":1}', '"inputs":{"from":2}']],
    ['starts at different times', 'start', ['"inputs":{"from":1}', '"started_at":"2026-01-02T03:04:09Z"']],
    ['starts a year apart', 'start', ['"inputs":{"from":1}', '"started_at":"2025-01-02T03:04:09Z"']],
    ['ends', 'end', ['"output":1', '"output":2']],
    ['ends at different times', 'end', ['"output":1', '"ended_at":"2026-01-02T03:04:09Z"']],
  ] as const)('two %s: the same one wins in either order', async (_, kind, parts) => {
    const [one, other] = await bothOrders(kind, parts);
    expect(one).toEqual(other);
  });

  it('the same id in two projects is two calls', async () => {
    const [one, two, id] = [newProject('twin'), newProject('twin'), newCallId()];
    await upsert(startItem(started(one, id, IN)), startItem(started(two, id)), endItem(ended(two, id, OUT)));
    expect((await read(one, id))?.summary.weave.status).toBe('running');
    await remove(two, id);
    expect([await count(one), await count(two)]).toEqual([1, 0]);
  });

  it('counts, lists and filters agree after all of it', async () => {
    const project = newProject('agree');
    const ids = newIds(60);
    const parts = ids.flatMap((id, i) => [
      startItem(
        started(project, id, { started_at: `"2026-01-02T03:04:${String(i % 60).padStart(2, '0')}Z"` }),
      ),
      ...(i % 3 === 0 ? [] : [endItem(ended(project, id, { exception: i % 3 === 1 ? '"no"' : 'null' }))]),
    ]);
    const at = (i: number) => parts[(i * 37) % parts.length]!;
    const shuffled = parts.map((_, i) => at(i));
    expect(new Set(shuffled).size).toBe(parts.length);
    for (let i = 0; i < shuffled.length; i += 7) await upsert(...shuffled.slice(i, i + 10));
    for (const id of ids.slice(0, 10)) await rename(project, id, 'named');
    await remove(project, ...ids.slice(50));
    const calls = await list(project);
    expect(calls.map(({ id }) => id).sort()).toEqual(ids.slice(0, 50).sort());
    const byStatus = (status: string) =>
      calls.filter(({ summary }) => summary.weave.status === status).length;
    expect([byStatus('running'), byStatus('error'), byStatus('success')]).toEqual([17, 17, 16]);
    expect(calls.filter(({ display_name }) => display_name === 'named')).toHaveLength(10);
    expect(await count(project)).toBe(50);
    expect(await count(project, { trace_roots_only: true })).toBe(50);
    expect(await count(project, { call_ids: ids })).toBe(50);
    for (const field of ['started_at', 'ended_at', 'op_name', 'summary.weave.status']) {
      const sorted = await list(project, { sort_by: [{ field, direction: 'desc' }], columns: ['id'] });
      expect(sorted.map(({ id }) => id).sort()).toEqual(ids.slice(0, 50).sort());
    }
  });
});
