import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { setTimeout } from 'node:timers/promises';

export interface HttpFault {
  /** The requests it may happen to. Default: all. */
  readonly matches?: (request: { readonly method: string; readonly path: string }) => boolean;
  /** The next so many of them. Default: all. */
  readonly times?: number;
  /** Before anything else happens. */
  readonly delayMs?: number;
  /** Instead of the true answer: a status with a body, a connection reset, or none (the connection stays open). */
  readonly answer?: HttpFaultAnswer | 'reset' | 'silence';
  /** The server has seen the request before `answer` goes out: its sender cannot know. Default false. */
  readonly isExecuted?: boolean;
  /** At most so many bytes of the true answer's body come through, then the connection breaks. */
  readonly cutBodyAt?: number;
}

export interface HttpFaultAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** An HTTP proxy before a server that tells lies on demand. Bodies are streamed both ways; the Host header stays as it came. */
export interface HttpFaultProxy {
  /** On 127.0.0.1. */
  readonly port: number;
  /** Requests that came, `METHOD /path?query`, at most the last 10 000. */
  readonly requests: readonly string[];
  /** From now on; of several that match, the one injected first. */
  inject(fault: HttpFault): { readonly hits: number; remove(): void };
  stop(): Promise<void>;
}

const MOST_REQUESTS = 10_000;

export async function httpFaultProxy(target: {
  readonly host: string;
  readonly port: number;
}): Promise<HttpFaultProxy> {
  const requests: string[] = [];
  const injected: { fault: HttpFault; hits: number }[] = [];
  const faultFor = (method: string, path: string): HttpFault | undefined => {
    const found = injected.find(
      ({ fault, hits }) => hits < (fault.times ?? Infinity) && (fault.matches?.({ method, path }) ?? true),
    );
    if (found) found.hits++;
    return found?.fault;
  };
  const server = createServer(async (req, res) => {
    try {
      const { method = '', url = '' } = req;
      if (requests.push(`${method} ${url}`) > MOST_REQUESTS) requests.shift();
      await answer(faultFor(method, url) ?? {}, target, req, res);
    } catch {
      res.socket?.resetAndDestroy(); // what a proxy says when either side is gone
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    requests,
    inject(fault) {
      const entry = { fault, hits: 0 };
      injected.push(entry);
      return {
        get hits() {
          return entry.hits;
        },
        remove: () => void (injected.includes(entry) && injected.splice(injected.indexOf(entry), 1)),
      };
    },
    async stop() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(
  fault: HttpFault,
  target: { readonly host: string; readonly port: number },
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  if (fault.delayMs !== undefined) await setTimeout(fault.delayMs);
  if (fault.answer === undefined) return pass(await forward(target, req), res, fault.cutBodyAt);
  if (fault.isExecuted) (await forward(target, req)).resume();
  if (fault.answer === 'reset') res.socket?.resetAndDestroy();
  else if (fault.answer !== 'silence') {
    const { status, headers = {}, body = '' } = fault.answer;
    res.writeHead(status, { 'content-length': Buffer.byteLength(body), ...headers });
    res.end(req.method === 'HEAD' ? undefined : body);
    req.resume();
  }
}

function forward(
  target: { readonly host: string; readonly port: number },
  req: IncomingMessage,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const { method, url, rawHeaders } = req;
    const upstream = request({
      ...{ ...target, method, path: url, agent: false },
      headers: rawHeaders,
      setHost: false,
    });
    req.once('error', (error) => upstream.destroy(error));
    req.once('close', () => req.complete || upstream.destroy());
    upstream.once('response', resolve).once('error', reject);
    req.pipe(upstream);
  });
}

async function pass(from: IncomingMessage, to: ServerResponse, cutBodyAt: number | undefined): Promise<void> {
  to.writeHead(from.statusCode ?? 502, from.rawHeaders);
  if (cutBodyAt === undefined) return pipeline(from, to);
  to.flushHeaders();
  await pipeline(from, (chunks: AsyncIterable<Buffer>) => cut(chunks, cutBodyAt), to);
}

async function* cut(chunks: AsyncIterable<Buffer>, at: number): AsyncIterable<Buffer> {
  let left = at;
  for await (const chunk of chunks) {
    yield chunk.subarray(0, left);
    left -= chunk.length;
    if (left <= 0) throw new Error('cut');
  }
}
