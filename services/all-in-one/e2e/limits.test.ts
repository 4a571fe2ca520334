import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { batch, completed, endItem, ended, newCallId, newIds, startItem, started } from './calls.ts';
import { apiKey, newProject, openStack, type Stack } from './stack.ts';

/** What is refused, in which words, and that nothing else suffers for it. */

let stack: Stack;
beforeAll(async () => {
  stack = await openStack();
});
afterAll(() => stack.stop());

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

async function send(path: string, body: string | object, headers?: Record<string, string>): Promise<Answer> {
  const res = await stack.send(path, body, headers);
  expect([path, res.headers.get('content-type')]).toEqual([
    path,
    expect.stringContaining('application/json'),
  ]);
  return { status: res.status, body: (await res.json()) as Record<string, unknown> };
}

async function reasonOf(path: string, body: string | object): Promise<[number, unknown]> {
  const answer = await send(path, body);
  return [answer.status, answer.body.reason];
}

const count = async (project: string) =>
  (await stack.post<{ count: number }>('/calls/query_stats', { project_id: project })).count;

const J = JSON.stringify;

describe('a bad item of a batch', () => {
  const project = newProject('bad');
  const good = () => completed(project, newCallId());
  const id = newCallId();
  const bad: readonly (readonly [string, string])[] = [
    ['5', 'must be an object'],
    ['null', 'must be an object'],
    ['[]', 'must be an object'],
    ['"text"', 'must be an object'],
    ['{}', 'op_name: is required'],
    [completed(project, id, { id: 'null' }), 'id: is required'],
    [completed(project, id, { id: '5' }), 'id: must be a string'],
    [completed(project, id, { id: '""' }), 'id: must be 1 to 128 characters without spaces or control characters'],
    [completed(project, id, { id: J('x'.repeat(129)) }), 'id: must be 1 to 128 characters without spaces or control characters'],
    [completed(project, id, { id: '"a b"' }), 'id: must be 1 to 128 characters without spaces or control characters'],
    [completed(project, id, { id: '"a\\u0000"' }), 'id: must be 1 to 128 characters without spaces or control characters'],
    [completed(project, id, { trace_id: '{}' }), 'trace_id: must be a string'],
    [completed(project, id, { op_name: 'null' }), 'op_name: is required'],
    [completed(project, id, { op_name: J('o'.repeat(129)) }), 'op_name: is longer than 128 characters'],
    [completed(project, id, { display_name: J('d'.repeat(1025)) }), 'display_name: is longer than 1024 characters'],
    [completed(project, id, { started_at: '"yesterday"' }), 'started_at: must be an ISO 8601 time between 1900 and 2255, got "yesterday"'],
    [completed(project, id, { started_at: '1700000000' }), 'started_at: must be a string'],
    [completed(project, id, { started_at: '"1900-01-01T00:00:00Z"' }), 'started_at: must be an ISO 8601 time between 1900 and 2255, got "1900-01-01T00:00:00Z"'],
    [completed(project, id, { ended_at: '"9999-01-01T00:00:00Z"' }), 'ended_at: must be an ISO 8601 time between 1900 and 2255, got "9999-01-01T00:00:00Z"'],
    [completed(project, id, { inputs: '[]' }), 'inputs: must be an object'],
    [completed(project, id, { attributes: '"a"' }), 'attributes: must be an object'],
    [completed(project, id, { summary: '1' }), 'summary: must be an object'],
    [completed(project, id, { exception: '{}' }), 'exception: must be a string'],
    [completed(project, id, { wb_run_step: '"1"' }), 'wb_run_step: must be a whole number'],
    [completed(project, id, { wb_run_step: '1.5' }), 'wb_run_step: must be a whole number'],
  ]; // prettier-ignore

  it('is set aside with its reason, its neighbours are stored', async () => {
    const items = bad.flatMap(([item]) => [item, good()]);
    const { status, body } = await send(`/v2/${project}/calls/complete`, batch(...items));
    expect(status).toBe(200);
    expect(body.errors).toEqual(bad.map(([, reason], i) => ({ index: 2 * i, reason })));
    expect(await count(project)).toBe(bad.length);
  });

  it('is set aside in upsert_batch too, whatever is wrong with it', async () => {
    const mine = newProject('bad');
    const other = '{"mode":"complete","req":{"complete":{}}}';
    const items = [
      startItem(started(mine, newCallId())), '5', '{}', other, '{"mode":"start","req":{"end":{}}}', '{"mode":"start","req":[]}',
      startItem(started('noslash', newCallId())), startItem(started(mine, newCallId(), { op_name: '1' })),
      endItem(ended(mine, newCallId(), { id: 'null' })), startItem(started(mine, newCallId(), { project_id: '5' })),
      startItem(started(mine, newCallId())),
    ]; // prettier-ignore
    const { status, body } = await send('/call/upsert_batch', batch(...items));
    expect([status, (body.res as unknown[]).length]).toEqual([200, items.length]);
    const errors = body.errors as { index: number; reason: string }[];
    expect(errors.map(({ index }) => index)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(errors[5]!.reason).toBe('project_id: expected "entity/project", got "noslash"');
    expect(await count(mine)).toBe(2);
  });

  it('does not make a client drop its batch: all bad is 2xx, empty too', async () => {
    for (const path of ['/call/upsert_batch', `/v2/${project}/calls/complete`]) {
      const { status, body } = await send(path, batch('{}', '5', '[]'));
      expect([status, (body.errors as unknown[]).length]).toEqual([200, 3]);
      expect((await send(path, batch())).status).toBe(200);
    }
    const many = await send('/call/upsert_batch', batch(...Array<string>(500).fill('{}')));
    expect((many.body.errors as unknown[]).length).toBe(100);
  });

  it('what nobody knows and nulls are no fault', async () => {
    const mine = newProject('bad');
    const nulls = { parent_id: 'null', thread_id: 'null', exception: 'null', wb_run_step: 'null', output: 'null', attributes: 'null' }; // prettier-ignore
    const call = completed(mine, newCallId(), { ...nulls, no_such_member: '[1,{}]' });
    const { status, body } = await send(`/v2/${mine}/calls/complete`, `{"x":[],"batch":[${call}],"y":null}`);
    expect([status, body]).toEqual([200, {}]);
    expect(await count(mine)).toBe(1);
  });
});

describe('a request that is no request', () => {
  const WRITES = ['/call/upsert_batch', '/call/start', '/call/end', '/call/update', '/obj/create', '/table/create', '/feedback/create', '/v2/e2e/x/calls/complete', '/v2/e2e/x/call/start', '/v2/e2e/x/call/end', '/service/projects_info']; // prettier-ignore
  const READS = ['/calls/stream_query', '/calls/query', '/calls/query_stats', '/calls/delete', '/call/read', '/obj/read', '/table/query', '/table/query_stream', '/table/query_stats', '/file/content', '/files/content']; // prettier-ignore

  it.each([...WRITES, ...READS])('%s says so', async (path) => {
    for (const body of ['', 'nonsense', '{', '{"a":1}}', "{'a':1}", '{"a":NaN}', '{"a":01}', '\ufeff{}', '{"a":"\u0001"}']) {
      const [status, reason] = await reasonOf(path, body);
      expect([body, status, reason]).toEqual([body, 400, expect.stringMatching(/not valid JSON/)]);
    }
    for (const body of ['[]', '5', 'null', '{}']) {
      const { status, body: answer } = await send(path, body);
      expect([400, 422]).toContain(status);
      expect(typeof (answer.reason ?? (answer.detail as unknown[])[0])).not.toBe('undefined');
    }
  }); // prettier-ignore

  it('is read as JSON whatever its content type says', async () => {
    const project = newProject('type');
    for (const type of [
      'application/json',
      'text/plain',
      'application/octet-stream',
      'application/x-www-form-urlencoded',
      'garbage',
    ]) {
      // prettier-ignore
      const { status } = await send(`/v2/${project}/calls/complete`, batch(completed(project, newCallId())), { 'content-type': type }); // prettier-ignore
      expect(status).toBe(200);
    }
    expect(await count(project)).toBe(5);
  });

  it('is refused where only a form can be meant', async () => {
    for (const path of ['/file/create', '/files/create']) {
      const { status, body } = await send(path, { project_id: 'e2e/x' });
      expect([status, typeof body.reason]).toEqual([400, 'string']);
      const form = new FormData();
      form.set('project_id', 'e2e/x');
      const res = await stack.send(path, form);
      expect([res.status, await res.json()]).toEqual([400, { reason: 'file: is required' }]);
    }
  });
});

describe('one wrong member is named', () => {
  const p = 'e2e/x';
  const feedback = { project_id: p, weave_ref: 'r', feedback_type: 'custom', payload: {} };
  it.each<[string, object, number, string]>([
    ['/call/start', { start: {} }, 400, 'start.op_name: is required'],
    ['/call/start', { start: 5 }, 400, 'start must be an object'],
    ['/call/start', {}, 400, 'start: is required'],
    ['/call/end', { end: { project_id: p } }, 400, 'end.ended_at: is required'],
    ['/call/update', { project_id: p, call_id: 'a' }, 400, 'display_name: is required'],
    ['/call/update', { project_id: p, call_id: 'a', display_name: null }, 400, 'display_name: is required'],
    ['/call/update', { project_id: p, call_id: 'a b', display_name: '' }, 400, 'call_id: is not an id'],
    ['/call/update', { project_id: 'nope', call_id: 'a', display_name: '' }, 400, 'project_id: expected "entity/project", got "nope"'],
    ['/calls/delete', { project_id: p, call_ids: Array(1001).fill('a') }, 413, 'call_ids: cannot delete more than 1000 calls at once'],
    ['/obj/create', { obj: { project_id: p, object_id: 'a b', val: 1 } }, 422, 'object_id: must consist of letters, digits, "_", "-" and "."'],
    ['/obj/create', { obj: { project_id: p, object_id: '', val: 1 } }, 422, 'object_id: must consist of letters, digits, "_", "-" and "."'],
    ['/obj/create', { obj: { project_id: p, object_id: 'o'.repeat(129), val: 1 } }, 400, 'object_id: is longer than 128 characters'],
    ['/obj/create', { obj: { project_id: p, object_id: 'o' } }, 400, 'obj.val: is required'],
    ['/obj/create', { obj: [] }, 400, 'obj: must be an object'],
    ['/obj/create', { obj: { project_id: p, object_id: 'o', val: {}, builtin_object_class: 'Nope' } }, 400, 'builtin_object_class: unknown class "Nope"'],
    ['/table/create', { table: { project_id: p, rows: [{}, 5] } }, 400, 'table.rows[1]: must be an object'],
    ['/table/create', { table: { project_id: p } }, 400, 'table.rows: is required'],
    ['/feedback/create', { ...feedback, payload: { x: 'y'.repeat(1024 * 1024) } }, 400, 'payload: is larger than 1048576 bytes'],
    ['/feedback/create', { ...feedback, feedback_type: 'wandb.note.1', payload: { note: '' } }, 400, 'payload.note: must have 1 to 1024 characters'],
    ['/feedback/create', { ...feedback, feedback_type: 'wandb.note.1', payload: { note: 'n'.repeat(1025) } }, 400, 'payload.note: must have 1 to 1024 characters'],
    ['/feedback/create', { ...feedback, feedback_type: 'wandb.reaction.1', payload: { emoji: 'ab' } }, 400, 'payload.emoji: must be exactly one emoji'],
    ['/feedback/create', { ...feedback, call_ref: 'x' }, 400, 'call_ref: is not allowed for feedback of type "custom"'],
    ['/service/projects_info', { project_ids: Array(1001).fill(p) }, 400, 'project_ids: more than 1000'],
    ['/service/projects_info', { project_ids: [p, 'x'] }, 400, 'project_ids[1]: expected "entity/project", got "x"'],
  ])('%s %j', async (path, body, status, reason) => {
    expect(await reasonOf(path, body)).toEqual([status, reason]);
  }); // prettier-ignore

  it('digests that do not fit are 409', async () => {
    const wrong = { expected_digest: 'wrong' };
    for (const [path, body] of [
      ['/obj/create', { obj: { project_id: p, object_id: 'o', val: 1, ...wrong } }],
      ['/table/create', { table: { project_id: p, rows: [], ...wrong } }],
    ] as const)
      expect((await send(path, body)).status).toBe(409);
  });

  it('what is not there is 404 or null, with its name', async () => {
    const project_id = newProject('none');
    expect(await reasonOf('/obj/read', { project_id, object_id: 'o', digest: 'latest' })).toEqual([404, 'Obj o:latest not found']); // prettier-ignore
    expect(await reasonOf('/file/content', { project_id, digest: 'd' })).toEqual([404, 'File d not found']);
    expect(await stack.post('/table/query_stats', { project_id, digest: 'd' })).toEqual({ count: 0 });
    expect(await stack.post('/table/query', { project_id, digest: 'd' })).toEqual({ rows: [] });
    expect(await stack.post('/call/read', { project_id, id: 'x' })).toEqual({ call: null });
    expect(await stack.post('/calls/delete', { project_id, call_ids: [] })).toEqual({ num_deleted: 0 });
  });
});

describe('names and ids of strangers', () => {
  it('are text, also where JavaScript has something of that name', async () => {
    const project = 'e2e/__proto__';
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'prototype'];
    const run = newIds(1)[0]!;
    const ids = names.map((name) => `${name}-${run}`);
    const calls = ids.map((id, i) => completed(project, id, { op_name: J(names[i]), display_name: J(names[i]), thread_id: J(run), summary: '{"__proto__":{"polluted":1},"usage":{"constructor":{"requests":1}}}' })); // prettier-ignore
    expect((await send(`/v2/${project}/calls/complete`, batch(...calls))).body).toEqual({});
    const read = await stack.lines<{ id: string }>('/calls/stream_query', { project_id: project, filter: { thread_ids: [run], op_names: names } }); // prettier-ignore
    expect(read.map(({ id }) => id).sort()).toEqual(ids.toSorted());
    for (const name of names) {
      const { digest } = await stack.post<{ digest: string }>('/obj/create', { obj: { project_id: project, object_id: name, val: run } }); // prettier-ignore
      const { obj } = await stack.post<{ obj: { val: string } }>('/obj/read', { project_id: project, object_id: name, digest }); // prettier-ignore
      expect(obj.val).toBe(run);
    }
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  it('of any script are kept', async () => {
    const project = newProject('Größe-проект-项目');
    const id = `id-${newCallId()}-é😀`;
    await send('/call/start', `{"start":${started(project, id, { op_name: '"オペ"' })}}`);
    expect(await stack.post('/call/read', { project_id: project, id })).toMatchObject({ call: { id, op_name: 'オペ', project_id: project } }); // prettier-ignore
    const path = `/v2/${project.split('/').map(encodeURIComponent).join('/')}/calls/complete`;
    expect((await send(path, batch(completed('e2e/any', newCallId())))).body).toEqual({});
    expect(await count(project)).toBe(2);
  });
});

describe('whatever a member holds', () => {
  const id = newCallId();
  const project_id = newProject('fuzz');
  const start = JSON.parse(started(project_id, id)) as object;
  const end = JSON.parse(ended(project_id, id)) as object;
  const calls = {
    project_id, filter: { op_names: ['a'], trace_roots_only: true, thread_ids: [] }, limit: 1, offset: 1, columns: ['id'],
    sort_by: [{ field: 'id', direction: 'asc' }], include_feedback: true, include_storage_size: true, include_total_storage_size: true,
  }; // prettier-ignore
  const feedback = {
    project_id,
    weave_ref: 'r',
    feedback_type: 't',
    payload: {},
    id,
    creator: 'c',
    created_at: 'x',
  };
  const requests: readonly (readonly [string, object])[] = [
    ['/call/start', { start }],
    ['/call/end', { end }],
    ['/call/upsert_batch', { batch: [{ mode: 'start', req: { start } }, { mode: 'end', req: { end } }] }],
    [`/v2/${project_id}/calls/complete`, { batch: [{ ...start, ...end }] }],
    ['/call/update', { project_id, call_id: id, display_name: 'x', wb_user_id: 'u' }],
    ['/call/read', { project_id, id, include_costs: true, include_storage_size: true }],
    ['/calls/stream_query', calls],
    ['/calls/query', { ...calls, query: null, expand_columns: [], latest_only: false }],
    ['/calls/query_stats', { project_id, filter: {}, limit: 1, include_total_storage_size: true }],
    ['/calls/delete', { project_id, call_ids: ['a'] }],
    ['/obj/create', { obj: { project_id, object_id: 'o', val: { _type: 'a', _bases: ['Object', 'BaseModel'], _class_name: 'b' }, builtin_object_class: null, expected_digest: null } }],
    ['/obj/read', { project_id, object_id: 'o', digest: 'latest', metadata_only: true, include_tags_and_aliases: true }],
    ['/table/create', { table: { project_id, rows: [{ a: 1 }], expected_digest: null } }],
    ['/table/query', { project_id, digest: 'd', filter: { row_digests: ['a'] }, limit: 1, offset: 0, sort_by: [] }],
    ['/table/query_stream', { project_id, digest: 'd' }],
    ['/table/query_stats', { project_id, digest: 'd' }],
    ['/file/content', { project_id, digest: 'd' }],
    ['/feedback/create', feedback],
    ['/feedback/create', { ...feedback, feedback_type: 'wandb.runnable.s', runnable_ref: 'weave:///e/p/op/s:1', call_ref: 'weave:///e/p/call/1', payload: { output: 1 } }],
    ['/service/projects_info', { project_ids: [project_id] }],
    ['/graphql', { query: '{ viewer { username } }', variables: { a: 'b' }, operationName: 'x' }],
  ]; // prettier-ignore
  const VALUES = [
    'null', '-1', '1.5', '9007199254740993', 'true', '"x"', '"\\u0000\\ud800"', '"weave:///"', '[]', '[null]', '{"__proto__":[]}',
    `"${'a/'.repeat(300)}"`,
  ]; // prettier-ignore

  /** The request with the value in each of its places. */
  function* mutated(value: unknown, raw: string): Generator<string> {
    yield raw;
    if (value === null || typeof value !== 'object') return;
    for (const [name, member] of Object.entries(value)) {
      for (const inner of mutated(member, raw)) {
        const others = Array.isArray(value)
          ? value.map((other, i) => (String(i) === name ? inner : J(other))).join(',')
          : Object.entries(value).map(([key, other]) => `${J(key)}:${key === name ? inner : J(other)}`).join(',');
        yield Array.isArray(value) ? `[${others}]` : `{${others}}`;
      }
    }
  } // prettier-ignore

  let rejectedBefore: string;
  beforeAll(async () => {
    rejectedBefore = await rejectedByWriter();
  });
  /** By any of the writers: the log has their dead letters, while each counts its own in its metrics. */
  async function rejectedByWriter(): Promise<string> {
    const res = await fetch(`${stack.url}/weft/v1/dead-letters?group=writer&limit=100000`, {
      headers: { authorization: `Bearer ${apiKey}` },
    });
    const letters = await res.text();
    expect([res.status, letters]).toEqual([200, expect.anything()]);
    return letters;
  }

  it.each(requests)('%s answers, and never with a failure of ours', async (path, request) => {
    const bodies = VALUES.flatMap((value) => [...mutated(request, value)]);
    const next = bodies.values();
    const worker = async () => {
      for (const body of next) {
        const res = await stack.send(path, body);
        const answer = await res.text();
        if (res.status === 200) continue;
        const error = JSON.parse(answer) as { reason?: string; detail?: unknown };
        expect([path, body, res.status, [400, 404, 409, 413, 422].includes(res.status)]).toEqual([path, body, res.status, true]); // prettier-ignore
        expect(error.reason ?? error.detail).toBeTruthy();
      }
    };
    await Promise.all(Array.from({ length: 8 }, worker));
    expect((await fetch(`${stack.url}/readyz`)).status).toBe(200);
  });

  it('what was accepted could be stored', async () => {
    await count(project_id); // waits until the writer has seen all of it
    expect(await rejectedByWriter()).toBe(rejectedBefore);
  });
});

describe('times at the edge', () => {
  it('come back to the microsecond', async () => {
    const project = newProject('times');
    const times = ['1900-01-01T00:00:00.000001Z', '1969-12-31T23:59:59.999999Z', '1970-01-01T00:00:00.000000Z', '2254-12-31T23:59:59.999999Z']; // prettier-ignore
    const calls = times.map((at) => completed(project, newCallId(), { started_at: J(at), ended_at: J(at) }));
    expect((await send(`/v2/${project}/calls/complete`, batch(...calls))).body).toEqual({});
    const read = await stack.lines<{ started_at: string; ended_at: string }>('/calls/stream_query', { project_id: project }); // prettier-ignore
    expect(read.map(({ started_at, ended_at }) => [started_at, ended_at])).toEqual(
      times.map((at) => [at, at]),
    );
    const forms = ['2026-01-02 03:04:05', '2026-01-02T03:04:05+00:00', '2026-01-02T05:04:05.000000999+0200', '2026-01-01T24:00:00-03:04']; // prettier-ignore
    for (const at of forms) {
      const id = newCallId();
      await send('/call/start', `{"start":${started(project, id, { started_at: J(at) })}}`);
      const { call } = await stack.post<{ call: { started_at: string } }>('/call/read', {
        project_id: project,
        id,
      });
      expect(call.started_at).toMatch(/^2026-01-02T03:04:0[05]\.000000Z$/);
    }
  });
});
