import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '@weft/runtime';
import { freePort } from '@weft/testkit';
import { startCluster } from '../cluster/cluster.ts';
import { createVictim } from './victims.ts';

/** What stores files and payloads, and is made to suffer. */
export interface StorageTarget {
  readonly url: string;
  /** Kills something, which comes back. @returns what. */
  kill(): Promise<string>;
  /** Settings of every process that is started from now on. */
  setEnv(env: Readonly<Record<string, string>>): Promise<void>;
  stop(): Promise<void>;
}

export type StartStorageTarget = (options: {
  readonly env: Readonly<Record<string, string>>;
  readonly random: () => number;
  readonly onProgress: (text: string) => void;
}) => Promise<StorageTarget>;

/** One process with everything but the blobs in its data directory. */
export const startOneStoring: StartStorageTarget = async ({ env }) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'weft-storage-'));
  let settings = env;
  const victim = createVictim({
    dataDir,
    port: await freePort(),
    grpcPort: await freePort(),
    env: () => settings,
  });
  await victim.start();
  return {
    url: victim.url,
    async kill() {
      await victim.kill('server');
      await victim.start();
      return 'server';
    },
    setEnv: async (more) => void (settings = { ...settings, ...more }),
    async stop() {
      await victim.kill('server').catch(() => false);
      rmSync(dataDir, { recursive: true, force: true, maxRetries: 10 });
    },
  };
};

/** Two gateways, two writers and two queries on Kafka. */
export const startStoringCluster: StartStorageTarget = async ({ env, random, onProgress }) => {
  const logger = createLogger({ name: 'chaos', level: 'error' });
  const cluster = await startCluster({
    brokers: 1,
    gateways: 2,
    writers: 2,
    queries: 2,
    env,
    logger,
    onProgress,
  });
  return {
    url: cluster.url,
    async kill() {
      const dice = random();
      const pool = dice < 0.55 ? 'gateway' : dice < 0.85 ? 'writer' : 'query';
      const instances = cluster.instances(pool);
      const chosen = instances[Math.floor(random() * instances.length)];
      return chosen?.signal('SIGKILL') === true ? pool : 'nothing';
    },
    async setEnv(more) {
      cluster.setEnv(more);
      await cluster.rollingRestart('gateway');
      await cluster.rollingRestart('writer');
    },
    stop: () => cluster.stop(),
  };
};
