import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { connect, type Socket } from 'node:net';
import zlib from 'node:zlib';
import { afterEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@weft/testkit';
import { readBody } from './body.ts';
import { ENCODINGS, inflate } from './inflate.ts';
import { createRouter, type RouteGroup } from './router.ts';
import { startApp, stopApps, type TestApp } from './test-app.ts';
import { rleZstd, storedZstd } from './testing/zstd.ts';

afterEach(stopApps);

const LIMIT = 100_000;

/** `/echo` gives the body back; `/held` answers when told to, with the body in hand. */
function bodyRoutes() {
  const router = createRouter();
  let release = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  let holding = () => {};
  const isHeld = new Promise<void>((resolve) => (holding = resolve));
  const failures: unknown[] = [];
  router.post('/echo', async (req, res) => {
    try {
      res.end(await readBody(req));
    } catch (error) {
      failures.push(error);
      throw error;
    }
  });
  router.post('/held', async (req, res) => {
    await readBody(req);
    holding();
    await held;
    res.end();
  });
  const routes: RouteGroup[] = [{ router }];
  return { routes, release, isHeld, failures };
}

async function post(app: TestApp, body: Uint8Array, encoding?: string, path = '/echo') {
  const headers: Record<string, string> = encoding === undefined ? {} : { 'content-encoding': encoding };
  const res = await fetch(app.url + path, { method: 'POST', body: body as never, headers });
  return { status: res.status, body: Buffer.from(await res.arrayBuffer()), headers: res.headers };
}

const ENCODERS: [string, (data: Buffer) => Buffer][] = [
  ['gzip', (data) => zlib.gzipSync(data)],
  ['x-gzip', (data) => zlib.gzipSync(data)],
  ['GZIP', (data) => zlib.gzipSync(data)],
  ['deflate', (data) => zlib.deflateSync(data)],
  ['deflate', (data) => zlib.deflateRawSync(data)],
  ['br', (data) => zlib.brotliCompressSync(data, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 1 } })],
  ['zstd', (data) => (data.every((byte) => byte === 0) ? rleZstd(data.length) : storedZstd(data))],
];

