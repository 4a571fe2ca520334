import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '@weft/model';
import type { Logger } from '@weft/runtime';
import { Worker, type Queue } from 'bullmq';
import { handleJob, retryDelayMs, type Ending } from '../handle-job.ts';
import type { RunJobsOptions, RunningJob } from '../job-queue.ts';
import { checkSaved } from '../limits.ts';
import { settledWithin } from '../settled-within.ts';
import type { Connection } from './connection.ts';

export interface RunnerParts {
  readonly connection: Connection;
  /** BullMQ's queue of calls, and the Redis list in which they wait. */
  readonly calls: Queue;
  readonly callList: string;
  readonly prefix: string;
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>;
}

interface Held {
  readonly id: string;
  readonly projectId: string;
  readonly token: string;
  readonly leave: AbortController;
}

/** At least as often is looked for what is due, and for jobs of processes that are gone; and four times a lease, see `beat`. */
const MAX_TICK_MS = 1000;
const RETRY_MS = 250;
/** How long after a handler was told to leave it is waited for. */
const LEAVE_MS = 1000;

/**
 * Runs jobs in this process. A BullMQ job is a call: whoever takes it runs jobs, one after the other, until none is left to
 * take. So BullMQ finds a process with room, and gives a dead process's call to another one; which job comes next is the
 * scripts' choice.
 */
export class Runner {
  readonly #parts: RunnerParts;
  readonly #options: RunJobsOptions;
  readonly #held = new Set<Held>();
  readonly #stop: AbortSignal;
  readonly #left = new AbortController();
  readonly #tickMs: number;
  #wake: () => void = () => undefined;

  constructor(parts: RunnerParts, options: RunJobsOptions, closing: AbortSignal) {
    this.#parts = parts;
    this.#options = options;
    this.#stop = AbortSignal.any([options.signal, closing]);
    this.#tickMs = Math.min(MAX_TICK_MS, options.leaseMs / 4);
  }

  async run(): Promise<void> {
    const { leaseMs, graceMs } = this.#options;
    const waiting = this.#parts.connection.forWaiting();
    const worker = this.#openWorker(waiting);
    const ticking = this.#tickUntilStopped();
    const renewing = setInterval(() => void this.renew(), leaseMs / 4);
    if (!this.#stop.aborted)
      await new Promise<void>((resolve) => this.#stop.addEventListener('abort', () => resolve()));
    const closed = worker.close().catch(() => undefined);
    await settledWithin([closed], graceMs);
    for (const held of this.#held) held.leave.abort();
    await settledWithin([closed], LEAVE_MS);
    this.#left.abort();
    await settledWithin([worker.close(true).catch(() => undefined), ticking], LEAVE_MS);
    clearInterval(renewing);
    waiting.disconnect();
  }

  #openWorker(connection: ReturnType<Connection['forWaiting']>): Worker {
    const { concurrency, leaseMs } = this.#options;
    const worker = new Worker(this.#parts.calls.name, () => this.#answerCall(), {
      connection,
      prefix: this.#parts.prefix,
      concurrency,
      lockDuration: leaseMs,
      stalledInterval: leaseMs,
      maxStalledCount: Number.MAX_SAFE_INTEGER,
      runRetryDelay: MAX_TICK_MS,
      removeOnComplete: { count: 0 },
      removeOnFail: { count: 0 },
    });
    // Redis away, or a call that another process has taken over: both heal by themselves, and jobs do not depend on it.
    worker.on('error', () => undefined);
    return worker;
  }

  async #answerCall(): Promise<void> {
    while (!this.#stop.aborted) {
      const run = await this.#claim().catch(() => undefined);
      if (run === undefined) return;
      await run();
    }
  }

