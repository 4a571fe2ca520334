import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, mulberry32 } from '@weft/testkit';
import { ROUTES, type RouteSpec } from '@weft/weave-api';
import { startAllInOne, type StartedAllInOne } from '../src/start.ts';
import { batch, completed, endItem, ended, newCallId, newIds, startItem, started } from './calls.ts';
import { toSample, validRequest } from './samples.ts';
import { cleanUp, newDirectory, runBundle, startServer } from './server-process.ts';
import { PATIENT } from './stack.ts';

/** Who may do what, with keys made by the command that makes them. */

let server: StartedAllInOne;
let open: StartedAllInOne;
let directory: string;
let keysFile: string;
const keys = new Map<string, string>();

async function weft(...args: string[]) {
  return runBundle('cli', args, { WEFT_KEYS_FILE: keysFile });
}

async function createKey(name: string, role: string, ...projects: string[]): Promise<void> {
  const patterns = projects.flatMap((pattern) => ['--projects', pattern]);
  const { code, stdout } = await weft('keys', 'create', '--user', name, '--role', role, ...patterns);
  expect([code, stdout]).toEqual([0, expect.stringMatching(/^\S{40}\n$/)]);
  keys.set(name, stdout.trim());
}

beforeAll(async () => {
  directory = await newDirectory();
  keysFile = join(directory, 'keys.json');
  await createKey('writer', 'write', 'team/*', 'other/one');
  await createKey('reader', 'read', 'team/*');
  await createKey('admin', 'admin', '*');
  [server, open] = await Promise.all([
    startAllInOne({
      dataDir: join(directory, 'keyed'),
      env: { ...PATIENT, WEFT_KEYS_FILE: keysFile, WEAVE_ENABLE_ONLINE_EVAL: 'true' },
    }),
    startAllInOne({ dataDir: join(directory, 'open'), env: PATIENT }),
  ]);
});
afterAll(async () => {
  await Promise.all([server.stop(), open.stop()]);
  await cleanUp();
});

const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
const as = (name: string) => bearer(keys.get(name)!);

async function send(path: string, body: string | object, headers: Record<string, string> = {}, to = server) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const res = await fetch(to.url + path, { method: 'POST', body: text, headers });
  const answer = await res.text();
  return { status: res.status, headers: res.headers, text: answer, json: () => JSON.parse(answer) as unknown };
} // prettier-ignore
const status = async (...args: Parameters<typeof send>) => (await send(...args)).status;

const count = async (project: string) =>
  ((await send('/calls/query_stats', { project_id: project }, as('admin'))).json() as { count: number })
    .count;

