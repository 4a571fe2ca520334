import { request } from 'node:http';
import { createServer } from 'node:net';

import type { Credentials } from './engine-config.ts';

const REQUEST_TIMEOUT_MS = 5_000;

/** A port on the loopback address that nobody listens on now. */
export function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

/** Whether an HTTP server answers on the port. */
export async function answersPing(port: number): Promise<boolean> {
  return send(port, 'GET', '/ping', {}, '').then(
    ({ body }) => body.startsWith('Ok.'),
    () => false,
  );
}

/** Runs one statement. @throws Error with the engine's own words. */
export async function execute(port: number, { username, password }: Credentials, sql: string): Promise<void> {
  const auth = { 'x-clickhouse-user': username, 'x-clickhouse-key': password };
  const { status, body } = await send(port, 'POST', '/', auth, sql);
  if (status !== 200) throw new Error(`ClickHouse answered ${status}: ${body.slice(0, 500)}`);
}

/** One connection per request: a kept one would outlive an engine that is killed. */
function send(
  port: number,
  method: string,
  path: string,
  headers: Record<string, string>,
  payload: string,
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const req = request({ host: '127.0.0.1', port, method, path, headers, agent: false }, (res) => {
      const chunks: Buffer[] = [];
      res.on('data', (chunk: Buffer) => chunks.push(chunk));
      res.on('error', reject);
      res.on('end', () =>
        resolve({ status: res.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') }),
      );
    });
    req.setTimeout(REQUEST_TIMEOUT_MS, () => req.destroy(new Error('ClickHouse did not answer in time')));
    req.on('error', reject);
    req.end(payload);
  });
}
