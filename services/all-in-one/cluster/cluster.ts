import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gatewayPathPatterns } from '@weft/gateway';
import type { Logger } from '@weft/runtime';
import type { TcpProxy, TestKafka, TestRedis } from '@weft/testkit';
import { openBackends } from './backends.ts';
import { Instances } from './instances.ts';
import { startProxy, type Pool } from './proxy.ts';
import type { ServiceProcess } from './service-process.ts';

export interface ClusterOptions {
  readonly brokers?: 1 | 3;
  readonly gateways?: number;
  readonly writers?: number;
  readonly queries?: number;
  /** Default 0: calls are not scored, and there is no Redis. */
  readonly scorers?: number;
  /** Of each topic; no more writers than this have work. */
  readonly partitions?: number;
  /** Of the one URL; 0 = a free one. */
  readonly port?: number;
  /** Where everything is kept; default: a new directory, removed at the end. */
  readonly dataDir?: string;
  /** Files and large payloads go to a folder of the data directory. Default: none, they ride the log, unless `env` says otherwise. */
  readonly blobs?: boolean;
  /** For every service, beside what the cluster itself sets. */
  readonly env?: Readonly<Record<string, string>>;
  readonly logger: Logger;
  readonly onProgress?: (text: string) => void;
}

/** The product's topology as processes of this machine: Kafka, ClickHouse, Redis, the services, one URL. */
export interface Cluster {
  readonly url: string;
  readonly kafka: TestKafka;
  /** Undefined where calls are not scored. */
  readonly redis: TestRedis | undefined;
  /** Between the services and ClickHouse: can be cut and slowed. */
  readonly clickHouseLink: TcpProxy;
  /** kill -9 of the engine, which is started again by itself. False when there is no process just now. */
  killClickHouse(): boolean;
  /** Undefined while the engine is being started again. */
  readonly clickHousePid: number | undefined;
  /** Instances in the order they were started. */
  instances(pool: Pool): readonly ServiceProcess[];
  /** Base URLs of the instances, for those who do not want the proxy between. */
  urls(pool: Pool): string[];
  /** OTLP/gRPC of each gateway, host:port: no proxy stands before it here. */
  grpc(): string[];
  /** Starts instances, or stops the newest ones gracefully. Resolves once all of them are ready. */
  scale(pool: Pool, count: number): Promise<void>;
  /** One instance after the other: a new one is ready before the old one is told to stop, as `maxSurge 1, maxUnavailable 0` does. */
  rollingRestart(pool: Pool): Promise<{ slowestStopMs: number }>;
  /** What a service needs to reach Kafka, ClickHouse and Redis here; for tools that look at the same cluster. */
  readonly env: Readonly<Record<string, string>>;
  /** For every instance that is started from now on. */
  setEnv(env: Readonly<Record<string, string>>): void;
  readonly dataDir: string;
  stop(): Promise<void>;
}

export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const { brokers = 1, partitions = 8, scorers = 0, onProgress = () => undefined, logger } = options;
  const scoring = scorers > 0;
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'weft-cluster-'));
  const logDir = join(dataDir, 'logs');
  mkdirSync(logDir, { recursive: true });
  const opened: (() => Promise<unknown>)[] = [];
  const stop = async (): Promise<void> => {
    for (let close = opened.pop(); close !== undefined; close = opened.pop()) await close();
    if (options.dataDir === undefined) rmSync(dataDir, { recursive: true, force: true, maxRetries: 10 });
  };
  try {
    const proxy = await startProxy({ port: options.port ?? 0, poolOf: createRouting(scoring) });
    opened.push(() => proxy.stop());
    const onOpened = (close: () => Promise<unknown>) => void opened.push(close);
    const backends = await openBackends({
      brokers,
      partitions,
      scoring,
      dataDir,
      logger,
      onProgress,
      onOpened,
    });
    onProgress(`ClickHouse ${scoring ? 'and Redis are' : 'is'} up; starting the services`);
    const blobs = options.blobs === true && {
      WF_FILE_STORAGE_URI: pathToFileURL(join(dataDir, 'blobs')).href,
    };
    let env: Readonly<Record<string, string>> = { ...backends.env, ...blobs, ...options.env };
    const envOf = (pool: Pool) => ({ ...backends.credentials[pool], ...env });
    const instances = new Instances({ proxy, logDir, envOf });
    opened.push(() => instances.stopAll());
    // The writer brings the schema and, as the others, the topics; readers of a fresh database wait for it.
    await instances.scale('writer', options.writers ?? 1);
    await instances.scale('gateway', options.gateways ?? 1);
    await instances.scale('query', options.queries ?? 1);
    await instances.scale('scoring-worker', scorers);
    return {
      url: proxy.url,
      kafka: backends.kafka,
      redis: backends.redis,
      clickHouseLink: backends.clickHouseLink,
      get clickHousePid() {
        return backends.clickHousePid();
      },
      killClickHouse: () => killNow(backends.clickHousePid()),
      instances: (pool) => instances.processes(pool),
      urls: (pool) => instances.urls(pool),
      grpc: () => instances.grpc(),
      async scale(pool, count) {
        if (pool === 'scoring-worker' && !scoring) throw new Error('start the cluster with scorers');
        await instances.scale(pool, count);
      },
      rollingRestart: (pool) => instances.rollingRestart(pool),
      get env() {
        return envOf('writer');
      },
      setEnv: (more) => (env = { ...env, ...more }),
      dataDir,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function killNow(pid: number | undefined): boolean {
  try {
    return pid !== undefined && process.kill(pid, 'SIGKILL');
  } catch {
    return false; // it has just ended
  }
}

/** What scoring workers answer; without them query says why not. */
const SCORING_PATHS = ['/calls/score', '/monitors/**', '/weft/v1/monitors/**', '/weft/v1/scoring/**'];

function createRouting(scoring: boolean): (path: string) => Pool {
  const isGateway = pathMatcher(gatewayPathPatterns());
  const isScoring = pathMatcher(SCORING_PATHS);
  return (path) => {
    if (isGateway(path)) return 'gateway';
    if (scoring && isScoring(path)) return 'scoring-worker';
    return path.startsWith('/weft/v1/dead-letters') ? 'writer' : 'query';
  };
}

const SEGMENTS = new Map([
  ['*', '[^/]+'],
  ['**', '.+'],
]);

/** Patterns as `gatewayPathPatterns` has them, at the root and under `/traces`. */
function pathMatcher(patterns: readonly string[]): (path: string) => boolean {
  const sources = patterns.map((pattern) =>
    pattern
      .split('/')
      .map((part) => SEGMENTS.get(part) ?? part.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
      .join('/'),
  );
  const any = new RegExp(`^(?:/traces)?(?:${sources.join('|')})/?$`);
  return (path) => any.test(path.replace(/\/{2,}/g, '/'));
}
