import { AppError } from '@weft/model';
import { openClickHouse, type ClickHouse, type StoreOptions } from './clickhouse.ts';
import { onCluster } from './cluster.ts';
import { checkCluster } from './migrations/check-cluster.ts';
import { MIGRATIONS, renderMigration, renderRecord, type Migration } from './migrations/list.ts';
import { withLock, type Lock, type LockOptions } from './migrations/lock.ts';
import { explain, isMissing } from './migrations/problems.ts';
import type { Target } from './migrations/table.ts';
import type { RowReader } from './row-binary.ts';

export interface MigrateOptions extends Pick<LockOptions, 'patienceMs'> {
  /** One line of text for each thing that is done. */
  readonly onProgress?: (line: string) => void;
}

export interface MigrationStatus {
  readonly number: number;
  readonly name: string;
  /** ISO-8601, whole seconds. Null = still to be applied. */
  readonly appliedAt: string | null;
  /** What is still to be run; empty once it is applied. */
  readonly pendingStatements: readonly string[];
}

/** No statement of a migration runs longer. */
const MAX_STATEMENT_MS = 3_600_000;

/**
 * Brings the database to the schema of this version; creates it when it is missing. Harmless to repeat, to cut short at
 * any point and to run twice at once: the second runner waits (ADR 008).
 * @throws AppError `store_unavailable`, also when the database is newer than this version, or the cluster is not set up
 * as configured.
 */
export function migrate(options: StoreOptions, how: MigrateOptions = {}): Promise<void> {
  const target = targetOf(options);
  const tell = how.onProgress ?? (() => undefined);
  return using({ ...options, maxExecutionTimeMs: MAX_STATEMENT_MS }, async (db) => {
    // The usual start: a look, and no lock.
    if (pendingOf(await readApplied(db, target), target).length === 0) return tell('nothing to do');
    await checkCluster(db, target.cluster);
    const onWait = (): void => tell('another runner is migrating the database: waiting for it');
    await withLock(db, { target, patienceMs: how.patienceMs, onWait }, (lock) =>
      apply(db, target, lock, tell),
    );
  });
}

/** All migrations in order: those of this version, and those that a newer version has applied. Changes nothing. */
export function migrationStatus(options: StoreOptions): Promise<MigrationStatus[]> {
  const target = targetOf(options);
  return using(options, async (db) => {
    const applied = await readApplied(db, target);
    const known = MIGRATIONS.map((migration) => {
      const { number, name } = migration;
      const appliedAt = applied.get(number)?.appliedAt ?? null;
      const pendingStatements = appliedAt === null ? renderMigration(migration, target) : [];
      return { number, name, appliedAt, pendingStatements };
    });
    const newer = [...applied.values()].filter(({ number }) => number > MIGRATIONS.length);
    return [...known, ...newer.map((migration) => ({ ...migration, pendingStatements: [] }))];
  });
}

/**
 * For who may not migrate, as a reader: resolves when the database has the schema of this version, or of a newer one.
 * @throws AppError `store_unavailable` that says what is missing and what to do.
 */
export function assertMigrated(options: StoreOptions): Promise<void> {
  const target = targetOf(options);
  return using(options, async (db) => {
    const applied = await readApplied(db, target);
    const missing = MIGRATIONS.filter(({ number }) => !applied.has(number));
    if (missing.length === 0) return;
    throw new AppError(
      'store_unavailable',
      `${missing.length} of ${MIGRATIONS.length} migrations are missing in the database ${target.database}: run "weft migrate", or start a writer`,
    );
  });
}

/** Every statement that `migrate` runs on an empty server, in order. */
export function renderMigrations(options: Pick<StoreOptions, 'database' | 'cluster'>): string[] {
  const target = targetOf(options);
  return [
    ...prepare(target),
    ...MIGRATIONS.flatMap((migration) => [...renderMigration(migration, target), record(target, migration)]),
  ];
}

function targetOf({ database, cluster }: Target): Target {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(database))
    throw new AppError('internal', `not a database name: ${database}`);
  return { database, cluster };
}

/** The database may not be there yet, so the connection names none. */
async function using<T>(options: StoreOptions, work: (db: ClickHouse) => Promise<T>): Promise<T> {
  const db = openClickHouse({ ...options, database: 'default' });
  try {
    return await work(db);
  } catch (error) {
    throw explain(error, options);
  } finally {
    await db.close();
  }
}

async function apply(
  db: ClickHouse,
  target: Target,
  lock: Lock,
  tell: (line: string) => void,
): Promise<void> {
  const run = async (sql: string): Promise<void> => {
    lock.assertHeld();
    await db.command(sql);
  };
  for (const sql of prepare(target)) await run(sql);
  for (const migration of pendingOf(await readApplied(db, target), target)) {
    const statements = renderMigration(migration, target);
    for (const [index, sql] of statements.entries()) {
      tell(`migration ${migration.number} ${migration.name}: statement ${index + 1} of ${statements.length}`);
      await run(sql);
    }
    await run(record(target, migration));
    tell(`migration ${migration.number} ${migration.name}: done`);
  }
}

/** @throws AppError when a newer version has migrated the database. */
function pendingOf(applied: ReadonlyMap<number, Applied>, { database }: Target): Migration[] {
  const newest = Math.max(0, ...applied.keys());
  if (newest > MIGRATIONS.length) {
    throw new AppError(
      'store_unavailable',
      `the database ${database} is at migration ${newest} and this version knows ${MIGRATIONS.length}: run the version that migrated it, or a newer one`,
    );
  }
  return MIGRATIONS.filter(({ number }) => !applied.has(number));
}

function prepare(target: Target): string[] {
  return [
    `CREATE DATABASE IF NOT EXISTS ${target.database}${onCluster(target.cluster)}`,
    ...renderRecord(target),
  ];
}

function record({ database }: Target, { number, name }: { number: number; name: string }): string {
  return `INSERT INTO ${database}.migrations (number, name) SELECT ${number}, '${name}'`;
}

interface Applied {
  readonly number: number;
  readonly name: string;
  readonly appliedAt: string;
}

/** Nothing, where a host that is asked has no record yet. */
async function readApplied(db: ClickHouse, { database }: Target): Promise<Map<number, Applied>> {
  const sql = `SELECT number, any(name), formatDateTime(min(applied_at), '%FT%TZ', 'UTC') FROM ${database}.migrations GROUP BY number ORDER BY number`;
  const read = (row: RowReader): Applied => ({
    number: row.uint32(),
    name: row.text(),
    appliedAt: row.text(),
  });
  try {
    const rows = await db.all({ sql }, read);
    return new Map(rows.map((row) => [row.number, row]));
  } catch (error) {
    if (isMissing(error)) return new Map();
    throw error;
  }
}
