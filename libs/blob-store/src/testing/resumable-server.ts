import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { Crc32c } from '../gcs/crc32c.ts';
import { chunksOf } from './content.ts';

/** The part of Google Cloud Storage that takes large blobs, as its documents describe it. It keeps no byte, only their checksum. */
export interface ResumableServer {
  readonly url: string;
  /** `Content-Range` of what came, in order. */
  readonly ranges: readonly string[];
  /** Paths with queries of what was deleted. */
  readonly deleted: readonly string[];
  /** Uploads that were begun. */
  readonly begun: number;
  stop(): Promise<void>;
}

export interface ResumableFaults {
  /** Once: connections break after so many bytes of the blob, which the server keeps. */
  readonly breakAt?: number;
  /** The question how much it has makes a blob of that. */
  readonly endsWhenAsked?: boolean;
  /** Says another checksum than that of the bytes. */
  readonly lies?: boolean;
  /** Says the checksum that it is told, for as many bytes as nobody wants to hash twice. */
  readonly believes?: boolean;
}

/** https://cloud.google.com/storage/docs/performing-resumable-uploads; any object has the bytes of `chunksOf(size)`. */
export async function resumableServer(size: number, faults: ResumableFaults = {}): Promise<ResumableServer> {
  const ranges: string[] = [];
  const deleted: string[] = [];
  let begun = 0;
  let has = 0;
  let crc = new Crc32c();
  let isThere = false;
  let isBroken = false;

  const stored = (res: ServerResponse, told: string) => {
    isThere = true;
    const crc32c = faults.lies ? 'AAAAAA==' : faults.believes ? told : crc.digest();
    json(res, 200, { crc32c, generation: String(begun) });
  };
  const begin = (res: ServerResponse) => {
    has = 0;
    crc = new Crc32c();
    res.setHeader('location', `${address()}/upload/session?upload_id=${++begun}`);
    json(res, 200, {});
  };
  const take = async (req: IncomingMessage, res: ServerResponse) => {
    const range = req.headers['content-range']!;
    ranges.push(range);
    const first = /^bytes (\d+)-/.exec(range)?.[1];
    if (isThere) return json(res, 404, {});
    if (first !== undefined && Number(first) !== has) return json(res, 503, {});
    for await (const chunk of req as AsyncIterable<Buffer>) {
      const isLast = !isBroken && has + chunk.length > (faults.breakAt ?? Infinity);
      const kept = isLast ? chunk.subarray(0, faults.breakAt! - has) : chunk;
      if (!faults.believes) crc.update(kept);
      has += kept.length;
      if (!isLast) continue;
      isBroken = true;
      return req.socket.destroy();
    }
    if (has === size || (first === undefined && faults.endsWhenAsked))
      return stored(res, String(req.headers['x-goog-hash']).replace('crc32c=', ''));
    if (has > 0) res.setHeader('range', `bytes=0-${has - 1}`);
    json(res, 308, {});
  };
  const server = createServer(async (req, res) => {
    try {
      if (req.method === 'POST') return begin(res);
      if (req.method === 'PUT') return await take(req, res);
      if (req.method === 'DELETE') {
        deleted.push(req.url!);
        isThere = false;
        return res.writeHead(204).end();
      }
      if (!isThere) return json(res, req.url!.includes('/o/') ? 404 : 200, {});
      if (!req.url!.includes('alt=media')) return json(res, 200, { name: 'key', size: String(size), timeCreated: '2026-01-02T03:04:05Z' }); // prettier-ignore
      res.setHeader('content-length', size);
      Readable.from(chunksOf(size), { objectMode: false }).pipe(res);
    } catch {
      res.destroy(); // the client has gone
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: address(),
    ranges,
    deleted,
    get begun() {
      return begun;
    },
    async stop() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function json(res: ServerResponse, status: number, body: object): void {
  res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
