import { AppError } from '@weft/model';
import type { Logger } from '@weft/runtime';
import { Queue } from 'bullmq';
import type { Amount, GroupCounts, JobQueue, JobState, NewJob, RunJobsOptions } from '../job-queue.ts';
import { checkedJob, checkName, checkText } from '../limits.ts';
import { Connection } from './connection.ts';
import { call, Runner, type RunnerParts } from './runner.ts';
import { toCounts, toEndedState, toState } from './state.ts';

export interface RedisJobQueueOptions {
  /** `redis://…` or `rediss://…`; its password is never printed. */
  readonly url: string;
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** Put before all keys, so that several installations can share a Redis; default `weft`. */
  readonly prefix?: string;
  /** Told once when Redis refuses this process (password, rights): waiting does not help. */
  readonly onFatal?: (error: Error) => void;
}

const CALLS = 'calls';
/** Jobs of one script: Redis does nothing else meanwhile. */
const ADD_CHUNK = 100;
const MAX_DEAD_READ = 1000;

/**
 * The queue of all processes that open the same Redis (7 or later; a cluster will do, all keys have one slot).
 *
 * BullMQ delivers, our scripts decide. BullMQ's jobs cannot be the truth: it has no groups, so nothing keeps the concurrency of
 * a project or lets projects take turns but a queue and a blocking connection for each; and it moves a job and we count it in
 * two steps, between which a process may be killed, or a job ended twice. So state, counts, leases and turns are changed by one
 * script each (`scripts.ts`), and a BullMQ job is only a call for some process to come and run what is due (`runner.ts`).
 * A process has three connections.
 * @throws AppError `queue_unavailable` where Redis does not answer.
 */
