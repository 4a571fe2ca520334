import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { eventually, tcpProxy } from '@weft/testkit';
import { openClickHouse, type ClickHouse } from './clickhouse.ts';
import { openTestStore, type TestStore } from './testing/store.ts';

let store: TestStore;
let db: ClickHouse;

beforeAll(async () => {
  store = await openTestStore();
  db = openClickHouse(store.writer);
}, 60_000);

afterAll(async () => {
  await db?.close();
  await store?.close();
}, 60_000);

it('finds the same extremes of instants however often a query runs', async () => {
  await db.command(
    `CREATE TABLE instants (name String, at DateTime64(6, 'UTC')) ENGINE = MergeTree ORDER BY name`,
  );
  await db.command(`INSERT INTO instants VALUES ('x', '2026-01-01 00:00:00'), ('x', '1900-01-01 00:00:00')`);
  const extremes = () =>
    db.all({ sql: 'SELECT toString(min(at)), toString(max(at)) FROM instants GROUP BY name' }, (row) => [
      row.text(),
      row.text(),
    ]);
  // The server compiles what it has run a few times.
  for (let run = 0; run < 8; run++)
    expect(await extremes()).toEqual([['1900-01-01 00:00:00.000000', '2026-01-01 00:00:00.000000']]);
});

it('asks again where the connection of a read is lost before its answer', async () => {
  const { hostname: host, port } = new URL(store.writer.url);
  const line = await tcpProxy({ target: { host, port: Number(port) } });
  const behind = openClickHouse({ ...store.writer, url: `http://127.0.0.1:${line.port}` });
  try {
    const answer = behind.all({ sql: 'SELECT toInt64(sleep(1) + 7)' }, (row) => row.int64());
    await eventually(() => line.connections === 1);
    line.reset();
    expect(await answer).toEqual([7]);
    await line.cut();
    await expect(behind.all({ sql: 'SELECT toInt64(1)' }, (row) => row.int64())).rejects.toMatchObject({
      code: 'store_unavailable',
    });
  } finally {
    await behind.close();
    await line.stop();
  }
});
