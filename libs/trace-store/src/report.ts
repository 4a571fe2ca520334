import { openClickHouse, type ClickHouse, type StoreOptions } from './clickhouse.ts';
import { reasonOf, toAppError } from './errors.ts';
import type { RowReader } from './row-binary.ts';

/** What was found; or why it could not be looked at, mostly a right that this user lacks. */
export type Known<T> = { readonly found: T } | { readonly hidden: string };

/** What an operator wants to know of a ClickHouse server. */
export interface StoreReport {
  /** `26.7.1.2`. */
  readonly version: string;
  /** The server's clock minus ours, milliseconds; true to within `clockWithinMs`. */
  readonly clockAheadMs: number;
  readonly clockWithinMs: number;
  readonly user: string;
  /** The user may insert into the database. Its `readonly` setting counts too. */
  readonly mayInsert: Known<boolean>;
  readonly mayCreateTables: Known<boolean>;
  readonly disks: Known<readonly DiskReport[]>;
  /** Of our database. */
  readonly tables: Known<readonly TableReport[]>;
  /** Replicated tables of our database; none on a single server. */
  readonly replicas: Known<readonly ReplicaReport[]>;
  /** Mutations that fail again and again, of our database. */
  readonly failingMutations: Known<readonly string[]>;
}

export interface DiskReport {
  readonly name: string;
  readonly path: string;
  readonly freeBytes: number;
  readonly totalBytes: number;
}

export interface TableReport {
  readonly name: string;
  readonly rows: number;
  readonly sizeBytes: number;
  /** Active parts of the partition that has most. ClickHouse slows inserts down at 1,000 and refuses them at 3,000. */
  readonly mostParts: number;
}

export interface ReplicaReport {
  readonly table: string;
  readonly isReadonly: boolean;
  readonly delaySeconds: number;
  readonly queued: number;
  readonly replicas: number;
  readonly activeReplicas: number;
}

/** No look takes longer. */
const MAX_LOOK_MS = 10_000;

/** Looks at the server behind `options`; changes nothing. @throws AppError `store_unavailable` when it does not answer. */
export async function storeReport(options: StoreOptions): Promise<StoreReport> {
  // The database may not be there yet.
  const db = openClickHouse({ ...options, database: 'default', maxExecutionTimeMs: MAX_LOOK_MS });
  const { database } = options;
  try {
    const { isReadonly, ...server } = await readServer(db);
    const grants = isReadonly ? { found: [] } : await known(db, 'SHOW GRANTS', {}, (row) => row.text());
    return {
      ...server,
      mayInsert: mayDo(grants, ['INSERT', 'ALL'], database),
      mayCreateTables: mayDo(grants, ['CREATE TABLE', 'CREATE', 'ALL'], database),
      disks: await known(db, DISKS, {}, toDisk),
      tables: await known(db, TABLES, { database }, toTable),
      replicas: await known(db, REPLICAS, { database }, toReplica),
      failingMutations: await known(db, MUTATIONS, { database }, (row) => row.text()),
    };
  } catch (error) {
    throw toAppError(error, 'reading', 'looking at the trace store');
  } finally {
    await db.close();
  }
}

async function readServer(db: ClickHouse) {
  const sql = `SELECT version(), currentUser(), toInt64(getSetting('readonly')), toUnixTimestamp64Micro(now64(6))`;
  const read = (row: RowReader) => ({
    version: row.text(),
    user: row.text(),
    isReadonly: row.int64() !== 0,
    nowUs: row.int64(),
  });
  // The first request pays for the connection.
  await db.all({ sql: 'SELECT 1' }, (row) => row.uint8());
  const askedAtMs = Date.now();
  const [found] = await db.all({ sql }, read);
  const answeredAtMs = Date.now();
  const { nowUs, ...server } = found!;
  return {
    ...server,
    clockAheadMs: Math.round(nowUs / 1000 - (askedAtMs + answeredAtMs) / 2),
    clockWithinMs: Math.ceil((answeredAtMs - askedAtMs) / 2) + 1,
  };
}

async function known<R>(
  db: ClickHouse,
  sql: string,
  params: Readonly<Record<string, string>>,
  read: (row: RowReader) => R,
): Promise<Known<readonly R[]>> {
  try {
    return { found: await db.all({ sql, params }, read) };
  } catch (error) {
    return { hidden: reasonOf(error instanceof Error && error.cause !== undefined ? error.cause : error) };
  }
}

/** `GRANT SELECT, INSERT ON weft.* TO weft_writer`. A right on some tables only does not count. */
const GRANT = /^GRANT (.+) ON (\S+) TO /;

function mayDo(
  grants: Known<readonly string[]>,
  rights: readonly string[],
  database: string,
): Known<boolean> {
  if ('hidden' in grants) return grants;
  const found = grants.found.some((text) => {
    const [, granted = '', on = ''] = GRANT.exec(text) ?? [];
    const isOurs = on === '*.*' || on.replaceAll('`', '') === `${database}.*`;
    return isOurs && granted.split(', ').some((right) => rights.includes(right));
  });
  if (!found && grants.found.some((text) => !GRANT.test(text)))
    return { hidden: 'this user has its rights from a role' };
  return { found };
}

// Disks of object stores say that they have no end.
const DISKS = `SELECT name, path, toInt64(least(free_space, 9007199254740991)), toInt64(least(total_space, 9007199254740991))
FROM system.disks ORDER BY name`;

function toDisk(row: RowReader): DiskReport {
  return { name: row.text(), path: row.text(), freeBytes: row.int64(), totalBytes: row.int64() };
}

const TABLES = `SELECT table, toInt64(sum(part_rows)), toInt64(sum(size)), toInt64(max(parts)) FROM (
  SELECT table, partition_id, sum(rows) AS part_rows, sum(bytes_on_disk) AS size, count() AS parts
  FROM system.parts WHERE database = {database:String} AND active GROUP BY table, partition_id)
GROUP BY table ORDER BY table`;

function toTable(row: RowReader): TableReport {
  return { name: row.text(), rows: row.int64(), sizeBytes: row.int64(), mostParts: row.int64() };
}

const REPLICAS = `SELECT table, toUInt8(is_readonly), toInt64(absolute_delay), toInt64(queue_size), toInt64(total_replicas), toInt64(active_replicas)
FROM system.replicas WHERE database = {database:String} ORDER BY table`;

function toReplica(row: RowReader): ReplicaReport {
  return {
    table: row.text(),
    isReadonly: row.uint8() === 1,
    delaySeconds: row.int64(),
    queued: row.int64(),
    replicas: row.int64(),
    activeReplicas: row.int64(),
  };
}

const MUTATIONS = `SELECT concat(table, ': ', command, ': ', latest_fail_reason) FROM system.mutations
WHERE database = {database:String} AND NOT is_done AND latest_fail_reason != '' ORDER BY create_time LIMIT 10`;
