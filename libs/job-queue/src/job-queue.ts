/** One piece of work to be done later, by whichever process runs jobs. */
export interface NewJob {
  /** The caller's, at most 128 of `[A-Za-z0-9_-]`: what was added under it before is not added again. */
  readonly id: string;
  /** `entity/project`: jobs of one project wait for each other, never those of another for them. */
  readonly projectId: string;
  /** Which handler takes it. */
  readonly kind: string;
  /** Its result is counted here (a monitor's name, say), at most 256 characters; see `counts`. */
  readonly group: string;
  /** JSON text, at most 64 KiB. */
  readonly data: string;
  /** Lower is sooner among the jobs of a project that are due; 0 to 100, default 50. */
  readonly priority?: number;
  /** Not before this instant, milliseconds since the epoch; default now. */
  readonly runAtMs?: number;
  /**
   * What happens where the id is known. `keep` (default): nothing. `replace`: a job that no handler has begun takes the new
   * data and instant; one that is running is added once more after it; one that has ended is added anew.
   */
  readonly ifKnown?: 'keep' | 'replace';
}

/** A job in the hands of a handler. While it is, no other handler has it. */
export interface RunningJob extends Required<Pick<NewJob, 'id' | 'projectId' | 'kind' | 'group' | 'data'>> {
  /** 1 for the first time. Asking to come again (`again`) is no failure and does not count. */
  readonly attempt: number;
  /** What `save` kept, in this run or an earlier one. */
  readonly saved: string | undefined;
  /** Keeps JSON text (at most 256 KiB) with the job, durable on resolve: what was paid for is not paid for again after a crash. */
  save(text: string): Promise<void>;
  /** For those who look at the job. */
  progress(done: number, total: number): Promise<void>;
  /** Aborts when the process stops or the job was taken away from it (paused for longer than the lease): leave at once. */
  readonly signal: AbortSignal;
}

/**
 * What became of a job. `done`: it has ended, counted in its group under this outcome. `again`: it comes back after so long,
 * as often as it takes. A handler that throws has failed: it comes back after 1 s, doubling up to 60 s, with jitter; after
 * the last attempt the job is dead, counted under `dead` and kept with the reason.
 */
export type JobResult = { readonly done: string } | { readonly againInMs: number; readonly reason: string };

/** Thrown by a handler whose job cannot succeed: dead at once, whatever attempts are left. */
export class JobHopeless extends Error {
  override readonly name = 'JobHopeless';
}

export type JobHandler = (job: RunningJob) => Promise<JobResult>;

export interface RunJobsOptions {
  readonly handlers: Readonly<Record<string, JobHandler>>;
  /** Jobs of this process at a time. */
  readonly concurrency: number;
  /** Jobs of one project at a time, over all processes. */
  readonly projectConcurrency: number;
  /** Tries of a job that throws. */
  readonly maxAttempts: number;
  /** A job whose process has not been heard of for this long is given to another one. */
  readonly leaseMs: number;
  /** Aborting takes no more jobs; those that run are waited for, up to `graceMs`, then their signals abort and they are left to others. */
  readonly signal: AbortSignal;
  readonly graceMs: number;
}

/** Of one group. What was ever added and not dropped = pending + the sum of the outcomes that jobs ended with. */
export interface GroupCounts {
  /** Waiting, delayed or running. */
  readonly pending: number;
  readonly running: number;
  /** By outcome, `dead` among them, and what `tally` added. */
  readonly outcomes: ReadonlyMap<string, number>;
}

export interface JobState {
  readonly id: string;
  readonly projectId: string;
  readonly kind: string;
  readonly group: string;
  /** Empty once it is done: of an ended job little is kept. */
  readonly data: string;
  readonly state: 'waiting' | 'delayed' | 'running' | 'done' | 'dead';
  readonly outcome: string | null;
  readonly attempt: number;
  readonly progress: { readonly done: number; readonly total: number } | null;
  /** Why it failed or waits. */
  readonly reason: string | null;
  readonly addedAtMs: number;
}

/** Part of a sum that must not exceed `limit` (undefined = it may). */
export interface Amount {
  readonly key: string;
  readonly amount: number;
  readonly limit?: number;
  /** The sum is forgotten then, milliseconds since the epoch. */
  readonly expiresAtMs: number;
}

/**
 * Durable jobs with at-least-once runs, and the small sums that those who run them share. All processes that open the same
 * backend see the same. Everything resolves once durable; every method throws AppError `queue_unavailable` (retryable)
 * where the backend is away, and comes back by itself.
 */
export interface JobQueue {
  /** @returns ids of those that were not known (and of those that were replaced or added anew), in the order given. All or nothing is not promised; repeating is harmless. */
  add(jobs: readonly NewJob[]): Promise<readonly string[]>;
  /** Runs jobs until the signal aborts. Projects take turns, so that one with many jobs delays no other. Once per process. */
  run(options: RunJobsOptions): Promise<void>;
  /** Adds to outcomes of groups for what never became a job. */
  tally(
    projectId: string,
    counts: readonly { group: string; outcome: string; count: number }[],
  ): Promise<void>;
  counts(projectId: string, group: string): Promise<GroupCounts>;
  /** Groups that anything was ever counted in, sorted. */
  groups(projectId: string): Promise<readonly string[]>;
  /** Undefined: never heard of, or ended longer than a day ago. */
  find(projectId: string, id: string): Promise<JobState | undefined>;
  /** Dead jobs, newest first, at most `limit`. Kept for 30 days and 10,000 a project. */
  dead(projectId: string, limit: number): Promise<readonly JobState[]>;
  /** Puts dead jobs back to waiting with all their attempts, or drops them (their ids stay known for a day). Others are ignored. @returns how many. */
  revive(projectId: string, ids: readonly string[]): Promise<number>;
  drop(projectId: string, ids: readonly string[]): Promise<number>;
  /** Ends jobs of a group that no handler has begun, with this outcome. @returns how many. */
  cancel(projectId: string, group: string, outcome: string): Promise<number>;
  /**
   * Tokens of a bucket that holds `max` and fills anew every `perMs`: 0 = one was taken, else milliseconds until one may be
   * there. `key` names it for all processes.
   */
  takeToken(key: string, max: number, perMs: number): Promise<number>;
  /** Adds all amounts, or none where a sum would exceed its limit: then the first such key. Negative amounts give back; no sum falls below 0. */
  reserve(amounts: readonly Amount[]): Promise<string | undefined>;
  /** Sums by key; 0 for those that do not exist. */
  sums(keys: readonly string[]): Promise<readonly number[]>;
  /** Small texts under a key (at most 64 KiB), until they expire. */
  get(key: string): Promise<string | undefined>;
  put(key: string, text: string, ttlMs: number): Promise<void>;
  /** Jobs that are due and wait, over all projects, and how long the oldest of them has: for metrics. */
  backlog(): Promise<{ readonly waiting: number; readonly delayed: number; readonly oldestMs: number }>;
  /** Why it cannot be used now; undefined = it can. For /readyz. */
  unavailable(): string | undefined;
  close(): Promise<void>;
}
