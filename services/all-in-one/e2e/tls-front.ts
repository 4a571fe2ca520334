import { readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';

const TLS = new URL('./fixtures/tls/', import.meta.url);
/** The certificate of `localhost` that a client has to trust. */
export const CERTIFICATE = fileURLToPath(new URL('localhost.crt', TLS));

/** HTTPS before a plain-http stack, as a proxy would give it: clients that know a host only speak https. */
export async function startTlsFront(
  url: string,
): Promise<{ readonly host: string; readonly requests: string[]; stop(): Promise<void> }> {
  const requests: string[] = [];
  const certificate = { cert: readFileSync(CERTIFICATE), key: readFileSync(new URL('localhost.key', TLS)) };
  const server = createServer(certificate, (req, res) => {
    requests.push(`${req.method} ${req.url}`);
    const { hostname, port } = new URL(url);
    const forwarded = httpRequest({
      hostname,
      port,
      method: req.method,
      path: req.url,
      headers: req.headers,
    });
    forwarded.on('response', (answer) => {
      res.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(res);
    });
    forwarded.on('error', () => res.destroy());
    req.pipe(forwarded);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    host: `localhost:${(server.address() as AddressInfo).port}`,
    requests,
    stop: () => new Promise((resolve) => (server.closeAllConnections(), server.close(() => resolve()))),
  };
}