describe('a key', () => {
  const body = { project_id: 'team/a', id: 'x' };

  it('is needed everywhere but for health', async () => {
    for (const headers of [{}, bearer('wrong'), bearer('x'.repeat(40)), { authorization: 'Basic' }, { 'wandb-api-key': '' }, { cookie: 'wandb=1' }] as Record<string, string>[]) {
      for (const path of ['/call/read', '/call/upsert_batch', '/nope', '/graphql', '/calls/stats', '/v2/team/a/calls/complete']) {
        const res = await send(path, 'not even JSON', headers);
        expect([path, res.status, res.json()]).toEqual([path, 401, { reason: expect.stringContaining('API key') }]);
        expect(res.headers.get('www-authenticate')).toContain('Basic');
      }
    }
    expect((await fetch(`${server.url}/health`)).status).toBe(200);
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
    expect((await fetch(`${server.url}/server_info`)).status).toBe(401);
  }); // prettier-ignore

  it('may come in each way that clients have', async () => {
    const key = keys.get('reader')!;
    const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
    for (const headers of [
      { authorization: basic(`api:${key}`) }, { authorization: basic(`anyone:${key}`) }, { authorization: basic(`:${key}`) },
      { authorization: `bearer ${key}` }, { authorization: `Bearer   ${key}` }, { 'wandb-api-key': key },
      { authorization: `Basic%20${basic(`api:${key}`).slice(6)}` },
    ] as Record<string, string>[]) expect([headers, await status('/call/read', body, headers)]).toEqual([headers, 200]);
    expect(await status(`/call/read?key=${key}`, body)).toBe(401);
  }); // prettier-ignore

  it('to read does not write, and neither reaches beyond its projects', async () => {
    const id = newCallId();
    const writes: [string, object | string][] = [
      ['/call/start', `{"start":${started('team/a', id)}}`],
      ['/call/end', `{"end":${ended('team/a', id)}}`],
      ['/call/upsert_batch', batch(startItem(started('team/a', id)))],
      ['/v2/team/a/calls/complete', batch(completed('team/a', id))],
      ['/call/update', { project_id: 'team/a', call_id: id, display_name: 'x' }],
      ['/calls/delete', { project_id: 'team/a', call_ids: [id] }],
      ['/obj/create', { obj: { project_id: 'team/a', object_id: 'o', val: 1 } }],
      ['/table/create', { table: { project_id: 'team/a', rows: [] } }],
      ['/feedback/create', { project_id: 'team/a', weave_ref: 'r', feedback_type: 't', payload: {} }],
    ];
    const reads: [string, object][] = [
      ['/calls/stream_query', {}], ['/calls/query', {}], ['/calls/query_stats', {}], ['/call/read', { id }],
      ['/obj/read', { object_id: 'o', digest: 'latest' }], ['/table/query', { digest: 'd' }], ['/table/query_stats', { digest: 'd' }],
      ['/file/content', { digest: 'd' }], ['/files/content', { digest: 'd' }], ['/table/query_stream', { digest: 'd' }],
    ]; // prettier-ignore
    const forbidden = [403, { reason: 'Forbidden' }];
    for (const [path, request] of writes) {
      const text = typeof request === 'string' ? request : JSON.stringify(request);
      for (const [who, to] of [['reader', 'team/a'], ['writer', 'foreign/a'], ['writer', 'other/two'], ['writer', 'team2/a']] as const) {
        const res = await send(path.replace('team/a', to), text.replaceAll('team/a', to), as(who));
        expect([path, who, to, res.status, res.json()]).toEqual([path, who, to, ...forbidden]);
      }
      expect([path, await status(path, text, as('writer'))]).toEqual([path, 200]);
      expect([path, await status(path.replace('team/a', 'other/one'), text.replaceAll('team/a', 'other/one'), as('writer'))]).toEqual([path, 200]);
    }
    for (const [path, request] of reads)
      for (const project_id of ['foreign/a', 'other/one', 'team2/a', 'team*/a', 'teams/*']) {
        const res = await send(path, { project_id, ...request }, as('reader'));
        expect([path, project_id, res.status, res.json()]).toEqual([path, project_id, ...forbidden]);
      }
    for (const project of ['foreign/a', 'other/two', 'team2/a']) expect(await count(project)).toBe(0);
    const form = new FormData();
    form.set('project_id', 'team/a');
    form.set('file', new Blob(['x']));
    for (const [who, wanted] of [['reader', 403], ['writer', 200]] as const)
      expect((await fetch(`${server.url}/file/create`, { method: 'POST', body: form, headers: as(who) })).status).toBe(wanted);
  }); // prettier-ignore

  it('reads by refs where it reaches all of their projects', async () => {
    const publish = async (project_id: string, val: unknown) => {
      const res = await send('/obj/create', { obj: { project_id, object_id: 'o', val } }, as('admin'));
      return `weave:///${project_id}/object/o:${(res.json() as { digest: string }).digest}`;
    };
    const foreign = await publish('foreign/a', { secret: 1 });
    const own = await publish('team/a', { foreign });
    const read = async (...refs: string[]) => {
      const res = await send('/refs/read_batch', { refs }, as('reader'));
      return [res.status, res.json()];
    };
    expect(await read(own, `${own}/attr/foreign/attr/secret`)).toEqual([200, { vals: [{ foreign }, null] }]);
    for (const ref of [foreign, 'weave:///foreign/a/object/never:x', 'weave:///foreign/never/op/o:x/attr/y'])
      expect(await read(own, ref)).toEqual([403, { reason: 'Forbidden' }]);
  });

  /** No answer of these goes out, and at least one is refused because of the key: others may be wrong in themselves. */
  async function expectForbidden(spec: RouteSpec, project: string, who: string): Promise<void> {
    const random = mulberry32(1);
    const statuses = new Set<number>();
    for (let i = 0; i < 12; i++) {
      const { method, path, body: text } = toSample(spec, validRequest(spec, random, project), project);
      const res = await fetch(server.url + path, { method, headers: as(who), ...(text !== undefined && { body: text }) });
      await res.arrayBuffer();
      statuses.add(res.status);
    }
    expect({ path: spec.path, who, through: [...statuses].filter((each) => each < 400 || each >= 500), statuses: [...statuses] }).toMatchObject({ through: [], statuses: expect.arrayContaining([403]) });
  } // prettier-ignore

  const guarded = ROUTES.filter(
    ({ planned, body, access }) => planned === undefined && body === 'json' && access !== 'none',
  );
  it.each(guarded.map((spec) => [`${spec.method} ${spec.path}`, spec] as const))(
    'opens %s for its own projects and role only',
    async (_, spec) => {
      await expectForbidden(spec, 'foreign/a', 'writer');
      if (spec.access === 'write') await expectForbidden(spec, 'team/a', 'reader');
    },
  );

  it('costs a batch everything when one item is of a foreign project, good or bad', async () => {
    const ids = newIds(4);
    const own = (i: number) => startItem(started('team/b', ids[i]!));
    for (const foreign of [
      startItem(started('foreign/b', ids[3]!)),
      endItem(ended('foreign/b', ids[3]!)),
      '{"mode":"start","req":{"start":{"project_id":"foreign/b"}}}',
    ]) {
      // prettier-ignore
      const res = await send('/call/upsert_batch', batch(own(0), foreign, own(1)), as('writer'));
      expect([res.status, res.json()]).toEqual([403, { reason: 'Forbidden' }]);
    }
    expect([await count('team/b'), await count('foreign/b')]).toEqual([0, 0]);
    const feedback = (project_id: string) => ({
      project_id,
      weave_ref: 'r',
      feedback_type: 't',
      payload: {},
    });
    const feedbacks = { batch: [feedback('team/b'), feedback('foreign/b')] };
    expect(await status('/feedback/batch/create', feedbacks, as('writer'))).toBe(403);
    expect((await send('/feedback/query', { project_id: 'team/b' }, as('reader'))).json()).toMatchObject({
      total_count: 0,
    });
    expect(
      await status('/service/projects_info', { project_ids: ['team/b', 'foreign/b'] }, as('writer')),
    ).toBe(403);
  });

  it('says whose writes they are, whatever the request claims', async () => {
    const id = newCallId();
    const user = { wb_user_id: '"somebody"' };
    await send('/v2/team/c/calls/complete', batch(completed('team/c', id, user)), as('writer'));
    const { call } = (await send('/call/read', { project_id: 'team/c', id }, as('reader'))).json() as { call: { wb_user_id: string } }; // prettier-ignore
    expect(call.wb_user_id).toBe('writer');
    const feedback = {
      project_id: 'team/c',
      weave_ref: 'r',
      feedback_type: 't',
      payload: {},
      wb_user_id: 'somebody',
    };
    expect((await send('/feedback/create', feedback, as('writer'))).json()).toMatchObject({
      wb_user_id: 'writer',
    });
    const viewer = await send('/graphql', { query: '{ viewer { username } }' }, as('writer'));
    expect(viewer.json()).toMatchObject({ data: { viewer: { username: 'writer' } } });
  });

  it('of an admin alone sees the metrics', async () => {
    for (const [who, wanted] of [['reader', 403], ['writer', 403], ['admin', 200]] as const)
      expect((await fetch(`${server.url}/metrics`, { headers: as(who) })).status).toBe(wanted);
    expect((await fetch(`${server.url}/metrics`)).status).toBe(401);
  }); // prettier-ignore

  it('works as soon as it is made and no longer than until it is revoked, while the server runs', async () => {
    await createKey('late', 'read', 'team/*');
    await eventually(async () => ((await status('/call/read', body, as('late'))) === 200 ? true : undefined));
    const { stdout } = await weft('keys', 'list', '--json');
    const { id } = (JSON.parse(stdout) as { id: string; user: string }[]).find(
      ({ user }) => user === 'late',
    )!;
    expect(await weft('keys', 'revoke', id)).toMatchObject({ code: 0, stdout: '' });
    await eventually(async () => ((await status('/call/read', body, as('late'))) === 401 ? true : undefined));
    expect(await status('/call/read', body, as('reader'))).toBe(200);
    const text = await readFile(keysFile, 'utf8');
    for (const key of keys.values()) expect(text).not.toContain(key);
  });
});

