import { childrenOf, eventually, spawnBundle, type BundleProcess } from '@weft/testkit';

/** One all-in-one as its user runs it: a process of its own, with the engine as its child. */
export interface Victim {
  readonly url: string;
  /** kill -9 of the server, or of the engine under it. The server comes back by `start()`, the engine by itself. */
  kill(which: 'server' | 'engine'): Promise<boolean>;
  start(): Promise<void>;
  stop(): Promise<number>;
}

export interface VictimOptions {
  readonly dataDir: string;
  readonly port: number;
  /** Of OTLP/gRPC. */
  readonly grpcPort: number;
  /** Asked at each start. */
  readonly env?: () => Readonly<Record<string, string>>;
  /** The server's output is kept for the report of a failed run. */
  readonly onOutput?: (line: string) => void;
}

export function createVictim(options: VictimOptions): Victim {
  let server: BundleProcess | undefined;
  const url = `http://127.0.0.1:${options.port}`;
  const isReady = () =>
    fetch(`${url}/readyz`).then(
      (res) => res.ok,
      () => false,
    );

  return {
    url,
    async start() {
      const started = spawnBundle(
        'all-in-one',
        ['--port', String(options.port), '--data-dir', options.dataDir],
        { GATEWAY_OTLP_GRPC_PORT: String(options.grpcPort), ...options.env?.() },
        (text) => text.split('\n').forEach((line) => line !== '' && options.onOutput?.(line)),
      );
      server = started;
      await eventually(async () => {
        if (started.hasEnded) throw new Error('the server ended while starting');
        return isReady();
      }, 60_000);
    },
    async kill(which) {
      if (server === undefined || server.hasEnded) return false;
      if (which === 'engine') {
        const engine = childrenOf(server.pid)[0];
        if (engine === undefined) return false;
        process.kill(engine, 'SIGKILL');
        return true;
      }
      server.kill('SIGKILL');
      await server.ended;
      return true;
    },
    async stop() {
      server?.kill('SIGTERM');
      return (await server?.ended)?.code ?? 1;
    },
  };
}
