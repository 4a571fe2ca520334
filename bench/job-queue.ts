/**
 * What a job costs beside its handler: adding it, and taking and ending it, in one process with handlers that do nothing. CPU
 * is that of this process; that of Redis is shown beside it.
 *
 *     npx tsx bench/job-queue.ts
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLocalJobQueue, openRedisJobQueue, type JobQueue, type NewJob } from '@weft/job-queue';
import { cpuMs, startRedis } from '@weft/testkit';

const JOBS = 5000;
const PROJECTS = 10;
const BATCH = 100;
const logger = { info: () => undefined, warn: console.warn, error: console.error };
const data = JSON.stringify({ monitorRef: 'weave:///e/p/object/m:'.padEnd(400, 'x') });

function batch(from: number): NewJob[] {
  return Array.from({ length: BATCH }, (_, i) => ({
    ...{
      id: `score-${from + i}`,
      projectId: `team/p${(from + i) % PROJECTS}`,
      kind: 'score',
      group: 'monitor',
      data,
    },
  }));
}

async function measure(what: string, redisPid: number | undefined, work: () => Promise<void>): Promise<void> {
  const cpu = process.cpuUsage();
  const redisMs = redisPid === undefined ? 0 : cpuMs(redisPid);
  const start = performance.now();
  await work();
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const redis =
    redisPid === undefined ? '' : `   Redis ${(((cpuMs(redisPid) - redisMs) * 1000) / JOBS).toFixed(0)} µs`;
  console.log(
    `${what.padEnd(24)} ${Math.round(JOBS / seconds)
      .toString()
      .padStart(7)} jobs/s   ${((user + system) / JOBS).toFixed(0).padStart(5)} µs CPU/job${redis}`,
  );
}

async function runAll(queue: JobQueue): Promise<void> {
  const controller = new AbortController();
  let ended = 0;
  await queue.run({
    handlers: {
      score: async () => {
        if (++ended === JOBS) setImmediate(() => controller.abort());
        return { done: 'scored' };
      },
    },
    ...{ concurrency: 32, projectConcurrency: 4, maxAttempts: 5, leaseMs: 30_000, graceMs: 10_000 },
    signal: controller.signal,
  });
}

async function bench(name: string, queue: JobQueue, redisPid?: number): Promise<void> {
  await measure(`${name}: add`, redisPid, async () => {
    for (let from = 0; from < JOBS; from += BATCH) await queue.add(batch(from));
  });
  await measure(`${name}: add again`, redisPid, async () => {
    for (let from = 0; from < JOBS; from += BATCH) await queue.add(batch(from));
  });
  await measure(`${name}: take and end`, redisPid, () => runAll(queue));
  await queue.close();
}

const dir = await mkdtemp(join(tmpdir(), 'bench-job-queue-'));
const redis = await startRedis();
try {
  await bench('LMDB', await openLocalJobQueue({ dir, logger }));
  await bench('Redis', await openRedisJobQueue({ url: redis.url, logger }), redis.pid);
} finally {
  await redis.stop();
  await rm(dir, { recursive: true, force: true });
}