  async #claim(): Promise<(() => Promise<void>) | undefined> {
    const { projectConcurrency, leaseMs } = this.#options;
    const token = randomUUID();
    const { connection, callList } = this.#parts;
    const answer = await connection.script('claim', callList, projectConcurrency, leaseMs, token);
    const [shouldCall, id, projectId, kind, group, data, fails, saved] = answer as [number, ...string[]];
    if (shouldCall === 1) await this.call();
    if (id === undefined) return undefined;
    const held: Held = { id, projectId: projectId!, token, leave: new AbortController() };
    this.#held.add(held);
    const job = {
      ...{ id, projectId: projectId!, kind: kind!, group: group!, data: data! },
      attempt: Number(fails) + 1,
      saved: saved ?? undefined,
      save: async (text: string) => {
        checkSaved(text);
        await this.#update(held, 'saved', text);
      },
      progress: (done: number, total: number) => this.#update(held, 'pd', done, 'pt', total),
      signal: held.leave.signal,
    };
    return () => this.#runJob(held, job);
  }

  async #runJob(held: Held, job: RunningJob): Promise<void> {
    // It came while the process was told to stop: given back at once.
    const ending = this.#stop.aborted
      ? ({ kind: 'left' } as const)
      : await handleJob(job, this.#options.handlers);
    await this.#end(held, endingArguments(ending, job.attempt, this.#options.maxAttempts));
    this.#held.delete(held);
    if (ending.kind === 'again' && ending.delayMs < this.#tickMs) this.#wake();
  }

  /** What a handler has done must not be lost because Redis is away just then. */
  async #end({ id, projectId, token }: Held, args: readonly (string | number)[]): Promise<void> {
    while (!this.#left.signal.aborted) {
      try {
        await this.#parts.connection.script('finish', id, projectId, token, ...args);
        return;
      } catch {
        await delay(RETRY_MS, undefined, { signal: this.#left.signal }).catch(() => undefined);
      }
    }
  }

  async #update(held: Held, ...members: (string | number)[]): Promise<void> {
    const { id, projectId, token } = held;
    if ((await this.#parts.connection.script('update', id, projectId, token, ...members)) === 1) return;
    held.leave.abort();
    throw new AppError('queue_unavailable', `job ${id} was taken away from this run`);
  }

  /** Says that this process lives, and learns which jobs others have. */
  async renew(): Promise<void> {
    const held = [...this.#held];
    if (held.length === 0) return;
    const args = held.flatMap(({ id, projectId, token }) => [id, projectId, token]);
    try {
      const lost = await this.#parts.connection.script('renew', this.#options.leaseMs, ...args);
      for (const index of lost as number[]) this.#lose(held[index]!);
    } catch {
      // Redis is away, so nobody takes them either. If only this process is cut off, it learns so later.
    }
  }

  #lose(held: Held): void {
    // It may have ended meanwhile.
    if (this.#held.has(held)) held.leave.abort();
  }

  async #tickUntilStopped(): Promise<void> {
    const wake = () => this.#wake();
    this.#stop.addEventListener('abort', wake);
    while (!this.#stop.aborted) {
      const dueInMs = await this.#tick().catch(() => this.#tickMs);
      // Many processes, so not all at the same instant.
      const waitMs = Math.min(this.#tickMs * (0.9 + Math.random() / 10), dueInMs + 2);
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        if (this.#stop.aborted) resolve();
        timer = setTimeout(resolve, waitMs);
      });
      clearTimeout(timer);
    }
  }

  /** @returns milliseconds until a delayed job is due. */
  async #tick(): Promise<number> {
    const { connection, callList } = this.#parts;
    const answer = await connection.script('tick', callList, this.#options.leaseMs);
    const [shouldCall, dueInMs] = answer as [number, number];
    if (shouldCall === 1) await this.call();
    return dueInMs < 0 ? Infinity : dueInMs;
  }

  /** Should it be lost, the next tick makes another one. */
  async call(): Promise<void> {
    await call(this.#parts);
  }
}

export async function call({ connection, calls }: Pick<RunnerParts, 'connection' | 'calls'>): Promise<void> {
  const options = { removeOnComplete: true, removeOnFail: true };
  await connection.send(() => calls.add('run', null, options)).catch(() => undefined);
}

function endingArguments(ending: Ending, attempt: number, maxAttempts: number): (string | number)[] {
  if (ending.kind === 'done') return ['done', ending.outcome];
  if (ending.kind === 'again') return ['again', ending.delayMs, ending.reason];
  if (ending.kind === 'left') return ['left'];
  return ['failed', ending.reason, retryDelayMs(attempt), ending.isHopeless ? 0 : maxAttempts];
}
