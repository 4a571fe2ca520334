import type { ClickHouseSettings } from '@clickhouse/client';

/** Several ClickHouse servers as one store (ADR 008). Without it there is one server. */
export interface ClusterOptions {
  /** Of `remote_servers` on every host; DDL runs ON CLUSTER with it. */
  readonly name: string;
  /** Where replicated tables keep their state in Keeper; `{db}` is the database. */
  readonly keeperPath: string;
  /**
   * True: each table is `<name>_local` on every host plus a Distributed table of the plain name, and a project lives on one
   * shard. False: every host holds all rows.
   */
  readonly isDistributed: boolean;
  /** Replicas that hold an insert before it is acknowledged; `auto` = more than half of them. */
  readonly insertQuorum: number | 'auto';
}

/** What every statement on a cluster is sent with. */
export function clusterSettings(cluster: ClusterOptions | undefined): ClickHouseSettings {
  if (cluster === undefined) return {};
  return {
    insert_quorum: String(cluster.insertQuorum),
    // Milliseconds; the answer has to come before the client gives up.
    insert_quorum_timeout: 60_000,
    // An answer without a shard, or a statement without a host, is none.
    skip_unavailable_shards: 0,
    distributed_ddl_output_mode: 'throw',
    ...(cluster.isDistributed ? DISTRIBUTED_SETTINGS : {}),
  };
}

const DISTRIBUTED_SETTINGS: ClickHouseSettings = {
  // Acknowledged means stored on the shard, not queued on the host that took the insert.
  insert_distributed_sync: 1,
  // All that a query of one project joins lies on its shard: subqueries run there, on the local tables.
  distributed_product_mode: 'local',
  optimize_skip_unused_shards: 1,
  // Reads of a shard go where its inserts went, while that replica lives: others may not have the newest rows yet.
  load_balancing: 'in_order',
  prefer_localhost_replica: 0,
};

/** Where the rows of a table lie on a host. */
export function storageName(table: string, cluster: ClusterOptions | undefined): string {
  return cluster?.isDistributed === true ? `${table}_local` : table;
}

/** Of a statement that each host has to run. Empty without a cluster. */
export function onCluster(cluster: ClusterOptions | undefined): string {
  return cluster === undefined ? '' : ` ON CLUSTER \`${cluster.name}\``;
}

/**
 * A lightweight delete of the rows of a table that match. A Distributed table takes none, so each shard deletes its own;
 * replicas of one shard tell each other.
 */
export function deleteRows(table: string, where: string, cluster: ClusterOptions | undefined): string {
  const everywhere = cluster?.isDistributed === true ? onCluster(cluster) : '';
  return `DELETE FROM ${storageName(table, cluster)}${everywhere} WHERE ${where}`;
}
