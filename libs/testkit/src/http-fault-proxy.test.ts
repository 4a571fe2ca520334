import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { httpFaultProxy, type HttpFaultProxy } from './http-fault-proxy.ts';

/** Answers with what it was asked. */
let server: Server;
let executed: string[];
let proxy: HttpFaultProxy;
let url: string;

beforeEach(async () => {
  executed = [];
  server = createServer(async (req, res) => {
    let body = '';
    for await (const chunk of req.setEncoding('latin1')) body += String(chunk);
    executed.push(`${req.method} ${req.url} ${req.headers.host}`);
    res.writeHead(200, { 'x-host': req.headers.host, 'content-length': body.length }).end(body);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  proxy = await httpFaultProxy({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
  url = `http://127.0.0.1:${proxy.port}`;
});
afterEach(async () => {
  await proxy.stop();
  server.closeAllConnections();
  server.close();
});

const put = (path: string, body = 'bytes', init: RequestInit = {}) =>
  fetch(`${url}${path}`, { method: 'PUT', body, ...init });

it('hands through what it is given, for the host that its sender named', async () => {
  const body = 'x'.repeat(5_000_000);
  const answer = await put('/a?b=%20', body);
  expect(answer.headers.get('x-host')).toBe(`127.0.0.1:${proxy.port}`);
  expect(await answer.text()).toBe(body);
  expect((await fetch(url, { method: 'HEAD' })).status).toBe(200);
  expect(proxy.requests).toEqual(['PUT /a?b=%20', 'HEAD /']);
});

it('answers instead of the server, the given times, and spares what does not match', async () => {
  const fault = proxy.inject({
    matches: ({ method, path }) => method === 'PUT' && path.startsWith('/a'),
    times: 2,
    answer: { status: 503, headers: { 'retry-after': '1' }, body: 'busy' },
  });
  expect((await put('/b')).status).toBe(200);
  for (let i = 0; i < 2; i++) {
    const answer = await put('/a', 'x'.repeat(1_000_000));
    expect([answer.status, answer.headers.get('retry-after'), await answer.text()]).toEqual([503, '1', 'busy']); // prettier-ignore
  }
  expect((await put('/a')).status).toBe(200);
  expect(fault.hits).toBe(2);
  expect(executed).toHaveLength(2);
});

it('resets, before or after the server has seen the request', async () => {
  const before = proxy.inject({ answer: 'reset' });
  await expect(put('/a')).rejects.toThrow();
  before.remove();
  expect(executed).toHaveLength(0);
  proxy.inject({ answer: 'reset', isExecuted: true, times: 1 });
  await expect(put('/a')).rejects.toThrow();
  expect(executed).toHaveLength(1);
  expect((await put('/a')).status).toBe(200);
});

it('breaks off an answer', async () => {
  proxy.inject({ cutBodyAt: 100_000, times: 1 });
  const answer = await put('/a', 'x'.repeat(1_000_000));
  expect(answer.status).toBe(200);
  await expect(answer.text()).rejects.toThrow();
  expect(await (await put('/a')).text()).toBe('bytes');
});

it('says nothing', async () => {
  proxy.inject({ answer: 'silence', times: 1 });
  await expect(put('/a', '', { signal: AbortSignal.timeout(100) })).rejects.toThrow();
  expect((await put('/a')).status).toBe(200);
});

it('resets when the server is gone', async () => {
  server.closeAllConnections();
  server.close();
  await expect(put('/a')).rejects.toThrow();
});
