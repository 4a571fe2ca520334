import { AppError } from '@weft/model';
import type { Logger } from '@weft/runtime';
import { handleJob } from '../handle-job.ts';
import type { Amount, GroupCounts, JobQueue, JobState, NewJob, RunJobsOptions } from '../job-queue.ts';
import { checkedJob, checkName, checkSaved, checkText } from '../limits.ts';
import { settledWithin } from '../settled-within.ts';
import { Buckets } from './buckets.ts';
import { Jobs, type LiveJob } from './jobs.ts';
import { keyOf, Store, type JobRecord } from './store.ts';
import { Sweep } from './sweep.ts';

export interface LocalJobQueueOptions {
  /** Made where it is missing. One process at a time. */
  readonly dir: string;
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** Milliseconds since the epoch; default Date.now. */
  readonly now?: () => number;
}

/** How long after a handler was told to leave it is waited for. */
const LEAVE_MS = 1000;
const REOPEN_MS = 1000;

/**
 * The queue of one process, in a directory of its machine (LMDB). A lease never ends: who might take the job has ended with the
 * process, and what ran then is taken up when the directory is opened again. Token buckets are full again then.
 * @throws AppError `queue_unavailable` where the directory cannot be used.
 */
export async function openLocalJobQueue(options: LocalJobQueueOptions): Promise<JobQueue> {
  const store = await Store.open(options.dir);
  try {
    const queue = new LocalJobQueue(store, options);
    await queue.settle();
    return queue;
  } catch (error) {
    await store.close().catch(() => undefined);
    throw error;
  }
}

class LocalJobQueue implements JobQueue {
  readonly #store: Store;
  readonly #options: LocalJobQueueOptions;
  readonly #now: () => number;
  readonly #buckets = new Buckets();
  readonly #sweep: Sweep;
  readonly #closing = new AbortController();
  readonly #running = new Set<AbortController>();
  #jobs: Jobs;
  #problem: AppError | undefined;
  #reopening: NodeJS.Timeout | undefined;
  #wake: () => void = () => undefined;
  #run: Promise<void> | undefined;

  constructor(store: Store, options: LocalJobQueueOptions) {
    this.#store = store;
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#jobs = new Jobs(store, this.#now);
    this.#sweep = new Sweep(store, this.#now, () => this.settle());
  }

  async add(jobs: readonly NewJob[]): Promise<readonly string[]> {
    const nowMs = this.#now();
    const checked = jobs.map((job) => checkedJob(job, nowMs));
    return this.#change(() => checked.filter((job) => this.#jobs.add(job)).map(({ id }) => id));
  }

  async run(options: RunJobsOptions): Promise<void> {
    if (this.#run !== undefined) throw new AppError('internal', 'a process runs jobs once');
    this.#run = this.#runJobs(options);
    return this.#run;
  }

  async #runJobs(options: RunJobsOptions): Promise<void> {
    const stop = AbortSignal.any([options.signal, this.#closing.signal]);
    const runs = new Set<Promise<void>>();
    const onStop = () => this.#wake();
    stop.addEventListener('abort', onStop);
    while (!stop.aborted) {
      const claimed = runs.size < options.concurrency ? this.#claim(options.projectConcurrency) : undefined;
      if (claimed === undefined) {
        await this.#somethingToDo();
        continue;
      }
      const run = this.#runOne(claimed.job, claimed.record, options).finally(() => {
        runs.delete(run);
        this.#wake();
      });
      runs.add(run);
    }
    stop.removeEventListener('abort', onStop);
    await this.#drain(runs, options.graceMs);
  }

  #claim(projectConcurrency: number) {
    if (this.#problem !== undefined) return undefined;
    const claimed = this.#jobs.claim(projectConcurrency);
    // Not waited for: if it is lost the job is only started again without being told that it was.
    void this.settle().catch(() => undefined);
    return claimed;
  }

