import { createServer, type AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { RequestListener } from 'node:http';
import {
  bodyOf,
  CERTIFICATE,
  startServer,
  type TestServer,
  type TestServerOptions,
} from '../testing/start-server.ts';
import { parseCidr } from './addresses.ts';
import { parseAllowedHost, type OutgoingPolicy } from './destinations.ts';
import { createGuardedHttp, type GuardedHttpOptions } from './guarded-http.ts';
import { NOT_ALLOWED, UNREACHABLE, type OutgoingError } from './outgoing-error.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

async function server(listener: RequestListener, options?: TestServerOptions): Promise<TestServer> {
  const started = await startServer(listener, options);
  closing.push(started.close);
  return started;
}

/** `a.test` and `scores.test` on any of `ports` are on the list, and so is this machine. */
function open(ports: readonly number[], options: Partial<GuardedHttpOptions> = {}, policy: Partial<OutgoingPolicy> = {}) {
  return createGuardedHttp({
    policy: {
      allowedHosts: ['a.test', 'scores.test', '127.0.0.1', 'localhost']
        .flatMap((host) => ports.map((port) => parseAllowedHost(`${host}:${port}`)!)),
      allowInsecureHttp: true,
      validateAddresses: true,
      allowedPrivateCidrs: [parseCidr('127.0.0.0/8')!],
      ...policy,
    },
    resolve: async () => ['127.0.0.1'],
    ...options,
  });
} // prettier-ignore

const request = (url: string) => ({ url, headers: {}, body: Buffer.from('{}'), maxAnswerBytes: 1024 * 1024 });

async function failure(promise: Promise<unknown>): Promise<OutgoingError> {
  return promise.then(
    () => Promise.reject(new Error('nothing failed')),
    (error: unknown) => error as OutgoingError,
  );
}

describe('asking', () => {
  it('posts and hands back status and body', async () => {
    let seen: unknown;
    const { port } = await server(async (req, res) => {
      seen = { method: req.method, url: req.url, headers: req.headers, body: await bodyOf(req) };
      res.end('answer');
    });
    const body = Buffer.from('{"a":"ä"}');
    const url = `http://a.test:${port}/score?x=1`;
    const answer = await open([port]).post({ ...request(url), body, headers: { 'x-one': '1' } });
    expect({ ...answer, body: Buffer.from(answer.body).toString() }).toEqual({ status: 200, body: 'answer' });
    expect(seen).toMatchObject({ method: 'POST', url: '/score?x=1', body: '{"a":"ä"}' });
    expect(seen).toMatchObject({
      headers: { host: `a.test:${port}`, 'x-one': '1', 'accept-encoding': 'identity', connection: 'close' },
    });
  });

  it('verifies TLS for the name, though it connects to an address', async () => {
    const { port } = await server((_req, res) => res.end('secure'), { isSecure: true });
    const http = open([port], { ca: CERTIFICATE });
    expect((await http.post(request(`https://scores.test:${port}/`))).status).toBe(200);
    expect((await failure(http.post(request(`https://a.test:${port}/`)))).message).toBe(UNREACHABLE);
    const stranger = open([port]).post(request(`https://scores.test:${port}/`));
    expect((await failure(stranger)).message).toBe(UNREACHABLE);
  });

  it.each([301, 302, 303, 307, 308])('does not follow %i', async (status) => {
    const inside = await server((_req, res) => res.end('secret'));
    const location = `http://127.0.0.1:${inside.port}/`;
    const { port } = await server((_req, res) => res.writeHead(status, { location }).end('moved'));
    const answer = await open([port, inside.port]).post(request(`http://a.test:${port}/`));
    expect(answer).toEqual({ status, retryAfterMs: undefined, body: new Uint8Array() });
    expect(inside.connections()).toBe(0);
  });

  it.each([
    ['7', 7000],
    [new Date(Date.now() + 3_600_000).toUTCString(), expect.closeTo(3_600_000, -5)],
    [new Date(0).toUTCString(), 0],
    ['999999999', 86_400_000],
    ['soon', undefined],
  ])('reads when to come again: %p', async (text, ms) => {
    const { port } = await server((_req, res) => res.writeHead(429, { 'retry-after': text }).end('x'));
    const answer = await open([port]).post(request(`http://a.test:${port}/`));
    expect(answer).toEqual({ status: 429, retryAfterMs: ms, body: new Uint8Array() });
  });
});

describe('addresses', () => {
  it.each([
    ['private', ['10.0.0.1']],
    ['public and private', ['8.8.8.8', '192.168.0.1']],
    ['public and mapped loopback', ['2606:4700::1', '::ffff:127.0.0.1']],
    ['metadata', ['169.254.169.254']],
  ])('refuses a name that leads to %s', async (_what, addresses) => {
    const http = open([80], { resolve: async () => addresses }, { allowedPrivateCidrs: [] });
    const error = await failure(http.post(request('http://a.test:80/')));
    expect(error).toMatchObject({ kind: 'refused', refused: 'address', message: NOT_ALLOWED });
  });

  it('refuses this machine by its real names, although it is on the list of hosts', async () => {
    const { port, connections } = await server((_req, res) => res.end());
    const http = open([port], { resolve: undefined! }, { allowedPrivateCidrs: [] });
    for (const host of ['localhost', '127.0.0.1']) {
      const error = await failure(http.post(request(`http://${host}:${port}/`)));
      expect(error).toMatchObject({ kind: 'refused', refused: 'address' });
    }
    expect(connections()).toBe(0);
  });

  it('looks at no address where the operator wants that', async () => {
    const { port } = await server((_req, res) => res.end());
    const http = open([port], {}, { allowedPrivateCidrs: [], validateAddresses: false });
    expect((await http.post(request(`http://a.test:${port}/`))).status).toBe(200);
  });

  it('connects to the address that was looked at: a name that changes its mind reaches nobody else', async () => {
    const allowed = await server((_req, res) => res.end('allowed'), { host: '127.0.0.2' });
    const inside = await server((_req, res) => res.end('inside'), { host: '127.0.0.1', port: allowed.port });
    let asked = 0;
    const http = open(
      [allowed.port],
      { resolve: async () => [asked++ % 2 === 0 ? '127.0.0.2' : '127.0.0.1'] },
      { allowedPrivateCidrs: [parseCidr('127.0.0.2')!] },
    );
    const outcomes = new Map<string, number>();
    for (let i = 0; i < 200; i++) {
      const outcome = await http.post(request(`http://a.test:${allowed.port}/`)).then(
        ({ body }) => Buffer.from(body).toString(),
        (error: OutgoingError) => error.message,
      );
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
    expect([...outcomes]).toEqual([['allowed', 100], [NOT_ALLOWED, 100]]); // prettier-ignore
    expect({ asked, inside: inside.connections() }).toEqual({ asked: 200, inside: 0 });
  });
});

describe('what does not answer', () => {
  const brief = { totalMs: 300, connectMs: 300, idleMs: 300 };

  async function outcomes(port: number, scheme = 'http'): Promise<Partial<OutgoingError>> {
    const { kind, message, refused } = await failure(
      open([port], { times: brief }).post(request(`${scheme}://a.test:${port}/`)),
    );
    return { kind, message, refused };
  }

  /** A listener that says `text` and no more. */
  async function raw(text: string | undefined): Promise<number> {
    const listener = createServer((socket) => {
      socket.on('error', () => undefined);
      if (text !== undefined) socket.write(text);
    });
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    const sockets = new Set<{ destroy(): void }>();
    listener.on('connection', (socket) => sockets.add(socket));
    closing.push(async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => listener.close(resolve));
    });
    return (listener.address() as AddressInfo).port;
  }

  it('looks all the same: closed, silent, slow, no HTTP, no TLS, no such name', async () => {
    const closed = await server(() => undefined);
    await closed.close();
    closing.length = 0;
    const slow = await server((_req, res) => void res.writeHead(200).write('{'));
    const same = { kind: 'unreachable', message: UNREACHABLE, refused: undefined };
    expect(await outcomes(closed.port)).toEqual(same);
    expect(await outcomes(await raw(undefined))).toEqual(same);
    expect(await outcomes(await raw(undefined), 'https')).toEqual(same);
    expect(await outcomes(slow.port)).toEqual(same);
    expect(await outcomes(await raw('SSH-2.0-OpenSSH_9.6\r\n'))).toEqual(same);
    expect(await outcomes(await raw('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n'))).toEqual(same); // prettier-ignore
    for (const resolve of [async () => [], () => Promise.reject(new Error('ENOTFOUND a.test'))]) {
      const error = await failure(open([80], { resolve }).post(request('http://a.test:80/')));
      expect(error).toMatchObject(same);
    }
    const stuck = open([80], { resolve: () => new Promise(() => undefined), times: brief });
    expect(await failure(stuck.post(request('http://a.test:80/')))).toMatchObject(same);
  });

  it('may not go on for ever by saying a little now and then', async () => {
    const { port } = await server((_req, res) => {
      res.writeHead(200);
      const timer = setInterval(() => res.write('x'), 20);
      res.on('close', () => clearInterval(timer));
    });
    const http = open([port], { times: { totalMs: 400, idleMs: 200 } });
    expect((await failure(http.post(request(`http://a.test:${port}/`)))).message).toBe(UNREACHABLE);
  });

  it('is left when the caller leaves', async () => {
    const leaving = new AbortController();
    const { port } = await server(() => leaving.abort(new Error('stopped')));
    const asked = open([port]).post({ ...request(`http://a.test:${port}/`), signal: leaving.signal });
    expect((await failure(asked)).message).toBe('stopped');
  });
});

