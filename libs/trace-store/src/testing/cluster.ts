import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedClickHouse, type EmbeddedClickHouse } from '@weft/embedded-clickhouse';
import { createLogger } from '@weft/runtime';
import { freePort } from '@weft/testkit';
import { openClickHouse, type StoreOptions } from '../clickhouse.ts';
import type { ClusterOptions } from '../cluster.ts';
import { openFront, type Front } from './front.ts';

/** Real servers, each one a shard, behind a load balancer. */
export interface TestCluster {
  /** Through the load balancer. */
  readonly writer: StoreOptions;
  readonly reader: StoreOptions;
  /** The writer's, straight to a shard. */
  readonly hosts: readonly StoreOptions[];
  readonly engines: readonly EmbeddedClickHouse[];
  readonly front: Front;
  /** Rows of a query on one host whose columns are strings. */
  query(host: number, sql: string): Promise<string[]>;
  close(): Promise<void>;
}

export const TEST_CLUSTER: ClusterOptions = {
  name: 'test',
  keeperPath: '/clickhouse/tables/{db}',
  isDistributed: true,
  insertQuorum: 'auto',
};

/** What the two servers are for their configuration. */
export type Layout = 'shards' | 'replicas';

export async function openTestCluster(layout: Layout = 'shards'): Promise<TestCluster> {
  const root = mkdtempSync(join(tmpdir(), 'trace-cluster-'));
  const tcpPorts = [await freePort(), await freePort()];
  const engines = await Promise.all(
    tcpPorts.map((tcpPort, index) =>
      openEmbeddedClickHouse({
        dataDir: join(root, `host-${index}`),
        logger: createLogger({ name: 'test', level: 'warn' }),
        cluster: { tcpPort, configXml: hostConfig(index, tcpPorts, layout) },
      }),
    ),
  );
  const front = await openFront(engines);
  const options = {
    url: front.url,
    password: '',
    database: engines[0]!.database,
    cluster: TEST_CLUSTER,
  };
  const hosts = engines.map(({ url, database, writer }) => ({ url, database, ...writer }));
  const clients = hosts.map((host) => openClickHouse(host));
  return {
    writer: { ...options, username: engines[0]!.writer.username },
    reader: { ...options, username: engines[0]!.reader.username },
    hosts,
    engines,
    front,
    query: (host, sql) => clients[host]!.all({ sql }, (row) => row.text()),
    async close() {
      await Promise.all(clients.map((client) => client.close()));
      await front.close();
      await Promise.all(engines.map((engine) => engine.stop()));
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** What host `index` of the cluster `name` adds to its configuration: all hosts, by their ports, and which one it is. */
export function hostConfig(
  index: number,
  ports: readonly number[],
  layout: Layout,
  name = TEST_CLUSTER.name,
): string {
  const replicas = ports.map((port) => `<replica><host>127.0.0.1</host><port>${port}</port></replica>`);
  const shards = (layout === 'shards' ? replicas : [replicas.join('')]).map(
    (shard) => `<shard><internal_replication>true</internal_replication>${shard}</shard>`,
  );
  const [shard, replica] = layout === 'shards' ? [index + 1, 1] : [1, index + 1];
  return `<remote_servers><${name}><secret>test</secret>${shards.join('')}</${name}></remote_servers>
<macros><shard>${shard}</shard><replica>r${replica}</replica></macros>`;
}
