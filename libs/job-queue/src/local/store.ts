import { mkdir } from 'node:fs/promises';
import { AppError } from '@weft/model';
import { open, type Database, type RootDatabase } from 'lmdb';
import { lockDirectory } from './lock.ts';

/** What is kept of a job that has not ended, or is dead. */
export interface JobRecord {
  readonly kind: string;
  readonly group: string;
  readonly data: string;
  readonly priority: number;
  readonly isDead: boolean;
  /** Due then; of a dead job: died then. */
  readonly atMs: number;
  readonly fails: number;
  /** Runs that were cut off by the end of the process. */
  readonly lost: number;
  readonly isRunning: boolean;
  readonly reason: string | null;
  readonly progress: { readonly done: number; readonly total: number } | null;
  readonly addedAtMs: number;
  /** What `replace` put behind a running job. */
  readonly next: { readonly data: string; readonly runAtMs: number } | null;
}

/** What is kept of a job that has ended: a day long. */
export interface EndedRecord extends Pick<
  JobRecord,
  'kind' | 'group' | 'reason' | 'progress' | 'addedAtMs' | 'fails'
> {
  readonly outcome: string;
  readonly expiresAtMs: number;
}

export interface GroupRecord {
  readonly outcomes: readonly (readonly [string, number])[];
}

export interface SumRecord {
  readonly sum: number;
  readonly expiresAtMs: number;
}

export interface TextRecord {
  readonly text: string;
  readonly expiresAtMs: number;
}

interface Pending<V> {
  readonly value: V | undefined;
}

/** Keys are texts; of two parts, with a line feed between. */
export const keyOf = (projectId: string, name: string): string => `${projectId}\n${name}`;
export const partsOf = (key: string): readonly [projectId: string, name: string] => {
  const at = key.indexOf('\n');
  return [key.slice(0, at), key.slice(at + 1)];
};

/** One table. What was written is read at once, and is on disk when the commit it is part of resolves. */
export class Table<V> {
  readonly #db: Database<V, string>;
  readonly #pending = new Map<string, Pending<V>>();
  readonly #writes: (() => void)[];
  readonly #settled: (() => void)[];

  constructor(db: Database<V, string>, writes: (() => void)[], settled: (() => void)[]) {
    this.#db = db;
    this.#writes = writes;
    this.#settled = settled;
  }

  get(key: string): V | undefined {
    const pending = this.#pending.get(key);
    return pending === undefined ? this.#db.get(key) : pending.value;
  }

  put(key: string, value: V): void {
    this.#write(key, { value }, () => void this.#db.put(key, value));
  }

  remove(key: string): void {
    this.#write(key, { value: undefined }, () => void this.#db.remove(key));
  }

  /** Of what is on disk, in the order of keys, from the first on. */
  entries(): Iterable<{ key: string; value: V }> {
    return this.#db.getRange({});
  }

  /** As `entries`, one step at a time, for walks over what changes meanwhile. */
  after(key: string | undefined, limit: number): readonly { key: string; value: V }[] {
    return [
      ...this.#db.getRange({ limit, ...(key === undefined ? {} : { start: key, exclusiveStart: true }) }),
    ];
  }

  forget(): void {
    this.#pending.clear();
  }

  #write(key: string, pending: Pending<V>, write: () => void): void {
    this.#pending.set(key, pending);
    this.#writes.push(write);
    this.#settled.push(() => {
      if (this.#pending.get(key) === pending) this.#pending.delete(key);
    });
  }
}

/**
 * The tables in one LMDB environment. All that is written between two commits is one transaction: after a crash or power cut
 * it is there as a whole or not at all. (LMDB's own transactions with a callback are not used: those that wait for nothing never
 * call back with lmdb 3.5.6 on Node 20, those that do block this process for each sync of the disk.)
 */
export class Store {
  readonly jobs: Table<JobRecord>;
  readonly saved: Table<string>;
  readonly ended: Table<EndedRecord>;
  readonly groups: Table<GroupRecord>;
  readonly sums: Table<SumRecord>;
  readonly texts: Table<TextRecord>;
  readonly #root: RootDatabase;
  readonly #unlock: () => Promise<void>;
  readonly #tables: Table<never>[] = [];
  #writes: (() => void)[] = [];
  #settled: (() => void)[] = [];

  private constructor(root: RootDatabase, unlock: () => Promise<void>) {
    this.#root = root;
    this.#unlock = unlock;
    this.jobs = this.#table('jobs');
    this.saved = this.#table('saved');
    this.ended = this.#table('ended');
    this.groups = this.#table('groups');
    this.sums = this.#table('sums');
    this.texts = this.#table('texts');
  }

  /** @throws AppError `queue_unavailable` */
  static async open(dir: string): Promise<Store> {
    let unlock: (() => Promise<void>) | undefined;
    try {
      await mkdir(dir, { recursive: true, mode: 0o700 });
      unlock = await lockDirectory(dir);
      // overlappingSync would answer before a power cut is survived.
      return new Store(open({ path: dir, encoding: 'json', maxDbs: 8, overlappingSync: false }), unlock);
    } catch (cause) {
      await unlock?.();
      if (cause instanceof AppError) throw cause;
      throw new AppError('queue_unavailable', `job queue ${dir} cannot be opened`, { cause });
    }
  }

  /** Resolves once what was written since the last commit is on disk. */
  async commit(): Promise<void> {
    const writes = this.#writes.splice(0);
    const settled = this.#settled.splice(0);
    if (writes.length === 0) return;
    await this.#root.batch(() => {
      for (const write of writes) write();
    });
    for (const done of settled) done();
  }

  /** Forgets what could not be written. */
  forget(): void {
    this.#writes.length = 0;
    this.#settled.length = 0;
    for (const table of this.#tables) table.forget();
  }

  async close(): Promise<void> {
    await this.#root.close();
    await this.#unlock();
  }

  #table<V>(name: string): Table<V> {
    const db = this.#root.openDB<V, string>({ name, encoding: 'json' });
    const table = new Table(db, this.#writes, this.#settled);
    this.#tables.push(table as Table<never>);
    return table;
  }
}
