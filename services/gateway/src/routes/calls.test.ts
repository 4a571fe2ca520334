import { afterEach, describe, expect, it } from '@jest/globals';
import { readCallItem, type TraceEvent } from '@weft/model';
import { startGateway, type GatewayServer } from '../testing/gateway-server.ts';

const MIB = 1024 * 1024;
const START = {
  project_id: 'e/p',
  id: 'c1',
  op_name: 'f',
  trace_id: 't1',
  started_at: '2026-01-02T03:04:05.678901Z',
  attributes: {},
  inputs: {},
};
const END = { project_id: 'e/p', id: 'c1', ended_at: '2026-01-02T03:04:06Z', output: 1, summary: {} };
const COMPLETE = { ...START, ...END };
const UUID7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

let gateway: GatewayServer;
afterEach(() => gateway.stop());

const text = (event: TraceEvent | undefined) => Buffer.from(event!.payload).toString('utf8');
const start = (item: unknown) => ({ mode: 'start', req: { start: item } });
const end = (item: unknown) => ({ mode: 'end', req: { end: item } });

describe('POST /call/upsert_batch', () => {
  it('makes one event per item, in order, and answers ids of starts', async () => {
    gateway = await startGateway();
    const answer = await gateway.post('/call/upsert_batch', {
      batch: [start(START), end(END), start({ ...START, id: 'c2', project_id: 'e/q' })],
    });
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({ res: [{ id: 'c1', trace_id: 't1' }, {}, { id: 'c2', trace_id: 't1' }] });
    expect((await gateway.events()).map(({ kind, projectId, id }) => [kind, projectId, id])).toEqual([
      ['call.started', 'e/p', 'c1'],
      ['call.ended', 'e/p', 'c1'],
      ['call.started', 'e/q', 'c2'],
    ]);
    expect(text((await gateway.events())[0])).toBe(JSON.stringify(START));
    expect(Math.abs((await gateway.events())[0]!.receivedAtUs / 1000 - Date.now())).toBeLessThan(60_000);
  });

  it('keeps payload bytes as they were sent', async () => {
    gateway = await startGateway();
    const deep = '['.repeat(500) + ']'.repeat(500);
    const inputs = `{"big":9007199254740993,"inf":1e400 , "nz":-0,"f":1.0,"a":1,"a":2,"lone":"\\ud83d","u":"é😀\\u00e9","10":1,"9":2,"__proto__":{"x":1}}`;
    const item = `{"project_id":"e/p", "id" : "c1","op_name":"f","trace_id":"t1","started_at":"2026-01-02T03:04:05Z","attributes":{},\n"inputs":${inputs},"unknown":[1.0]}`;
    const ended = `{"project_id":"e/p","id":"c1","ended_at":"2026-01-02T03:04:06Z","output":${deep},"summary":{"n":1E+2}}`;
    const body = ` {"batch" : [ {"req":{"start":${item}} , "mode":"start"},{"mode":"end","req":{"end":${ended}}}] } `;
    expect((await gateway.post('/call/upsert_batch', body)).status).toBe(200);
    expect((await gateway.events()).map(text)).toEqual([item, ended]);
    const read = readCallItem('call.started', (await gateway.events())[0]!.payload);
    expect(Buffer.from(read.start!.inputs).toString('utf8')).toBe(inputs);
  });

  it('chooses ids that are missing, and puts the trace id where the writer finds it', async () => {
    gateway = await startGateway();
    const bare = { ...START, id: undefined, trace_id: undefined };
    const answer = await gateway.post('/call/upsert_batch', {
      batch: [start(bare), start({ ...bare, id: null, trace_id: null })],
    });
    for (const [i, { id, trace_id }] of answer.json.res.entries()) {
      expect(id).toMatch(UUID7);
      expect(trace_id).toMatch(UUID7);
      expect((await gateway.events())[i]!.id).toBe(id);
      expect(readCallItem('call.started', (await gateway.events())[i]!.payload).start!.traceId).toBe(
        trace_id,
      );
    }
    expect(text((await gateway.events())[0])).toBe(
      `${JSON.stringify(bare).slice(0, -1)},"trace_id":${JSON.stringify(answer.json.res[0].trace_id)}}`,
    );
  });

  it('sets bad items aside with their reasons and stores their neighbours', async () => {
    gateway = await startGateway();
    const items = [
      start(START),
      start({ ...START, op_name: 5 }),
      start({ ...START, started_at: 'yesterday' }),
      { mode: 'other', req: { start: START } },
      { mode: 'end', req: { start: START } },
      5,
      null,
      { mode: 'start', req: { start: 'text' } },
      start({ ...START, project_id: 'nowhere' }),
      end({ ...END, id: undefined }),
      start({ ...START, op_name: 'x'.repeat(129) }),
      start({ ...START, inputs: [] }),
      end(END),
    ];
    const answer = await gateway.post('/call/upsert_batch', { batch: items });
    expect(answer.status).toBe(200);
    expect(answer.json.res).toHaveLength(items.length);
    expect(answer.json.res.filter((result: object) => Object.keys(result).length > 0)).toEqual([
      { id: 'c1', trace_id: 't1' },
    ]);
    const mode = 'expected {"mode": "start" | "end", "req": {"start" | "end": {…}}}';
    expect(answer.json.errors).toEqual([
      { index: 1, reason: 'op_name: must be a string' },
      { index: 2, reason: 'started_at: must be an ISO 8601 time between 1900 and 2255, got "yesterday"' },
      { index: 3, reason: mode },
      { index: 4, reason: mode },
      { index: 5, reason: mode },
      { index: 6, reason: mode },
      { index: 7, reason: 'must be an object' },
      { index: 8, reason: 'project_id: expected "entity/project", got "nowhere"' },
      { index: 9, reason: 'id: is required' },
      { index: 10, reason: 'op_name: is longer than 128 characters' },
      { index: 11, reason: 'inputs: must be an object' },
    ]);
    expect((await gateway.events()).map(({ kind }) => kind)).toEqual(['call.started', 'call.ended']);
    expect(gateway.rejected).toHaveLength(11);
    expect(text(gateway.rejected[0]!.event)).toBe(JSON.stringify({ ...START, op_name: 5 }));
    expect(gateway.rejected[0]!.event.projectId).toBe('e/p');
    expect(gateway.rejected[7]!.event.projectId).toBe('');
    expect(await gateway.metrics()).toContain('weft_gateway_items_rejected_total 11');
  });

  it('answers 2xx when every item is bad: npm clients end their process on repeated 4xx', async () => {
    gateway = await startGateway();
    const answer = await gateway.post('/call/upsert_batch', { batch: [start({})] });
    expect([answer.status, answer.json.res]).toEqual([200, [{}]]);
    expect(await gateway.events()).toEqual([]);
    expect(gateway.rejected).toHaveLength(1);
  });

  it('sets an item aside that is not valid UTF-8', async () => {
    gateway = await startGateway();
    const body = Buffer.from(
      JSON.stringify({ batch: [start({ ...START, inputs: { a: '¤' } }), start(START)] }),
    );
    body[body.indexOf(0xc2)] = 0xff;
    const answer = await gateway.post('/call/upsert_batch', body);
    expect([answer.status, answer.json.errors]).toEqual([200, [{ index: 0, reason: 'is not valid UTF-8' }]]);
    expect(await gateway.events()).toHaveLength(1);
  });

  it.each([
    ['', 'not valid JSON: expected an object at byte 0'],
    ['nonsense', 'not valid JSON: expected an object at byte 0'],
    ['{"batch":[{"mode":"start"', 'not valid JSON'],
    ['{"batch":[] } x', 'not valid JSON: text after the value at byte 14'],
    ['{}', 'batch: is required'],
    ['{"batch":{}}', 'batch: must be a list'],
    ['{"batch":null}', 'batch: must be a list'],
    [`{"batch":[{"mode":"start","req":{"start":{"inputs":${'['.repeat(100_600)}`, 'nested deeper than 512'],
  ])('answers 400 to %j', async (body, reason) => {
    gateway = await startGateway();
    const answer = await gateway.post('/call/upsert_batch', body);
    expect([answer.status, answer.json.reason]).toEqual([400, expect.stringContaining(reason)]);
    expect(await gateway.events()).toEqual([]);
  });

  it('sets an item aside that is nested too deep, whatever it is, and stores its neighbours', async () => {
    gateway = await startGateway();
    const deep = `${'['.repeat(513)}${']'.repeat(513)}`;
    const items = [
      JSON.stringify(start({ ...START, inputs: { a: '¤' } })).replace('"¤"', deep),
      `{"mode":"start","req":{"start":${deep}}}`,
      `{"mode":${deep}}`,
      deep,
      JSON.stringify(start(START)),
    ];
    const answer = await gateway.post('/call/upsert_batch', `{"batch":[${items.join(',')}]}`);
    expect(answer.status).toBe(200);
    expect(answer.json.errors).toMatchObject([{ index: 0 }, { index: 1 }, { index: 2 }, { index: 3 }]);
    expect((answer.json.errors as { reason: string }[])[0]!.reason).toBe('is nested deeper than 512');
    expect(await gateway.events()).toHaveLength(1);
    expect(gateway.rejected).toHaveLength(4);
  });

  it('answers an empty batch', async () => {
    gateway = await startGateway();
    expect((await gateway.post('/traces/call/upsert_batch', { batch: [] })).json).toEqual({ res: [] });
  });

  it('refuses the whole request for a foreign project, also when that item is bad otherwise', async () => {
    gateway = await startGateway({ user: { name: 'ann', projects: ['e/p'] } });
    for (const foreign of [start({ ...START, project_id: 'e/other' }), start({ project_id: 'e/other' })]) {
      const answer = await gateway.post('/call/upsert_batch', { batch: [start(START), foreign] });
      expect([answer.status, answer.json]).toEqual([403, { reason: 'Forbidden' }]);
    }
    expect(await gateway.events()).toEqual([]);
    expect(gateway.rejected).toEqual([]);
  });

  it('needs a key that may write', async () => {
    gateway = await startGateway({ user: { name: 'ann', projects: ['*'], role: 'read' } });
    expect((await gateway.post('/call/upsert_batch', { batch: [start(START)] })).status).toBe(403);
    expect(
      (await gateway.post('/call/upsert_batch', { batch: [start(START)] }, { authorization: 'Basic eDp5' }))
        .status,
    ).toBe(401);
  });

  it('says who wrote: the key, not the request', async () => {
    gateway = await startGateway({ user: { name: 'ann', projects: ['e/*'] } });
    await gateway.post('/call/upsert_batch', { batch: [start({ ...START, wb_user_id: 'bob' }), end(END)] });
    expect((await gateway.events()).map((event) => event.userId)).toEqual(['ann', 'ann']);
  });

  it('says who wrote: without keys the request, else the entity', async () => {
    gateway = await startGateway();
    await gateway.post('/call/upsert_batch', { batch: [start({ ...START, wb_user_id: 'bob' }), end(END)] });
    expect((await gateway.events()).map((event) => event.userId)).toEqual(['bob', 'e']);
  });

  it('lets no leaked key pass, neither to the log nor to the dead letters', async () => {
    gateway = await startGateway();
    const inputs = {
      self: { _client: { apiKey: 'sk-secret' }, _options: { apiKey: 'sk-secret' } },
      model: 'm',
    };
    const batch = [
      start({ ...START, inputs, attributes: { headers: { Authorization: 'sk-secret' } } }),
      start({ ...START, op_name: 1, inputs }),
      { mode: 'x', req: { start: { inputs } } },
    ];
    await gateway.post('/call/upsert_batch', { batch });
    const kept = [...(await gateway.events()), ...gateway.rejected.map(({ event }) => event)]
      .map(text)
      .join('\n');
    expect(gateway.rejected).toHaveLength(2);
    expect(kept).not.toContain('sk-secret');
    expect(text((await gateway.events())[0])).toBe(
      JSON.stringify((batch[0] as any).req.start).replaceAll('"sk-secret"', '"REDACTED"'),
    );
  });

  it('takes a body of 32 MiB and answers 413 with a reason to one byte more', async () => {
    gateway = await startGateway();
    const head = `{"batch":[{"mode":"start","req":{"start":${JSON.stringify(START).slice(0, -1)},"x":"`;
    const tail = '"}}}]}';
    const full = Buffer.concat([
      Buffer.from(head),
      Buffer.alloc(32 * MIB - head.length - tail.length, 'a'),
      Buffer.from(tail),
    ]);
    expect((await gateway.post('/call/upsert_batch', full)).status).toBe(200);
    const answer = await gateway.post('/call/upsert_batch', Buffer.concat([full, Buffer.from(' ')]));
    expect([answer.status, typeof answer.json.reason]).toEqual([413, 'string']);
    expect(await gateway.events()).toHaveLength(1);
  });

  it('answers 503 with Retry-After when the log is down, and promises nothing', async () => {
    gateway = await startGateway();
    await gateway.breakLog();
    const answer = await gateway.post('/call/upsert_batch', { batch: [start(START)] });
    expect([answer.status, Number(answer.headers.get('retry-after')) > 0]).toEqual([503, true]);
  });
});

