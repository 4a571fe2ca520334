import { once } from 'node:events';
import { createServer, request, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

export interface SeenRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface ScriptedAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** An HTTP server that answers as it is told and keeps what it was asked. */
export interface ScriptedServer {
  readonly url: string;
  readonly seen: readonly SeenRequest[];
  stop(): Promise<void>;
}

/** @param answer what is not answered goes to the server at `behind`, which sees the same Host header. */
export async function scriptedServer(
  answer: (request: SeenRequest) => ScriptedAnswer | undefined,
  behind?: string,
): Promise<ScriptedServer> {
  const seen: SeenRequest[] = [];
  const server = createServer(async (req, res) => {
    const body = await buffer(req);
    const { method = '', url = '', headers } = req;
    const one = { method, path: url, headers, body: body.toString('latin1') };
    seen.push(one);
    const said = answer(one) ?? (behind === undefined ? { status: 500 } : undefined);
    if (said !== undefined) {
      res.writeHead(said.status, { 'content-type': 'application/xml', ...said.headers });
      res.end(method === 'HEAD' ? undefined : said.body);
      return;
    }
    const on = request(`${behind}${url}`, { method, headers }, (back) => {
      res.writeHead(back.statusCode!, back.rawHeaders);
      back.pipe(res);
    });
    on.on('error', () => res.destroy());
    on.end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    async stop() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
