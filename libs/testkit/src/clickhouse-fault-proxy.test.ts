import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { clickHouseFaultProxy, type ClickHouseFaultProxy } from './clickhouse-fault-proxy.ts';

/** Answers with what it was asked; stands where ClickHouse stands. */
let server: Server;
let executed: string[];
let proxy: ClickHouseFaultProxy;

beforeEach(async () => {
  executed = [];
  server = createServer(async (req, res) => {
    let body = '';
    for await (const chunk of req.setEncoding('latin1')) body += String(chunk);
    executed.push(`${req.method} ${req.url} ${req.headers['x-clickhouse-user']}`);
    res.writeHead(200, { 'x-clickhouse-query-id': 'q1' }).end(body);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  proxy = await clickHouseFaultProxy(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
afterEach(async () => {
  await proxy.stop();
  server.close();
  await once(server, 'close');
});

const INSERT = 'INSERT INTO calls FORMAT Native';
const isInsert = (sql: string) => sql.startsWith('INSERT INTO calls');

async function insert(body = 'rows', options: RequestInit = {}) {
  const response = await fetch(`${proxy.url}/?query=${encodeURIComponent(INSERT)}`, {
    method: 'POST',
    body,
    headers: { 'x-clickhouse-user': 'writer' },
    ...options,
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

it('hands statements and answers through', async () => {
  const answer = await insert('some rows');
  expect(answer).toMatchObject({ status: 200, text: 'some rows' });
  expect(answer.headers.get('x-clickhouse-query-id')).toBe('q1');
  expect(executed).toEqual([`POST /?query=${encodeURIComponent(INSERT)} writer`]);
  await fetch(proxy.url, { method: 'POST', body: 'SELECT 1' });
  await fetch(proxy.url, {
    method: 'POST',
    body: gzipSync('SELECT 2'),
    headers: { 'content-encoding': 'gzip' },
  });
  expect(proxy.statements).toEqual([INSERT, 'SELECT 1', 'SELECT 2']);
});

it('answers an error of ClickHouse, the given times, and spares what does not match', async () => {
  const answer = { code: 252, name: 'TOO_MANY_PARTS', message: 'Too many parts (300)' };
  const fault = proxy.inject({ matches: isInsert, times: 2, answer });
  const other = await fetch(proxy.url, { method: 'POST', body: 'SELECT 1' });
  expect(other.status).toBe(200);
  for (let i = 0; i < 2; i++) {
    const { status, headers, text } = await insert();
    expect(status).toBe(500);
    expect(headers.get('x-clickhouse-exception-code')).toBe('252');
    expect(text).toMatch(
      /^Code: 252\. DB::Exception: Too many parts \(300\)\. \(TOO_MANY_PARTS\) \(version /,
    );
  }
  expect((await insert()).status).toBe(200);
  expect(fault.hits).toBe(2);
  expect(executed).toHaveLength(2);
});

it('executes, and leaves its sender in the dark', async () => {
  const answer = { code: 319, name: 'UNKNOWN_STATUS_OF_INSERT', status: 503 };
  const unknown = proxy.inject({ matches: isInsert, isExecuted: true, answer });
  expect(await insert()).toMatchObject({ status: 503 });
  unknown.remove();
  proxy.inject({ matches: isInsert, times: 1, isExecuted: true, answer: 'reset' });
  await expect(insert()).rejects.toMatchObject({ cause: { code: 'ECONNRESET' } });
  expect(executed).toHaveLength(2);
  proxy.inject({ matches: isInsert, times: 1, answer: 'reset' });
  await expect(insert()).rejects.toThrow();
  expect(executed).toHaveLength(2);
});

it('says nothing, or late', async () => {
  proxy.inject({ matches: isInsert, times: 1, answer: 'silence' });
  await expect(insert('', { signal: AbortSignal.timeout(100) })).rejects.toThrow();
  const late = proxy.inject({ matches: isInsert, times: 1, delayMs: 100 });
  const startedAt = performance.now();
  expect((await insert()).status).toBe(200);
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(99);
  expect(late.hits).toBe(1);
});

it('strikes the same share for the same seed', async () => {
  const fault = proxy.inject({ matches: isInsert, share: 0.3, answer: { code: 241, name: 'MEMORY_LIMIT_EXCEEDED' } }); // prettier-ignore
  const statuses: number[] = [];
  for (let i = 0; i < 20; i++) statuses.push((await insert()).status);
  expect(fault.hits).toBe(statuses.filter((status) => status === 500).length);
  expect(fault.hits).toBe(6);
});

it('resets when ClickHouse itself is gone', async () => {
  server.close();
  server.closeAllConnections();
  await expect(insert()).rejects.toMatchObject({ cause: { code: 'ECONNRESET' } });
  server.listen(0);
  await once(server, 'listening');
});
