import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openClickHouse, type StoreOptions } from '../clickhouse.ts';
import { migrate, migrationStatus, renderMigrations } from '../migrate.ts';
import { openTestCluster, type TestCluster } from '../testing/cluster.ts';
import { openFront, type Death, type Front } from '../testing/front.ts';
import { MIGRATIONS } from './list.ts';

const LAST = MIGRATIONS.at(-1)!;

let cluster: TestCluster;
let single: Front;

beforeAll(async () => {
  cluster = await openTestCluster();
  single = await openFront([cluster.engines[0]!]);
}, 60_000);

afterAll(async () => {
  await single?.close();
  await cluster?.close();
}, 60_000);

/** Everything that tells one database from another. */
async function schemaOf({ database }: StoreOptions): Promise<string[][]> {
  const sql = `SELECT replaceAll(concat(name, ' ', create_table_query), '${database}', 'db') FROM system.tables WHERE database = '${database}'
UNION ALL SELECT concat(table, '.', name, ' ', type, ' ', default_expression, ' ', comment, ' ', compression_codec)
FROM system.columns WHERE database = '${database}'`;
  const hosts = await Promise.all([0, 1].map((host) => cluster.query(host, sql)));
  return hosts.map((lines) => lines.sort());
}

const plainOn = (database: string): StoreOptions => ({ ...cluster.hosts[0]!, database });
const clusterOn = (database: string): StoreOptions => ({ ...cluster.writer, database });

describe('migrate', () => {
  it('leaves nothing to do, and says what it does', async () => {
    const options = clusterOn('told');
    expect(await migrationStatus(options)).toMatchObject(
      MIGRATIONS.map(({ number, name }) => ({ number, name, appliedAt: null })),
    );
    const lines: string[] = [];
    const before = cluster.front.changes.length;
    await migrate(options, { onProgress: (line) => lines.push(line) });
    expect(lines[0]).toBe('migration 1 calls: statement 1 of 6');
    expect(lines.at(-1)).toBe(`migration ${LAST.number} ${LAST.name}: done`);
    expect(cluster.front.changes.slice(before)).toEqual(renderMigrations(options));
    for (const { appliedAt, pendingStatements } of await migrationStatus(options)) {
      expect(Math.abs(Date.parse(appliedAt!) - Date.now())).toBeLessThan(600_000);
      expect(pendingStatements).toEqual([]);
    }
    await migrate(options, { onProgress: (line) => lines.push(line) });
    expect(lines.at(-1)).toBe('nothing to do');
    expect(cluster.front.changes.length).toBe(before + renderMigrations(options).length);
  });

  it('tells what is pending, statement by statement', async () => {
    const options = clusterOn('half');
    const statements = renderMigrations(options);
    const first = statements.findIndex((sql) => sql.startsWith('INSERT')) + 1;
    cluster.front.dieAt(statements[first + 3]!, 'before');
    await expect(migrate(options)).rejects.toMatchObject({ code: 'store_unavailable' });
    cluster.front.revive();
    const end = statements.findIndex((sql, i) => i >= first && sql.startsWith('INSERT'));
    const status = await migrationStatus(options);
    expect(status.slice(0, 2)).toEqual([
      { number: 1, name: 'calls', appliedAt: expect.any(String), pendingStatements: [] },
      { number: 2, name: 'objects', appliedAt: null, pendingStatements: statements.slice(first, end) },
    ]);
    expect(status.slice(2).map(({ appliedAt }) => appliedAt)).toEqual(MIGRATIONS.slice(2).map(() => null));
  });

  describe.each(['before', 'halfway'] as const)('cut short at any statement: %s', (death: Death) => {
    it.each([
      ['a cluster', () => cluster.front, clusterOn],
      ['one server', () => single, (database: string) => ({ ...plainOn(database), url: single.url })],
    ])(
      'is finished by the next run on %s',
      async (layout, frontOf, optionsOf) => {
        const front = frontOf();
        const name = `cut_${death}_${layout.replace(' ', '_')}`;
        const undisturbed = optionsOf(`${name}_whole`);
        await migrate(undisturbed);
        const schema = await schemaOf(undisturbed);
        expect(schema[0]!.length).toBeGreaterThan(70);
        const options = optionsOf(name);
        for (const statement of renderMigrations(options)) {
          front.dieAt(statement, death);
          await expect(migrate(options)).rejects.toMatchObject({ code: 'store_unavailable' });
          expect(front.changes.at(-1)).toBe(statement);
          front.revive();
        }
        await migrate(options);
        expect(await schemaOf(options)).toEqual(schema);
        const status = await migrationStatus(options);
        expect(status.map(({ appliedAt }) => appliedAt !== null)).toEqual(MIGRATIONS.map(() => true));
      },
      120_000,
    );
  });

  it('is done once by runners that start at the same time', async () => {
    const options = clusterOn('race');
    const before = cluster.front.changes.length;
    await Promise.all([migrate(options), migrate(options), migrate(options)]);
    const records = cluster.front.changes.slice(before).filter((sql) => sql.startsWith('INSERT'));
    expect(records).toHaveLength(MIGRATIONS.length);
  });
});

describe('migrate says what is wrong', () => {
  it('with the name of the cluster', async () => {
    const options = clusterOn('wrong');
    const other = { ...options, cluster: { ...options.cluster!, name: 'weave_cluster' } };
    await expect(migrate(other)).rejects.toThrow(
      /knows no cluster "weave_cluster" \(WF_CLICKHOUSE_REPLICATED_CLUSTER\); it knows .*test/,
    );
  });

  it('with hosts that run nothing ON CLUSTER', async () => {
    const straight = { ...plainOn('straight'), cluster: cluster.writer.cluster };
    await expect(migrate(straight)).rejects.toThrow(
      'migrating the trace store: ClickHouse runs nothing ON CLUSTER (distributed_ddl and Keeper are not configured). ClickHouse: ',
    );
  });

  it('with the rights of the user', async () => {
    const { username, password } = cluster.engines[0]!.reader;
    await expect(migrate({ ...plainOn('rights'), username, password })).rejects.toThrow(
      `the user "${username}" lacks a right on the database rights. ClickHouse: `,
    );
  });

  it('with the password', async () => {
    await expect(migrate({ ...plainOn('rights'), password: 'wrong' })).rejects.toThrow(
      'refuses the user "weft_writer" (WF_CLICKHOUSE_USER, WF_CLICKHOUSE_PASS)',
    );
  });

  it('with a database that a newer version has migrated, and tells its migrations', async () => {
    const options = plainOn('newer');
    await migrate(options);
    const db = openClickHouse(options);
    const next = LAST.number + 1;
    await db.command(`INSERT INTO migrations VALUES (${next}, 'from the future', 0)`);
    await db.close();
    await expect(migrate(options)).rejects.toThrow(
      `the database newer is at migration ${next} and this version knows ${LAST.number}: run the version that migrated it, or a newer one`,
    );
    expect((await migrationStatus(options)).at(-1)).toEqual({
      number: next,
      name: 'from the future',
      appliedAt: '1970-01-01T00:00:00Z',
      pendingStatements: [],
    });
  });

  it('with a host that is away', async () => {
    await cluster.engines[1]!.stop();
    await expect(migrate({ ...plainOn('away'), cluster: cluster.writer.cluster })).rejects.toThrow(
      'a host of the cluster does not answer; all of them have to while migrations run. ClickHouse: ',
    );
  });
});