  /** Until something was added or ended, or a delayed job is due. */
  async #somethingToDo(): Promise<void> {
    const inMs = Math.min(this.#jobs.nextDueInMs() ?? 60_000, 60_000);
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      timer = setTimeout(resolve, inMs);
    });
    clearTimeout(timer);
    this.#wake = () => undefined;
  }

  async #drain(runs: ReadonlySet<Promise<void>>, graceMs: number): Promise<void> {
    await settledWithin(runs, graceMs);
    for (const controller of this.#running) controller.abort();
    await settledWithin(runs, LEAVE_MS);
  }

  async #runOne(job: LiveJob, record: JobRecord, options: RunJobsOptions): Promise<void> {
    const controller = new AbortController();
    this.#running.add(controller);
    const { stamp } = job;
    const key = keyOf(job.projectId, job.id);
    const change = async (changed: Partial<JobRecord>, saved?: string) => {
      await this.#change(() => {
        if (!this.#jobs.update(job, stamp, changed)) throw takenAway(job.id);
        if (saved !== undefined) this.#store.saved.put(key, saved);
      });
    };
    const ending = await handleJob(
      {
        ...{ id: job.id, projectId: job.projectId, kind: job.kind, group: job.group, data: record.data },
        attempt: record.fails + 1,
        saved: this.#store.saved.get(key),
        save: async (text) => {
          checkSaved(text);
          await change({}, text);
        },
        progress: (done, total) => change({ progress: { done, total } }),
        signal: controller.signal,
      },
      options.handlers,
    );
    this.#running.delete(controller);
    try {
      await this.#change(() => this.#jobs.end(job, stamp, ending, options.maxAttempts));
    } catch {
      // Logged where it happened; the job is taken up again with what is on disk.
    }
  }

  async tally(projectId: string, counts: readonly { group: string; outcome: string; count: number }[]) {
    for (const { group, outcome } of counts) {
      checkName(group, 'group');
      checkName(outcome, 'outcome');
    }
    await this.#change(() => {
      for (const { group, outcome, count } of counts) this.#jobs.tally(projectId, group, outcome, count);
    });
  }

  async counts(projectId: string, group: string): Promise<GroupCounts> {
    return this.#look(() => this.#jobs.counts(projectId, group));
  }

  async groups(projectId: string): Promise<readonly string[]> {
    return this.#look(() => this.#jobs.groups(projectId));
  }

  async find(projectId: string, id: string): Promise<JobState | undefined> {
    return this.#look(() => this.#jobs.find(projectId, id));
  }

  async dead(projectId: string, limit: number): Promise<readonly JobState[]> {
    return this.#change(() => this.#jobs.dead(projectId, limit));
  }

  async revive(projectId: string, ids: readonly string[]): Promise<number> {
    return this.#change(() => ids.filter((id) => this.#jobs.revive(projectId, id)).length);
  }

  async drop(projectId: string, ids: readonly string[]): Promise<number> {
    return this.#change(() => ids.filter((id) => this.#jobs.drop(projectId, id)).length);
  }

  async cancel(projectId: string, group: string, outcome: string): Promise<number> {
    checkName(outcome, 'outcome');
    return this.#change(() => this.#jobs.cancel(projectId, group, outcome));
  }

  async takeToken(key: string, max: number, perMs: number): Promise<number> {
    return this.#look(() => this.#buckets.take(key, max, perMs, this.#now()));
  }

  async reserve(amounts: readonly Amount[]): Promise<string | undefined> {
    for (const { key } of amounts) checkName(key, 'key');
    return this.#change(() => {
      const sums = new Map<string, number>();
      for (const { key, amount, limit } of amounts) {
        const sum = (sums.get(key) ?? this.#sum(key)) + amount;
        if (amount > 0 && limit !== undefined && sum > limit) return key;
        sums.set(key, Math.max(0, sum));
      }
      for (const { key, expiresAtMs } of amounts)
        this.#store.sums.put(key, { sum: sums.get(key)!, expiresAtMs });
      return undefined;
    });
  }

  async sums(keys: readonly string[]): Promise<readonly number[]> {
    return this.#look(() => keys.map((key) => this.#sum(key)));
  }

  async get(key: string): Promise<string | undefined> {
    return this.#look(() => {
      const found = this.#store.texts.get(key);
      return found !== undefined && found.expiresAtMs > this.#now() ? found.text : undefined;
    });
  }

  async put(key: string, text: string, ttlMs: number): Promise<void> {
    checkText(key, text);
    await this.#change(() => this.#store.texts.put(key, { text, expiresAtMs: this.#now() + ttlMs }));
  }

  async backlog() {
    return this.#look(() => this.#jobs.backlog());
  }

  unavailable(): string | undefined {
    return this.#problem?.message;
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    await this.#run?.catch(() => undefined);
    clearTimeout(this.#reopening);
    this.#sweep.stop();
    await this.settle().catch(() => undefined);
    this.#problem = new AppError('queue_unavailable', 'the job queue is closed');
    await this.#store.close();
  }

  #sum(key: string): number {
    const found = this.#store.sums.get(key);
    return found !== undefined && found.expiresAtMs > this.#now() ? found.sum : 0;
  }

  #look<T>(look: () => T): T {
    if (this.#problem !== undefined) throw this.#problem;
    return look();
  }

  /** One step of memory and disk. */
  async #change<T>(change: () => T): Promise<T> {
    const result = this.#look(change);
    const written = this.settle();
    this.#wake();
    await written;
    return result;
  }

  /** Commits what was written. After a failure memory is ahead of the disk: it is read anew, and what runs is told to leave. */
  async settle(): Promise<void> {
    try {
      await this.#store.commit();
    } catch (cause) {
      throw this.#fail(cause);
    }
  }

  #fail(cause: unknown): AppError {
    if (this.#problem !== undefined) return this.#problem;
    const { dir, logger } = this.#options;
    this.#problem = new AppError('queue_unavailable', `job queue ${dir} cannot be written`, { cause });
    logger.error({ err: this.#problem }, 'job queue failed');
    for (const controller of this.#running) controller.abort();
    this.#reopening = setTimeout(() => void this.#reopen(), REOPEN_MS);
    return this.#problem;
  }

  async #reopen(): Promise<void> {
    try {
      this.#store.forget();
      const jobs = new Jobs(this.#store, this.#now);
      // A write of something: only that shows that it can be written again.
      this.#store.texts.put('probe', { text: '', expiresAtMs: 0 });
      await this.#store.commit();
      this.#jobs = jobs;
      this.#problem = undefined;
      this.#options.logger.info({ dir: this.#options.dir }, 'job queue can be written again');
      this.#wake();
    } catch {
      if (!this.#closing.signal.aborted) this.#reopening = setTimeout(() => void this.#reopen(), REOPEN_MS);
    }
  }
}

function takenAway(id: string): AppError {
  return new AppError('queue_unavailable', `job ${id} was taken away from this run`);
}
