import { join } from 'node:path';
import { eventually, freePort } from '@weft/testkit';
import type { Pool, Proxy } from './proxy.ts';
import { startService, type ServiceProcess } from './service-process.ts';

interface Instance {
  readonly url: string;
  /** Of a gateway: OTLP/gRPC, host:port. */
  readonly grpc: string | undefined;
  readonly process: ServiceProcess;
}

export interface InstancesOptions {
  readonly proxy: Proxy;
  readonly logDir: string;
  /** Asked for each instance that is started. */
  readonly envOf: (pool: Pool) => Readonly<Record<string, string>>;
}

const PREFIX: Record<Pool, string> = {
  gateway: 'GATEWAY',
  writer: 'WRITER',
  query: 'QUERY',
  'scoring-worker': 'SCORING_WORKER',
};
const READY_MS = 90_000;

/** The instances of each service, in the order they were started; the proxy knows of all of them. */
export class Instances {
  readonly #options: InstancesOptions;
  readonly #pools: Record<Pool, Instance[]> = { gateway: [], writer: [], query: [], 'scoring-worker': [] };
  #started = 0;

  constructor(options: InstancesOptions) {
    this.#options = options;
  }

  processes(pool: Pool): ServiceProcess[] {
    return this.#pools[pool].map((one) => one.process);
  }

  urls(pool: Pool): string[] {
    return this.#pools[pool].map((one) => one.url);
  }

  grpc(): string[] {
    return this.#pools.gateway.map((one) => one.grpc!);
  }

  /** Starts instances, or stops the newest ones gracefully. Resolves once all of them are ready. */
  async scale(pool: Pool, count: number): Promise<void> {
    while (this.#pools[pool].length < count) await this.#add(pool);
    await this.#ready(pool);
    while (this.#pools[pool].length > count) await this.#drop(pool, this.#pools[pool].at(-1)!);
  }

  /** One after the other: a new one is ready before the old one is told to stop. */
  async rollingRestart(pool: Pool): Promise<{ slowestStopMs: number }> {
    let slowestStopMs = 0;
    for (const old of [...this.#pools[pool]]) {
      await this.#add(pool);
      await this.#ready(pool);
      slowestStopMs = Math.max(slowestStopMs, await this.#drop(pool, old));
    }
    return { slowestStopMs };
  }

  async stopAll(): Promise<void> {
    const all = Object.values(this.#pools).flat();
    await Promise.all(all.map((one) => one.process.stop()));
  }

  async #add(pool: Pool): Promise<void> {
    const port = await freePort();
    const grpcPort = pool === 'gateway' ? await freePort() : undefined;
    const process = startService({
      service: pool,
      logFile: join(this.#options.logDir, `${pool}-${++this.#started}.log`),
      env: {
        ...this.#options.envOf(pool),
        [`${PREFIX[pool]}_PORT`]: String(port),
        ...(grpcPort !== undefined && { GATEWAY_OTLP_GRPC_PORT: String(grpcPort) }),
      },
    });
    const grpc = grpcPort === undefined ? undefined : `127.0.0.1:${grpcPort}`;
    this.#pools[pool].push({ url: `http://127.0.0.1:${port}`, grpc, process });
    this.#announce(pool);
  }

  async #drop(pool: Pool, instance: Instance): Promise<number> {
    const ms = await instance.process.stop();
    this.#pools[pool].splice(this.#pools[pool].indexOf(instance), 1);
    this.#announce(pool);
    return ms;
  }

  #announce(pool: Pool): void {
    this.#options.proxy.setUpstreams(pool, this.urls(pool));
  }

  async #ready(pool: Pool): Promise<void> {
    await eventually(() => this.#options.proxy.ready(pool) >= this.#pools[pool].length, READY_MS);
  }
}
