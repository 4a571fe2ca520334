import { createServer, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import {
  assertBindable,
  createErrorLog,
  explainListenError,
  type Intake,
  type ListenAddress,
} from '@weft/http';
import type { Logger, Stoppable } from '@weft/runtime';
import { answerCall, type GrpcMethod } from './call.ts';
import type { GrpcMetrics } from './metrics.ts';

export interface GrpcServerOptions {
  /** Port 0 = a free one. */
  readonly address: ListenAddress;
  readonly intake: Intake;
  readonly methods: ReadonlyMap<string, GrpcMethod>;
  readonly maxMessageBytes: number;
  readonly logger: Logger;
  readonly metrics: GrpcMetrics;
  /** Connections on which nothing has moved for so long are ended, calls and all; default 10 minutes. */
  readonly idleMs?: number;
}

export interface GrpcServer extends Stoppable {
  readonly host: string;
  readonly port: number;
}

/** Of one connection: exporters have one call under way, or a few. */
const MAX_CALLS_PER_CONNECTION = 100;
const MAX_CALLS = 1000;
const IDLE_MS = 10 * 60_000;
/** Per call and connection: enough for a fast link, little enough to be held for each of many. */
const WINDOW_BYTES = 256 * 1024;

/**
 * A gRPC server for unary methods over plain HTTP/2, on `node:http2` itself rather than a gRPC library: those collect a
 * message before anyone is asked, and here its key, its length and the process's body budget are looked at first.
 * TLS is a proxy's. @throws Error that says what to do when the address cannot be listened on.
 */
export async function openGrpcServer(options: GrpcServerOptions): Promise<GrpcServer> {
  const { address, intake, methods, maxMessageBytes, logger, metrics, idleMs = IDLE_MS } = options;
  const logError = createErrorLog(logger);
  const { auth, budget } = intake;
  assertBindable(address.host, auth);
  const sessions = new Set<ServerHttp2Session>();
  let calls = 0;

  const server = createServer({
    settings: { maxConcurrentStreams: MAX_CALLS_PER_CONNECTION, initialWindowSize: WINDOW_BYTES },
  });
  server.on('session', (session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
    // Whoever speaks something else, or leaves.
    session.on('error', () => undefined);
    session.setLocalWindowSize(4 * WINDOW_BYTES);
    session.setTimeout(idleMs, () => {
      session.close();
      // Who does not take an answer would keep its call open for ever.
      session.destroy();
    });
    // It came while the server was leaving.
    if (stopping !== undefined && !server.listening) session.close();
  });
  server.on('stream', (stream, headers) => {
    const isRefused = calls >= MAX_CALLS;
    calls++;
    stream.once('close', () => calls--);
    void answerCall(stream, headers, {
      methods,
      auth,
      budget,
      maxMessageBytes,
      metrics,
      logError,
      isRefused,
    });
  });

  let stopping: Promise<void> | undefined;
  async function drain(): Promise<void> {
    const { drainDelayMs = 1500, stopTimeoutMs = 9000 } = intake.limits;
    const deadline = setTimeout(() => sessions.forEach((session) => session.destroy()), stopTimeoutMs);
    await new Promise((resolve) => setTimeout(resolve, drainDelayMs));
    const closed = new Promise((resolve) => server.close(resolve));
    // GOAWAY: clients send what comes next elsewhere, and get what they wait for.
    for (const session of sessions) session.close();
    await closed;
    clearTimeout(deadline);
  }

  const { address: host, port } = await listen(server, address);
  return { host, port, stop: () => (stopping ??= drain()) };
}

function listen(server: ReturnType<typeof createServer>, address: ListenAddress): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error) => reject(explainListenError(error, address) as Error);
    server.once('error', failed);
    server.listen({ host: address.host.replace(/^\[(.*)\]$/, '$1'), port: address.port }, () => {
      server.off('error', failed);
      server.on('error', () => undefined);
      resolve(server.address() as AddressInfo);
    });
  });
}