export async function openRedisJobQueue(options: RedisJobQueueOptions): Promise<JobQueue> {
  const { url, logger, prefix = 'weft', onFatal } = options;
  if (!/^[\w.-]{1,100}$/.test(prefix))
    throw new AppError('invalid_request', 'prefix of a job queue: letters, digits, ".", "_" and "-"');
  let queue: RedisJobQueue | undefined;
  const onReady = () => queue?.onReady();
  const connection = await Connection.open({ url, prefix, logger, onReady, ...(onFatal && { onFatal }) });
  try {
    await warnOfLoss(connection, logger);
    const keys = `{${prefix}}`;
    const calls = new Queue(CALLS, {
      connection: connection.client,
      prefix: keys,
      skipWaitingForReady: true,
    });
    calls.on('error', () => undefined); // the connection says so itself
    await connection.send(() => calls.waitUntilReady());
    queue = new RedisJobQueue({ connection, calls, callList: calls.toKey('wait'), prefix: keys, logger });
    return queue;
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** Managed Redis may refuse the question: that is no answer. */
async function warnOfLoss({ client }: Connection, logger: RedisJobQueueOptions['logger']): Promise<void> {
  const setting = async (name: string) => ((await client.config('GET', name)) as string[])[1];
  try {
    if ((await setting('appendonly')) === 'no')
      logger.warn({}, 'Redis keeps no append-only file: jobs are lost when it restarts');
    const policy = await setting('maxmemory-policy');
    if (policy !== undefined && policy !== 'noeviction')
      logger.warn(
        { policy },
        'Redis may evict jobs when its memory is full: maxmemory-policy should be noeviction',
      );
  } catch {
    logger.warn({}, 'Redis does not tell whether it keeps jobs over a restart (CONFIG GET)');
  }
}

class RedisJobQueue implements JobQueue {
  readonly #parts: RunnerParts;
  readonly #connection: Connection;
  readonly #closing = new AbortController();
  #runner: Runner | undefined;
  #run: Promise<void> | undefined;

  constructor(parts: RunnerParts) {
    this.#parts = parts;
    this.#connection = parts.connection;
  }

  onReady(): void {
    void this.#runner?.renew();
  }

  async add(jobs: readonly NewJob[]): Promise<readonly string[]> {
    const nowMs = Date.now();
    const checked = jobs.map((job) => checkedJob(job, nowMs));
    const added: string[] = [];
    for (let from = 0; from < checked.length; from += ADD_CHUNK) {
      const chunk = checked.slice(from, from + ADD_CHUNK);
      // Without an instant of its own a job is due by the clock of Redis.
      const args = chunk.flatMap((job, i) => [
        ...[job.id, job.projectId, job.kind, job.group, job.data, job.priority],
        ...[jobs[from + i]!.runAtMs === undefined ? '' : job.runAtMs, job.ifKnown],
      ]);
      const [shouldCall, numbers] = (await this.#connection.script('add', this.#parts.callList, ...args)) as [
        number,
        number[],
      ];
      if (shouldCall === 1) await call(this.#parts);
      for (const number of numbers) added.push(chunk[number]!.id);
    }
    return added;
  }

  async run(options: RunJobsOptions): Promise<void> {
    if (this.#run !== undefined) throw new AppError('internal', 'a process runs jobs once');
    this.#runner = new Runner(this.#parts, options, this.#closing.signal);
    this.#run = this.#runner.run();
    return this.#run;
  }

  async tally(projectId: string, counts: readonly { group: string; outcome: string; count: number }[]) {
    if (counts.length === 0) return;
    for (const { group, outcome } of counts) {
      checkName(group, 'group');
      checkName(outcome, 'outcome');
    }
    const args = counts.flatMap(({ group, outcome, count }) => [group, outcome, count]);
    await this.#connection.script('tally', projectId, ...args);
  }

  async counts(projectId: string, group: string): Promise<GroupCounts> {
    return toCounts((await this.#connection.script('counts', projectId, group)) as string[]);
  }

  async groups(projectId: string): Promise<readonly string[]> {
    return ((await this.#connection.script('groups', projectId)) as string[]).sort();
  }

  async find(projectId: string, id: string): Promise<JobState | undefined> {
    const found = (await this.#connection.script('find', projectId, id)) as string[] | string | null;
    if (found === null) return undefined;
    return typeof found === 'string' ? toEndedState(projectId, id, found) : toState(projectId, id, found);
  }

  async dead(projectId: string, limit: number): Promise<readonly JobState[]> {
    const found = await this.#connection.script('dead', projectId, Math.min(limit, MAX_DEAD_READ));
    return (found as [string, string[]][]).map(([id, members]) => toState(projectId, id, members));
  }

  revive(projectId: string, ids: readonly string[]): Promise<number> {
    return this.#bury(projectId, 'revive', ids);
  }

  drop(projectId: string, ids: readonly string[]): Promise<number> {
    return this.#bury(projectId, 'drop', ids);
  }

  async #bury(projectId: string, what: 'revive' | 'drop', ids: readonly string[]): Promise<number> {
    let changed = 0;
    for (let from = 0; from < ids.length; from += ADD_CHUNK) {
      const chunk = ids.slice(from, from + ADD_CHUNK);
      const answer = await this.#connection.script('bury', this.#parts.callList, projectId, what, ...chunk);
      const [shouldCall, count] = answer as [number, number];
      if (shouldCall === 1) await call(this.#parts);
      changed += count;
    }
    return changed;
  }

  async cancel(projectId: string, group: string, outcome: string): Promise<number> {
    checkName(outcome, 'outcome');
    let ended = 0;
    for (let cursor = '0'; ;) {
      const answer = await this.#connection.script('cancel', projectId, group, outcome, cursor);
      const [next, count] = answer as [string, number];
      ended += count;
      if (next === '0') return ended;
      cursor = next;
    }
  }

  async takeToken(key: string, max: number, perMs: number): Promise<number> {
    return (await this.#connection.script('takeToken', key, max, perMs)) as number;
  }

  async reserve(amounts: readonly Amount[]): Promise<string | undefined> {
    for (const { key } of amounts) checkName(key, 'key');
    const args = amounts.flatMap(({ key, amount, limit, expiresAtMs }) => [
      ...[key, amount, limit ?? '', Math.ceil(expiresAtMs)],
    ]);
    return ((await this.#connection.script('reserve', ...args)) as string | null) ?? undefined;
  }

  async sums(keys: readonly string[]): Promise<readonly number[]> {
    if (keys.length === 0) return [];
    const names = keys.map((key) => this.#key('sum', key));
    const found = await this.#connection.send(() => this.#connection.client.mget(names));
    return found.map((sum) => Number(sum ?? 0));
  }

  async get(key: string): Promise<string | undefined> {
    const found = await this.#connection.send(() => this.#connection.client.get(this.#key('text', key)));
    return found ?? undefined;
  }

  async put(key: string, text: string, ttlMs: number): Promise<void> {
    checkText(key, text);
    const expires = Math.max(1, Math.ceil(ttlMs));
    await this.#connection.send(() =>
      this.#connection.client.set(this.#key('text', key), text, 'PX', expires),
    );
  }

  async backlog() {
    const [waiting, delayed, oldestMs] = (await this.#connection.script('backlog')) as number[];
    return { waiting: waiting!, delayed: delayed!, oldestMs: oldestMs! };
  }

  unavailable(): string | undefined {
    return this.#connection.unavailable();
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    await this.#run?.catch(() => undefined);
    this.#connection.close();
    await this.#parts.calls.close().catch(() => undefined);
  }

  #key(what: string, name: string): string {
    return `${this.#parts.prefix}:${what}:${name}`;
  }
}
