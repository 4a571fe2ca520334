import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setImmediate, setTimeout } from 'node:timers/promises';

import { freePort } from './ports.ts';
import { mulberry32 } from './random.ts';

/** What happens to bytes on their way, in both directions. Nothing set = they pass. */
export interface TcpFaults {
  /** Added to each piece; pieces overlap, as on a long line. */
  readonly latencyMs?: number;
  /** At most this much more, at random; the order stays. */
  readonly jitterMs?: number;
  /** Of each direction of each connection. */
  readonly bytesPerSecond?: number;
  /** Bytes leave in slices of this size, each in a packet of its own. */
  readonly sliceBytes?: number;
  /** Half-open: connections are accepted and stay open, and nothing moves until this is set back. */
  readonly isSilent?: boolean;
}

export interface TcpProxyOptions {
  readonly target: { readonly host: string; readonly port: number };
  /** Default: a free one. */
  readonly port?: number;
  /** Of the jitter. */
  readonly seed?: number;
  readonly faults?: TcpFaults;
}

/** A TCP connection that can be made bad, between a client and its server. Listens on 127.0.0.1. */
export interface TcpProxy {
  readonly port: number;
  /** Open connections. */
  readonly connections: number;
  /** From now on, for open connections too; replaces what was set before. */
  set(faults: TcpFaults): void;
  /** Ends every connection with RST. New ones are welcome. */
  reset(): void;
  /** Ends every connection and refuses new ones: for `ms` milliseconds and resolves then, or until `mend()`. */
  cut(ms?: number): Promise<void>;
  mend(): Promise<void>;
  stop(): Promise<void>;
}

/** Bytes that wait on their way in one direction of one connection; the sender is held up beyond that. */
const MOST_IN_FLIGHT = 4 * 1024 * 1024;

export async function tcpProxy(options: TcpProxyOptions): Promise<TcpProxy> {
  const port = options.port ?? (await freePort());
  const line = createLine(options.faults ?? {}, mulberry32(options.seed ?? 1));
  const sockets = new Set<Socket>();
  let clients = 0;
  let server: Server | undefined;

  const accept = (client: Socket): void => {
    const upstream = connect(options.target.port, options.target.host);
    clients++;
    client.once('close', () => clients--);
    for (const [socket, other] of [[client, upstream], [upstream, client]] as const) {
      sockets.add(socket.setNoDelay(true));
      socket.on('error', () => abort(other));
      socket.once('close', () => sockets.delete(socket));
      void line.carry(socket, other);
    }
  }; // prettier-ignore
  const listen = async (): Promise<void> => {
    server = createServer({ allowHalfOpen: true }, accept).listen(port, '127.0.0.1');
    await once(server, 'listening');
  };
  const reset = (): void => {
    for (const socket of sockets) abort(socket);
  };
  const close = async (): Promise<void> => {
    const closing = server;
    server = undefined;
    const closed = closing && once(closing, 'close');
    closing?.close();
    reset();
    await closed;
  };
  const mend = async (): Promise<void> => {
    if (server === undefined) await listen();
  };
  await listen();
  return {
    port,
    get connections() {
      return clients;
    },
    set: line.set,
    reset,
    async cut(ms) {
      await close();
      if (ms === undefined) return;
      await setTimeout(ms);
      await mend();
    },
    mend,
    stop: close,
  };
}

/** RST. While its end is under way a socket cannot be reset: the failed attempt would leave it open and keep Node from exiting. */
function abort(socket: Socket): void {
  if (socket.writableEnded && !socket.writableFinished) socket.destroy();
  else socket.resetAndDestroy();
}

async function drained(socket: Socket): Promise<void> {
  const done = new AbortController();
  const { signal } = done;
  await Promise.race([once(socket, 'drain', { signal }), once(socket, 'close', { signal })]).catch(
    () => undefined,
  );
  done.abort();
}

function createLine(first: TcpFaults, random: () => number) {
  let faults = first;
  let change = () => {};
  let changed = new Promise<void>((resolve) => (change = resolve));

  /** Moves everything from one socket to the other, at the pace of the faults that are set by then. */
  const carry = async (from: Socket, to: Socket): Promise<void> => {
    const queue: { readonly bytes: Buffer; readonly dueAt: number }[] = [];
    let inFlight = 0;
    let lastDueAt = 0;
    let isEnded = false;
    let moved = () => {};
    const movement = () => new Promise<void>((resolve) => (moved = resolve));
    const deliver = async (): Promise<void> => {
      for (;;) {
        const next = queue.shift();
        if (next === undefined) {
          if (isEnded) break;
          await movement();
          continue;
        }
        const waitMs = next.dueAt - performance.now();
        if (waitMs > 0) await setTimeout(waitMs);
        await writeSlices(to, next.bytes);
        inFlight -= next.bytes.length;
        if (inFlight < MOST_IN_FLIGHT) from.resume();
      }
      to.end();
    };
    from.on('data', (bytes: Buffer) => {
      const { latencyMs = 0, jitterMs = 0 } = faults;
      lastDueAt = Math.max(lastDueAt, performance.now() + latencyMs + jitterMs * random());
      queue.push({ bytes, dueAt: lastDueAt });
      inFlight += bytes.length;
      if (inFlight >= MOST_IN_FLIGHT) from.pause();
      moved();
    });
    from.once('end', () => ((isEnded = true), moved()));
    await deliver();
  };

  const writeSlices = async (to: Socket, bytes: Buffer): Promise<void> => {
    for (let at = 0; at < bytes.length && !to.destroyed;) {
      while (faults.isSilent) await changed;
      const { sliceBytes = bytes.length, bytesPerSecond } = faults;
      const most = bytesPerSecond === undefined ? sliceBytes : Math.min(sliceBytes, Math.ceil(bytesPerSecond / 50)); // prettier-ignore
      const slice = bytes.subarray(at, at + most);
      at += slice.length;
      if (bytesPerSecond !== undefined) await setTimeout((1000 * slice.length) / bytesPerSecond);
      if (!to.write(slice)) await drained(to);
      if (at < bytes.length) await setImmediate();
    }
  };

  return {
    carry,
    set(next: TcpFaults): void {
      faults = next;
      change();
      changed = new Promise<void>((resolve) => (change = resolve));
    },
  };
}
