import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Stands before ClickHouse and can hold statements back, as a sender that is stopped in the middle does. */
export interface Gate {
  readonly url: string;
  /** Holds back what matches from now on. */
  close(matches: (sql: string) => boolean): void;
  /** Resolves when so many statements are held back. */
  holds(count: number): Promise<void>;
  /** Lets everything through. */
  open(): void;
  stop(): Promise<void>;
}

export async function openGate(url: string): Promise<Gate> {
  let matches: (sql: string) => boolean = () => false;
  let held: (() => void)[] = [];
  const changed = new EventTarget();

  const server = createServer((req, res) => {
    void (async () => {
      const body: Buffer[] = [];
      for await (const chunk of req) body.push(chunk as Buffer);
      const sql = new URL(req.url!, url).searchParams.get('query') ?? Buffer.concat(body).toString('latin1');
      if (matches(sql)) {
        await new Promise<void>((resolve) => {
          held.push(resolve);
          changed.dispatchEvent(new Event('held'));
        });
      }
      const { 'transfer-encoding': _, ...headers } = req.headers;
      const onward = request(`${url}${req.url}`, { method: req.method, headers }, (answer) => {
        res.writeHead(answer.statusCode!, answer.headers);
        answer.pipe(res);
      });
      onward.on('error', () => res.destroy());
      onward.end(Buffer.concat(body));
    })().catch(() => res.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');

  const open = (): void => {
    matches = () => false;
    for (const release of held) release();
    held = [];
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: (what) => (matches = what),
    async holds(count) {
      while (held.length < count) await once(changed, 'held');
    },
    open,
    async stop() {
      open();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
