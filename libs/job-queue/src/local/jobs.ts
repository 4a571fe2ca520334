import type { Ending } from '../handle-job.ts';
import { retryDelayMs } from '../handle-job.ts';
import type { GroupCounts, JobState, NewJob } from '../job-queue.ts';
import { DEAD_MS, ENDED_MS, MAX_DEAD, MAX_LOST, VANISHED } from '../limits.ts';
import { Heap } from './heap.ts';
import { keyOf, partsOf, type EndedRecord, type JobRecord, type Store } from './store.ts';

/** A job that has not ended. Its data stays on disk until it runs. */
export interface LiveJob {
  readonly id: string;
  readonly projectId: string;
  readonly kind: string;
  readonly group: string;
  readonly priority: number;
  /** Order of those that came at the same instant. */
  seq: number;
  state: 'waiting' | 'delayed' | 'running';
  dueAtMs: number;
  /** Grows with each change of state: what the heaps hold of an earlier one is void. */
  stamp: number;
  hasNext: boolean;
}

interface Entry {
  readonly job: LiveJob;
  readonly stamp: number;
}

interface Project {
  readonly lane: Heap<Entry>;
  running: number;
}

interface Group {
  pending: number;
  running: number;
  readonly outcomes: Map<string, number>;
}

interface Dead {
  readonly projectId: string;
  readonly id: string;
  readonly diedAtMs: number;
}

const isValid = ({ job, stamp }: Entry): boolean => job.stamp === stamp;

/**
 * Which jobs there are and whose turn it is: decided in memory, step by step, and written to the store along the way; the
 * caller commits. Memory is about 500 bytes a job that has not ended.
 */
export class Jobs {
  readonly #store: Store;
  readonly #now: () => number;
  readonly #live = new Map<string, LiveJob>();
  readonly #groups = new Map<string, Group>();
  readonly #projects = new Map<string, Project>();
  /** Projects with jobs in their lane; the first had its turn longest ago. */
  readonly #turns = new Set<string>();
  readonly #later = new Heap<Entry>((a, b) => a.job.dueAtMs < b.job.dueAtMs);
  /** By project, oldest first. */
  readonly #dead = new Map<string, Map<string, Dead>>();
  #seq = 0;

  constructor(store: Store, now: () => number) {
    this.#store = store;
    this.#now = now;
    for (const { key, value } of store.groups.entries()) {
      const [projectId, name] = partsOf(key);
      this.#group(projectId, name);
      for (const [outcome, count] of value.outcomes)
        this.#group(projectId, name).outcomes.set(outcome, count);
    }
    // Without what they carry, which need not fit into memory.
    const found = Array.from(store.jobs.entries(), ({ key, value }) => ({ key, atMs: value.atMs }));
    found.sort((a, b) => a.atMs - b.atMs);
    for (const { key } of found) this.#load(...partsOf(key), store.jobs.get(key)!);
  }