describe('readBody', () => {
  it('takes exactly the limit and refuses one byte more, announced or chunked', async () => {
    const app = await startApp({ routes: bodyRoutes().routes, limits: { maxBodyBytes: LIMIT } });
    expect((await post(app, Buffer.alloc(0))).body).toHaveLength(0);
    expect(await post(app, Buffer.alloc(LIMIT, 'x'))).toMatchObject({
      status: 200,
      body: Buffer.alloc(LIMIT, 'x'),
    });
    expect((await post(app, Buffer.alloc(LIMIT + 1))).status).toBe(413);
    expect(await postChunked(app, LIMIT)).toBe(200);
    expect(await postChunked(app, LIMIT + 1)).toBe(413);
  });

  it.each(ENCODERS)('decodes %s, to the byte of the limit', async (encoding, encode) => {
    const app = await startApp({ routes: bodyRoutes().routes, limits: { maxBodyBytes: LIMIT } });
    const text = randomBytes(LIMIT / 4).toString('hex');
    const body = Buffer.from(text);
    expect(await post(app, encode(body), encoding)).toMatchObject({ status: 200, body });
    expect((await post(app, encode(Buffer.alloc(LIMIT)), encoding)).status).toBe(200);
    expect((await post(app, encode(Buffer.alloc(LIMIT + 1)), encoding)).status).toBe(413);
    expect((await post(app, encode(Buffer.from(`${text}${text}x`)), encoding)).status).toBe(413);
  });

  it.each(ENCODERS)('answers 400 to broken %s', async (encoding, encode) => {
    const app = await startApp({ routes: bodyRoutes().routes });
    const whole = encode(randomBytes(1000));
    expect((await post(app, whole.subarray(0, 500), encoding)).status).toBe(400);
    expect((await post(app, whole.subarray(0, -1), encoding)).status).toBe(400);
    expect((await post(app, Buffer.concat([whole, Buffer.from('more')]), encoding)).status).toBe(400);
    expect((await post(app, Buffer.alloc(500, 0xff), encoding)).status).toBe(400);
  });

  it.each(['compress', 'gzip, gzip', 'gzip2'])(
    'answers 415 to %p and says what it takes',
    async (encoding) => {
      const app = await startApp({ routes: bodyRoutes().routes });
      const { status, body } = await post(app, Buffer.from('x'), encoding);
      expect(status).toBe(415);
      expect(JSON.parse(String(body))).toMatchObject({ supported_encodings: ['identity', ...ENCODINGS] });
    },
  );

  it('answers 413 to a client that sends everything before it looks, on a connection that goes on', async () => {
    const app = await startApp({ routes: bodyRoutes().routes, limits: { maxBodyBytes: LIMIT } });
    const big = Buffer.alloc(8 * 1024 * 1024);
    const socket = connect(app.port, '127.0.0.1');
    socket.write(`POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${big.length}\r\n\r\n`);
    await new Promise((resolve) => socket.write(big, resolve));
    expect(await nextAnswer(socket)).toMatch(/^HTTP\/1\.1 413/);
    socket.write('POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nhi');
    expect(await nextAnswer(socket)).toMatch(/^HTTP\/1\.1 200[^]*hi/);
    socket.destroy();
  });

  it('stops reading when the client leaves, and gives its bytes back', async () => {
    const { routes, failures } = bodyRoutes();
    const app = await startApp({ routes, limits: { maxInFlightBytes: 1000 } });
    const socket = connect(app.port, '127.0.0.1');
    socket.write(`POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900\r\n\r\n${'x'.repeat(800)}`);
    await eventually(async () => (await metric(app, 'http_body_bytes_in_flight')) === 800);
    socket.destroy();
    await eventually(async () => (await metric(app, 'http_body_bytes_in_flight')) === 0);
    expect(failures).toMatchObject([{ code: 'invalid_request' }]);
    expect(app.log).toEqual([]);
  });

  it('answers 503 when the process holds too many bytes, and takes bodies again when they have gone', async () => {
    const { routes, release, isHeld } = bodyRoutes();
    const app = await startApp({ routes, limits: { maxInFlightBytes: 1000 } });
    const first = post(app, Buffer.alloc(800), undefined, '/held');
    await isHeld;
    const refused = await post(app, Buffer.alloc(300));
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toMatch(/^[1-5]$/);
    expect((await post(app, Buffer.alloc(200))).status).toBe(200);
    release();
    await first;
    await eventually(async () => (await metric(app, 'http_body_bytes_in_flight')) === 0);
    expect((await post(app, Buffer.alloc(1000))).status).toBe(200);
  });

  it('counts decoded bytes, and none after refusals', async () => {
    const app = await startApp({
      routes: bodyRoutes().routes,
      limits: { maxInFlightBytes: 50_000, maxBodyBytes: LIMIT },
    });
    expect((await post(app, zlib.gzipSync(Buffer.alloc(60_000)), 'gzip')).status).toBe(503);
    expect((await post(app, zlib.gzipSync(Buffer.alloc(LIMIT + 1)), 'gzip')).status).toBe(503);
    expect((await post(app, Buffer.alloc(500, 0xff), 'gzip')).status).toBe(400);
    await eventually(async () => (await metric(app, 'http_body_bytes_in_flight')) === 0);
    expect((await post(app, zlib.gzipSync(Buffer.alloc(49_000)), 'gzip')).status).toBe(200);
  });
});

describe('inflate', () => {
  const MIB = 1024 * 1024;

  /** Most bytes kept at one time. */
  async function peakOf(wire: Buffer, maxBytes: number) {
    let [held, peak] = [0, 0];
    const outcome = await inflate(wire, 'gzip', maxBytes, (bytes) => {
      held += bytes;
      peak = Math.max(peak, held);
    }).catch((error: unknown) => error as { code: string });
    return { outcome, held, peak };
  }

  it('refuses a bomb having kept little of it', async () => {
    const { outcome, held, peak } = await peakOf(zlib.gzipSync(Buffer.alloc(40 * MIB)), 32 * MIB);
    expect(outcome).toMatchObject({ code: 'request_too_large' });
    expect(held).toBe(0);
    expect(peak).toBeLessThanOrEqual(5 * MIB);
  });

  it('gives a repetitive body that is within the limit', async () => {
    const { outcome, held } = await peakOf(zlib.gzipSync(Buffer.alloc(20 * MIB, 'a')), 20 * MIB);
    expect((outcome as Buffer).equals(Buffer.alloc(20 * MIB, 'a'))).toBe(true);
    expect(held).toBe(20 * MIB);
  });
});

function postChunked(app: TestApp, size: number): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const req = httpRequest(`${app.url}/echo`, { method: 'POST' }, (res) => resolve(res.resume().statusCode));
    req.on('error', reject);
    for (let left = size; left > 0; left -= 7000) req.write(Buffer.alloc(Math.min(left, 7000)));
    req.end();
  });
}

async function nextAnswer(socket: Socket): Promise<string> {
  const [chunk] = (await once(socket, 'data')) as [Buffer];
  return String(chunk);
}

async function metric(app: TestApp, name: string): Promise<number> {
  const text = await (await fetch(`${app.url}/metrics`)).text();
  return Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1]);
}