describe('POST /call/start and /call/end', () => {
  it('store one item', async () => {
    gateway = await startGateway();
    expect((await gateway.post('/call/start', { start: START })).json).toEqual({ id: 'c1', trace_id: 't1' });
    expect((await gateway.post('/call/end', { end: END })).json).toEqual({});
    expect((await gateway.events()).map(text)).toEqual([JSON.stringify(START), JSON.stringify(END)]);
  });

  it.each([
    ['/call/start', {}, 'start: is required'],
    ['/call/start', { start: { ...START, op_name: null } }, 'start.op_name: is required'],
    ['/call/start', { start: { ...START, trace_id: 'a b' } }, 'start.trace_id'],
    ['/call/end', { end: { ...END, ended_at: 5 } }, 'end.ended_at: must be a string'],
    ['/call/end', { end: [] }, 'end must be an object'],
    ['/v2/e/p/call/start', { start: { op_name: 'f' } }, 'start.started_at: is required'],
  ])('%s answers 400 to %j', async (path, body, reason) => {
    gateway = await startGateway();
    const answer = await gateway.post(path, body);
    expect([answer.status, answer.json.reason]).toEqual([400, expect.stringContaining(reason)]);
    expect([await gateway.events(), gateway.rejected]).toEqual([[], []]);
  });
});

