import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';

const file = (name: string) => readFileSync(new URL(`../../fixtures/tls/${name}`, import.meta.url), 'utf8');

/** Of `scores.test`. */
export const CERTIFICATE = file('cert.pem');

export interface TestServer {
  readonly port: number;
  /** Connections that ever came. */
  readonly connections: () => number;
  close(): Promise<void>;
}

export interface TestServerOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  readonly port?: number;
  readonly isSecure?: boolean;
}

/** A real server on this machine. */
export async function startServer(
  listener: RequestListener,
  options: TestServerOptions = {},
): Promise<TestServer> {
  const server: Server =
    options.isSecure === true
      ? createTlsServer({ cert: CERTIFICATE, key: file('key.pem') }, listener)
      : createServer(listener);
  const sockets = new Set<Socket>();
  let connections = 0;
  server.on('connection', (socket: Socket) => {
    connections++;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) =>
    server.listen(options.port ?? 0, options.host ?? '127.0.0.1', resolve),
  );
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => connections,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
