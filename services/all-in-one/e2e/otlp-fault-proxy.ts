import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage } from 'node:http';
import {
  connect,
  createServer as createHttp2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { encodeStatus, RPC_CODES } from '@weft/otlp';

/**
 * What happens to the first request: it is answered with "try again in a second" and the server never sees it, or the
 * server takes it and the connection ends before the answer is out.
 */
export type OtlpFault = 'refused' | 'lost';

/** Between an exporter and its server; after the first request all pass. */
export interface OtlpFaultProxy {
  /** As the server's: base URL, or host:port of gRPC. */
  readonly address: string;
  /** Requests that have come. */
  readonly requests: number;
  stop(): Promise<void>;
}

/** Before OTLP/HTTP. @param url base of the server. */
export async function otlpHttpFaultProxy(url: string, fault: OtlpFault): Promise<OtlpFaultProxy> {
  let requests = 0;
  const server = createHttpServer(async (req, res) => {
    const isFirst = requests++ === 0;
    const body = await bytesOf(req);
    if (isFirst && fault === 'refused') return res.writeHead(503, { 'retry-after': '1' }).end();
    const answer = await fetch(url + req.url, { method: 'POST', headers: headersOf(req), body });
    const bytes = Buffer.from(await answer.arrayBuffer());
    if (isFirst) return req.socket.resetAndDestroy();
    res.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' }).end(bytes);
  });
  const port = await listen(server);
  return {
    address: `http://127.0.0.1:${port}`,
    get requests() {
      return requests;
    },
    async stop() {
      server.closeAllConnections();
      await close(server);
    },
  };
}

function headersOf(req: IncomingMessage): Record<string, string> {
  const own = new Set(['host', 'connection', 'content-length', 'transfer-encoding', 'expect']);
  const entries = Object.entries(req.headers).filter(([name]) => !own.has(name));
  return Object.fromEntries(entries.map(([name, value]) => [name, String(value)]));
}

/** Before OTLP/gRPC. @param address host:port of the server. */
export async function otlpGrpcFaultProxy(address: string, fault: OtlpFault): Promise<OtlpFaultProxy> {
  let requests = 0;
  const sockets = new Set<Socket>();
  const server = createHttp2Server();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('session', (session) => session.on('error', () => undefined));
  server.on('stream', async (stream, headers) => {
    stream.on('error', () => undefined);
    const isFirst = requests++ === 0;
    const body = await bytesOf(stream);
    if (isFirst && fault === 'refused') return refuse(stream);
    const answer = await forward(address, headers, body);
    if (isFirst) return sockets.forEach((socket) => socket.resetAndDestroy());
    if (answer.trailers === undefined) return stream.respond(answer.headers, { endStream: true });
    stream.once('wantTrailers', () => stream.sendTrailers(answer.trailers!));
    stream.respond(answer.headers, { waitForTrailers: true });
    stream.end(answer.body);
  });
  const port = await listen(server);
  return {
    address: `127.0.0.1:${port}`,
    get requests() {
      return requests;
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      await close(server);
    },
  };
}

function refuse(stream: ServerHttp2Stream): void {
  const status = { code: RPC_CODES.unavailable, message: 'try again', retryDelaySeconds: 1 };
  const headers = {
    ':status': 200,
    'content-type': 'application/grpc',
    'grpc-status': String(status.code),
    'grpc-message': status.message,
    'grpc-status-details-bin': encodeStatus('protobuf', status).toString('base64'),
  };
  stream.respond(headers, { endStream: true });
}

async function forward(address: string, headers: IncomingHttpHeaders, body: Buffer) {
  const session = connect(`http://${address}`);
  try {
    const { ':authority': _, ...sent } = headers;
    const request = session.request(sent);
    const answered = once(request, 'response') as Promise<[IncomingHttpHeaders]>;
    let trailers: IncomingHttpHeaders | undefined;
    request.once('trailers', (last: IncomingHttpHeaders) => (trailers = last));
    request.end(body);
    const [answer] = await answered;
    return { headers: answer, body: await bytesOf(request), trailers };
  } finally {
    session.close();
  }
}

async function bytesOf(stream: Readable): Promise<Buffer<ArrayBuffer>> {
  return Buffer.concat(await stream.toArray());
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

async function close(server: Server): Promise<void> {
  await new Promise((resolve) => server.close(resolve));
}
