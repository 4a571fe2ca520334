import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLogger } from '@weft/runtime';
import { eventually, freePort } from '@weft/testkit';
import { startCluster } from '../cluster/cluster.ts';
import { createVictim } from './victims.ts';

/** What is made to suffer. */
export interface ScoringTarget {
  readonly url: string;
  /** Kills something, which comes back. @returns what. */
  kill(): Promise<string>;
  /** To be done once each, in this order, between the kills. */
  readonly changes: readonly { readonly name: string; readonly run: () => Promise<void> }[];
  stop(): Promise<void>;
}

export type StartTarget = (options: {
  readonly env: Readonly<Record<string, string>>;
  readonly random: () => number;
  readonly onProgress: (text: string) => void;
}) => Promise<ScoringTarget>;

/** One process with everything in its data directory. */
export const startOneProcess: StartTarget = async ({ env }) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'weft-scoring-'));
  const said: string[] = [];
  const onOutput = (line: string) => void (said.push(line) > 200 && said.shift());
  const victim = createVictim({
    dataDir,
    port: await freePort(),
    grpcPort: await freePort(),
    env: () => env,
    onOutput,
  });
  const stop = async () => {
    await victim.kill('server').catch(() => false);
    rmSync(dataDir, { recursive: true, force: true, maxRetries: 10 });
  };
  const start = () =>
    victim.start().catch(async (error: unknown) => {
      await stop();
      throw new Error(`it did not start again; it said last:\n${said.slice(-40).join('\n')}`, {
        cause: error,
      });
    });
  await start();
  return {
    url: victim.url,
    async kill() {
      await victim.kill('server');
      await start();
      return 'server';
    },
    changes: [],
    stop,
  };
};

/** Workers as processes of their own, on Kafka and Redis. */
export const startScoringCluster: StartTarget = async ({ env, random, onProgress }) => {
  const logger = createLogger({ name: 'chaos', level: 'error' });
  const cluster = await startCluster({ brokers: 1, scorers: 1, env, logger, onProgress });
  const scale = (count: number) => ({
    name: `scoring workers → ${count}`,
    run: () => cluster.scale('scoring-worker', count),
  });
  const killWorker = () => {
    const workers = cluster.instances('scoring-worker');
    return workers[Math.floor(random() * workers.length)]?.signal('SIGKILL') === true;
  };
  return {
    url: cluster.url,
    async kill() {
      const dice = random();
      if (dice < 0.15) {
        await cluster.redis!.kill();
        await sleep(random() * 2_000);
        await cluster.redis!.restart();
        return 'redis';
      }
      if (dice < 0.25 && cluster.instances('writer')[0]?.signal('SIGKILL') === true) return 'writer';
      await eventually(killWorker);
      return 'worker';
    },
    changes: [scale(3), scale(1), scale(2)],
    stop: () => cluster.stop(),
  };
};