describe('OTLP answers who may not in its own words', () => {
  const spans = (project: string) =>
    JSON.stringify({
      resourceSpans: [
        {
          resource: { attributes: [{ key: 'wandb.entity', value: { stringValue: project.split('/')[0] } }, { key: 'wandb.project', value: { stringValue: project.split('/')[1] } }] },
          scopeSpans: [{ spans: [{ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), name: 's', startTimeUnixNano: '1767323045000000000', endTimeUnixNano: '1767323046000000000' }] }],
        },
      ],
    }); // prettier-ignore
  const PATHS = [
    '/otel/v1/traces',
    '/agents/otel/v1/traces',
    '/api/public/otel/v1/traces',
    '/v1/traces',
    '/traces/otel/v1/traces',
  ];

  it.each(PATHS)('in JSON on %s', async (path) => {
    const json = { 'content-type': 'application/json' };
    const anonymous = await send(path, spans('team/o'), json);
    expect([anonymous.status, anonymous.headers.get('content-type'), anonymous.json()]).toEqual([401, 'application/json', { code: 16, message: expect.stringContaining('API key') }]);
    for (const [who, project] of [['reader', 'team/o'], ['writer', 'foreign/o']] as const) {
      const refused = await send(path, spans(project), { ...json, ...as(who) });
      expect([refused.status, refused.json()]).toEqual([403, { code: 7, message: `the API key may not write to ${project}` }]);
    }
    const taken = await send(path, spans('team/o'), { ...json, 'wandb-api-key': keys.get('writer')! });
    expect(taken.status).toBe(200);
    expect([await count('team/o'), await count('foreign/o')]).toEqual([1, 0]);
  }); // prettier-ignore

  it('in protobuf', async () => {
    /** google.rpc.Status: code = field 1 (varint), message = field 2 (text). */
    const statusOf = (bytes: Buffer) => ({
      code: [bytes[0], bytes[1]],
      message: [bytes[2], bytes.toString('utf8', 4)],
    });
    const post = async (headers: Record<string, string>, body = '') => {
      const res = await fetch(`${server.url}/otel/v1/traces`, {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/x-protobuf', ...headers },
      });
      return {
        status: res.status,
        type: res.headers.get('content-type'),
        bytes: Buffer.from(await res.arrayBuffer()),
      };
    };
    const anonymous = await post({});
    expect([anonymous.status, anonymous.type]).toEqual([401, 'application/x-protobuf']);
    expect(statusOf(anonymous.bytes)).toEqual({
      code: [8, 16],
      message: [0x12, expect.stringContaining('API key')],
    });
    // One span whose project stands in the header: resourceSpans { scopeSpans { spans { trace_id, span_id, name, start, end } } }.
    const field = (tag: number, bytes: Buffer) => Buffer.concat([Buffer.from([tag, bytes.length]), bytes]);
    const fixed = Buffer.from([0x39, 0, 0, 0, 0, 0, 0, 0, 0x18, 0x41, 0, 0, 0, 0, 0, 0, 0, 0x18]);
    const span = Buffer.concat([field(0x0a, Buffer.alloc(16, 1)), field(0x12, Buffer.alloc(8, 2)), field(0x2a, Buffer.from('s')), fixed]); // prettier-ignore
    const request = field(0x0a, field(0x12, field(0x12, span))).toString('latin1');
    for (const [who, project] of [
      ['reader', 'team/pb'],
      ['writer', 'foreign/pb'],
    ] as const) {
      const refused = await post({ ...as(who), project_id: project }, request);
      expect([who, refused.status, statusOf(refused.bytes)]).toEqual([who, 403, { code: [8, 7], message: [0x12, `the API key may not write to ${project}`] }]); // prettier-ignore
    }
    expect((await post({ ...as('writer'), project_id: 'team/pb' }, request)).status).toBe(200);
    expect([await count('team/pb'), await count('foreign/pb')]).toEqual([1, 0]);
  });
});

