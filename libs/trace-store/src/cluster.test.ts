import { describe, expect, it } from '@jest/globals';
import { clusterSettings, deleteRows, type ClusterOptions } from './cluster.ts';

const replicated: ClusterOptions = {
  name: 'c',
  keeperPath: '/t/{db}',
  isDistributed: false,
  insertQuorum: 'auto',
};

describe('a cluster', () => {
  it('is asked for its quorum; one server is not', () => {
    expect(clusterSettings(undefined)).toEqual({});
    expect(clusterSettings(replicated)).toMatchObject({ insert_quorum: 'auto' });
    expect(clusterSettings(replicated)).not.toHaveProperty('distributed_product_mode');
    expect(clusterSettings({ ...replicated, isDistributed: true, insertQuorum: 2 })).toMatchObject({
      insert_quorum: '2',
      insert_distributed_sync: 1,
      distributed_product_mode: 'local',
    });
  });

  it('deletes rows where they lie', () => {
    expect(deleteRows('calls', 'a = 1', undefined)).toBe('DELETE FROM calls WHERE a = 1');
    expect(deleteRows('calls', 'a = 1', replicated)).toBe('DELETE FROM calls WHERE a = 1');
    expect(deleteRows('calls', 'a = 1', { ...replicated, isDistributed: true })).toBe(
      'DELETE FROM calls_local ON CLUSTER `c` WHERE a = 1',
    );
  });
});
