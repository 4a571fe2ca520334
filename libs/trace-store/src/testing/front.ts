import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { EmbeddedClickHouse } from '@weft/embedded-clickhouse';

/**
 * `before`: a runner that dies before the statement reaches a host. `halfway`: once the first host has run it, and nobody
 * hears of that.
 */
export type Death = 'before' | 'halfway';

/**
 * A load balancer that gives every other request to the other engine. Engines have neither replication nor ON CLUSTER, so
 * it stands in for these two: it makes Replicated tables plain ones and runs a statement ON CLUSTER on each host.
 */
export interface Front {
  readonly url: string;
  /** Statements that change something, as they were sent. */
  readonly changes: readonly string[];
  /** This statement, and all changes after it, meet a death. */
  dieAt(statement: string, death: Death): void;
  revive(): void;
  close(): Promise<void>;
}

export async function openFront(engines: readonly EmbeddedClickHouse[]): Promise<Front> {
  const changes: string[] = [];
  let doom: { readonly statement: string; readonly death: Death; isHere: boolean } | undefined;
  let turn = 0;

  async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const url = new URL(req.url!, 'http://front');
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    let body: Buffer = Buffer.concat(chunks);
    const inUrl = url.searchParams.get('query');
    const sql = inUrl ?? body.toString();
    const isChange = /^(CREATE|INSERT|DELETE|DROP|ALTER)/.test(sql);
    if (isChange) changes.push(sql);
    if (doom !== undefined && sql === doom.statement) doom.isHere = true;
    const death = isChange && doom?.isHere === true ? doom.death : undefined;
    if (death === 'before') return void res.destroy();
    if (inUrl === null) body = Buffer.from(withoutReplicas(sql));
    else url.searchParams.set('query', withoutReplicas(sql));
    const isForAll = sql.includes(' ON CLUSTER ');
    const chosen = isForAll ? engines : [engines[turn++ % engines.length]!];
    for (const [index, engine] of chosen.entries()) {
      const isLast = death === undefined && index === chosen.length - 1;
      const isAnswered = await forward({ req, url, body, engine, res }, isLast);
      if (death === 'halfway') res.destroy();
      if (isAnswered || death !== undefined) return;
    }
  }

  const server = createServer((req, res) => {
    void answer(req, res).catch(() => res.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    changes,
    dieAt(statement, death) {
      doom = { statement, death, isHere: false };
    },
    revive() {
      doom = undefined;
    },
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function withoutReplicas(sql: string): string {
  return sql
    .replace(/ ON CLUSTER `\w+`/, '')
    .replace(/Replicated(\w*MergeTree)\('[^']*', '[^']*'(, )?/, '$1(');
}

interface Forwarded {
  readonly req: IncomingMessage;
  readonly url: URL;
  readonly body: Buffer;
  readonly engine: EmbeddedClickHouse;
  readonly res: ServerResponse;
}

/** Hands on what the host says when it is the last one asked or when it refuses. @returns whether it did. */
function forward({ req, url, body, engine, res }: Forwarded, isLast: boolean): Promise<boolean> {
  const headers: Record<string, string> = {
    connection: 'close',
    'content-length': String(body.length),
    authorization: authorization(req, engine),
  };
  const type = req.headers['content-type'];
  if (type !== undefined) headers['content-type'] = type;
  return new Promise((resolve, reject) => {
    const to = `${engine.url}${url.pathname}${url.search}`;
    const out = request(to, { method: req.method, agent: false, headers }, (answer) => {
      answer.on('error', reject);
      if (answer.statusCode === 200 && !isLast) {
        answer.resume().on('end', () => resolve(false));
        return;
      }
      res.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(res);
      answer.on('end', () => resolve(true));
    });
    res.on('close', () => out.destroy());
    out.on('error', reject);
    out.end(body);
  });
}

/** Each engine has its own password for the same users. */
function authorization(req: IncomingMessage, { reader, writer }: EmbeddedClickHouse): string {
  const [username] = Buffer.from(req.headers.authorization!.slice('Basic '.length), 'base64')
    .toString()
    .split(':');
  const user = username === reader.username ? reader : writer;
  return `Basic ${Buffer.from(`${user.username}:${user.password}`).toString('base64')}`;
}
