import { createHash } from 'node:crypto';
import { afterEach, describe, expect, it } from '@jest/globals';
import { internalProjectId, readObjectEvent, readTableEvent } from '@weft/model';
import { startGateway, type GatewayServer } from '../testing/gateway-server.ts';

const MIB = 1024 * 1024;

let gateway: GatewayServer;
afterEach(() => gateway.stop());

const create = (val: string, more = '') =>
  gateway.post('/obj/create', `{"obj":{"project_id":"e/p","object_id":"x","val":${val}${more}}}`);
const utf8 = (bytes: Uint8Array) => Buffer.from(bytes).toString('utf8');

describe('POST /obj/create', () => {
  it('answers the digest that clients compute and keeps the bytes', async () => {
    gateway = await startGateway();
    const val = '{"b":1 ,"a":[1.0,2,"é",null,true],"big":9007199254740993,"dup":1,"dup":2,"lone":"\\udc00"}';
    const digest = createHash('sha256')
      .update(
        '{"a": [1.0, 2, "\\u00e9", null, true], "b": 1, "big": 9007199254740993, "dup": 2, "lone": "\\udc00"}',
      )
      .digest('base64url')
      .replaceAll('-', 'X')
      .replaceAll('_', 'Y');
    const answer = await create(val, `,"expected_digest":"${digest}","wb_user_id":"bob"`);
    expect([answer.status, answer.json]).toEqual([200, { digest, object_id: 'x' }]);
    const [event] = await gateway.events();
    expect(event).toMatchObject({
      kind: 'object.created',
      projectId: 'e/p',
      id: `x:${digest}`,
      userId: 'bob',
    });
    const object = readObjectEvent(event!);
    expect({ ...object, val: utf8(object.val) }).toEqual({
      objectId: 'x',
      digest,
      kind: 'object',
      baseObjectClass: null,
      leafObjectClass: null,
      val,
      refs: [],
    });
  });

  it('says what an op is, and what class an object has', async () => {
    gateway = await startGateway();
    await create('{"_type":"CustomWeaveType","weave_type":{"type":"Op"},"files":{"obj.py":"d"}}');
    await create(
      '{"_type":"Mine","_class_name":"Mine","_bases":["Model","Object","BaseModel"],"dataset":"weave:///e/p/object/d:1"}',
    );
    expect(
      (await gateway.events())
        .map((event) => readObjectEvent(event))
        .map(({ kind, baseObjectClass, leafObjectClass, refs }) => [
          kind,
          baseObjectClass,
          leafObjectClass,
          refs,
        ]),
    ).toEqual([
      ['op', null, null, []],
      ['object', 'Model', 'Mine', ['weave:///e/p/object/d:1']],
    ]);
  });

  it('computes digests over internal refs, as clients that know /service/projects_info do', async () => {
    gateway = await startGateway();
    const info = await gateway.post('/service/projects_info', { project_ids: ['e/p'] });
    expect(info.json).toEqual([
      { external_project_id: 'e/p', internal_project_id: internalProjectId('e/p') },
    ]);
    const text = `["weave-trace-internal:///${info.json[0].internal_project_id}/object/d:1"]`;
    const digest = createHash('sha256')
      .update(text)
      .digest('base64url')
      .replaceAll('-', 'X')
      .replaceAll('_', 'Y');
    expect((await create('["weave:///e/p/object/d:1"]', `,"expected_digest":"${digest}"`)).status).toBe(200);
    expect(utf8(readObjectEvent((await gateway.events())[0]!).val)).toBe('["weave:///e/p/object/d:1"]');
  });

  it('adds the members of a built-in class', async () => {
    gateway = await startGateway();
    await create('{"label":"x"}', ',"builtin_object_class":"SavedView"');
    const object = readObjectEvent((await gateway.events())[0]!);
    expect(utf8(object.val)).toBe(
      '{"label":"x","_type":"SavedView","_class_name":"SavedView","_bases":["BaseObject","BaseModel"]}',
    );
    expect([object.baseObjectClass, object.leafObjectClass]).toEqual(['SavedView', 'SavedView']);
  });

  it.each(['null', '5', '"text"', '[]', '1e400'])('takes any value: %s', async (val) => {
    gateway = await startGateway();
    expect((await create(val)).status).toBe(200);
    expect(utf8(readObjectEvent((await gateway.events())[0]!).val)).toBe(val);
  });

  it.each([
    ['{}', 400, 'obj: is required'],
    ['{"obj":{"object_id":"x","val":1}}', 400, 'project_id'],
    ['{"obj":{"project_id":"e/p","val":1}}', 400, 'obj.object_id: is required'],
    ['{"obj":{"project_id":"e/p","object_id":"x"}}', 400, 'obj.val: is required'],
    ['{"obj":{"project_id":"e/p","object_id":"a b","val":1}}', 422, 'object_id'],
    ['{"obj":{"project_id":"e/p","object_id":"","val":1}}', 422, 'object_id'],
    [`{"obj":{"project_id":"e/p","object_id":"${'x'.repeat(129)}","val":1}}`, 400, 'longer than 128'],
    ['{"obj":{"project_id":"e/p","object_id":"x","val":1,"expected_digest":"nope"}}', 409, 'expected digest'],
    [
      '{"obj":{"project_id":"e/p","object_id":"x","val":["weave-trace-internal:///a/object/x:1"]}}',
      400,
      'Encountered unexpected internal ref format.',
    ],
    ['{"obj":{"project_id":"e/p","object_id":"x","val":["weave:///e"]}}', 400, 'bad ref'],
    [
      '{"obj":{"project_id":"e/p","object_id":"x","val":{},"builtin_object_class":"Nope"}}',
      400,
      'unknown class',
    ],
    [
      '{"obj":{"project_id":"e/p","object_id":"x","val":1,"set_base_object_class":"SavedView"}}',
      400,
      'must be an object',
    ],
    [
      '{"obj":{"project_id":"e/p","object_id":"x","val":{"_class_name":"Other"},"builtin_object_class":"SavedView"}}',
      400,
      'val says "Other"',
    ],
    ['{"obj":', 400, 'not valid JSON'],
  ])('refuses %s', async (body, status, reason) => {
    gateway = await startGateway();
    const answer = await gateway.post('/obj/create', body);
    expect([answer.status, answer.json.reason]).toEqual([status, expect.stringContaining(reason)]);
    expect(await gateway.events()).toEqual([]);
  });

  it('takes names of 128 characters in any script', async () => {
    gateway = await startGateway();
    const answer = await gateway.post('/obj/create', {
      obj: { project_id: 'e/p', object_id: `Ünï.模型-1_${'x'.repeat(118)}`, val: 1 },
    });
    expect(answer.status).toBe(200);
  });
});

