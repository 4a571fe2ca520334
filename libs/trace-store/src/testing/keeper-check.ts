import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedClickHouse } from '@weft/embedded-clickhouse';
import { createLogger } from '@weft/runtime';
import { freePort } from '@weft/testkit';
import { openClickHouse } from '../clickhouse.ts';
import type { ClusterOptions } from '../cluster.ts';
import { renderMigrations } from '../migrate.ts';
import { hostConfig } from './cluster.ts';

/**
 * `npx tsx libs/trace-store/src/testing/keeper-check.ts <host:port of a ZooKeeper or Keeper>`: makes the replicated tables
 * on two engines and compares what they agreed on. The engine does not replicate, so nothing is inserted, and it has no
 * ON CLUSTER, so each statement is run on each host.
 */
const [keeperHost, keeperPort] = (process.argv[2] ?? '').split(':');
if (keeperPort === undefined) throw new Error('usage: keeper-check.ts <host:port>');
const keeper = `<zookeeper><node><host>${keeperHost}</host><port>${keeperPort}</port></node></zookeeper>`;

interface Tables {
  readonly [table: string]: { readonly path: string; readonly replica: string; readonly total: number };
}

for (const isDistributed of [false, true]) {
  const root = mkdtempSync(join(tmpdir(), 'keeper-check-'));
  const cluster: ClusterOptions = {
    name: 'check',
    keeperPath: `/weft-check-${Date.now()}/{db}`,
    isDistributed,
    insertQuorum: 'auto',
  };
  const layout = isDistributed ? 'shards' : 'replicas';
  const ports = [await freePort(), await freePort()];
  const engines = await Promise.all(
    ports.map((tcpPort, index) =>
      openEmbeddedClickHouse({
        dataDir: join(root, String(index)),
        logger: createLogger({ name: 'keeper-check', level: 'silent' }),
        cluster: { tcpPort, configXml: hostConfig(index, ports, layout, cluster.name) + keeper },
      }),
    ),
  );
  const hosts = engines.map(({ url, writer }) => openClickHouse({ url, database: 'default', ...writer }));
  try {
    const statements = renderMigrations({ database: 'weft', cluster })
      .filter((sql) => sql.startsWith('CREATE'))
      .map((sql) => sql.replace(' ON CLUSTER `check`', ''));
    // Twice: a migration that was cut short is repeated.
    for (const sql of [...statements, ...statements]) for (const host of hosts) await host.command(sql);
    const tables: Tables[] = [];
    for (const host of hosts) {
      const rows = await host.all(
        {
          sql: `SELECT table, zookeeper_path, replica_name, total_replicas FROM system.replicas WHERE database = 'weft'`,
        },
        (row) => [row.text(), { path: row.text(), replica: row.text(), total: row.uint32() }] as const,
      );
      tables.push(Object.fromEntries(rows));
    }
    console.log(isDistributed ? 'two shards of one replica:' : 'one shard of two replicas:');
    console.table(tables[0]);
    console.table(tables[1]);
    const other = statements
      .find((sql) => sql.includes('calls_superseded'))!
      .replace(/weft\.\w+/, 'weft.other')
      .replace("id String COMMENT 'The call.',", '')
      .replace('{replica}', 'third');
    console.log('other columns at the same path:', await refusal(() => hosts[0]!.command(other)));
    const twin = statements
      .find((sql) => sql.includes('calls_superseded'))!
      .replace(/weft\.\w+/, 'weft.other');
    console.log('the same replica twice:', await refusal(() => hosts[0]!.command(twin)));
  } finally {
    await Promise.all(hosts.map((host) => host.close()));
    await Promise.all(engines.map((engine) => engine.stop()));
    rmSync(root, { recursive: true, force: true });
  }
}

async function refusal(work: () => Promise<void>): Promise<string> {
  return work().then(
    () => 'ACCEPTED',
    (error: unknown) =>
      `refused: ${(error as Error & { code?: string }).code} ${(error as Error).message.slice(0, 120)}`,
  );
}
