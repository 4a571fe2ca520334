import { createHash } from 'node:crypto';
import { afterEach, describe, expect, it } from '@jest/globals';
import { internalProjectId, readObjectEvent } from '@weft/model';
import { startGateway, type GatewayServer } from '../testing/gateway-server.ts';

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
    await create('{"provider":"x", "max_tokens":7 }', ',"builtin_object_class":"ProviderModel"');
    const object = readObjectEvent((await gateway.events())[0]!);
    expect(utf8(object.val)).toBe(
      '{"_type":"ProviderModel","name":null,"description":null,"provider":"x","max_tokens":7,"_class_name":"ProviderModel","_bases":["BaseObject","BaseModel"]}',
    );
    expect([object.baseObjectClass, object.leafObjectClass]).toEqual(['ProviderModel', 'ProviderModel']);
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
      'object_class cannot be provided for non-dict objects',
    ],
    [
      '{"obj":{"project_id":"e/p","object_id":"x","val":{}, "builtin_object_class":"SavedView"}}',
      400,
      'SavedView.view_type: is required',
    ],
    [
      '{"obj":{"project_id":"e/p","object_id":"x","val":{"_class_name":"Other"},"builtin_object_class":"SavedView"}}',
      400,
      'object_class must match',
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
