import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '@weft/testkit';
import {
  JobHopeless,
  type GroupCounts,
  type JobHandler,
  type JobQueue,
  type NewJob,
  type RunJobsOptions,
  type RunningJob,
} from './job-queue.ts';
import { spawnWorker, type WorkerProcess } from './testing/spawn-worker.ts';

/** One queue that tests may close and open again. */
export interface QueueUnderTest {
  /** Opens the queue with what it held; where only one process may have it, the one opened before is closed by then. */
  open(): Promise<JobQueue>;
  /** How `testing/worker.ts` opens it. */
  readonly worker: readonly string[];
  /** Everything is closed: removes the data. */
  destroy(): Promise<void>;
}

const PROJECT = 'team/project';
const GROUP = 'a monitor: "ä"';

function job(id: string, more: Partial<NewJob> = {}): NewJob {
  return { id, projectId: PROJECT, kind: 'work', group: GROUP, data: '{}', ...more };
}
const jobs = (count: number, more: Partial<NewJob> = {}, prefix = 'j') =>
  Array.from({ length: count }, (_, i) => job(`${prefix}${i}`, more));

/** Ended with an outcome, or dead, or pending: nothing else, and nothing twice. */
export const totalOf = ({ pending, outcomes }: GroupCounts) =>
  pending + [...outcomes.values()].reduce((sum, count) => sum + count, 0);