  #load(projectId: string, id: string, record: JobRecord): void {
    if (record.isDead) this.#deadOf(projectId).set(id, { projectId, id, diedAtMs: record.atMs });
    else if (!record.isRunning) this.#enter(projectId, id, record);
    else {
      // Its process ended while it ran.
      this.#enter(projectId, id, record);
      this.#takeBack(this.#live.get(keyOf(projectId, id))!, record);
    }
  }

  /** As after a run that was cut off. */
  #takeBack(job: LiveJob, record: JobRecord): void {
    const lost = record.lost + 1;
    if (lost >= MAX_LOST) this.#die(job, { ...record, lost }, VANISHED);
    else this.#wait(job, { ...record, lost, isRunning: false }, this.#now());
  }

  /** @returns whether it counts as added. */
  add(job: Required<NewJob>): boolean {
    const key = keyOf(job.projectId, job.id);
    const live = this.#live.get(key);
    if (live !== undefined) return job.ifKnown === 'replace' && this.#replace(live, job);
    const isKnown = this.#ended(key) !== undefined || this.#store.jobs.get(key) !== undefined;
    if (isKnown && job.ifKnown === 'keep') return false;
    this.#dead.get(job.projectId)?.delete(job.id);
    this.#store.ended.remove(key);
    this.#store.saved.remove(key);
    const { kind, group, data, priority, runAtMs } = job;
    const record = fresh({ kind, group, data, priority, runAtMs, addedAtMs: this.#now() });
    this.#store.jobs.put(key, record);
    this.#enter(job.projectId, job.id, record);
    return true;
  }

  #replace(live: LiveJob, { data, runAtMs }: Required<NewJob>): true {
    const key = keyOf(live.projectId, live.id);
    const record = this.#store.jobs.get(key)!;
    if (live.state === 'running' || live.hasNext) {
      if (!live.hasNext) this.#group(live.projectId, live.group).pending++;
      live.hasNext = true;
      this.#store.jobs.put(key, { ...record, next: { data, runAtMs } });
    } else {
      this.#store.saved.remove(key);
      this.#wait(live, fresh({ ...record, data, runAtMs }), runAtMs);
    }
    return true;
  }

  /** The next job by turns, with its data; undefined where none is due or all that have one run as many as they may. */
  claim(projectConcurrency: number): { readonly job: LiveJob; readonly record: JobRecord } | undefined {
    this.#promote();
    for (const projectId of this.#turns) {
      const project = this.#project(projectId);
      if (project.running >= projectConcurrency) continue;
      this.#turns.delete(projectId);
      const job = nextOf(project.lane);
      if (job === undefined) {
        this.#tidy(projectId);
        continue;
      }
      this.#turns.add(projectId);
      const key = keyOf(projectId, job.id);
      const record = { ...this.#store.jobs.get(key)!, isRunning: true };
      job.state = 'running';
      job.stamp++;
      project.running++;
      this.#group(projectId, job.group).running++;
      this.#store.jobs.put(key, record);
      return { job, record };
    }
    return undefined;
  }

  /** Milliseconds until a job that is delayed becomes due; undefined where there is none. */
  nextDueInMs(): number | undefined {
    while (this.#later.peek() !== undefined && !isValid(this.#later.peek()!)) this.#later.pop();
    const next = this.#later.peek();
    return next === undefined ? undefined : Math.max(0, next.job.dueAtMs - this.#now());
  }

  /** @returns false where the job is not in this run's hands any more: nothing has happened then. */
  end(job: LiveJob, stamp: number, ending: Ending, maxAttempts: number): boolean {
    if (!this.#isHeld(job, stamp)) return false;
    const record = { ...this.#store.jobs.get(keyOf(job.projectId, job.id))!, isRunning: false, lost: 0 };
    this.#stopRunning(job);
    if (ending.kind === 'done') this.#finish(job, record, ending.outcome);
    else if (ending.kind === 'again')
      this.#wait(job, { ...record, reason: ending.reason }, this.#now() + ending.delayMs);
    else if (ending.kind === 'left') this.#wait(job, record, this.#now());
    else this.#fail(job, { ...record, fails: record.fails + 1 }, ending, maxAttempts);
    return true;
  }

  #fail(job: LiveJob, record: JobRecord, ending: Ending & { kind: 'failed' }, maxAttempts: number): void {
    if (ending.isHopeless || record.fails >= maxAttempts) this.#die(job, record, ending.reason);
    else this.#wait(job, { ...record, reason: ending.reason }, this.#now() + retryDelayMs(record.fails));
  }

  /** Changes what is kept of a running job. @returns false where it is not in this run's hands any more. */
  update(job: LiveJob, stamp: number, changed: Partial<JobRecord>): boolean {
    if (!this.#isHeld(job, stamp)) return false;
    const key = keyOf(job.projectId, job.id);
    this.#store.jobs.put(key, { ...this.#store.jobs.get(key)!, ...changed });
    return true;
  }

  #isHeld(job: LiveJob, stamp: number): boolean {
    return job.stamp === stamp && this.#live.get(keyOf(job.projectId, job.id)) === job;
  }

  tally(projectId: string, group: string, outcome: string, count: number): void {
    this.#count(projectId, group, outcome, count);
  }

  counts(projectId: string, group: string): GroupCounts {
    const found = this.#groups.get(keyOf(projectId, group));
    return {
      pending: found?.pending ?? 0,
      running: found?.running ?? 0,
      outcomes: new Map(found?.outcomes),
    };
  }

  groups(projectId: string): string[] {
    return [...this.#groups.keys()]
      .map(partsOf)
      .flatMap(([project, name]) => (project === projectId ? name : []))
      .sort();
  }

  find(projectId: string, id: string): JobState | undefined {
    const key = keyOf(projectId, id);
    const record = this.#store.jobs.get(key);
    if (record === undefined) {
      const ended = this.#ended(key);
      return ended && toEndedState(projectId, id, ended);
    }
    this.#promote();
    const live = this.#live.get(key);
    return toState(projectId, id, record, live?.state ?? 'dead');
  }

  dead(projectId: string, limit: number): JobState[] {
    this.#trimDead(projectId);
    return [...this.#deadOf(projectId).keys()]
      .reverse()
      .slice(0, limit)
      .map((id) => toState(projectId, id, this.#store.jobs.get(keyOf(projectId, id))!, 'dead'));
  }

  revive(projectId: string, id: string): boolean {
    const key = keyOf(projectId, id);
    if (this.#dead.get(projectId)?.delete(id) !== true) return false;
    const record = this.#store.jobs.get(key)!;
    const revived = { ...fresh({ ...record, runAtMs: this.#now() }), reason: record.reason };
    this.#store.jobs.put(key, revived);
    this.#count(projectId, record.group, 'dead', -1);
    this.#enter(projectId, id, revived);
    return true;
  }

  drop(projectId: string, id: string): boolean {
    if (this.#dead.get(projectId)?.delete(id) !== true) return false;
    const record = this.#store.jobs.get(keyOf(projectId, id))!;
    this.#count(projectId, record.group, 'dead', -1);
    this.#archive(projectId, id, record, 'dropped');
    return true;
  }

  cancel(projectId: string, group: string, outcome: string): number {
    let ended = 0;
    for (const job of this.#live.values()) {
      if (job.projectId !== projectId || job.group !== group) continue;
      const key = keyOf(projectId, job.id);
      const record = this.#store.jobs.get(key)!;
      if (job.hasNext) {
        job.hasNext = false;
        this.#group(projectId, group).pending--;
        this.#count(projectId, group, outcome, 1);
        this.#store.jobs.put(key, { ...record, next: null });
        ended++;
      }
      if (job.state === 'running') continue;
      this.#finish(job, { ...record, next: null }, outcome);
      ended++;
    }
    return ended;
  }

  backlog(): { waiting: number; delayed: number; oldestMs: number } {
    this.#promote();
    let [waiting, delayed, oldest] = [0, 0, Infinity];
    for (const job of this.#live.values()) {
      if (job.state === 'delayed') delayed++;
      if (job.state !== 'waiting') continue;
      waiting++;
      oldest = Math.min(oldest, job.dueAtMs);
    }
    return { waiting, delayed, oldestMs: waiting === 0 ? 0 : Math.max(0, this.#now() - oldest) };
  }

  #enter(projectId: string, id: string, record: JobRecord): void {
    const { kind, group, priority, atMs, next } = record;
    const job: LiveJob = {
      ...{ id, projectId, kind, group, priority, seq: 0, state: 'waiting', dueAtMs: atMs, stamp: 0 },
      hasNext: next !== null,
    };
    this.#live.set(keyOf(projectId, id), job);
    this.#group(projectId, group).pending += next === null ? 1 : 2;
    this.#schedule(job, atMs);
  }

  #wait(job: LiveJob, record: JobRecord, dueAtMs: number): void {
    this.#store.jobs.put(keyOf(job.projectId, job.id), { ...record, atMs: dueAtMs });
    this.#schedule(job, dueAtMs);
  }

  #schedule(job: LiveJob, dueAtMs: number): void {
    job.dueAtMs = dueAtMs;
    job.seq = ++this.#seq;
    job.stamp++;
    const entry = { job, stamp: job.stamp };
    if (dueAtMs > this.#now()) {
      job.state = 'delayed';
      this.#push(this.#later, entry);
      return;
    }
    job.state = 'waiting';
    this.#push(this.#project(job.projectId).lane, entry);
    this.#turns.add(job.projectId);
  }

  #push(heap: Heap<Entry>, entry: Entry): void {
    // A job that is replaced again and again leaves a void entry each time.
    if (heap.size > 2 * this.#live.size + 100) heap.keep(isValid);
    heap.push(entry);
  }

  /** What is due goes into its lane. */
  #promote(): void {
    const nowMs = this.#now();
    for (let next = this.#later.peek(); next !== undefined; next = this.#later.peek()) {
      if (isValid(next) && next.job.dueAtMs > nowMs) return;
      this.#later.pop();
      if (isValid(next)) this.#schedule(next.job, next.job.dueAtMs);
    }
  }

  #finish(job: LiveJob, record: JobRecord, outcome: string): void {
    this.#exit(job);
    this.#count(job.projectId, job.group, outcome, 1);
    if (record.next === null) this.#archive(job.projectId, job.id, record, outcome);
    else this.#follow(job, record);
  }

  #die(job: LiveJob, record: JobRecord, reason: string): void {
    this.#exit(job);
    this.#count(job.projectId, job.group, 'dead', 1);
    if (record.next !== null) return this.#follow(job, record);
    const { projectId, id } = job;
    const diedAtMs = this.#now();
    const dead: JobRecord = { ...record, isDead: true, isRunning: false, atMs: diedAtMs, reason };
    this.#store.jobs.put(keyOf(projectId, id), dead);
    this.#deadOf(projectId).set(id, { projectId, id, diedAtMs });
    this.#trimDead(projectId);
  }

  /** What was put behind a job that has ended now takes its place. */
  #follow(job: LiveJob, record: JobRecord): void {
    const key = keyOf(job.projectId, job.id);
    const next = fresh({ ...record, ...record.next!, addedAtMs: this.#now() });
    this.#store.saved.remove(key);
    this.#store.jobs.put(key, next);
    this.#enter(job.projectId, job.id, next);
  }

  #archive(projectId: string, id: string, record: JobRecord, outcome: string): void {
    const key = keyOf(projectId, id);
    const { kind, group, reason, progress, addedAtMs, fails } = record;
    const expiresAtMs = this.#now() + ENDED_MS;
    this.#store.ended.put(key, { kind, group, reason, progress, addedAtMs, fails, outcome, expiresAtMs });
    this.#store.jobs.remove(key);
    this.#store.saved.remove(key);
  }

  /** Takes it out of what has not ended. */
  #exit(job: LiveJob): void {
    job.stamp++;
    this.#live.delete(keyOf(job.projectId, job.id));
    this.#group(job.projectId, job.group).pending -= job.hasNext ? 2 : 1;
  }

  #stopRunning(job: LiveJob): void {
    this.#project(job.projectId).running--;
    this.#group(job.projectId, job.group).running--;
    this.#tidy(job.projectId);
  }

  #tidy(projectId: string): void {
    const { lane, running } = this.#project(projectId);
    if (lane.size === 0 && running === 0) this.#projects.delete(projectId);
  }

  #trimDead(projectId: string): void {
    const dead = this.#deadOf(projectId);
    for (const { id, diedAtMs } of dead.values()) {
      if (dead.size <= MAX_DEAD && diedAtMs > this.#now() - DEAD_MS) break;
      dead.delete(id);
      this.#archive(projectId, id, this.#store.jobs.get(keyOf(projectId, id))!, 'dead');
    }
    if (dead.size === 0) this.#dead.delete(projectId);
  }

  #ended(key: string): EndedRecord | undefined {
    const ended = this.#store.ended.get(key);
    return ended !== undefined && ended.expiresAtMs > this.#now() ? ended : undefined;
  }

  #count(projectId: string, name: string, outcome: string, count: number): void {
    const { outcomes } = this.#group(projectId, name);
    const sum = (outcomes.get(outcome) ?? 0) + count;
    if (sum === 0) outcomes.delete(outcome);
    else outcomes.set(outcome, sum);
    this.#store.groups.put(keyOf(projectId, name), { outcomes: [...outcomes] });
  }

  #group(projectId: string, name: string): Group {
    return entryOf(this.#groups, keyOf(projectId, name), () => ({
      pending: 0,
      running: 0,
      outcomes: new Map(),
    }));
  }

  #project(projectId: string): Project {
    return entryOf(this.#projects, projectId, () => ({ lane: new Heap<Entry>(isSooner), running: 0 }));
  }

  #deadOf(projectId: string): Map<string, Dead> {
    return entryOf(this.#dead, projectId, () => new Map<string, Dead>());
  }
}

function isSooner({ job: a }: Entry, { job: b }: Entry): boolean {
  return a.priority === b.priority ? a.seq < b.seq : a.priority < b.priority;
}

function nextOf(lane: Heap<Entry>): LiveJob | undefined {
  for (let entry = lane.pop(); entry !== undefined; entry = lane.pop()) if (isValid(entry)) return entry.job;
  return undefined;
}

function entryOf<V>(map: Map<string, V>, key: string, create: () => V): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = create()));
  return value;
}

type Wanted = Pick<JobRecord, 'kind' | 'group' | 'data' | 'priority' | 'addedAtMs'> & { runAtMs: number };

/** As nobody has begun it. */
function fresh({ kind, group, data, priority, addedAtMs, runAtMs }: Wanted): JobRecord {
  return {
    ...{ kind, group, data, priority, addedAtMs, atMs: runAtMs, isDead: false, isRunning: false },
    ...{ fails: 0, lost: 0, reason: null, progress: null, next: null },
  };
}

function toState(projectId: string, id: string, record: JobRecord, state: JobState['state']): JobState {
  const { kind, group, data, reason, progress, addedAtMs, fails } = record;
  const attempt = state === 'dead' ? fails : fails + 1;
  const outcome = state === 'dead' ? 'dead' : null;
  return { id, projectId, kind, group, data, state, outcome, attempt, progress, reason, addedAtMs };
}

function toEndedState(projectId: string, id: string, ended: EndedRecord): JobState {
  const { kind, group, reason, progress, addedAtMs, outcome, fails } = ended;
  const attempt = fails + 1;
  return {
    id,
    projectId,
    kind,
    group,
    data: '',
    state: 'done',
    outcome,
    attempt,
    progress,
    reason,
    addedAtMs,
  };
}
