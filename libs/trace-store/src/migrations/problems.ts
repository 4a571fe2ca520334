import { ClickHouseError } from '@clickhouse/client';
import { AppError } from '@weft/model';
import type { StoreOptions } from '../clickhouse.ts';
import { reasonOf, toAppError } from '../errors.ts';

/** What an operator can do something about, by ClickHouse's code. */
const PROBLEMS = new Map<number, (options: StoreOptions) => string>([
  [497, ({ username, database }) => `the user "${username}" lacks a right on the database ${database}`],
  [
    516,
    ({ username }) => `ClickHouse refuses the user "${username}" (WF_CLICKHOUSE_USER, WF_CLICKHOUSE_PASS)`,
  ],
  [170, unknownCluster],
  [701, unknownCluster],
  [139, () => 'a host of the cluster lacks configuration (Keeper, distributed_ddl, or macros)'],
  [225, () => 'a host of the cluster has no Keeper or ZooKeeper configured'],
  [392, () => 'ClickHouse runs nothing ON CLUSTER (distributed_ddl and Keeper are not configured)'],
  [999, () => 'ClickHouse cannot reach its Keeper or ZooKeeper'],
  [
    159,
    () => 'a host of the cluster did not finish in time; it will when it is back: run the migration again',
  ],
  [210, away],
  [279, away],
  [122, () => 'a replica has the table with other columns'],
  [253, () => 'two hosts call themselves by the same {replica} (or the host left its old replica in Keeper)'],
]);

function away(): string {
  return 'a host of the cluster does not answer; all of them have to while migrations run';
}

function unknownCluster({ cluster }: StoreOptions): string {
  return `ClickHouse knows no cluster "${cluster?.name}" (WF_CLICKHOUSE_REPLICATED_CLUSTER)`;
}

const UNKNOWN_TABLE = 60;
const UNKNOWN_DATABASE = 81;

/** True when a table, or the database, is not there. */
export function isMissing(error: unknown): boolean {
  const code = codeOf(error);
  return code === UNKNOWN_TABLE || code === UNKNOWN_DATABASE;
}

/** The public form of a failed migration: a sentence for the operator, then ClickHouse's own words. */
export function explain(error: unknown, options: StoreOptions): AppError {
  const code = codeOf(error);
  if (code === undefined) return toAppError(error, 'writing', 'migrating the trace store');
  const cause = vendorError(error);
  const problem = PROBLEMS.get(code)?.(options) ?? 'a statement failed';
  return new AppError(
    'store_unavailable',
    `migrating the trace store: ${problem}. ClickHouse: ${reasonOf(cause)}`,
    { cause },
  );
}

function codeOf(error: unknown): number | undefined {
  const vendor = vendorError(error);
  return vendor instanceof ClickHouseError ? Number(vendor.code) : undefined;
}

/** Reads come with an AppError around it. */
function vendorError(error: unknown): unknown {
  return error instanceof AppError ? error.cause : error;
}