describe('answers that are too much', () => {
  it('are cut at the limit: declared, streamed without end', async () => {
    const { port } = await server((req, res) => {
      if (req.url === '/declared') res.writeHead(200, { 'content-length': String(2 ** 40) }).write('x');
      else {
        res.writeHead(200);
        const chunk = Buffer.alloc(64 * 1024, 'x');
        const more = () => {
          while (!res.destroyed && res.write(chunk));
        };
        res.on('drain', more);
        more();
      }
    });
    const before = process.memoryUsage.rss();
    for (const path of ['declared', 'endless']) {
      const error = await failure(open([port]).post(request(`http://a.test:${port}/${path}`)));
      expect(error).toMatchObject({ kind: 'unusable', message: 'the answer has more than 1048576 bytes' });
    }
    expect((process.memoryUsage.rss() - before) / 2 ** 20).toBeLessThan(64);
  });

  it('are not unpacked', async () => {
    const bomb = gzipSync(Buffer.alloc(8 * 1024 * 1024));
    const { port } = await server((_req, res) =>
      res.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb),
    );
    const error = await failure(open([port]).post(request(`http://a.test:${port}/`)));
    expect(error).toMatchObject({
      kind: 'unusable',
      message: 'the answer is compressed, which was not asked for',
    });
  });

  it.each([
    ['one header', { 'x-long': 'x'.repeat(17 * 1024) }],
    ['many headers', Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`x-${i}`, '1']))],
  ])('are refused for %s', async (_what, headers) => {
    const { port } = await server((_req, res) => res.writeHead(200, headers).end('x'));
    const error = await failure(open([port]).post(request(`http://a.test:${port}/`)));
    expect(error).toMatchObject({ kind: 'unreachable', message: UNREACHABLE });
  });
});
