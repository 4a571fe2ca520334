import type { ServerResponse } from 'node:http';
import { createGzip } from 'node:zlib';
import { Readable } from 'node:stream';
import type { FakeLlmFault } from './types.ts';

export type BadAnswer = Exclude<FakeLlmFault, { fault: 'slow' }>;

const JSON_TYPE = { 'content-type': 'application/json' };

export function misbehave(res: ServerResponse, bad: BadAnswer): void {
  switch (bad.fault) {
    case 'hang':
      return;
    case 'stall':
      res.writeHead(200, JSON_TYPE);
      return void res.write('{"id":"');
    case 'garbage':
      return void res.writeHead(200, { 'content-type': 'text/html' }).end('<html>502 Bad Gateway</html>');
    case 'wrong_schema':
      return void res.writeHead(200, JSON_TYPE).end('{"hello":["world",{"choices":"none"}]}');
    case 'rate_limited':
      res.writeHead(429, {
        ...JSON_TYPE,
        ...bad.headers,
        ...(bad.retryAfter !== undefined && { 'retry-after': bad.retryAfter }),
      });
      return refuse(res, 'Rate limit reached', 'requests', 'rate_limit_exceeded');
    case 'quota':
      res.writeHead(429, JSON_TYPE);
      return refuse(res, 'You exceeded your current quota', 'insufficient_quota', 'insufficient_quota');
    case 'status':
      res.writeHead(bad.status, JSON_TYPE);
      if (bad.error === undefined) return refuse(res, `status ${bad.status}`, 'server_error', null);
      return void res.end(JSON.stringify({ error: bad.error }));
    case 'huge':
      res.writeHead(bad.status ?? 200, JSON_TYPE);
      return void Readable.from(hugeBody(bad.sizeBytes ?? Infinity)).pipe(res);
    case 'gzip_bomb':
      res.writeHead(200, { ...JSON_TYPE, 'content-encoding': 'gzip' });
      return void Readable.from(hugeBody(bad.sizeBytes))
        .pipe(createGzip({ level: 1 }))
        .pipe(res);
    case 'redirect':
      return void res.writeHead(307, { location: bad.location ?? 'http://127.0.0.1:1/elsewhere' }).end();
    case 'drip':
      return drip(res, bad.everyMs);
    case 'header_bomb':
      return bombHeaders(res, bad.sizeBytes);
    case 'reset':
      return void res.socket?.resetAndDestroy();
  }
}

function refuse(res: ServerResponse, message: string, type: string, code: string | null): void {
  res.end(JSON.stringify({ error: { message, type, param: null, code } }));
}

const CHUNK = Buffer.alloc(64 * 1024, 'x');

/** One chunk again and again: a body of gigabytes takes 64 KiB. */
function* hugeBody(sizeBytes: number): Generator<Buffer> {
  yield Buffer.from('{"id":"');
  for (let sent = 0; sent < sizeBytes; sent += CHUNK.length) yield CHUNK;
  yield Buffer.from('","choices":[]}');
}

function drip(res: ServerResponse, everyMs: number): void {
  res.writeHead(200, JSON_TYPE);
  res.write('{"id":"');
  const timer = setInterval(() => res.write('x'), everyMs);
  res.once('close', () => clearInterval(timer));
}

/** Past node's own writer, which would refuse. */
function bombHeaders(res: ServerResponse, sizeBytes: number): void {
  const line = `x-pad: ${'x'.repeat(1000)}\r\n`;
  res.socket?.write(`HTTP/1.1 200 OK\r\n${line.repeat(Math.ceil(sizeBytes / line.length))}`);
  res.socket?.write('content-length: 2\r\n\r\n{}');
}
