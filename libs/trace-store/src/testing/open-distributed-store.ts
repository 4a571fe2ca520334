import { openClickHouse } from '../clickhouse.ts';
import { migrate } from '../migrate.ts';
import { openTestCluster } from './cluster.ts';
import { clientsOf } from './open-clients.ts';
import type { TestStore } from './open-store.ts';

/** Two shards behind a load balancer instead of one server. A command runs on both, on the tables that hold the rows. */
export async function openTestStore(): Promise<TestStore> {
  const cluster = await openTestCluster();
  await migrate(cluster.writer);
  const db = openClickHouse(cluster.writer);
  const hosts = cluster.hosts.map((host) => openClickHouse(host));
  const clients = clientsOf(cluster);
  return {
    open: clients.open,
    writer: cluster.writer,
    reader: cluster.reader,
    query: (sql) => db.all({ sql }, (row) => row.text()),
    async command(sql) {
      const local = sql.replace(/\b(TABLE|FROM|MERGES) (\w+)/g, '$1 $2_local');
      await Promise.all(hosts.map((host) => host.command(local)));
    },
    async close() {
      await clients.closeAll();
      await Promise.all([db, ...hosts].map((client) => client.close()));
      await cluster.close();
    },
  };
}
