import { Agent, createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Which service answers a path. */
export type Pool = 'gateway' | 'writer' | 'query' | 'scoring-worker';

export interface ProxyOptions {
  /** 0 = a free one. */
  readonly port: number;
  readonly poolOf: (path: string) => Pool;
}

export interface Proxy {
  readonly url: string;
  /** The instances of a pool, by base URL; those that are not ready are left out until they are. */
  setUpstreams(pool: Pool, urls: readonly string[]): void;
  /** How many instances of the pool are ready now. */
  ready(pool: Pool): number;
  stop(): Promise<void>;
}

interface Upstream {
  readonly url: string;
  isReady: boolean;
}

const POLL_MS = 200;
/** Shorter than the services keep an idle connection, so that they never close one under a request. */
const IDLE_MS = 4_000;

/**
 * One URL in front of the services of a local cluster, as an ingress is in a real one: routes by path, asks `/readyz`,
 * takes the instances in turn. A request goes to another instance only while nothing of it has been sent.
 */
export async function startProxy({ port, poolOf }: ProxyOptions): Promise<Proxy> {
  const pools: Record<Pool, Upstream[]> = { gateway: [], writer: [], query: [], 'scoring-worker': [] };
  const agent = new Agent({ keepAlive: true, timeout: IDLE_MS, maxFreeSockets: 64 });
  let turn = 0;

  const server = createServer({ keepAliveTimeout: 75_000 }, (req, res) => {
    const ready = pools[poolOf(pathOf(req))].filter((upstream) => upstream.isReady);
    const first = turn++;
    const order = ready.map((_, i) => ready[(first + i) % ready.length]!);
    forward(req, res, order, agent);
  });

  let stopped = false;
  const timer = setInterval(() => void poll(), POLL_MS);
  async function poll(): Promise<void> {
    await Promise.all(Object.values(pools).flat().map(ask));
  }
  async function ask(upstream: Upstream): Promise<void> {
    const answer = await fetch(`${upstream.url}/readyz`, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined); // prettier-ignore
    upstream.isReady = answer?.ok ?? false;
    await answer?.arrayBuffer().catch(() => undefined);
  }

  await new Promise<void>((resolve, reject) => {
    server
      .once('error', (cause: NodeJS.ErrnoException) =>
        reject(
          cause.code === 'EADDRINUSE'
            ? new Error(`port ${port} is taken: choose another one`, { cause })
            : cause,
        ),
      )
      .listen(port, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    setUpstreams(pool, urls) {
      const known = new Map(pools[pool].map((upstream) => [upstream.url, upstream]));
      pools[pool] = urls.map((url) => known.get(url) ?? { url, isReady: false });
      void poll();
    },
    ready: (pool) => pools[pool].filter((upstream) => upstream.isReady).length,
    async stop() {
      if (stopped) return;
      stopped = true;
      clearInterval(timer);
      agent.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function forward(
  req: IncomingMessage,
  res: ServerResponse,
  [target, ...rest]: Upstream[],
  agent: Agent,
): void {
  if (target === undefined) return refuse(req, res, 503, 'no instance is ready: try again');
  let isSent = false;
  const { host: _, ...headers } = req.headers;
  const up = request(target.url + req.url, { method: req.method, headers, agent });
  const send = (): void => {
    isSent = true;
    req.pipe(up);
  };
  up.once('socket', (socket) => {
    if (!socket.connecting) return send();
    socket.once('connect', send);
    up.once('close', () => socket.off('connect', send));
  });
  up.once('response', (answer) => {
    // They speak of the connection behind; how long the one in front may idle is said of its own.
    const { connection: _connection, 'keep-alive': _keepAlive, ...answerHeaders } = answer.headers;
    res.writeHead(answer.statusCode ?? 502, answerHeaders);
    answer.pipe(res);
    answer.once('error', () => res.destroy());
    answer.once('aborted', () => res.destroy());
  });
  up.on('error', () => {
    if (res.headersSent) return void res.destroy();
    if (isSent)
      return refuse(req, res, 502, 'the instance ended before it answered: the outcome is not known');
    target.isReady = false;
    forward(req, res, rest, agent);
  });
  res.once('close', () => up.destroy());
}

function refuse(req: IncomingMessage, res: ServerResponse, status: number, message: string): void {
  req.resume();
  if (res.destroyed) return;
  res.writeHead(status, { 'content-type': 'application/json', 'retry-after': '1' });
  res.end(JSON.stringify({ error: { code: 'unavailable', message } }));
}

function pathOf(req: IncomingMessage): string {
  const url = req.url ?? '/';
  const end = url.indexOf('?');
  return end < 0 ? url : url.slice(0, end);
}
