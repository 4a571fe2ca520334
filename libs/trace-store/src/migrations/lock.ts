import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { AppError } from '@weft/model';
import type { ClickHouse } from '../clickhouse.ts';
import type { Target } from './table.ts';

export interface LockOptions {
  readonly target: Target;
  /** One query holds the lock for so long; the next starts halfway. Whole seconds. Default 20. */
  readonly leaseSeconds?: number;
  /** How long another holder is waited for. Default 10 minutes. */
  readonly patienceMs?: number;
  readonly onWait?: () => void;
}

export interface Lock {
  /** @throws AppError `store_unavailable` once another runner may hold the lock. */
  assertHeld(): void;
}

const NAPS_PER_SECOND = 20;

/**
 * Runs `work` while nobody else does who locks the same database, on any host of the cluster (ADR 008).
 *
 * Whoever holds the lock has a query running that does nothing; it shows in the list of running queries of all hosts. To
 * take the lock a runner starts such a query, looks at the list, and withdraws unless it is alone: of two that start at
 * once the later one to look sees the other. A query ends with its client's connection, so a runner that died holds
 * nothing; where its host vanished without a word, the query ends by itself with its lease.
 * @throws AppError `store_unavailable` when another runner holds it for longer than `patienceMs`.
 */
export async function withLock<T>(
  db: ClickHouse,
  options: LockOptions,
  work: (lock: Lock) => Promise<T>,
): Promise<T> {
  const leases = new Leases(db, options);
  try {
    await takeLock(leases, options);
    leases.keep();
    return await work(leases);
  } finally {
    await leases.end();
  }
}

async function takeLock(leases: Leases, { patienceMs = 600_000, onWait }: LockOptions): Promise<void> {
  const deadline = Date.now() + patienceMs;
  for (let round = 0; ; round++) {
    if ((await leases.others()) === 0) {
      await leases.start();
      if ((await leases.others()) === 0) return;
      await leases.withdraw();
    }
    if (Date.now() > deadline)
      throw new AppError('store_unavailable', 'another runner has been migrating the database all the time');
    if (round === 0) onWait?.();
    // By chance, so that two runners that hinder each other do not do so again.
    await wait(50 + Math.random() * 150);
  }
}

interface Lease {
  readonly id: string;
  readonly abort: AbortController;
  readonly ended: Promise<void>;
  /** Of `performance.now()`: the query runs until then at least, unless it is ended. */
  readonly untilMs: number;
  isRunning: boolean;
}

/** A process that stood still has not heard yet that its query has ended: it looks at the clock as well. */
function stands(lease: Lease): boolean {
  return lease.isRunning && performance.now() < lease.untilMs;
}

/** The queries by which one runner holds the lock: one, or two while the next takes over. */
class Leases implements Lock {
  private readonly db: ClickHouse;
  private readonly target: Target;
  private readonly seconds: number;
  private readonly prefix: string;
  private readonly ours: string;
  private started = 0;
  private current: Lease | undefined;
  private readonly stop = new AbortController();
  private keeping: Promise<void> = Promise.resolve();

  constructor(db: ClickHouse, { target, leaseSeconds = 20 }: LockOptions) {
    this.db = db;
    this.target = target;
    this.seconds = leaseSeconds;
    this.prefix = `weft-migrate:${target.database}:`;
    this.ours = `${this.prefix}${randomBytes(8).toString('hex')}:`;
  }

  assertHeld(): void {
    if (this.current === undefined || !stands(this.current))
      throw new AppError('store_unavailable', 'the migration lock was lost: another runner may have it');
  }

  /** Runners other than this one that hold the lock or are about to look whether they may. */
  async others(): Promise<number> {
    const ids = await this.running();
    return ids.filter((id) => !id.startsWith(this.ours)).length;
  }

  /** Resolves once every host can see that it runs; the lease before it ends then. */
  async start(): Promise<void> {
    const lease = this.open(`${this.ours}${++this.started}`);
    try {
      while (!(await this.running()).includes(lease.id)) {
        if (!lease.isRunning) {
          await lease.ended;
          throw new AppError('store_unavailable', 'the migration lock ran out before it was seen');
        }
        await wait(20);
      }
      // Between the end of a lease and the next one another runner may have come and gone.
      if (this.current !== undefined) this.assertHeld();
    } catch (error) {
      lease.abort.abort();
      throw error;
    }
    this.current?.abort.abort();
    this.current = lease;
  }

  /** Renews until `end`. A renewal that fails is tried again; when the lease runs out meanwhile the lock is lost. */
  keep(): void {
    const { signal } = this.stop;
    const renew = async (): Promise<void> => {
      while (!signal.aborted) {
        await wait(this.seconds * 500, undefined, { signal }).catch(() => undefined);
        while (!signal.aborted && this.current !== undefined && stands(this.current)) {
          const isRenewed = await this.start().then(
            () => true,
            () => false,
          );
          if (isRenewed) break;
          await wait(200);
        }
      }
    };
    this.keeping = renew();
  }

  async end(): Promise<void> {
    this.stop.abort();
    await this.keeping;
    await this.withdraw();
  }

  async withdraw(): Promise<void> {
    this.current?.abort.abort();
    await this.current?.ended.catch(() => undefined);
    this.current = undefined;
  }

  private open(id: string): Lease {
    const abort = new AbortController();
    const untilMs = performance.now() + this.seconds * 1000;
    const ended = this.db.command(
      `SELECT sleepEachRow(${1 / NAPS_PER_SECOND}) FROM numbers(${this.seconds * NAPS_PER_SECOND}) SETTINGS max_block_size = 1 FORMAT Null`,
      {},
      {
        queryId: id,
        signal: abort.signal,
        settings: {
          max_execution_time: 0,
          // Only a query that cannot write ends with its connection.
          readonly: '2',
          cancel_http_readonly_queries_on_client_close: 1,
        },
      },
    );
    const lease: Lease = { id, abort, ended, untilMs, isRunning: true };
    const end = (): void => {
      lease.isRunning = false;
    };
    ended.then(end, end);
    return lease;
  }

  private running(): Promise<string[]> {
    const { cluster } = this.target;
    const processes =
      cluster === undefined ? 'system.processes' : `clusterAllReplicas('${cluster.name}', system.processes)`;
    return this.db.all(
      {
        sql: `SELECT query_id FROM ${processes} WHERE is_initial_query AND startsWith(query_id, {prefix:String})`,
        params: { prefix: this.prefix },
      },
      (row) => row.text(),
    );
  }
}
