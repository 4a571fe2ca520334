import { describe, expect, it } from '@jest/globals';
import { openClickHouse } from '../clickhouse.ts';
import { openTestCluster, TEST_CLUSTER, type Layout } from '../testing/cluster.ts';
import { checkCluster, problemOf, type Host } from './check-cluster.ts';

const host = (name: string, shardNumber: number, shard: string, replica: string): Host => ({
  name,
  shardNumber,
  isInternallyReplicated: true,
  shard,
  replica,
});
const GOOD = [host('a', 1, '01', 'x'), host('b', 1, '01', 'y'), host('c', 2, '02', 'x')];
const distributed = { isDistributed: true };
const replicated = { isDistributed: false };

describe('the hosts of a cluster', () => {
  it('may be set up well', () => {
    expect(problemOf(GOOD, distributed)).toBeUndefined();
    const alone = [host('a', 1, '', 'x'), host('b', 1, '', 'y')];
    expect(problemOf(alone, replicated)).toBeUndefined();
  });

  it.each([
    ['no replica', [host('a', 1, '01', '')], distributed, /^a does not define the macros/],
    ['no shard', [host('a', 1, '', 'x')], distributed, /^a does not define the macros/],
    [
      'one replica twice',
      [GOOD[0]!, host('b', 1, '01', 'x'), GOOD[2]!],
      distributed,
      /^a and b have the same macro \{replica\}/,
    ],
    ['one replica twice over all hosts', GOOD, replicated, /^a and c have the same macro \{replica\}/],
    [
      'a shard under two names',
      [GOOD[0]!, host('b', 1, '02', 'y'), GOOD[2]!],
      distributed,
      /^a and b are replicas of one shard/,
    ],
    [
      'two shards under one name',
      [GOOD[0]!, GOOD[1]!, host('c', 2, '01', 'z')],
      distributed,
      /^a and c are of different shards/,
    ],
  ])('are refused with %s', (_, hosts, cluster, problem) => {
    expect(problemOf(hosts, cluster)).toMatch(problem);
  });

  it('are refused where every replica would be inserted into', () => {
    const told = (hosts: readonly Host[], is?: boolean) =>
      problemOf(
        hosts.map((one) => ({ ...one, isInternallyReplicated: is })),
        distributed,
      );
    expect(told(GOOD, false)).toMatch(/internal_replication/);
    expect(told(GOOD)).toBeUndefined();
    expect(told([GOOD[0]!, GOOD[2]!], false)).toBeUndefined();
  });

  it.each<[Layout, string | undefined]>([
    ['shards', 'have the same macro {replica}'],
    ['replicas', undefined],
  ])(
    'are asked for what they are: %s',
    async (layout, problemWithoutShards) => {
      const cluster = await openTestCluster(layout);
      const db = openClickHouse(cluster.writer);
      try {
        await checkCluster(db, { ...TEST_CLUSTER, isDistributed: true });
        const checked = checkCluster(db, { ...TEST_CLUSTER, isDistributed: false });
        if (problemWithoutShards === undefined) await checked;
        else await expect(checked).rejects.toThrow(problemWithoutShards);
      } finally {
        await db.close();
        await cluster.close();
      }
    },
    60_000,
  );
});
