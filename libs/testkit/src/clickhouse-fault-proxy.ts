import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';

import { mulberry32 } from './random.ts';

/** An error as ClickHouse's HTTP interface answers it. */
export interface ClickHouseError {
  /** 252 */
  readonly code: number;
  /** `TOO_MANY_PARTS` */
  readonly name: string;
  readonly message?: string;
  /** Default 500. */
  readonly status?: number;
}

export interface ClickHouseFault {
  /** The statements it may happen to, by their text. */
  readonly matches: (sql: string) => boolean;
  /** The next so many of them. Default: all. */
  readonly times?: number;
  /** The share of them, from 0 to 1, by the proxy's seed. Default 1. */
  readonly share?: number;
  /** Before anything else happens. */
  readonly delayMs?: number;
  /** Instead of the true answer: an error, a connection reset, or none (the connection stays open). */
  readonly answer?: ClickHouseError | 'reset' | 'silence';
  /** ClickHouse has executed the statement before `answer` goes out: its sender cannot know. Default false: it never saw it. */
  readonly isExecuted?: boolean;
}

export interface InjectedFault {
  /** How often it has happened. */
  readonly hits: number;
  remove(): void;
}

/** An HTTP proxy before a ClickHouse that tells lies on demand. Requests are held in memory whole, answers are streamed. */
export interface ClickHouseFaultProxy {
  readonly url: string;
  /** Texts of the statements that came, in order, at most the last 10 000. */
  readonly statements: readonly string[];
  /** From now on; of several that match, the one injected first. */
  inject(fault: ClickHouseFault): InjectedFault;
  stop(): Promise<void>;
}

const MOST_STATEMENTS = 10_000;

export async function clickHouseFaultProxy(
  clickHouseUrl: string,
  { seed = 1 }: { readonly seed?: number } = {},
): Promise<ClickHouseFaultProxy> {
  const random = mulberry32(seed);
  const statements: string[] = [];
  const injected: { fault: ClickHouseFault; hits: number }[] = [];
  const faultFor = (sql: string): ClickHouseFault | undefined => {
    const found = injected.find(
      ({ fault, hits }) =>
        hits < (fault.times ?? Infinity) &&
        fault.matches(sql) &&
        (fault.share === undefined || random() < fault.share),
    );
    if (found) found.hits++;
    return found?.fault;
  };
  const server = createServer(async (req, res) => {
    try {
      const body = await bodyOf(req);
      const sql = sqlOf(req, body);
      if (statements.push(sql) > MOST_STATEMENTS) statements.shift();
      await answer(faultFor(sql) ?? {}, clickHouseUrl, req, body, res);
    } catch {
      res.socket?.resetAndDestroy(); // what a proxy says when either side is gone
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    statements,
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
  fault: Omit<ClickHouseFault, 'matches'>,
  clickHouseUrl: string,
  req: IncomingMessage,
  body: Buffer,
  res: ServerResponse,
): Promise<void> {
  if (fault.delayMs !== undefined) await setTimeout(fault.delayMs);
  if (fault.answer === undefined) return forward(clickHouseUrl, req, body, res);
  if (fault.isExecuted) await forward(clickHouseUrl, req, body);
  if (fault.answer === 'reset') res.socket?.resetAndDestroy();
  else if (fault.answer !== 'silence') sendError(fault.answer, res);
}

/** As HTTPHandler::trySendExceptionToClient writes it. */
function sendError(
  { code, name, message = 'injected', status = 500 }: ClickHouseError,
  res: ServerResponse,
): void {
  res.writeHead(status, { 'content-type': 'text/plain; charset=UTF-8', 'x-clickhouse-exception-code': code });
  res.end(`Code: ${code}. DB::Exception: ${message}. (${name}) (version 26.7.2.1)\n`);
}

/** The true request; its answer goes to `res`, or is read to the end and dropped. */
async function forward(url: string, req: IncomingMessage, body: Buffer, res?: ServerResponse): Promise<void> {
  const { 'content-length': _, 'transfer-encoding': __, connection: ___, ...headers } = req.headers;
  const upstream = request(new URL(req.url ?? '/', url), {
    method: req.method,
    headers: { ...headers, 'content-length': body.length },
    agent: false, // a kept connection may be closed under us, and that fault would be ours
  });
  res?.once('close', () => upstream.destroy());
  upstream.end(body);
  const [from] = (await once(upstream, 'response')) as [IncomingMessage];
  if (res === undefined) {
    for await (const _chunk of from);
    return;
  }
  res.writeHead(from.statusCode ?? 502, from.headers);
  for await (const chunk of from) if (!res.write(chunk)) await once(res, 'drain');
  res.end();
}

async function bodyOf(req: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** An insert has its statement in the URL and its rows in the body; others have it in the body, perhaps as a form's `query`. */
function sqlOf(req: IncomingMessage, body: Buffer): string {
  const inUrl = new URL(req.url ?? '/', 'http://clickhouse').searchParams.get('query');
  if (inUrl !== null) return inUrl;
  const text = req.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
  return text.toString('utf8');
}
