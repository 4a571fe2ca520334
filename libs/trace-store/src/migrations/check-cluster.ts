import { AppError } from '@weft/model';
import type { ClickHouse } from '../clickhouse.ts';
import type { ClusterOptions } from '../cluster.ts';

/** A host as the cluster's configuration has it, and what it says of itself. */
export interface Host {
  /** `host:port`. */
  readonly name: string;
  readonly shardNumber: number;
  /** Distributed tables insert into one replica, which tells the others. Undefined = this version does not say. */
  readonly isInternallyReplicated?: boolean;
  /** Its macros; empty = not defined. */
  readonly shard: string;
  readonly replica: string;
}

/**
 * Compares what the hosts say of themselves with the cluster's configuration: tables that are made with wrong macros are
 * replicas of the wrong shard, and nothing ever says so.
 * @throws AppError `store_unavailable` with what to change; vendor errors when a host does not answer.
 */
export async function checkCluster(db: ClickHouse, cluster: ClusterOptions | undefined): Promise<void> {
  if (cluster === undefined) return;
  const names = await db.all(
    { sql: 'SELECT DISTINCT cluster FROM system.clusters ORDER BY cluster' },
    (row) => row.text(),
  );
  if (!names.includes(cluster.name)) {
    const known = names.length === 0 ? 'none' : names.join(', ');
    refuse(
      `ClickHouse knows no cluster "${cluster.name}" (WF_CLICKHOUSE_REPLICATED_CLUSTER); it knows ${known}`,
    );
  }
  const problem = problemOf(await readHosts(db, cluster), cluster);
  if (problem !== undefined) refuse(problem);
}

function refuse(problem: string): never {
  throw new AppError('store_unavailable', `migrating the trace store: ${problem}`);
}

interface ClusterRow {
  readonly host_name: string;
  readonly port: number;
  readonly shard_num: number;
  readonly internal_replication?: number;
}

async function readHosts(db: ClickHouse, cluster: ClusterOptions): Promise<Host[]> {
  // Older versions have fewer columns, so the row is taken as it is.
  const rows = await db.all(
    {
      sql: `SELECT formatRowNoNewline('JSONEachRow', *) FROM system.clusters WHERE cluster = '${cluster.name}' ORDER BY shard_num, replica_num`,
    },
    (row) => JSON.parse(row.text()) as ClusterRow,
  );
  const macro = (name: string) => `anyIf(substitution, macro = '${name}')`;
  // Here every replica counts as a shard, in the order of the configuration.
  const macros = await db.all(
    {
      sql: `SELECT _shard_num, ${macro('shard')}, ${macro('replica')} FROM clusterAllReplicas('${cluster.name}', system.macros) GROUP BY _shard_num`,
    },
    (row) => [row.uint32(), { shard: row.text(), replica: row.text() }] as const,
  );
  const byPlace = new Map(macros);
  return rows.map((row, index) => ({
    name: `${row.host_name}:${row.port}`,
    shardNumber: row.shard_num,
    isInternallyReplicated:
      row.internal_replication === undefined ? undefined : row.internal_replication === 1,
    ...(byPlace.get(index + 1) ?? { shard: '', replica: '' }),
  }));
}

export function problemOf(
  hosts: readonly Host[],
  { isDistributed }: Pick<ClusterOptions, 'isDistributed'>,
): string | undefined {
  const isAlone = ({ shardNumber }: Host) =>
    hosts.filter((other) => other.shardNumber === shardNumber).length === 1;
  if (isDistributed && hosts.some((host) => host.isInternallyReplicated === false && !isAlone(host)))
    return 'the shards of the cluster need <internal_replication>true</internal_replication>: every insert would be stored once per replica';
  const without = hosts.find((host) => host.replica === '' || (isDistributed && host.shard === ''));
  if (without !== undefined)
    return `${without.name} does not define ${isDistributed ? 'the macros {shard} and {replica}' : 'the macro {replica}'}`;
  for (const [index, host] of hosts.entries()) {
    for (const other of hosts.slice(index + 1)) {
      const problem = isDistributed ? shardProblem(host, other) : replicaProblem(host, other);
      if (problem !== undefined) return problem;
    }
  }
  return undefined;
}

function shardProblem(host: Host, other: Host): string | undefined {
  const both = `${host.name} and ${other.name}`;
  const isOneShard = host.shardNumber === other.shardNumber;
  if (isOneShard !== (host.shard === other.shard))
    return `${both} are ${isOneShard ? 'replicas of one shard' : 'of different shards'} and their macro {shard} says otherwise`;
  return isOneShard ? replicaProblem(host, other) : undefined;
}

function replicaProblem(host: Host, other: Host): string | undefined {
  if (host.replica !== other.replica) return undefined;
  return `${host.name} and ${other.name} have the same macro {replica}`;
}
