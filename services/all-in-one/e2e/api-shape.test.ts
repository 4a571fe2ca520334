import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ROUTES } from '@weft/weave-api';
import { batch, completed, newCallId, started } from './calls.ts';
import { apiKey, newProject, openStack, type Stack } from './stack.ts';

/** The members that clients require in answers (their absence raises in user code), and what every path answers. */

let stack: Stack;
beforeAll(async () => {
  stack = await openStack();
});
afterAll(() => stack.stop());

const get = (path: string, init?: RequestInit) =>
  fetch(stack.url + path, { headers: { authorization: `Bearer ${apiKey}` }, ...init });
const ISO = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|\+00:00)$/);
const text = expect.any(String);

describe('answers have what clients require', () => {
  const project_id = newProject('shape');

  it('of calls', async () => {
    const id = newCallId();
    const start = JSON.parse(started(project_id, id)) as object;
    expect(await stack.post('/call/start', { start })).toEqual({ id, trace_id: id });
    const made = await stack.post<{ id: string; trace_id: string }>('/call/start', { start: { ...start, id: null, trace_id: null } }); // prettier-ignore
    const uuid7 = expect.stringMatching(
      /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
    expect(made).toEqual({ id: uuid7, trace_id: uuid7 });
    expect(
      (await stack.post<{ call: object }>('/call/read', { project_id, id: made.id })).call,
    ).toMatchObject(made);
    const end = { project_id, id, ended_at: '2026-01-02T03:04:06.5+01:00', summary: {}, output: 1 };
    expect(await stack.post('/call/end', { end })).toEqual({});
    const { res } = await stack.post<{ res: object[] }>('/call/upsert_batch', {
      batch: [{ mode: 'start', req: { start } }, { mode: 'end', req: { end } }], // prettier-ignore
    });
    expect(res).toEqual([{ id, trace_id: id }, {}]);
    const { call } = await stack.post<{ call: Record<string, unknown> }>('/call/read', { project_id, id });
    expect(Object.keys(call)).toEqual([
      'id', 'project_id', 'op_name', 'display_name', 'trace_id', 'parent_id', 'thread_id', 'turn_id', 'started_at', 'attributes',
      'inputs', 'ended_at', 'exception', 'output', 'summary', 'wb_user_id', 'wb_run_id', 'wb_run_step', 'wb_run_step_end', 'deleted_at',
      'expire_at', 'storage_size_bytes', 'total_storage_size_bytes',
    ]); // prettier-ignore
    expect(call).toMatchObject({ started_at: '2026-01-02T03:04:05.000006Z', ended_at: '2026-01-02T02:04:06.500000Z', deleted_at: null }); // prettier-ignore
    expect(await stack.post('/call/update', { project_id, call_id: id, display_name: 'x' })).toEqual({});
    expect(await stack.post('/calls/query_stats', { project_id })).toEqual({ count: 2, has_more: false, total_storage_size_bytes: null }); // prettier-ignore
    expect(await stack.post('/calls/delete', { project_id, call_ids: [id] })).toEqual({ num_deleted: 1 });
  });

  it('of calls with both protocols of 2025 and 2026', async () => {
    for (const prefix of ['/v2', '/object']) {
      const [one, two] = [newCallId(), newCallId()];
      const call = completed('e2e/other', one);
      expect(
        await stack.post(`${prefix}/${project_id}/calls/complete`, JSON.parse(batch(call)) as object),
      ).toEqual({});
      const start = JSON.parse(started('e2e/other', two)) as object;
      expect(await stack.post(`${prefix}/${project_id}/call/start`, { start })).toEqual({
        id: two,
        trace_id: two,
      });
      const end = { id: two, ended_at: '2026-01-02T03:04:06Z', summary: {} };
      expect(await stack.post(`${prefix}/${project_id}/call/end`, { end })).toEqual({});
      // The project of the path wins over the one in the body.
      for (const id of [one, two]) {
        const { call: read } = await stack.post<{ call: object }>('/call/read', { project_id, id });
        expect(read).toMatchObject({ id, project_id, summary: { weave: { status: 'success' } } });
      }
    }
  });

  it('of objects, tables, files and feedback', async () => {
    const obj = { project_id, object_id: 'thing', val: { _type: 'Thing', a: 1 }, wb_user_id: 'ada' };
    const { digest } = await stack.post<{ digest: string }>('/obj/create', { obj });
    expect(digest).toMatch(/^[0-9A-Za-z]{43}$/);
    expect(await stack.post('/obj/read', { project_id, object_id: 'thing', digest: 'latest', include_tags_and_aliases: true })).toEqual({
      obj: {
        project_id, object_id: 'thing', created_at: ISO, deleted_at: null, digest, version_index: 0, is_latest: 1, kind: 'object',
        base_object_class: null, leaf_object_class: null, wb_user_id: 'ada', size_bytes: expect.any(Number), tags: [], aliases: ['latest'],
        val: obj.val,
      },
    }); // prettier-ignore
    const only = await stack.post<{ obj: { val: unknown } }>('/obj/read', { project_id, object_id: 'thing', digest, metadata_only: true }); // prettier-ignore
    expect(only.obj.val).toEqual({});
    const table = await stack.post<{ digest: string; row_digests: string[] }>('/table/create', { table: { project_id, rows: [{ a: 1 }, { a: 2 }, { a: 1 }] } }); // prettier-ignore
    expect(table).toEqual({
      digest: expect.stringMatching(/^[0-9a-f]{64}$/),
      row_digests: [text, text, table.row_digests[0]],
    });
    expect(
      await stack.post('/table/query', { project_id, digest: table.digest, limit: 2, offset: 1 }),
    ).toEqual({
      rows: [
        { digest: table.row_digests[1], original_index: 1, val: { a: 2 } },
        { digest: table.row_digests[0], original_index: 2, val: { a: 1 } },
      ],
    });
    const form = new FormData();
    form.set('project_id', project_id);
    form.set('file', new Blob(['hello']), 'blob');
    const file = await stack.send('/file/create', form);
    expect(await file.json()).toEqual({ digest: 'LPJNulXwow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ' });
    const content = await stack.send('/files/content', { project_id, digest: 'LPJNulXwow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ' }); // prettier-ignore
    expect([content.headers.get('content-type'), content.headers.get('content-disposition'), await content.text()]).toEqual(
      ['application/octet-stream', `attachment; filename="blob"; filename*=UTF-8''blob`, 'hello'],
    ); // prettier-ignore
    const feedback = { project_id, weave_ref: 'weave:///e/p/call/1', feedback_type: 'wandb.reaction.1', payload: { emoji: '👍🏽' }, wb_user_id: 'ada' }; // prettier-ignore
    expect(await stack.post('/feedback/create', feedback)).toEqual({
      id: text, created_at: ISO, wb_user_id: 'ada', payload: { emoji: '👍🏽', alias: text, detoned: '👍', detoned_alias: text },
    }); // prettier-ignore
    const note = {
      ...feedback,
      id: 'mine',
      feedback_type: 'wandb.note.1',
      payload: { note: 'hi' },
      wb_user_id: null,
    };
    expect(await stack.post('/feedback/create', note)).toEqual({ id: 'mine', created_at: ISO, wb_user_id: 'e2e', payload: { note: 'hi' } }); // prettier-ignore
  });

  it('of the service', async () => {
    expect(await (await get('/health')).json()).toEqual({ status: 'ok' });
    expect(await (await get('/readyz')).json()).toEqual({ status: 'ready' });
    expect(await (await get('/server_info')).json()).toMatchObject({ min_required_weave_python_version: '0.0.1' });
    expect(await stack.post('/service/projects_info', { project_ids: [project_id] })).toEqual([
      { external_project_id: project_id, internal_project_id: expect.stringMatching(/^[^/]+$/) },
    ]);
    const metrics = await get('/metrics');
    expect(metrics.headers.get('content-type')).toContain('text/plain');
    // Whichever process answers: in a cluster each has its own (ledger.test.ts and cluster.test.ts look at what they count).
    expect(await metrics.text()).toMatch(/^weft_http_requests_total\{.*\} \d+$/m);
    const graphql = (query: string, variables = {}) => stack.post<{ data: Record<string, unknown> }>('/graphql', { query, variables });
    expect((await graphql('query { viewer { username defaultEntity { name } } }')).data.viewer).toMatchObject({ username: text });
    const project = 'query Project($n: String!, $e: String!) { project(name: $n, entityName: $e) { name } }';
    expect((await graphql(project, { n: 'p', e: 'e2e' })).data.project).toMatchObject({ name: 'p' });
  }); // prettier-ignore
});

describe('paths', () => {
  it('stand at the root and below /traces, with slashes too many', async () => {
    const project_id = newProject('path');
    for (const path of [
      '/call/read',
      '/traces/call/read',
      '//call/read',
      '/traces//call//read',
      '/call/read/',
    ])
      expect(await stack.post(path, { project_id, id: 'x' })).toEqual({ call: null });
    expect((await get('/traces/health')).status).toBe(200);
    expect((await get('/traces/server_info')).status).toBe(200);
  });

  it('that nobody knows are 404 with detail', async () => {
    for (const path of [
      '/nope',
      '/traces/nope',
      '/Calls/stream_query',
      '/call',
      '/v2/e2e/calls/complete',
      '/call/start/x',
      '/..%2fetc',
    ]) {
      // prettier-ignore
      const res = await stack.send(path, '{}');
      expect([path, res.status, await res.json()]).toEqual([path, 404, { detail: 'Not Found' }]);
    }
  });

  it('asked with another method are 405', async () => {
    for (const path of [
      '/call/upsert_batch',
      '/calls/stream_query',
      '/obj/create',
      '/file/content',
      '/otel/v1/traces',
    ])
      for (const method of ['GET', 'PUT', 'DELETE', 'PATCH']) {
        const res = await get(path, { method });
        expect([path, method, res.status, res.headers.get('allow')]).toEqual([path, method, 405, 'POST']);
        await res.arrayBuffer();
      }
    const res = await stack.send('/health', '{}');
    expect([res.status, await res.json()]).toEqual([405, { detail: 'Method Not Allowed' }]);
  });

  it.each(ROUTES.filter(({ planned, method, path }) => planned && method === 'post' && !path.includes('{')))(
    '$path is known and says that it is not served, and why',
    async ({ path, planned }) => {
      const res = await stack.send(path, {});
      const reason = `POST ${path} is not served: ${planned}`;
      expect([res.status, res.headers.get('retry-after'), await res.json()]).toEqual([501, null, { reason }]);
    },
  );

  it('with percent signs that mean nothing are 400', async () => {
    const res = await stack.send('/v2/%zz/p/calls/complete', '{"batch":[]}');
    expect([res.status, await res.json()]).toEqual([
      400,
      { reason: expect.stringContaining('percent-encoded') },
    ]);
  });
});
