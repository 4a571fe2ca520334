import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { eventually } from './eventually.ts';
import { tcpProxy, type TcpProxy } from './tcp-proxy.ts';

let echo: Server;
let proxy: TcpProxy;
/** Sizes of the pieces as they reached the server. */
let pieces: number[];
const sockets = new Set<Socket>();

beforeEach(async () => {
  pieces = [];
  echo = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {});
    socket.on('data', (bytes: Buffer) => {
      pieces.push(bytes.length);
      socket.write(bytes);
    });
    socket.on('end', () => socket.end());
  }).listen(0, '127.0.0.1');
  await once(echo, 'listening');
  proxy = await tcpProxy({ target: { host: '127.0.0.1', port: (echo.address() as AddressInfo).port }, seed: 7 }); // prettier-ignore
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await proxy.stop();
  echo.close();
  await once(echo, 'close');
});

/** A client that remembers what came back and how it ended. */
async function open() {
  const socket = connect(proxy.port, '127.0.0.1').setNoDelay(true);
  sockets.add(socket);
  const seen = { text: '', ended: undefined as string | undefined };
  socket.on('data', (bytes: Buffer) => (seen.text += bytes.toString('latin1')));
  socket.on('error', (error: NodeJS.ErrnoException) => (seen.ended = error.code));
  socket.on('end', () => (seen.ended = 'FIN'));
  await once(socket, 'connect');
  return { socket, seen };
}

async function echoed(client: Awaited<ReturnType<typeof open>>, text: string): Promise<number> {
  const startedAt = performance.now();
  const before = client.seen.text.length;
  client.socket.write(text);
  await eventually(() => client.seen.text.length - before >= text.length);
  expect(client.seen.text.slice(before)).toBe(text);
  return performance.now() - startedAt;
}

it('carries bytes and both ends of a connection', async () => {
  const client = await open();
  const large = 'abcdefghij'.repeat(1_000_000);
  await echoed(client, large);
  expect(proxy.connections).toBe(1);
  client.socket.end();
  await eventually(() => client.seen.ended);
  expect(client.seen.ended).toBe('FIN');
  await eventually(() => proxy.connections === 0);
});

it('delays each piece, and keeps their order', async () => {
  const client = await open();
  proxy.set({ latencyMs: 100, jitterMs: 50 });
  expect(await echoed(client, '0123456789')).toBeGreaterThan(195); // timers may be a little early
  const text = Array.from({ length: 50 }, (_, i) => `${i} `);
  for (const piece of text) {
    client.socket.write(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await eventually(() => client.seen.text.endsWith('49 '));
  expect(client.seen.text).toBe(`0123456789${text.join('')}`);
});

it('cuts bytes into slices and holds them to a rate', async () => {
  const client = await open();
  proxy.set({ sliceBytes: 1 });
  await echoed(client, 'one at a time');
  expect(pieces.length).toBeGreaterThan(3);
  proxy.set({ bytesPerSecond: 20_000 });
  expect(await echoed(client, 'x'.repeat(4_000))).toBeGreaterThanOrEqual(200);
});

it('stands still without an end, and goes on', async () => {
  const before = await open();
  proxy.set({ isSilent: true });
  const during = await open();
  before.socket.write('a');
  during.socket.write('b');
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect([before.seen, during.seen]).toEqual([{ text: '' }, { text: '' }]);
  expect(pieces).toEqual([]);
  proxy.set({});
  await eventually(() => before.seen.text + during.seen.text === 'ab');
});

it('resets connections, and takes new ones', async () => {
  const client = await open();
  await echoed(client, 'there');
  proxy.reset();
  expect(await eventually(() => client.seen.ended)).toBe('ECONNRESET');
  await echoed(await open(), 'again');
});

it('refuses connections while it is cut', async () => {
  const client = await open();
  await proxy.cut();
  expect(await eventually(() => client.seen.ended)).toBe('ECONNRESET');
  await expect(open()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await proxy.mend();
  await echoed(await open(), 'mended');
  await proxy.cut(20);
  await echoed(await open(), 'mended by itself');
});

it('resets a client whose server is not there', async () => {
  const nowhere = await tcpProxy({ target: { host: '127.0.0.1', port: 1 } });
  const socket = connect(nowhere.port, '127.0.0.1');
  const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
  expect(error.code).toBe('ECONNRESET');
  await nowhere.stop();
});