describe('POST /table/create', () => {
  it('answers digests in row order and keeps the bytes of rows', async () => {
    gateway = await startGateway();
    const answer = await gateway.post(
      '/table/create',
      '{"table":{"project_id":"e/p","rows":[{"a":1}, {"a" : 2} ,{"a":1}]}}',
    );
    const [one, two] = [
      'XdhgKMbg1k4iUYb5astpM4ssWXZN95FiEH9cS7NNExA',
      '5anVsDAOD1DTcuWp3fokIIqsmpQM6aNvJHOHIhriBf4',
    ];
    expect(answer.json.row_digests).toEqual([one, two, one]);
    expect(answer.json.digest).toBe(
      createHash('sha256')
        .update(one + two + one)
        .digest('hex'),
    );
    const table = readTableEvent((await gateway.events())[0]!);
    expect(table.rowDigests).toEqual([one, two, one]);
    expect(table.rows.map(({ digest, val }) => [digest, utf8(val)])).toEqual([
      [one, '{"a":1}'],
      [two, '{"a" : 2}'],
    ]);
  });

  it('creates the empty table', async () => {
    gateway = await startGateway();
    const digest = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
    expect(
      (
        await gateway.post('/table/create', {
          table: { project_id: 'e/p', rows: [], expected_digest: digest },
        })
      ).json,
    ).toEqual({ digest, row_digests: [] });
    expect(readTableEvent((await gateway.events())[0]!)).toEqual({ rows: [], rowDigests: [] });
  });

  it('spreads a large table over events of one table', async () => {
    gateway = await startGateway();
    const rows = Array.from({ length: 20 }, (_, i) => ({ i, text: 'x'.repeat(MIB) }));
    const answer = await gateway.post('/table/create', { table: { project_id: 'e/p', rows } });
    expect(answer.status).toBe(200);
    const tables = (await gateway.events()).map((event) => readTableEvent(event));
    expect((await gateway.events()).length).toBeGreaterThan(2);
    expect(new Set((await gateway.events()).map(({ id }) => id))).toEqual(new Set([answer.json.digest]));
    expect(Math.max(...(await gateway.events()).map(({ payload }) => payload.length))).toBeLessThan(9 * MIB);
    expect(tables.flatMap((table) => table.rows.map(({ digest }) => digest))).toEqual(
      answer.json.row_digests,
    );
    expect(tables.map((table) => table.rowDigests)).toEqual([
      ...tables.slice(1).map(() => null),
      answer.json.row_digests,
    ]);
  });

  it.each([
    [{ rows: [{}, 5] }, 400, 'table.rows[1]: must be an object'],
    [{ rows: {} }, 400, 'table.rows: must be a list'],
    [{}, 400, 'table.rows: is required'],
    [{ rows: [], expected_digest: 'nope' }, 409, 'expected digest'],
  ])('refuses %j', async (table, status, reason) => {
    gateway = await startGateway();
    const answer = await gateway.post('/table/create', { table: { project_id: 'e/p', ...table } });
    expect([answer.status, answer.json.reason]).toEqual([status, expect.stringContaining(reason)]);
    expect(await gateway.events()).toEqual([]);
  });
});

