import { describe, expect, it } from '@jest/globals';
import { loadConfig } from '@weft/runtime';
import { z } from 'zod';
import { storeOptions, traceStoreEnv } from './env.ts';

const clusterOf = (env: Record<string, string>) =>
  storeOptions(loadConfig(z.object(traceStoreEnv), env)).cluster;

describe('the cluster of traceStoreEnv', () => {
  it('is none by default', () => {
    expect(clusterOf({})).toBeUndefined();
    expect(
      clusterOf({ WF_CLICKHOUSE_REPLICATED_CLUSTER: 'c', WF_CLICKHOUSE_REPLICATED: 'false' }),
    ).toBeUndefined();
  });

  it('has the defaults of W&B', () => {
    expect(clusterOf({ WF_CLICKHOUSE_REPLICATED: 'true' })).toEqual({
      name: 'weave_cluster',
      keeperPath: '/clickhouse/tables/{db}',
      isDistributed: false,
      insertQuorum: 'auto',
    });
  });

  it('is as it is set', () => {
    const env = {
      WF_CLICKHOUSE_REPLICATED: 'true',
      WF_CLICKHOUSE_REPLICATED_CLUSTER: 'main-1',
      WF_CLICKHOUSE_REPLICATED_PATH: '/weft/{db}/{installation}',
      WF_CLICKHOUSE_USE_DISTRIBUTED_TABLES: 'TRUE',
      WF_CLICKHOUSE_INSERT_QUORUM: '2',
    };
    expect(clusterOf(env)).toEqual({
      name: 'main-1',
      keeperPath: '/weft/{db}/{installation}',
      isDistributed: true,
      insertQuorum: 2,
    });
  });

  it('has no Distributed tables without replicas', () => {
    expect(() => clusterOf({ WF_CLICKHOUSE_USE_DISTRIBUTED_TABLES: 'true' })).toThrow(
      'WF_CLICKHOUSE_USE_DISTRIBUTED_TABLES: is only for replicated tables, set WF_CLICKHOUSE_REPLICATED as well',
    );
  });

  it.each([
    ['WF_CLICKHOUSE_REPLICATED_CLUSTER', "c' OR 1"],
    ['WF_CLICKHOUSE_REPLICATED_CLUSTER', '{cluster}'],
    ['WF_CLICKHOUSE_REPLICATED_PATH', 'clickhouse/tables'],
    ['WF_CLICKHOUSE_REPLICATED_PATH', "/clickhouse/'"],
    ['WF_CLICKHOUSE_CALLS_SHARD_KEY', 'trace_id'],
    ['WF_CLICKHOUSE_INSERT_QUORUM', '0'],
    ['WF_CLICKHOUSE_REPLICATED', '1'],
  ])('is refused with a bad %s', (name, value) => {
    expect(() => clusterOf({ WF_CLICKHOUSE_REPLICATED: 'true', [name]: value })).toThrow(name);
  });
});
