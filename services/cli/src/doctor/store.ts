import { AppError } from '@weft/model';
import {
  migrationStatus,
  storeReport,
  type Known,
  type ReplicaReport,
  type StoreOptions,
  type StoreReport,
  type TableReport,
} from '@weft/trace-store';
import { sizeText } from '../size.ts';
import { diskFinding, failed, ok, reasonOf, warning, type Finding } from './finding.ts';

/** What the suites run against. */
const TESTED = [26, 7] as const;
const MAX_CLOCK_MS = 5_000;
/** ClickHouse's own limits per partition: it slows inserts down, then refuses them. */
const MANY_PARTS = 500;
const TOO_MANY_PARTS = 1_000;
const MAX_DELAY_SECONDS = 60;

/** A ClickHouse server: `options` are the writer's. */
export async function* checkStore(options: StoreOptions): AsyncGenerator<Finding> {
  let report: StoreReport;
  const where = `${options.url}, user ${options.username}`;
  try {
    report = await storeReport(options);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    yield failed(
      'ClickHouse',
      `${where}: ${reasonOf(error)}`,
      'start it, or set WF_CLICKHOUSE_HOST, WF_CLICKHOUSE_PORT, WF_CLICKHOUSE_USER and WF_CLICKHOUSE_PASS',
    );
    return;
  }
  yield ok('ClickHouse', `answers at ${where}`);
  yield checkVersion(report.version);
  yield checkClock(report);
  yield checkRights(report, options);
  yield await checkMigrations(options);
  yield* checkDisks(report);
  yield checkParts(report.tables);
  yield* checkReplicas(report.replicas);
  yield* checkMutations(report.failingMutations);
}

function checkVersion(version: string): Finding {
  const what = 'ClickHouse version';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > TESTED[0] || (major === TESTED[0] && minor >= TESTED[1])) return ok(what, version);
  return warning(what, version, `Weft is tested with ${TESTED.join('.')}: use that or a later one`);
}

function checkClock({ clockAheadMs, clockWithinMs }: StoreReport): Finding {
  const what = 'ClickHouse clock';
  const found = `${Math.abs(clockAheadMs)} ms ${clockAheadMs < 0 ? 'behind' : 'ahead of'} this machine's (± ${clockWithinMs} ms)`;
  if (Math.abs(clockAheadMs) - clockWithinMs <= MAX_CLOCK_MS) return ok(what, found);
  return failed(what, found, 'set both by NTP: what was written when decides which of two writes wins');
}

function checkRights({ user, mayInsert, mayCreateTables }: StoreReport, { database }: StoreOptions): Finding {
  const what = 'ClickHouse rights';
  const advice = `writers and "weft migrate" need a user that may CREATE, SELECT, INSERT and ALTER on ${database}.*; for query a reader is right`;
  for (const [right, known] of [
    ['insert', mayInsert],
    ['create tables', mayCreateTables],
  ] as const) {
    if ('hidden' in known)
      return warning(what, `cannot see whether ${user} may ${right}: ${known.hidden}`, advice);
    if (!known.found) return warning(what, `${user} may not ${right}`, advice);
  }
  return ok(what, `${user} may create tables and insert`);
}

async function checkMigrations(options: StoreOptions): Promise<Finding> {
  const what = 'migrations';
  try {
    const all = await migrationStatus(options);
    const pending = all.filter(({ appliedAt }) => appliedAt === null);
    if (pending.length === 0) return ok(what, `${all.length} done in ${options.database}`);
    const names = pending.map(({ number, name }) => `${number} ${name}`).join(', ');
    return warning(
      what,
      `pending in ${options.database}: ${names}`,
      'run "weft migrate up", or start a writer, which does it',
    );
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return failed(what, reasonOf(error), 'see "weft migrate status"');
  }
}

function* checkDisks({ disks }: StoreReport): Generator<Finding> {
  const advice = 'add space: without it inserts fail and the log fills up';
  if ('hidden' in disks) {
    yield warning(
      'ClickHouse disk',
      `cannot see it: ${disks.hidden}`,
      'grant SELECT ON system.disks to this user to have it watched',
    );
    return;
  }
  for (const { name, path, freeBytes, totalBytes } of disks.found)
    yield diskFinding(`ClickHouse disk ${name} (${path})`, freeBytes, totalBytes, advice);
}

function checkParts(tables: Known<readonly TableReport[]>): Finding {
  const what = 'ClickHouse parts';
  if ('hidden' in tables)
    return warning(what, `cannot see them: ${tables.hidden}`, 'grant SELECT ON system.parts to this user');
  const { found } = tables;
  const [most] = [...found].sort((a, b) => b.mostParts - a.mostParts);
  if (most === undefined) return ok(what, 'no rows yet');
  const bytes = found.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const text = `${sizeText(bytes)} in ${found.length} tables; at most ${most.mostParts} in a partition (${most.name})`;
  const advice =
    'merges do not keep up: give ClickHouse more CPU or disk, or fewer, larger batches (WRITER_BATCH_MAX_EVENTS)';
  if (most.mostParts >= TOO_MANY_PARTS) return failed(what, text, advice);
  return most.mostParts >= MANY_PARTS ? warning(what, text, advice) : ok(what, text);
}

function* checkReplicas(replicas: Known<readonly ReplicaReport[]>): Generator<Finding> {
  const what = 'ClickHouse replicas';
  if ('hidden' in replicas) {
    yield warning(
      what,
      `cannot see them: ${replicas.hidden}`,
      'on a cluster: grant SELECT ON system.replicas to this user',
    );
    return;
  }
  const readonly = replicas.found.filter(({ isReadonly }) => isReadonly);
  const late = replicas.found.filter(({ delaySeconds }) => delaySeconds > MAX_DELAY_SECONDS);
  const short = replicas.found.filter(({ replicas: all, activeReplicas }) => activeReplicas < all);
  const names = (some: readonly ReplicaReport[]) => some.map(({ table }) => table).join(', ');
  if (readonly.length > 0)
    yield failed(
      what,
      `read-only: ${names(readonly)}`,
      'ClickHouse has lost its Keeper: bring that back, then SYSTEM RESTART REPLICA',
    );
  if (short.length > 0)
    yield warning(what, `not all are active: ${names(short)}`, 'bring the missing hosts back');
  if (late.length > 0)
    yield warning(
      what,
      `more than ${MAX_DELAY_SECONDS} s behind: ${names(late)}`,
      'look at system.replication_queue',
    );
  if (replicas.found.length > 0 && readonly.length + short.length + late.length === 0)
    yield ok(what, `${replicas.found.length} tables, all active`);
}

function* checkMutations(mutations: Known<readonly string[]>): Generator<Finding> {
  if ('hidden' in mutations) return;
  for (const text of mutations.found)
    yield warning(
      'ClickHouse mutation',
      `fails again and again: ${text.slice(0, 300)}`,
      'see system.mutations; KILL MUTATION ends it',
    );
}