/** What every implementation of JobQueue must do. */
export function describeJobQueue(name: string, create: () => Promise<QueueUnderTest>): void {
  describe(`JobQueue contract: ${name}`, () => {
    let medium: QueueUnderTest;
    let queue: JobQueue;
    let stops: (() => Promise<void>)[];
    let workers: WorkerProcess[];

    beforeEach(async () => {
      stops = [];
      workers = [];
      medium = await create();
      queue = await medium.open();
    });
    afterEach(async () => {
      await Promise.all(workers.map((worker) => worker.kill()));
      await Promise.all(stops.map((stop) => stop()));
      await queue.close();
      await medium.destroy();
    });

    function run(work: JobHandler, options: Partial<RunJobsOptions> = {}): () => Promise<void> {
      const controller = new AbortController();
      const running = queue.run({
        handlers: { work },
        ...{ concurrency: 10, projectConcurrency: 10, maxAttempts: 3, leaseMs: 2000, graceMs: 500 },
        signal: controller.signal,
        ...options,
      });
      const stop = async () => {
        controller.abort();
        await running;
      };
      stops.push(stop);
      return stop;
    }
    async function reopen(): Promise<void> {
      await queue.close();
      queue = await medium.open();
    }
    async function spawn(options: object = {}): Promise<WorkerProcess> {
      const worker = await spawnWorker(medium.worker, options);
      workers.push(worker);
      return worker;
    }
    const counts = (group = GROUP, project = PROJECT) => queue.counts(project, group);
    const nothingPending = () => eventually(async () => (await counts()).pending === 0);
    const done = async () => ({ done: 'ok' });
    const outcomes = async () => Object.fromEntries((await counts()).outcomes);

    describe('what is added', () => {
      it('is handed to its handler as it was', async () => {
        const data = JSON.stringify({ text: 'ü🧵 "\\ud800"', n: 1e300 });
        const seen: RunningJob[] = [];
        await queue.add([job('a-_9', { data, projectId: 'é/p:1' })]);
        run(async (one) => {
          seen.push(one);
          return { done: 'ok' };
        });
        await eventually(() => seen.length > 0);
        const expected = { id: 'a-_9', projectId: 'é/p:1', kind: 'work', group: GROUP, data };
        expect(seen[0]).toMatchObject({ ...expected, attempt: 1, saved: undefined });
      });

      it('is known by its id while it waits, and when it has ended', async () => {
        expect(await queue.add([job('a'), job('b'), job('a')])).toEqual(['a', 'b']);
        expect(await queue.add([job('b', { data: '1' }), job('c')])).toEqual(['c']);
        run(done);
        await nothingPending();
        await reopen();
        expect(await queue.add(jobs(3).concat(job('a'), job('c')))).toEqual(['j0', 'j1', 'j2']);
        expect(await counts()).toMatchObject({ pending: 3, outcomes: new Map([['ok', 3]]) });
        expect(await queue.add([job('a', { projectId: 'other/project' })])).toEqual(['a']);
      });

      it('is there when the queue is opened again', async () => {
        await queue.add(jobs(250));
        await reopen();
        expect(await counts()).toEqual({ pending: 250, running: 0, outcomes: new Map() });
        expect(await queue.add(jobs(251))).toEqual(['j250']);
        expect(await queue.find(PROJECT, 'j249')).toMatchObject({ state: 'waiting', attempt: 1, data: '{}' });
      });

      it('is refused when it is none', async () => {
        const wrong: Partial<NewJob>[] = [
          ...[
            { id: '' },
            { id: 'a b' },
            { id: 'x'.repeat(129) },
            { group: 'x'.repeat(257) },
            { priority: 101 },
          ],
          ...[{ priority: 0.5 }, { data: 'x'.repeat(65_537) }, { projectId: '' }, { runAtMs: NaN }],
        ];
        for (const more of wrong)
          await expect(queue.add([job('ok'), job('a', more)])).rejects.toMatchObject({
            code: 'invalid_request',
          });
        expect(await queue.groups(PROJECT)).toEqual([]);
      });

      it('waits for its instant', async () => {
        const runAtMs = Date.now() + 400;
        await queue.add([job('later', { runAtMs }), job('now')]);
        expect(await queue.find(PROJECT, 'later')).toMatchObject({ state: 'delayed' });
        expect(await queue.backlog()).toMatchObject({ waiting: 1, delayed: 1 });
        const began = new Map<string, number>();
        run(async ({ id }) => {
          began.set(id, Date.now());
          return { done: 'ok' };
        });
        await nothingPending();
        expect(began.get('later')).toBeGreaterThanOrEqual(runAtMs);
        expect(began.get('now')).toBeLessThan(runAtMs);
      });

      it('comes by priority, then in the order it was added', async () => {
        const priorities = [50, 3, 100, 3, undefined, 0];
        await queue.add(
          priorities.map((priority, i) => job(`p${i}`, { ...(priority !== undefined && { priority }) })),
        );
        const order: string[] = [];
        run(
          async ({ id }) => {
            order.push(id);
            return { done: 'ok' };
          },
          { concurrency: 1 },
        );
        await nothingPending();
        expect(order).toEqual(['p5', 'p1', 'p3', 'p0', 'p4', 'p2']);
      });
    });

    describe('replace', () => {
      const replaced = (id: string, more: Partial<NewJob> = {}) => job(id, { ifKnown: 'replace', ...more });

      it('gives a job that waits new data and a new instant', async () => {
        const runAtMs = Date.now() + 60_000;
        expect(await queue.add([replaced('a', { data: '1', runAtMs })])).toEqual(['a']);
        expect(await queue.add([replaced('a', { data: '2', runAtMs })])).toEqual(['a']);
        expect(await counts()).toMatchObject({ pending: 1 });
        expect(await queue.add([replaced('a', { data: '3', runAtMs: 0 })])).toEqual(['a']);
        expect(await counts()).toMatchObject({ pending: 1 });
        const seen: string[] = [];
        run(async ({ data }) => {
          seen.push(data);
          return { done: 'ok' };
        });
        await nothingPending();
        expect(seen).toEqual(['3']);
        expect(await queue.backlog()).toEqual({ waiting: 0, delayed: 0, oldestMs: 0 });
      });

      it('adds a job that runs once more after it, with the newest data', async () => {
        const seen: string[] = [];
        let let1go = () => undefined as void;
        run(async (one) => {
          seen.push(`${one.data} ${one.saved ?? '-'}`);
          await one.save('kept');
          if (one.data === '1') await new Promise<void>((resolve) => (let1go = resolve));
          return { done: 'ok' };
        });
        await queue.add([replaced('a', { data: '1' })]);
        await eventually(() => seen.length === 1);
        await eventually(async () => (await counts()).running === 1);
        expect(await queue.add([replaced('a', { data: '2' })])).toEqual(['a']);
        expect(await queue.add([replaced('a', { data: '3' })])).toEqual(['a']);
        expect(await queue.add([job('a', { data: '4' })])).toEqual([]);
        expect(await counts()).toMatchObject({ pending: 2, running: 1 });
        let1go();
        await nothingPending();
        expect(seen).toEqual(['1 -', '3 -']);
        expect(await outcomes()).toEqual({ ok: 2 });
      });

      it('adds a job that has ended anew', async () => {
        run(async ({ data }) => {
          if (data === 'bad') throw new JobHopeless('no');
          return { done: data };
        });
        await queue.add([replaced('a', { data: 'x' }), replaced('b', { data: 'bad' })]);
        await nothingPending();
        expect(await queue.add([replaced('a', { data: 'y' }), replaced('b', { data: 'z' })])).toEqual([
          'a',
          'b',
        ]);
        await nothingPending();
        expect(await outcomes()).toEqual({ x: 1, dead: 1, y: 1, z: 1 });
        expect(await queue.dead(PROJECT, 10)).toEqual([]);
      });
    });

    describe('ends', () => {
      it('failed jobs come back after a second and more, and are dead in the end', async () => {
        const began: number[] = [];
        run(
          async (one) => {
            began.push(Date.now());
            expect(one.attempt).toBe(began.length);
            throw new Error(`broken ${one.attempt}`);
          },
          { maxAttempts: 2 },
        );
        await queue.add([job('a')]);
        await eventually(async () => (await queue.find(PROJECT, 'a'))?.state === 'delayed');
        expect(await queue.find(PROJECT, 'a')).toMatchObject({
          attempt: 2,
          reason: 'broken 1',
          outcome: null,
        });
        await nothingPending();
        expect(began[1]! - began[0]!).toBeGreaterThanOrEqual(1000);
        expect(began).toHaveLength(2);
        expect(await outcomes()).toEqual({ dead: 1 });
        await reopen();
        const [dead] = await queue.dead(PROJECT, 10);
        const expected = { id: 'a', group: GROUP, data: '{}', state: 'dead', outcome: 'dead', attempt: 2 };
        expect(dead).toMatchObject({ ...expected, reason: 'broken 2' });
        expect(await queue.find(PROJECT, 'a')).toEqual(dead);
        expect(await queue.add([job('a')])).toEqual([]);
      });

      it('asking to come again counts as no attempt, and keeps what was saved', async () => {
        const seen: string[] = [];
        run(
          async (one) => {
            seen.push(`${one.attempt} ${one.saved ?? '-'}`);
            await one.save(String(seen.length));
            return seen.length < 5 ? { againInMs: 1, reason: 'not yet' } : { done: 'ok' };
          },
          { maxAttempts: 1 },
        );
        await queue.add([job('a')]);
        await nothingPending();
        expect(seen).toEqual(['1 -', '1 1', '1 2', '1 3', '1 4']);
        expect(await outcomes()).toEqual({ ok: 1 });
      });

      it('hopeless jobs, and those that nobody handles, are dead and can be revived or dropped', async () => {
        let isHopeless = true;
        const work: JobHandler = async () => {
          if (isHopeless) throw new JobHopeless('for ever');
          return { done: 'ok' };
        };
        run(work);
        for (const id of ['a', 'b', 'c', 'd']) {
          await queue.add([job(id)]);
          await nothingPending();
        }
        expect((await queue.dead(PROJECT, 3)).map(({ id, attempt }) => `${id} ${attempt}`)).toEqual([
          'd 1',
          'c 1',
          'b 1',
        ]);
        expect(await queue.dead('no/body', 3)).toEqual([]);
        isHopeless = false;
        expect(await queue.drop(PROJECT, ['d', 'nobody'])).toBe(1);
        expect(await queue.revive(PROJECT, ['d', 'a', 'b', 'a'])).toBe(2);
        await nothingPending();
        expect(await outcomes()).toEqual({ dead: 1, ok: 2 });
        expect(totalOf(await counts())).toBe(3);
        expect(await queue.add([job('a'), job('d')])).toEqual([]);
        expect(await queue.add([job('k', { kind: 'unknown' })])).toEqual(['k']);
        await eventually(async () => (await queue.find(PROJECT, 'k'))?.reason?.includes('unknown'));
      });

      it('a replaced job that dies makes room for what came after it', async () => {
        let isFirst = true;
        run(async () => {
          if (!isFirst) return { done: 'ok' };
          isFirst = false;
          await queue.add([job('a', { ifKnown: 'replace', data: '2' })]);
          throw new JobHopeless('no');
        });
        await queue.add([job('a')]);
        await nothingPending();
        expect(await outcomes()).toEqual({ dead: 1, ok: 1 });
      });
    });

    describe('counts', () => {
      it('are kept by project and group, with what was tallied', async () => {
        await queue.add([...jobs(3), job('x', { group: 'b' }), job('y', { projectId: 'o/p' })]);
        await queue.tally(PROJECT, [
          { group: 'c', outcome: 'skipped:sample', count: 2 },
          { group: GROUP, outcome: 'skipped:filter', count: 40 },
          { group: GROUP, outcome: 'skipped:filter', count: 2 },
        ]);
        await reopen();
        expect(await queue.groups(PROJECT)).toEqual([GROUP, 'b', 'c'].sort());
        expect(await counts()).toEqual({
          pending: 3,
          running: 0,
          outcomes: new Map([['skipped:filter', 42]]),
        });
        expect(await counts('c')).toEqual({
          pending: 0,
          running: 0,
          outcomes: new Map([['skipped:sample', 2]]),
        });
        expect(await counts('nobody')).toEqual({ pending: 0, running: 0, outcomes: new Map() });
        expect(await queue.groups('no/body')).toEqual([]);
      });

      it('cancel ends what has not begun', async () => {
        let go = () => undefined as void;
        const held = new Promise<void>((resolve) => (go = resolve));
        run(
          async () => {
            await held;
            return { done: 'ok' };
          },
          { concurrency: 2 },
        );
        await queue.add([
          ...jobs(600),
          job('later', { runAtMs: Date.now() + 60_000 }),
          job('x', { group: 'b' }),
        ]);
        await eventually(async () => (await counts()).running === 2);
        await queue.add([job('j0', { ifKnown: 'replace' })]);
        expect(await queue.cancel(PROJECT, GROUP, 'skipped:disabled')).toBe(600);
        expect(await counts()).toEqual({
          pending: 2,
          running: 2,
          outcomes: new Map([['skipped:disabled', 600]]),
        });
        expect(await queue.find(PROJECT, 'later')).toMatchObject({
          state: 'done',
          outcome: 'skipped:disabled',
        });
        expect(await queue.add([job('later')])).toEqual([]);
        go();
        await nothingPending();
        expect(await outcomes()).toEqual({ 'skipped:disabled': 600, ok: 2 });
        await eventually(async () => (await counts('b')).outcomes.get('ok') === 1);
      });

      it('progress is for those who look', async () => {
        let go = () => undefined as void;
        run(async (one) => {
          await one.progress(3, 10);
          await new Promise<void>((resolve) => (go = resolve));
          return { done: 'ok' };
        });
        await queue.add([job('a')]);
        await eventually(async () => (await queue.find(PROJECT, 'a'))?.progress?.done === 3);
        expect(await queue.find(PROJECT, 'a')).toMatchObject({
          state: 'running',
          progress: { done: 3, total: 10 },
        });
        go();
        await nothingPending();
        const ended = await queue.find(PROJECT, 'a');
        expect(ended).toMatchObject({ state: 'done', outcome: 'ok', progress: { done: 3, total: 10 } });
        expect(ended!.addedAtMs).toBeGreaterThan(Date.now() - 60_000);
        expect(await queue.find(PROJECT, 'nobody')).toBeUndefined();
      });

      it('the backlog has an age', async () => {
        await queue.add([job('a'), job('b', { runAtMs: Date.now() - 5000 })]);
        const { oldestMs, ...rest } = await queue.backlog();
        expect(rest).toEqual({ waiting: 2, delayed: 0 });
        expect(oldestMs).toBeGreaterThanOrEqual(5000);
      });
    });

    describe('turns', () => {
      it('a project has no more jobs at a time than it may, and a process no more than it wants', async () => {
        await queue.add([
          ...jobs(20, { projectId: 'a/a' }),
          ...jobs(20, { projectId: 'b/b' }),
          ...jobs(20, { projectId: 'c/c' }),
        ]);
        const now = new Map<string, number>();
        const most = new Map<string, number>();
        const change = (name: string, by: number) => {
          now.set(name, (now.get(name) ?? 0) + by);
          most.set(name, Math.max(most.get(name) ?? 0, now.get(name)!));
        };
        run(
          async ({ projectId }) => {
            for (const name of ['all', projectId]) change(name, 1);
            await delay(5);
            for (const name of ['all', projectId]) change(name, -1);
            return { done: 'ok' };
          },
          { concurrency: 5, projectConcurrency: 2 },
        );
        for (const project of ['a/a', 'b/b', 'c/c'])
          await eventually(async () => (await counts(GROUP, project)).pending === 0);
        expect(Object.fromEntries(most)).toEqual({ all: 5, 'a/a': 2, 'b/b': 2, 'c/c': 2 });
      });

      it('projects take turns, however much one of them has', async () => {
        await queue.add(jobs(300, { projectId: 'many/jobs' }));
        await queue.add([...jobs(5, { projectId: 'few/jobs' }), ...jobs(5, { projectId: 'other/few' })]);
        const order: string[] = [];
        run(
          async ({ projectId }) => {
            order.push(projectId);
            return { done: 'ok' };
          },
          { concurrency: 1 },
        );
        await eventually(() => order.length === 310);
        expect(order.slice(0, 15).filter((project) => project === 'few/jobs')).toHaveLength(5);
        expect(order.slice(0, 15).filter((project) => project === 'other/few')).toHaveLength(5);
      });

      it('slow jobs of a project do not hold those of another', async () => {
        let go = () => undefined as void;
        const held = new Promise<void>((resolve) => (go = resolve));
        await queue.add(jobs(50, { projectId: 'slow/project' }));
        run(
          async ({ projectId }) => {
            if (projectId === 'slow/project') await held;
            return { done: 'ok' };
          },
          { concurrency: 6, projectConcurrency: 4 },
        );
        await eventually(async () => (await counts(GROUP, 'slow/project')).running === 4);
        await queue.add(jobs(30));
        await nothingPending();
        expect(await counts(GROUP, 'slow/project')).toMatchObject({ pending: 50, running: 4 });
        go();
        await eventually(async () => (await counts(GROUP, 'slow/project')).pending === 0);
      });

      it('more than fits at a time is done to the last', async () => {
        for (let from = 0; from < 2000; from += 500)
          await queue.add(
            Array.from({ length: 500 }, (_, i) => job(`n${from + i}`, { projectId: `p/${i % 7}` })),
          );
        const seen = new Set<string>();
        run(async ({ id }) => {
          expect(seen.has(id)).toBe(false);
          seen.add(id);
          return { done: 'ok' };
        });
        await eventually(() => seen.size === 2000, 60_000);
        for (let i = 0; i < 7; i++)
          await eventually(async () => (await counts(GROUP, `p/${i}`)).pending === 0);
        const all = await Promise.all(Array.from({ length: 7 }, (_, i) => counts(GROUP, `p/${i}`)));
        expect(all.reduce((sum, one) => sum + one.outcomes.get('ok')!, 0)).toBe(2000);
      });
    });

    describe('stopping', () => {
      it('waits for what runs and takes nothing more', async () => {
        let began = 0;
        let go = () => undefined as void;
        const held = new Promise<void>((resolve) => (go = resolve));
        await queue.add(jobs(20));
        const stop = run(
          async () => {
            began++;
            await held;
            return { done: 'ok' };
          },
          { concurrency: 3, graceMs: 20_000 },
        );
        await eventually(() => began === 3);
        const stopped = stop();
        go();
        await stopped;
        expect(began).toBe(3);
        expect(await counts()).toEqual({ pending: 17, running: 0, outcomes: new Map([['ok', 3]]) });
      });

      it('tells those that take too long to leave, and leaves their jobs to others as if nothing had been', async () => {
        const seen: (string | undefined)[] = [];
        await queue.add([job('a')]);
        const stop = run(
          async ({ signal, save, saved }) => {
            seen.push(saved);
            await save('half');
            await delay(60_000, undefined, { signal });
            return { done: 'ok' };
          },
          { graceMs: 10, maxAttempts: 1 },
        );
        await eventually(() => seen.length === 1);
        await stop();
        await reopen();
        expect(await counts()).toEqual({ pending: 1, running: 0, outcomes: new Map() });
        run(async ({ attempt, saved }) => {
          seen.push(saved);
          return { done: `attempt ${attempt}` };
        });
        await nothingPending();
        expect(seen).toEqual([undefined, 'half']);
        expect(await outcomes()).toEqual({ 'attempt 1': 1 });
      });

      it('closing ends a run', async () => {
        run(done);
        await queue.close();
        await expect(queue.add([job('a')])).rejects.toMatchObject({ code: 'queue_unavailable' });
        expect(queue.unavailable()).toContain('closed');
        queue = await medium.open();
        expect(queue.unavailable()).toBeUndefined();
      });
    });

    describe('small sums', () => {
      const inAMinute = () => Date.now() + 60_000;

      it('tokens come back with time', async () => {
        const key = 'provider:one';
        const taken = await Promise.all(Array.from({ length: 8 }, () => queue.takeToken(key, 5, 1000)));
        expect(taken.filter((ms) => ms === 0)).toHaveLength(5);
        const waitMs = Math.max(...taken);
        expect(waitMs).toBeGreaterThan(0);
        expect(waitMs).toBeLessThanOrEqual(200);
        expect(await queue.takeToken('provider:two', 5, 1000)).toBe(0);
        await delay(waitMs);
        await eventually(async () => (await queue.takeToken(key, 5, 1000)) === 0);
      });

      it('are added all or not at all', async () => {
        const expiresAtMs = inAMinute();
        expect(await queue.reserve([{ key: 'a', amount: 1.5, limit: 2, expiresAtMs }, { key: 'b', amount: 7, expiresAtMs }])).toBeUndefined();
        expect(await queue.reserve([{ key: 'b', amount: 1, limit: 8, expiresAtMs }, { key: 'a', amount: 0.6, limit: 2, expiresAtMs }])).toBe('a');
        expect(await queue.sums(['a', 'b', 'c'])).toEqual([1.5, 7, 0]);
        expect(await queue.reserve([{ key: 'a', amount: -1, limit: 0, expiresAtMs }, { key: 'b', amount: -9, expiresAtMs }])).toBeUndefined();
        await reopen();
        expect(await queue.sums(['a', 'b'])).toEqual([0.5, 0]);
        expect(await queue.reserve([{ key: 'd', amount: 1, limit: 1, expiresAtMs }, { key: 'd', amount: 1, limit: 1, expiresAtMs }])).toBe('d');
        expect(await queue.sums([])).toEqual([]);
      }); // prettier-ignore

      it('are never more than their limit, and forgotten in time', async () => {
        const expiresAtMs = Date.now() + 300;
        const answers = await Promise.all(
          Array.from({ length: 50 }, () =>
            queue.reserve([{ key: 'budget', amount: 3, limit: 100, expiresAtMs: inAMinute() }]),
          ),
        );
        expect(answers.filter((key) => key === undefined)).toHaveLength(33);
        expect(await queue.sums(['budget'])).toEqual([99]);
        await queue.reserve([{ key: 'brief', amount: 1, expiresAtMs }]);
        await eventually(async () => (await queue.sums(['brief']))[0] === 0);
        expect(Date.now()).toBeGreaterThanOrEqual(expiresAtMs);
      });

      it('texts are kept until they expire', async () => {
        await queue.put('a b/ü', 'text ü', 60_000);
        await queue.put('brief', 'x', 100);
        await queue.put('a b/ü', 'newer', 60_000);
        await reopen();
        expect(await queue.get('a b/ü')).toBe('newer');
        await eventually(async () => (await queue.get('brief')) === undefined);
        expect(await queue.get('nobody')).toBeUndefined();
        await expect(queue.put('a', 'x'.repeat(65_537), 1)).rejects.toMatchObject({
          code: 'invalid_request',
        });
      });
    });

    describe('kill -9', () => {
      it('what ran is run again by another, with what was saved', async () => {
        await queue.add(jobs(3, { data: '{"ms":60000}' }));
        await queue.close();
        const first = await spawn();
        await eventually(() => first.count('began') === 3);
        // Until it is saved: the next line of the handler.
        await delay(200);
        await first.kill();
        queue = await medium.open();
        const seen: string[] = [];
        run(async ({ id, attempt, saved }) => {
          seen.push(`${id} ${attempt} ${saved}`);
          return { done: 'ok' };
        });
        await nothingPending();
        expect(seen.sort()).toEqual([0, 1, 2].map((i) => `j${i} 1 ${first.pid}`));
        expect(await counts()).toEqual({ pending: 0, running: 0, outcomes: new Map([['ok', 3]]) });
      });

      it('a thousand jobs are counted exactly, whenever their process is killed', async () => {
        await queue.add(jobs(500, { data: '{"ms":2}' }));
        await queue.add(jobs(1000, { data: '{"ms":2}' }));
        await queue.close();
        for (let round = 1; round <= 3; round++) {
          const worker = await spawn();
          await eventually(() => worker.count('ended') >= 60 + 7 * round);
          await worker.kill();
        }
        queue = await medium.open();
        expect(totalOf(await counts())).toBe(1000);
        run(done);
        await eventually(async () => (await counts()).pending === 0, 60_000);
        expect(await counts()).toEqual({ pending: 0, running: 0, outcomes: new Map([['ok', 1000]]) });
        const ended = workers.reduce((sum, worker) => sum + worker.count('ended'), 0);
        expect(ended).toBeGreaterThan(190);
        expect(await queue.add(jobs(1000))).toEqual([]);
      }, 90_000);
    });
  });
}
