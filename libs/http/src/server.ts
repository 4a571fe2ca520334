import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export interface ServerLimits {
  /** A request's head and body must have come by then, default 120000; of `allowSlowBody` more. */
  readonly requestTimeoutMs?: number;
  /** While stopping, how long new requests are still answered (readiness off, `Connection: close`), default 1500. */
  readonly drainDelayMs?: number;
  /** From stop() to the end, default 9000; what is not answered by then is cut. */
  readonly stopTimeoutMs?: number;
}

/** An HTTP/1.1 server that stops without its clients noticing. */
export interface DrainingServer {
  readonly isStopping: () => boolean;
  listen(host: string, port: number): Promise<{ host: string; port: number }>;
  stop(): Promise<void>;
}

/** Of large bodies: slower than this they are cut off, bytes a second. */
const SLOW_BODY_BYTES = 100_000;

const slowBodies = new WeakSet<IncomingMessage>();

/** The body may take the time that it needs at 100 kB/s, beyond the limit of all requests. */
export function allowSlowBody(req: IncomingMessage): void {
  slowBodies.add(req);
}

/** Idle connections live longer here than at any usual load balancer (60 s), so that it is never us who closes on a request under way. */
const KEEP_ALIVE_MS = 75_000;
const HEADERS_TIMEOUT_MS = 80_000;
const CHECK_MS = 5000;

const SWEEP_MS = 50;
/** A connection opened last has so many sweeps to show its request. */
const SILENT_SWEEPS = 6;

export function createDrainingServer(
  handle: RequestListener,
  limits: ServerLimits,
  messages: Pick<ServerOptions, 'IncomingMessage' | 'ServerResponse'> = {},
): DrainingServer {
  const { requestTimeoutMs = 120_000, drainDelayMs = 1500, stopTimeoutMs = 9000 } = limits;
  const checkMs = Math.min(CHECK_MS, requestTimeoutMs);
  const answering = new Map<ServerResponse, Arrival>();
  const silent = new Set<Socket>();
  let stopping: Promise<void> | undefined;

  const server = createServer(
    {
      ...messages,
      keepAliveTimeout: KEEP_ALIVE_MS,
      headersTimeout: Math.min(HEADERS_TIMEOUT_MS, requestTimeoutMs),
      // Of the body `cutSlow` sees to it.
      requestTimeout: 0,
      connectionsCheckingInterval: checkMs,
      noDelay: true,
    },
    (req, res) => {
      if (stopping !== undefined) res.shouldKeepAlive = false;
      silent.delete(req.socket);
      answering.set(res, { atMs: performance.now(), socketBytes: req.socket.bytesRead });
      res.once('close', () => answering.delete(res));
      handle(req, res);
    },
  );

  const cutSlow = setInterval(() => {
    for (const [{ req }, arrival] of answering)
      if (!req.complete && isLate(req, arrival, requestTimeoutMs)) cut(req);
  }, checkMs).unref();
  server.once('close', () => clearInterval(cutSlow));

  server.on('connection', (socket) => {
    silent.add(socket);
    socket.once('close', () => silent.delete(socket));
  });

  async function drain(): Promise<void> {
    if (!server.listening) return;
    // Answers under way close their connection too, as far as their head has not gone out.
    for (const res of answering.keys()) res.shouldKeepAlive = false;
    const deadline = setTimeout(() => server.closeAllConnections(), stopTimeoutMs);
    await new Promise((resolve) => setTimeout(resolve, drainDelayMs));
    await closed(server, silent);
    clearTimeout(deadline);
  }

  return {
    isStopping: () => stopping !== undefined,
    listen: (host, port) =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen({ host: host.replace(/^\[(.*)\]$/, '$1'), port }, () => {
          server.off('error', reject);
          const { address, port: bound } = server.address() as AddressInfo;
          resolve({ host: address, port: bound });
        });
      }),
    stop: () => (stopping ??= drain()),
  };
}

interface Arrival {
  readonly atMs: number;
  /** What its connection had brought by then. */
  readonly socketBytes: number;
}

function isLate(req: IncomingMessage, { atMs, socketBytes }: Arrival, limitMs: number): boolean {
  const receivedBytes = req.socket.bytesRead - socketBytes;
  const moreMs = slowBodies.has(req) ? (receivedBytes / SLOW_BODY_BYTES) * 1000 : 0;
  return performance.now() - atMs > limitMs + moreMs;
}

/** As Node does with requests that take too long. */
function cut({ socket }: IncomingMessage): void {
  if (socket.writable) socket.write('HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n');
  socket.destroy();
}

/**
 * Takes no more connections, closes the idle ones, resolves when the last answer has gone out.
 * @param silent connections without a request so far, which Node does not count as idle (browsers open them in reserve).
 */
function closed(server: Server, silent: ReadonlySet<Socket>): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    let sweeps = 0;
    const closeIdle = () => {
      server.closeIdleConnections();
      // Its request may be on the way, or arrived and not read yet: closing now would reset it.
      if (++sweeps < SILENT_SWEEPS) return;
      for (const socket of silent) if (socket.bytesRead === 0) socket.destroy();
    };
    // Again and again: a connection turns idle after an answer whose head had promised to keep it.
    const sweep = setInterval(closeIdle, SWEEP_MS);
    server.once('close', () => clearInterval(sweep));
    closeIdle();
  });
}
