import { createServer, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { AppError } from '@weft/model';
import { eventually } from '@weft/testkit';
import { z } from 'zod';
import { principalOf, requireProject } from './auth.ts';
import { readBody, readJson } from './body.ts';
import { EVERYONE, type Keyring } from './keyring.ts';
import { createRouter, normalizeUrl } from './router.ts';
import { OPEN, startApp, stopApps } from './test-app.ts';

afterEach(stopApps);

const KEYED: Keyring = {
  open: false,
  find: (key) => {
    if (key === 'admin-key') return EVERYONE;
    if (key !== 'write-key') return undefined;
    return {
      user: 'ada',
      has: (role) => role !== 'admin',
      can: (id, role) => id === 'ada/p' && role !== 'admin',
      canAll: () => false,
    };
  },
  list: () => [],
  stop: async () => {},
};

function routes() {
  const router = createRouter();
  router.post('/call/start', async (req, res) => {
    const { project_id } = await readJson(req, z.object({ project_id: z.string() }));
    requireProject(req, project_id, 'write');
    res.json({ user: principalOf(req).user });
  });
  router.get('/item/:id', (req, res) => void res.json({ id: req.params.id }));
  router.put('/item/:id', (_req, res) => void res.json({}));
  router.get('/boom', () => {
    throw new Error('hunter2 in a stack');
  });
  router.get('/down', async () =>
    Promise.reject(new AppError('store_unavailable', 'the store does not answer')),
  );
  router.get('/gone', () => {
    throw new AppError('not_found', 'deleted', { details: { deleted_at: '2026-01-01T00:00:00Z' } });
  });
  router.get('/half', (_req, res) => {
    res.write('half');
    throw new Error('too late');
  });
  const otel = createRouter();
  otel.post('/v1/traces', async (req, res) => void res.json({ bytes: (await readBody(req)).length }));
  const errorBody = (_req: unknown, status: number, error: AppError) => ({
    contentType: 'application/x-protobuf',
    body: `status=${status} ${error.code} ${error.message}`,
  });
  return [{ router }, { path: '/otel', router: otel, errorBody }];
}

const json = (body: unknown) => ({ method: 'POST', body: JSON.stringify(body) });

describe('routing', () => {
  it.each([
    ['/traces/call/start?x=//y', '/call/start?x=//y'],
    ['//file/create', '/file/create'],
    ['/traces//file///create', '/file/create'],
    ['/traces', '/'],
    ['/traces?x', '/?x'],
    ['/tracesque', '/tracesque'],
    ['/otel/v1/traces', '/otel/v1/traces'],
    ['http://host:1/call/start', '/call/start'],
    ['*', '*'],
  ])('takes %s as %s', (url, path) => expect(normalizeUrl(url)).toBe(path));

  it('serves each route at both bases, with slashes to spare', async () => {
    const { url } = await startApp({ routes: routes() });
    for (const path of ['/item/1', '/traces/item/1', '//item/1', '//traces//item//1', '/item/1/']) {
      expect(await (await fetch(url + path)).json()).toEqual({ id: '1' });
    }
  });

  it('answers an unknown path with 404 and a known one asked wrongly with 405 and Allow', async () => {
    const { url } = await startApp({ routes: routes() });
    const unknown = await fetch(`${url}/nothing`);
    expect([unknown.status, await unknown.json()]).toEqual([404, { detail: 'Not Found' }]);
    const wrong = await fetch(`${url}/traces/item/1`, { method: 'DELETE' });
    expect([wrong.status, await wrong.json()]).toEqual([405, { detail: 'Method Not Allowed' }]);
    expect(wrong.headers.get('allow')).toBe('GET, PUT, HEAD');
  });

  it('refuses a path that is not validly encoded', async () => {
    const { url, log } = await startApp({ routes: routes() });
    expect((await fetch(`${url}/item/%zz`)).status).toBe(400);
    expect(log).toEqual([]);
  });
});

describe('errors', () => {
  it('answers a schema violation with 422 and its places', async () => {
    const { url } = await startApp({ routes: routes() });
    const res = await fetch(`${url}/call/start`, json({ project_id: 1 }));
    expect(res.status).toBe(422);
    expect(await res.json()).toEqual({
      detail: [{ loc: ['body', 'project_id'], msg: expect.any(String), type: 'invalid_type' }],
    });
  });

  it.each(['', '{', '{"a":1} x', `${'['.repeat(100_000)}`])(
    'answers a body that is not JSON with 400',
    async (body) => {
      const { url } = await startApp({ routes: routes() });
      const res = await fetch(`${url}/call/start`, { method: 'POST', body });
      expect([res.status, await res.json()]).toEqual([
        400,
        { reason: expect.stringContaining('not valid JSON') },
      ]);
    },
  );

  it('adds the details of an error to its reason, and the class that clients know by them', async () => {
    const { url } = await startApp({ routes: routes() });
    const res = await fetch(`${url}/gone`);
    expect([res.status, await res.json()]).toEqual([
      404,
      { reason: 'deleted', deleted_at: '2026-01-01T00:00:00Z', error_type: 'ObjectDeletedError' },
    ]);
  });

  it('says nothing about an error of ours and logs it once', async () => {
    const { url, log } = await startApp({ routes: routes() });
    const res = await fetch(`${url}/boom`);
    expect([res.status, await res.json()]).toEqual([
      500,
      { reason: 'Internal server error', request_id: res.headers.get('x-request-id') },
    ]);
    expect(log).toHaveLength(1);
    expect(log[0]).toContain('hunter2 in a stack');
    expect(res.headers.get('x-powered-by')).toBeNull();
  });

  it('asks to come back after 1 to 5 seconds when the world is broken, and logs it once a second', async () => {
    const { url, log } = await startApp({ routes: routes() });
    for (let i = 0; i < 5; i++) {
      const res = await fetch(`${url}/down`);
      expect(res.status).toBe(503);
      expect(res.headers.get('retry-after')).toMatch(/^[1-5]$/);
    }
    expect(log.length).toBeLessThan(5);
  });

  it('names the request in the header, in its log line and in an answer that is our fault, as the caller named it', async () => {
    const { url, log } = await startApp({ routes: routes() });
    const headers = { 'x-request-id': 'trace/7f3a.1-b' };
    const res = await fetch(`${url}/boom`, { headers });
    expect(res.headers.get('x-request-id')).toBe('trace/7f3a.1-b');
    expect(await res.json()).toMatchObject({ request_id: 'trace/7f3a.1-b' });
    expect(JSON.parse(log[0]!)).toMatchObject({ requestId: 'trace/7f3a.1-b', route: 'GET /boom' });
    const fine = await fetch(`${url}/item/1`, { headers });
    expect([fine.headers.get('x-request-id'), await fine.json()]).toEqual(['trace/7f3a.1-b', { id: '1' }]);
  });

  it.each(['', 'a b', '"},{"x', 'x'.repeat(129), 'é'])(
    'makes an id where the given one is not sane: %j',
    async (given) => {
      const { url } = await startApp({ routes: routes() });
      const res = await fetch(`${url}/item/1`, { headers: { 'x-request-id': given } });
      expect(res.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    },
  );

  it('cuts an answer that failed half-way', async () => {
    const { url } = await startApp({ routes: routes() });
    await expect(fetch(`${url}/half`).then((res) => res.text())).rejects.toThrow();
  });

  it('shows no stack even when a group cannot shape its error', async () => {
    const errorBody = () => {
      throw new Error('hunter2');
    };
    const { url, log } = await startApp({ routes: [{ router: createRouter(), errorBody }] });
    const res = await fetch(`${url}/nothing`);
    expect([res.status, await res.json()]).toEqual([
      500,
      { reason: 'Internal server error', request_id: res.headers.get('x-request-id') },
    ]);
    expect(log).toHaveLength(1);
  });

  it("uses a group's own error body for everything below its path", async () => {
    const { url } = await startApp({ routes: routes(), auth: KEYED, limits: { maxBodyBytes: 10 } });
    const post = (path: string, headers: Record<string, string>, body = '') =>
      fetch(url + path, { method: 'POST', headers, body }).then(async (res) => [
        res.headers.get('content-type'),
        await res.text(),
      ]);
    const key = { 'wandb-api-key': 'write-key' };
    const type = 'application/x-protobuf';
    expect(await post('/otel/v1/traces', {})).toEqual([
      type,
      expect.stringContaining('status=401 unauthenticated'),
    ]);
    expect(await post('/traces//otel/v1/traces', key, 'x'.repeat(11))).toEqual([
      type,
      expect.stringContaining('status=413 request_too_large'),
    ]);
    expect(await post('/otel/v1/logs', key)).toEqual([type, 'status=404 not_found Not Found']);
    expect(await post('/otel/v1/traces', { ...key, 'content-encoding': 'lzma' }, 'x')).toEqual([
      type,
      expect.stringContaining('status=415'),
    ]);
    expect((await post('/otelx', {}))[0]).toBe('application/json');
  });
});

describe('authentication', () => {
  const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

  it.each([
    [{ authorization: basic('api:write-key') }],
    [{ authorization: basic('anyone:write-key') }],
    [{ authorization: basic('api:write-key').replace(' ', '%20').replaceAll('=', '%3D') }],
    [{ authorization: 'Bearer write-key' }],
    [{ authorization: 'bearer  write-key' }],
    [{ 'wandb-api-key': 'write-key' }],
    [{ authorization: 'Negotiate xyz', 'wandb-api-key': 'write-key' }],
  ])('takes the key from %p', async (headers) => {
    const { url } = await startApp({ routes: routes(), auth: KEYED });
    const res = await fetch(`${url}/call/start`, {
      ...json({ project_id: 'ada/p' }),
      headers: { ...headers },
    });
    expect([res.status, await res.json()]).toEqual([200, { user: 'ada' }]);
  });

  it.each([
    [{}],
    [{ authorization: 'Basic' }],
    [{ authorization: basic('api:') }],
    [{ authorization: 'Bearer nope' }],
  ])('answers 401 to %p', async (headers) => {
    const { url } = await startApp({ routes: routes(), auth: KEYED });
    const res = await fetch(`${url}/call/start`, {
      ...json({ project_id: 'ada/p' }),
      headers: { ...headers },
    });
    expect(res.status).toBe(401);
    expect(res.headers.get('www-authenticate')).toContain('Basic');
    expect(await res.json()).toEqual({ reason: expect.stringContaining('API key') });
  });

  it('answers 403 for a foreign project', async () => {
    const { url } = await startApp({ routes: routes(), auth: KEYED });
    const res = await fetch(`${url}/call/start`, {
      ...json({ project_id: 'bob/p' }),
      headers: { authorization: 'Bearer write-key' },
    });
    expect([res.status, await res.json()]).toEqual([403, { reason: 'Forbidden' }]);
  });

  it.each([
    [{ host: 'evil.example:6345' }, 403],
    [{ host: '127.0.0.1.evil.example' }, 403],
    [{ host: 'localhost:1' }, 200],
    [{ host: '[::1]:1' }, 200],
    [{ origin: 'https://evil.example' }, 403],
    [{ origin: 'null' }, 403],
    [{ origin: 'http://localhost:5173' }, 200],
  ])('in open mode answers %p with %p', async (headers, status) => {
    const { url } = await startApp({ routes: routes() });
    const got = await new Promise((resolve, reject) => {
      httpRequest(`${url}/item/1`, { headers }, (res) => resolve(res.resume().statusCode))
        .on('error', reject)
        .end();
    });
    expect(got).toBe(status);
  });

  it('does not listen where others reach it without keys', async () => {
    await expect(startApp({ routes: [], host: '0.0.0.0' })).rejects.toThrow('weft keys create');
    await expect(startApp({ routes: [], host: '0.0.0.0', auth: KEYED })).resolves.toBeDefined();
  });
});

describe('health and metrics', () => {
  it('says that it should be restarted only when a check of its own says so', async () => {
    let stuck = '';
    const { url } = await startApp({
      routes: [],
      auth: KEYED,
      readiness: { store: () => 'down' },
      liveness: { work: () => stuck || undefined },
    });
    const alive = await fetch(`${url}/livez`);
    expect([alive.status, await alive.json()]).toEqual([200, { status: 'alive' }]);
    stuck = 'nothing done for 120 s';
    const dead = await fetch(`${url}/livez`);
    expect([dead.status, await dead.json()]).toEqual([
      503,
      { status: 'not alive', reasons: { work: 'nothing done for 120 s' } },
    ]);
  });

  it('sends new requests elsewhere while bodies take nearly all of their memory', async () => {
    const { url, port } = await startApp({ routes: routes(), limits: { maxInFlightBytes: 1000 } });
    const socket = connect(port, '127.0.0.1');
    const send = (bytes: number) => socket.write(Buffer.alloc(bytes, ' '));
    socket.write('POST /call/start HTTP/1.1\r\nHost: localhost\r\nContent-Length: 950\r\n\r\n');
    send(800);
    const ready = async () => (await fetch(`${url}/readyz`)).status;
    expect(await ready()).toBe(200);
    send(101);
    await eventually(async () => (await ready()) === 503);
    const reasons = (await (await fetch(`${url}/readyz`)).json()) as unknown;
    expect(reasons).toMatchObject({ reasons: { bodies: expect.stringContaining('90 %') } });
    socket.destroy();
    await eventually(async () => (await ready()) === 200);
  });

  it('reports health without a key, and readiness with its reasons', async () => {
    let reason: string | undefined = 'behind';
    const readiness = { log: () => undefined, store: () => reason, bad: () => Promise.resolve(undefined) };
    const { url } = await startApp({ routes: [], auth: KEYED, readiness });
    expect(await (await fetch(`${url}/traces/health`)).json()).toEqual({ status: 'ok' });
    const unready = await fetch(`${url}/readyz`);
    expect([unready.status, await unready.json()]).toEqual([
      503,
      { status: 'not ready', reasons: { store: 'behind' } },
    ]);
    reason = undefined;
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
  });

  it('counts by route pattern and never by what clients write', async () => {
    const { url } = await startApp({ routes: routes() });
    for (const path of ['/item/a', '/traces/item/b', '/boom', '/no/such/1', '/no/such/2'])
      await fetch(url + path);
    const { text } = await metricsOf(url);
    expect(text).toContain('http_requests_total{route="GET /item/:id",status="2xx"} 2');
    expect(text).toContain('http_requests_total{route="GET /boom",status="5xx"} 1');
    expect(text).toContain('http_requests_total{route="unmatched",status="4xx"} 2');
    expect(text).toContain('http_request_seconds_count{route="GET /item/:id"} 2');
    expect(text).not.toContain('such');
  });

  it('shows metrics to admin keys only', async () => {
    const { url } = await startApp({ routes: [], auth: KEYED });
    expect((await metricsOf(url)).status).toBe(401);
    expect((await metricsOf(url, 'write-key')).status).toBe(403);
    expect((await metricsOf(url, 'admin-key')).status).toBe(200);
  });

  async function metricsOf(url: string, key?: string) {
    const headers: Record<string, string> = key === undefined ? {} : { authorization: `Bearer ${key}` };
    const res = await fetch(`${url}/metrics`, { headers });
    return { status: res.status, text: await res.text() };
  }
});

describe('listen', () => {
  it('says when the port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as { port: number };
    await expect(startApp({ routes: [], auth: OPEN, port })).rejects.toMatchObject({
      cause: { code: 'EADDRINUSE' },
    });
    other.close();
  });

  it('answers garbage with 400 and closes', async () => {
    const { port } = await startApp({ routes: [] });
    const answer = await new Promise<string>((resolve) => {
      let text = '';
      const socket = connect(port, '127.0.0.1', () => socket.write('GARBAGE\r\n\r\n'));
      socket.on('data', (chunk) => (text += String(chunk))).on('close', () => resolve(text));
    });
    expect(answer).toMatch(/^HTTP\/1\.1 400/);
  });
});
