import { ConfigError, envBoolean, envInt, envSecret, envString, type Secret } from '@weft/runtime';
import { z } from 'zod';
import type { StoreOptions } from './clickhouse.ts';
import type { ClusterOptions } from './cluster.ts';

const GIB = 1024 ** 3;

/** Names, defaults and meanings are W&B's. */
export const traceStoreEnv = {
  WF_CLICKHOUSE_HOST: envString({ default: 'localhost' }),
  /** HTTP port; TLS is on exactly when it is 8443. */
  WF_CLICKHOUSE_PORT: envInt({ default: 8123, min: 1, max: 65535 }),
  WF_CLICKHOUSE_USER: envString({ default: 'default' }),
  WF_CLICKHOUSE_PASS: envSecret({ default: '' }),
  WF_CLICKHOUSE_DATABASE: envString({ default: 'default' }),
  /** Bytes per query. */
  WF_CLICKHOUSE_MAX_MEMORY_USAGE: envInt({ default: 16 * GIB }),
  /** Seconds per query; 0 = the server's own limit. */
  WF_CLICKHOUSE_MAX_EXECUTION_TIME: envInt({ default: 60 }),
  /** Tables are replicated over the hosts of a cluster (docs/clickhouse-cluster.md). */
  WF_CLICKHOUSE_REPLICATED: envBoolean(false),
  /** Where they keep their state in Keeper; `{db}` is the database. */
  WF_CLICKHOUSE_REPLICATED_PATH: matching(
    /^(\/[\w.{}-]+)+$/,
    'must be a path such as /clickhouse/tables/{db}',
  ).default('/clickhouse/tables/{db}'),
  WF_CLICKHOUSE_REPLICATED_CLUSTER: matching(/^\w[\w.-]*$/, 'must be the name of a cluster').default(
    'weave_cluster',
  ),
  /** Projects are spread over the shards of the cluster. Only together with WF_CLICKHOUSE_REPLICATED. */
  WF_CLICKHOUSE_USE_DISTRIBUTED_TABLES: envBoolean(false),
  /** Upstream knows `trace_id` and `id` too; what a query needs must lie on one shard here (ADR 008). */
  WF_CLICKHOUSE_CALLS_SHARD_KEY: matching(/^project_id$/, 'must be project_id').default('project_id'),
  /** Replicas that hold an insert before it is acknowledged: a number, or `auto` = more than half of them. Ours, not W&B's. */
  WF_CLICKHOUSE_INSERT_QUORUM: matching(/^(auto|[1-9]\d?)$/, 'must be "auto" or from 1 to 99').default(
    'auto',
  ),
};

function matching(pattern: RegExp, message: string): z.ZodString {
  return z.string().regex(pattern, message);
}

export interface TraceStoreEnv {
  readonly WF_CLICKHOUSE_HOST: string;
  readonly WF_CLICKHOUSE_PORT: number;
  readonly WF_CLICKHOUSE_USER: string;
  readonly WF_CLICKHOUSE_PASS: Secret;
  readonly WF_CLICKHOUSE_DATABASE: string;
  readonly WF_CLICKHOUSE_MAX_MEMORY_USAGE: number;
  readonly WF_CLICKHOUSE_MAX_EXECUTION_TIME: number;
  readonly WF_CLICKHOUSE_REPLICATED: boolean;
  readonly WF_CLICKHOUSE_REPLICATED_PATH: string;
  readonly WF_CLICKHOUSE_REPLICATED_CLUSTER: string;
  readonly WF_CLICKHOUSE_USE_DISTRIBUTED_TABLES: boolean;
  readonly WF_CLICKHOUSE_INSERT_QUORUM: string;
}

/** @throws ConfigError for values that do not go together. */
export function storeOptions(env: TraceStoreEnv): StoreOptions {
  const port = env.WF_CLICKHOUSE_PORT;
  return {
    url: `${port === 8443 ? 'https' : 'http'}://${env.WF_CLICKHOUSE_HOST}:${port}`,
    username: env.WF_CLICKHOUSE_USER,
    password: env.WF_CLICKHOUSE_PASS.reveal(),
    database: env.WF_CLICKHOUSE_DATABASE,
    maxMemoryUsageBytes: env.WF_CLICKHOUSE_MAX_MEMORY_USAGE,
    maxExecutionTimeMs: env.WF_CLICKHOUSE_MAX_EXECUTION_TIME * 1000,
    cluster: clusterOptions(env),
  };
}

function clusterOptions(env: TraceStoreEnv): ClusterOptions | undefined {
  if (!env.WF_CLICKHOUSE_REPLICATED) {
    if (!env.WF_CLICKHOUSE_USE_DISTRIBUTED_TABLES) return undefined;
    const names = ['WF_CLICKHOUSE_USE_DISTRIBUTED_TABLES', 'WF_CLICKHOUSE_REPLICATED'];
    throw new ConfigError([`${names[0]}: is only for replicated tables, set ${names[1]} as well`], names);
  }
  const quorum = env.WF_CLICKHOUSE_INSERT_QUORUM;
  return {
    name: env.WF_CLICKHOUSE_REPLICATED_CLUSTER,
    keeperPath: env.WF_CLICKHOUSE_REPLICATED_PATH,
    isDistributed: env.WF_CLICKHOUSE_USE_DISTRIBUTED_TABLES,
    insertQuorum: quorum === 'auto' ? quorum : Number(quorum),
  };
}