describe.each(['/file/create', '//files/create', '/traces/files/create'])('POST %s', (path) => {
  const form = (fields: Record<string, string>, bytes: Uint8Array | string | null, name?: string) => {
    const data = new FormData();
    for (const [key, value] of Object.entries(fields)) data.append(key, value);
    if (bytes !== null) data.append('file', new Blob([bytes as string]), name);
    return data;
  };

  it('answers the digest of the bytes and keeps them with their name', async () => {
    gateway = await startGateway();
    const expected_digest = 'LPJNulXwow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ';
    const answer = await gateway.post(path, form({ project_id: 'e/p', expected_digest }, 'hello', 'obj.py'));
    expect([answer.status, answer.json]).toEqual([200, { digest: expected_digest }]);
    expect((await gateway.events())[0]).toMatchObject({
      kind: 'file.created',
      projectId: 'e/p',
      id: expected_digest,
      note: 'obj.py',
    });
    expect(utf8((await gateway.events())[0]!.payload)).toBe('hello');
  });

  it('keeps every byte value, and empty files', async () => {
    gateway = await startGateway();
    const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, i) => (i * 7) % 256));
    await gateway.post(path, form({ project_id: 'e/p' }, bytes, 'b'));
    await gateway.post(path, form({ project_id: 'e/p' }, '', 'e'));
    expect(bytes.equals((await gateway.events())[0]!.payload)).toBe(true);
    expect((await gateway.events())[1]!.payload).toHaveLength(0);
  });

  it('refuses what is incomplete or foreign', async () => {
    gateway = await startGateway({ user: { name: 'ann', projects: ['e/p'] } });
    expect((await gateway.post(path, form({ project_id: 'e/p' }, null))).status).toBe(400);
    expect((await gateway.post(path, form({}, 'hello'))).status).toBe(400);
    expect((await gateway.post(path, form({ project_id: 'e/q' }, 'hello'))).status).toBe(403);
    expect(
      (await gateway.post(path, form({ project_id: 'e/p', expected_digest: 'nope' }, 'hello'))).status,
    ).toBe(409);
    expect((await gateway.post(path, '{}')).status).toBe(400);
    expect(await gateway.events()).toEqual([]);
  });
});