describe('without keys', () => {
  it('this machine may do everything, and requests say who they are', async () => {
    const id = newCallId();
    for (const headers of [{}, bearer('anything'), { 'wandb-api-key': 'x' }] as Record<string, string>[])
      expect(await status('/v2/any/thing/calls/complete', batch(completed('any/thing', id, { wb_user_id: '"me"' })), headers, open)).toBe(200); // prettier-ignore
    const read = await send('/call/read', { project_id: 'any/thing', id }, {}, open);
    expect(read.json()).toMatchObject({ call: { wb_user_id: 'me' } });
    const unsaid = newCallId();
    await send('/v2/any/thing/calls/complete', batch(completed('any/thing', unsaid)), {}, open);
    const other = await send('/call/read', { project_id: 'any/thing', id: unsaid }, {}, open);
    expect(other.json()).toMatchObject({ call: { wb_user_id: 'any' } });
    expect((await fetch(`${open.url}/metrics`)).status).toBe(200);
  });

  it('other host names and web pages of elsewhere may nothing', async () => {
    for (const headers of [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: 'http://localhost.evil.example' },
    ] as Record<string, string>[])
      // prettier-ignore
      expect(await status('/call/read', { project_id: 'any/thing', id: 'x' }, headers, open)).toBe(403);
    expect(await status('/call/read', { project_id: 'any/thing', id: 'x' }, { origin: 'http://localhost:3000' }, open)).toBe(200); // prettier-ignore
  });

  it.each([[[]], [['--host', '::']]] as const)('no other address is listened on (%j)', async (more) => {
    const dataDir = join(await newDirectory(), 'data');
    const args = ['--port', '0', '--data-dir', dataDir, '--host', '0.0.0.0', ...more];
    const { code, output } = await runBundle('all-in-one', args);
    expect(code).toBe(1);
    expect(output).toMatch(/refusing to listen on (0\.0\.0\.0|::) without API keys/);
    expect(output).toContain('weft keys create --user NAME');
    expect(output).not.toContain('Weft is ready');
  });

  it('with a key it is, and the key is asked for', async () => {
    const dataDir = join(await newDirectory(), 'data');
    const started = await startServer(dataDir, {
      env: { WEFT_KEYS_FILE: keysFile },
      args: ['--host', '0.0.0.0'],
    });
    const url = started.url.replace('0.0.0.0', '127.0.0.1');
    expect((await fetch(`${url}/server_info`)).status).toBe(401);
    expect((await fetch(`${url}/server_info`, { headers: as('reader') })).status).toBe(200);
    expect(started.output()).not.toContain(keys.get('reader'));
    started.kill('SIGTERM');
    expect(await started.ended).toEqual({ code: 0, signal: null });
  });

  it.each([
    ['{"version":1,"keys":[', 'not valid JSON'],
    ['{"version":1,"keys":[{"id":"a"}]}', 'malformed: keys.0.'],
  ])('a keys file that cannot be read stops the start: %s', async (text, message) => {
    const home = await newDirectory();
    const file = join(home, 'keys.json');
    await writeFile(file, text);
    const { code, output } = await runBundle('all-in-one', ['--port', '0', '--data-dir', home], {
      WEFT_KEYS_FILE: file,
    });
    expect([code, output]).toEqual([1, expect.stringContaining(message)]);
  });
});
