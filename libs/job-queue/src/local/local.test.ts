import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEAD_MS, ENDED_MS, MAX_LOST, VANISHED } from '../limits.ts';
import type { NewJob } from '../job-queue.ts';
import { quiet } from '../testing/logs.ts';
import { spawnWorker } from '../testing/spawn-worker.ts';
import { Jobs } from './jobs.ts';
import { openLocalJobQueue } from './local.ts';
import { Store } from './store.ts';
import { Sweep } from './sweep.ts';

const wanted: NewJob = { id: 'a', projectId: 'e/p', kind: 'work', group: 'g', data: '{}' };
const full: Required<NewJob> = { ...wanted, priority: 50, runAtMs: 0, ifKnown: 'keep' };

describe('the queue in a directory', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'job-queue-'));
  });
  afterEach(() => rm(dir, { recursive: true }));
  const open = () => openLocalJobQueue({ dir, logger: quiet });

  it('belongs to one process', async () => {
    const worker = await spawnWorker(['local', dir]);
    await expect(open()).rejects.toMatchObject({
      code: 'queue_unavailable',
      message: expect.stringContaining(`process ${worker.pid} `),
    });
    await worker.kill();
    const queue = await open();
    await expect(open()).rejects.toMatchObject({ code: 'queue_unavailable' });
    await queue.close();
    await queue.close();
    await (await open()).close();
  });

  it('says so where the directory cannot be used', async () => {
    await expect(openLocalJobQueue({ dir: '/dev/null/queue', logger: quiet })).rejects.toMatchObject({
      code: 'queue_unavailable',
    });
  });

  it('buries a job that takes its process with it every time', async () => {
    const store = await Store.open(dir);
    let jobs = new Jobs(store, Date.now);
    jobs.add(full);
    for (let lost = 0; lost < MAX_LOST; lost++) {
      expect(jobs.claim(1)?.job.id).toBe('a');
      await store.commit();
      jobs = new Jobs(store, Date.now); // as after a restart
      await store.commit();
    }
    expect(jobs.claim(1)).toBeUndefined();
    expect(jobs.counts('e/p', 'g')).toEqual({ pending: 0, running: 0, outcomes: new Map([['dead', 1]]) });
    expect(jobs.dead('e/p', 9)).toMatchObject([{ id: 'a', reason: VANISHED }]);
    await store.close();
  });

  it('ignores the end of a run from before it was read anew', async () => {
    const store = await Store.open(dir);
    const before = new Jobs(store, Date.now);
    before.add(full);
    const { job } = before.claim(1)!;
    const { stamp } = job;
    await store.commit();
    const jobs = new Jobs(store, Date.now);
    expect(jobs.end(job, stamp, { kind: 'done', outcome: 'late' }, 3)).toBe(false);
    expect(jobs.counts('e/p', 'g')).toEqual({ pending: 1, running: 0, outcomes: new Map() });
    await store.commit();
    await store.close();
  });

  it('forgets ids a day after they have ended, and dead jobs after a month', async () => {
    const store = await Store.open(dir);
    let nowMs = Date.now();
    const jobs = new Jobs(store, () => nowMs);
    const end = (id: string, isDone: boolean) => {
      jobs.add({ ...full, id });
      const { job } = jobs.claim(1)!;
      const failed = { kind: 'failed', reason: 'no', isHopeless: true } as const;
      jobs.end(job, job.stamp, isDone ? { kind: 'done', outcome: 'ok' } : failed, 3);
    };
    end('a', true);
    end('b', false);
    await store.commit();
    const sweep = new Sweep(
      store,
      () => nowMs,
      () => store.commit(),
    );
    nowMs += ENDED_MS - 1;
    await sweep.step();
    expect(jobs.find('e/p', 'a')).toMatchObject({ state: 'done' });
    nowMs += 2;
    expect(jobs.find('e/p', 'a')).toBeUndefined();
    await sweep.step();
    expect([...store.ended.entries()]).toEqual([]);
    nowMs += DEAD_MS - ENDED_MS;
    expect(jobs.dead('e/p', 9)).toEqual([]);
    expect(jobs.counts('e/p', 'g').outcomes).toEqual(new Map([['ok', 1], ['dead', 1]])); // prettier-ignore
    sweep.stop();
    await store.commit();
    await store.close();
  });
});
