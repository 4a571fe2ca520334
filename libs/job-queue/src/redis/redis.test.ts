import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';
import { AppError } from '@weft/model';
import { eventually, requireBackend, startRedis, type TestRedis } from '@weft/testkit';
import type { JobHandler, JobQueue, NewJob, RunJobsOptions } from '../job-queue.ts';
import { MAX_LOST, VANISHED } from '../limits.ts';
import { quiet } from '../testing/logs.ts';
import { recorder } from '../testing/recorder.ts';
import { spawnWorker, type WorkerProcess } from '../testing/spawn-worker.ts';
import { Connection } from './connection.ts';
import { openRedisJobQueue } from './redis.ts';

const PROJECT = 'team/project';
const GROUP = 'g';
const job = (id: string, more: Partial<NewJob> = {}): NewJob => ({
  ...{ id, projectId: PROJECT, kind: 'work', group: GROUP, data: '{"ms":0}' },
  ...more,
});
const jobs = (count: number, more: Partial<NewJob> = {}) =>
  Array.from({ length: count }, (_, i) => job(`j${i}`, more));

requireBackend('redis', describe)('a queue on Redis', () => {
  let redis: TestRedis;
  let queue: JobQueue;
  let prefix: string;
  let opened = 0;
  let workers: WorkerProcess[];
  let stop: () => Promise<void>;

  beforeAll(async () => {
    redis = await startRedis(); // of our own: it is killed
  });
  afterAll(() => redis.stop());
  beforeEach(async () => {
    prefix = `t${opened++}`;
    workers = [];
    stop = async () => {};
    queue = await open();
  });
  afterEach(async () => {
    for (const worker of workers) worker.signal('SIGCONT');
    await Promise.all(workers.map((worker) => worker.kill()));
    await stop();
    await queue.close();
  });

  const open = () => openRedisJobQueue({ url: redis.url, prefix, logger: quiet });
  const counts = () => queue.counts(PROJECT, GROUP);
  const nothingPending = () =>
    eventually(async () => {
      const found = await counts().catch(() => undefined); // Redis may be away
      return found?.pending === 0;
    }, 60_000);
  async function spawn(options: object = {}): Promise<WorkerProcess> {
    const worker = await spawnWorker(['redis', redis.url, prefix], options);
    workers.push(worker);
    return worker;
  }
  function run(work: JobHandler, options: Partial<RunJobsOptions> = {}): void {
    const controller = new AbortController();
    const running = queue.run({
      handlers: { work },
      ...{ concurrency: 10, projectConcurrency: 10, maxAttempts: 3, leaseMs: 1000, graceMs: 500 },
      signal: controller.signal,
      ...options,
    });
    stop = async () => {
      controller.abort();
      await running;
    };
  }

  it('shares jobs among processes, and keeps the concurrency of a project over all of them', async () => {
    const [a, b] = await Promise.all([spawn({ projectConcurrency: 3 }), spawn({ projectConcurrency: 3 })]);
    // Long enough for the one that was late to find a place that is free.
    await queue.add(jobs(120, { data: '{"ms":75}' }));
    let most = 0;
    await eventually(async () => {
      const { running, pending } = await counts();
      most = Math.max(most, running);
      return pending === 0;
    });
    expect(most).toBe(3);
    expect(await counts()).toEqual({ pending: 0, running: 0, outcomes: new Map([['ok', 120]]) });
    expect(a!.count('ended') + b!.count('ended')).toBe(120);
    expect(a!.count('ended')).toBeGreaterThan(0);
    expect(b!.count('ended')).toBeGreaterThan(0);
  }, 60_000);

  it('gives the jobs of a process that stands still to another, tells it so, and ignores what it says late', async () => {
    const still = await spawn();
    await queue.add([job('long', { data: '{"ms":60000}' }), job('short', { data: '{"ms":300}' })]);
    await eventually(() => still.count('began') === 2);
    still.signal('SIGSTOP');
    const seen: string[] = [];
    run(async ({ id, attempt }) => {
      seen.push(`${id} ${attempt}`);
      return { done: 'ok' };
    });
    await nothingPending();
    expect(seen.sort()).toEqual(['long 1', 'short 1']);
    still.signal('SIGCONT');
    await eventually(() => still.count('left long') === 1);
    await eventually(() => still.count('ended short') + still.count('left short') === 1);
    await queue.add([job('after')]);
    await nothingPending();
    expect(await counts()).toEqual({ pending: 0, running: 0, outcomes: new Map([['ok', 3]]) });
  }, 60_000);

  it('loses and doubles nothing when Redis is killed, over and over, while processes add and run jobs', async () => {
    await Promise.all([spawn({ leaseMs: 4000 }), spawn({ leaseMs: 4000 })]);
    let isAdding = true;
    const patiently = async (batch: NewJob[]) => {
      while (isAdding)
        try {
          return void (await queue.add(batch));
        } catch (error) {
          expect(error).toMatchObject({ code: 'queue_unavailable', retryable: true });
          await delay(20);
        }
    };
    const all = jobs(1500, { data: '{"ms":3}' });
    const adding = (async () => {
      for (let from = 0; from < all.length; from += 25) {
        await patiently(all.slice(Math.max(0, from - 10), from + 25));
        await delay(20);
      }
    })();
    try {
      for (let round = 1; round <= 3; round++) {
        await eventually(() => workers.reduce((sum, one) => sum + one.count('ended'), 0) > 200 * round);
        await redis.restart();
      }
      await adding;
    } finally {
      isAdding = false;
    }
    await nothingPending();
    expect(await counts()).toEqual({ pending: 0, running: 0, outcomes: new Map([['ok', 1500]]) });
    // Ended and begun again: only what was in a handler's hands when Redis went, if its end could not be told in time.
    expect(workers.reduce((sum, one) => sum + one.count('ended'), 0)).toBeLessThanOrEqual(1500 + 3 * 16);
  }, 90_000);

  it('fails at once while Redis is away, and goes on by itself', async () => {
    run(async () => ({ done: 'ok' }));
    expect(queue.unavailable()).toBeUndefined();
    await redis.kill();
    await eventually(() => queue.unavailable());
    for (const call of [
      () => queue.add([job('a')]),
      () => counts(),
      () => queue.sums(['a']),
      () => queue.get('a'),
    ])
      await expect(call()).rejects.toMatchObject({ name: 'AppError', code: 'queue_unavailable' });
    await expect(open()).rejects.toMatchObject({ code: 'queue_unavailable' });
    expect(queue.unavailable()).toContain(`127.0.0.1:${redis.port}`);
    await redis.restart();
    await eventually(() => queue.unavailable() === undefined);
    await queue.add([job('a')]);
    await nothingPending();
  });

  it('says what it cannot promise, and no password', async () => {
    const secret = 'hunter2hunter2';
    const settings = { requirepass: secret, appendonly: 'no', 'maxmemory-policy': 'allkeys-lru' };
    const careless = await startRedis({ settings });
    const logger = recorder();
    try {
      const url = (password: string) => `redis://:${password}@127.0.0.1:${careless.port}/1`;
      const other = await openRedisJobQueue({ url: url(secret), prefix, logger });
      await other.add([job('a')]);
      await other.close();
      expect(logger.lines).toEqual([
        expect.stringContaining('append-only'),
        expect.stringContaining('noeviction'),
      ]);
      const refused: Error[] = [];
      const wrong = openRedisJobQueue({
        url: url(`${secret}x`),
        prefix,
        logger,
        onFatal: (error) => void refused.push(error),
      });
      const error = await wrong.catch((one: unknown) => one);
      expect(error).toBeInstanceOf(AppError);
      expect(error).toMatchObject({ code: 'queue_unavailable', message: expect.stringContaining('refuses') });
      expect(refused).toHaveLength(1);
      expect([...logger.lines, inspect(error, { depth: 9 })].join()).not.toContain(secret);
    } finally {
      await careless.stop();
    }
    for (const url of ['hunter2', 'http://a:hunter2@b', 'redis://:hunter2@a/x']) {
      const error = await openRedisJobQueue({ url, logger }).catch((one: unknown) => one);
      expect(error).toMatchObject({ code: 'invalid_request' });
      expect(inspect(error, { depth: 9 })).not.toContain('hunter2');
    }
  });

  it('buries a job that takes its process with it every time', async () => {
    await queue.add([job('bad')]);
    const connection = await Connection.open({
      url: redis.url,
      prefix,
      logger: quiet,
      onReady: () => undefined,
    });
    // Claimed by somebody with a lease of a millisecond who is never heard of again; looked for by others with a longer one.
    for (let lost = 0; lost < MAX_LOST; lost++) {
      const [, id] = (await connection.script('claim', 'none', 1, 1, `token${lost}`)) as unknown[];
      expect(id).toBe('bad');
      await eventually(async () => {
        await connection.script('tick', 'none', 10_000);
        return (await counts()).running === 0;
      });
    }
    connection.close();
    expect(await counts()).toEqual({ pending: 0, running: 0, outcomes: new Map([['dead', 1]]) });
    expect(await queue.dead(PROJECT, 1)).toMatchObject([{ id: 'bad', reason: VANISHED }]);
  });

  it('leaves nothing behind but ids that expire, counts, and the bell', async () => {
    run(async () => ({ done: 'ok' }));
    await queue.add(jobs(50));
    await nothingPending();
    await stop();
    const connection = await Connection.open({
      url: redis.url,
      prefix,
      logger: quiet,
      onReady: () => undefined,
    });
    const names = (await connection.client.keys(`{${prefix}}:*`)).map((key) => key.slice(prefix.length + 3));
    for (const name of names.filter((one) => one.startsWith('ended:')))
      expect(await connection.client.pttl(`{${prefix}}:${name}`)).toBeGreaterThan(23 * 3_600_000);
    connection.close();
    const rest = names.filter((name) => !name.startsWith('ended:') && !name.startsWith('calls:'));
    expect(rest.sort()).toEqual(['clock', `group:12:${PROJECT}:g`, `groups:${PROJECT}`]);
    expect(names.filter((name) => name.startsWith('calls:')).length).toBeLessThan(10);
  });
});