describe.each(['/v2', '/object'])('POST %s/:entity/:project/…', (prefix) => {
  it('stores complete calls; the project of the path wins', async () => {
    gateway = await startGateway();
    const batch = [
      COMPLETE,
      { ...COMPLETE, id: 'c2', project_id: 'someone/else' },
      { ...COMPLETE, id: 'c3', project_id: undefined },
      { ...COMPLETE, id: 'c4', project_id: 'no project' },
    ];
    const answer = await gateway.post(`${prefix}/e/my%20project/calls/complete`, { batch });
    expect([answer.status, answer.json]).toEqual([200, {}]);
    expect((await gateway.events()).map(({ kind, projectId, id }) => `${kind} ${projectId} ${id}`)).toEqual(
      ['c1', 'c2', 'c3', 'c4'].map((id) => `call.completed e/my project ${id}`),
    );
    expect(text((await gateway.events())[1])).toBe(JSON.stringify(batch[1]));
  });

  it('sets bad calls aside', async () => {
    gateway = await startGateway();
    const answer = await gateway.post(`${prefix}/e/p/calls/complete`, {
      batch: [{ ...COMPLETE, ended_at: null }, COMPLETE, 7],
    });
    expect([answer.status, answer.json]).toEqual([
      200,
      {
        errors: [
          { index: 0, reason: 'ended_at: is required' },
          { index: 2, reason: 'must be an object' },
        ],
      },
    ]);
    expect(await gateway.events()).toHaveLength(1);
  });

  it('stores eager starts and ends', async () => {
    gateway = await startGateway();
    expect((await gateway.post(`${prefix}/e/p/call/start`, { start: START })).json).toEqual({
      id: 'c1',
      trace_id: 't1',
    });
    const ended = { ...END, trace_id: 't1', started_at: START.started_at };
    expect((await gateway.post(`${prefix}/e/p/call/end`, { end: ended })).json).toEqual({});
    expect((await gateway.events()).map(({ kind, id }) => [kind, id])).toEqual([
      ['call.started', 'c1'],
      ['call.ended', 'c1'],
    ]);
  });

  it('refuses a foreign project in the path before reading the body', async () => {
    gateway = await startGateway({ user: { name: 'ann', projects: ['e/p'] } });
    for (const path of ['calls/complete', 'call/start', 'call/end'])
      expect((await gateway.post(`${prefix}/e/q/${path}`, 'x')).status).toBe(403);
  });
});

