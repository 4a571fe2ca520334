import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AppError, newId } from '@weft/model';
import { loadConfig } from '@weft/runtime';
import { z } from 'zod';
import { openClickHouse } from './clickhouse.ts';
import { storeOptions, traceStoreEnv } from './env.ts';
import { insertRows } from './insert.ts';
import { migrate } from './migrate.ts';
import { MIGRATIONS } from './migrations/list.ts';
import { column } from './native.ts';
import { openTraceReader } from './reader.ts';
import { batch, completeOf, json, openTestStore, T0, type TestStore } from './testing/store.ts';
import { openTraceWriter } from './writer.ts';

let store: TestStore;

beforeAll(async () => {
  store = await openTestStore();
}, 60_000);

afterAll(async () => {
  await store?.close();
}, 60_000);

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'no error',
    (error: unknown) => (error instanceof AppError ? error.code : error),
  );

describe('migrate', () => {
  it('may run twice, also at once, and describes every column', async () => {
    const options = { ...store.writer, database: 'twice' };
    await Promise.all([migrate(options), migrate(options)]);
    await migrate(options);
    expect(await store.query('SELECT toString(number) FROM twice.migrations ORDER BY number')).toEqual(
      MIGRATIONS.map(({ number }) => String(number)),
    );
    expect(
      await store.query(
        "SELECT name FROM system.columns WHERE database = 'twice' AND comment = '' AND table != 'migration_lock'",
      ),
    ).toEqual([]);
    expect(
      await store.query(
        "SELECT name FROM system.tables WHERE database = 'twice' AND name = 'migration_lock'",
      ),
    ).toEqual([]);
  });

  it('refuses a database that is newer', async () => {
    const options = { ...store.writer, database: 'newer' };
    await migrate(options);
    await store.command("INSERT INTO newer.migrations (number, name) VALUES (99, 'to come')");
    expect(await codeOf(migrate(options))).toBe('store_unavailable');
  });
});

describe('the store', () => {
  it('says so when it is away', async () => {
    const nowhere = { ...store.writer, url: 'http://127.0.0.1:9' };
    const [writer, reader] = [openTraceWriter(nowhere), openTraceReader(nowhere)];
    expect(await codeOf(writer.write(batch({ calls: [completeOf('e/p', newId())] })))).toBe(
      'store_unavailable',
    );
    expect(await codeOf(reader.ping())).toBe('store_unavailable');
    await writer.close();
    await reader.close();
  });

  it('takes a wrong password for its own trouble, not for that of the data', async () => {
    const writer = openTraceWriter({ ...store.writer, password: 'wrong' });
    expect(
      await codeOf(
        writer.write(batch({ tables: [{ projectId: 'e/p', digest: 'd', rowDigests: [], createdAtUs: T0 }] })),
      ),
    ).toBe('store_unavailable');
    await writer.close();
  });

  it('stops reading when the reader stops', async () => {
    const writer = openTraceWriter(store.writer);
    const calls = Array.from({ length: 3000 }, (_, i) =>
      completeOf('slow/p', newId(), { startedAtUs: T0 + i, inputs: json(`{"i":"${'x'.repeat(2000)}${i}"}`) }),
    );
    await writer.write(batch({ calls }));
    await writer.close();
    const reader = openTraceReader(store.reader);
    for await (const page of reader.streamCalls({
      projectId: 'slow/p',
      filter: {},
      sort: [],
      payloads: ['inputs'],
    })) {
      expect(page.length).toBeGreaterThan(0);
      break;
    }
    await reader.ping();
    await reader.close();
  });

  it('finds the rows that can never be stored and keeps their neighbours', async () => {
    await store.command(
      "CREATE TABLE picky (word Enum8('good' = 1)) ENGINE = MergeTree ORDER BY word SETTINGS index_granularity = 8192",
    );
    const db = openClickHouse(store.writer);
    const columns = [column.text<number>('word', (n) => (n % 10 === 7 ? 'bad' : 'good'))];
    const table = { name: 'picky', columns, estimateBytes: () => 8 };
    const rows = Array.from({ length: 40 }, (_, i) => i);
    const outcome = await insertRows(db, table, rows).catch((error: AppError) => error.cause);
    await db.close();
    expect(outcome).toMatchObject([{ index: 7 }, { index: 17 }, { index: 27 }, { index: 37 }]);
    expect(await store.query('SELECT toString(count()) FROM picky')).toEqual(['36']);
  });
});

describe('traceStoreEnv', () => {
  const options = (env: Record<string, string>) => storeOptions(loadConfig(z.object(traceStoreEnv), env));

  it('has the defaults of W&B', () => {
    expect(options({})).toEqual({
      url: 'http://localhost:8123',
      username: 'default',
      password: '',
      database: 'default',
      maxMemoryUsageBytes: 16 * 1024 ** 3,
      maxExecutionTimeMs: 60_000,
    });
  });

  it('speaks TLS exactly on port 8443', () => {
    expect(options({ WF_CLICKHOUSE_HOST: 'ch', WF_CLICKHOUSE_PORT: '8443' }).url).toBe('https://ch:8443');
  });
});
