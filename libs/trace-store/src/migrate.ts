import { setTimeout as wait } from 'node:timers/promises';
import { ClickHouseError } from '@clickhouse/client';
import { AppError } from '@weft/model';
import { openClickHouse, type ClickHouse, type StoreOptions } from './clickhouse.ts';
import { toAppError } from './errors.ts';
import { calls } from './migrations/001-calls.ts';
import { objects } from './migrations/002-objects.ts';

/** In order, numbered from 1 without gaps. Every statement may be run again, so that a migration cut short is repeated whole. */
const MIGRATIONS: readonly { readonly name: string; readonly statements: readonly string[] }[] = [
  { name: 'calls', statements: calls },
  { name: 'objects', statements: objects },
];

const TABLE_ALREADY_EXISTS = 57;
const LOCK_STALE_SECONDS = 60;

/**
 * Brings the database to the schema of this version; creates it when it is missing. Harmless to repeat, and to run twice
 * at once: the second runner waits.
 * @throws AppError `store_unavailable`, also when the database is newer than this version.
 */
export async function migrate(options: StoreOptions): Promise<void> {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(options.database))
    throw new AppError('internal', `not a database name: ${options.database}`);
  await using(openClickHouse({ ...options, database: 'default' }), (db) =>
    db.command(`CREATE DATABASE IF NOT EXISTS ${options.database}`),
  );
  await using(openClickHouse(options), async (db) => {
    await lock(db);
    try {
      await apply(db);
    } finally {
      await db.command('DROP TABLE IF EXISTS migration_lock SYNC');
    }
  });
}

async function using(db: ClickHouse, work: (db: ClickHouse) => Promise<void>): Promise<void> {
  try {
    await work(db);
  } catch (error) {
    throw toAppError(error, 'writing', 'migrating the trace store');
  } finally {
    await db.close();
  }
}

async function apply(db: ClickHouse): Promise<void> {
  await db.command(`CREATE TABLE IF NOT EXISTS migrations (
    number UInt32 COMMENT 'Migrations are applied in this order.',
    name String COMMENT 'What it makes.',
    applied_at DateTime DEFAULT now() COMMENT 'When it was done.'
  ) ENGINE = MergeTree ORDER BY number COMMENT 'Migrations that are done'`);
  const [done = 0] = await db.all({ sql: 'SELECT max(number) FROM migrations' }, (row) => row.uint32());
  if (done > MIGRATIONS.length) {
    throw new AppError(
      'store_unavailable',
      `the database is at migration ${done}, this version knows ${MIGRATIONS.length}`,
    );
  }
  for (const [index, { name, statements }] of MIGRATIONS.entries()) {
    if (index < done) continue;
    for (const sql of statements) await db.command(sql);
    await db.command('INSERT INTO migrations (number, name) SELECT {number:UInt32}, {name:String}', {
      number: index + 1,
      name,
    });
  }
}

/** Creating a table is the one atomic test-and-set that a plain server has. A runner that died leaves it behind: it goes stale. */
async function lock(db: ClickHouse): Promise<void> {
  for (;;) {
    try {
      return await db.command(
        "CREATE TABLE migration_lock (at DateTime) ENGINE = Memory COMMENT 'Held while migrations run'",
      );
    } catch (error) {
      if (!(error instanceof ClickHouseError) || Number(error.code) !== TABLE_ALREADY_EXISTS) throw error;
    }
    const [age = 0] = await db.all(
      {
        sql: `SELECT toUInt32(greatest(0, dateDiff('second', metadata_modification_time, now())))
              FROM system.tables WHERE database = currentDatabase() AND name = 'migration_lock'`,
      },
      (row) => row.uint32(),
    );
    if (age > LOCK_STALE_SECONDS) await db.command('DROP TABLE IF EXISTS migration_lock SYNC');
    else await wait(200);
  }
}