describe('POST /call/update', () => {
  it('appends the name; an empty one clears', async () => {
    gateway = await startGateway();
    for (const display_name of ['new "name"', '', 'x'.repeat(2000)]) {
      expect(
        (
          await gateway.post('/call/update', {
            project_id: 'e/p',
            call_id: 'c1',
            display_name,
            wb_user_id: 'bob',
          })
        ).json,
      ).toEqual({});
      expect(text((await gateway.events()).at(-1))).toBe(JSON.stringify({ display_name }));
    }
    expect((await gateway.events())[0]).toMatchObject({
      kind: 'call.updated',
      projectId: 'e/p',
      id: 'c1',
      userId: 'bob',
    });
  });

  it.each([
    {},
    { display_name: null },
    { display_name: 5 },
    { display_name: 'x', call_id: '' },
    { display_name: 'x', project_id: 'e' },
  ])('answers 400 to %j', async (patch) => {
    gateway = await startGateway();
    expect((await gateway.post('/call/update', { project_id: 'e/p', call_id: 'c1', ...patch })).status).toBe(
      400,
    );
    expect(await gateway.events()).toEqual([]);
  });

  it('gives writes of one millisecond different instants', async () => {
    gateway = await startGateway();
    const update = (display_name: string) =>
      gateway.post('/call/update', { project_id: 'e/p', call_id: 'c1', display_name });
    await Promise.all(Array.from({ length: 20 }, (_, i) => update(`name ${i}`)));
    expect(new Set((await gateway.events()).map(({ receivedAtUs }) => receivedAtUs)).size).toBe(20);
  });

  it('is refused for a foreign project', async () => {
    gateway = await startGateway({ user: { name: 'ann', projects: ['e/p'] } });
    expect(
      (await gateway.post('/call/update', { project_id: 'e/q', call_id: 'c1', display_name: 'x' })).status,
    ).toBe(403);
  });
});
