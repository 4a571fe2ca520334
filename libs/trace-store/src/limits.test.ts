import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openClickHouse, type StoreOptions } from './clickhouse.ts';
import { openTestStore, type TestStore } from './testing/store.ts';

let store: TestStore;

beforeAll(async () => {
  store = await openTestStore();
}, 60_000);

afterAll(async () => {
  await store?.close();
}, 60_000);

/** Rows of 1000 letters and a zero. */
async function read(limits: Partial<StoreOptions>, sql: string): Promise<{ rows: number; error: unknown }> {
  const db = openClickHouse({ ...store.reader, ...limits });
  let rows = 0;
  try {
    for await (const page of db.stream({ sql }, (row) => [row.text().length, row.uint8()])) {
      for (const row of page) expect(row).toEqual([1000, 0]);
      rows += page.length;
    }
    return { rows, error: undefined };
  } catch (error) {
    return { rows, error };
  } finally {
    await db.close();
  }
}

const ROW = "repeat('x', 1000), toUInt8(0)";
const tooSlow = {
  code: 'query_timeout',
  message: expect.stringContaining('WF_CLICKHOUSE_MAX_EXECUTION_TIME'),
};
const tooLarge = {
  code: 'query_too_expensive',
  message: expect.stringContaining('WF_CLICKHOUSE_MAX_MEMORY_USAGE'),
};

describe('a query that exceeds its limits says which', () => {
  it('time, before the first row', async () => {
    const sql = `SELECT ${ROW} FROM (SELECT max(cityHash64(number)) FROM numbers(1000000000000))`;
    expect(await read({ maxExecutionTimeMs: 300 }, sql)).toMatchObject({ rows: 0, error: tooSlow });
  });

  it('time, after rows: all that came are rows, then the error', async () => {
    const sql = `SELECT repeat('x', 1000), sleepEachRow(0.002) FROM numbers(100000) SETTINGS max_block_size = 100`;
    const { rows, error } = await read({ maxExecutionTimeMs: 1000 }, sql);
    expect(rows).toBeGreaterThan(0);
    expect(rows).toBeLessThan(100_000);
    expect(error).toMatchObject(tooSlow);
  });

  it('memory, before the first row', async () => {
    const sql = `SELECT ${ROW} FROM numbers(10000000) ORDER BY cityHash64(number)`;
    expect(await read({ maxMemoryUsageBytes: 5_000_000 }, sql)).toMatchObject({ rows: 0, error: tooLarge });
  });

  it('memory, after rows: all that came are rows, then the error', async () => {
    const sql = `SELECT ${ROW} FROM numbers(3000) UNION ALL
SELECT ${ROW} FROM (SELECT groupArray(number) FROM numbers(100000000)) SETTINGS max_threads = 1, max_block_size = 100`;
    const { rows, error } = await read({ maxMemoryUsageBytes: 30_000_000 }, sql);
    expect(rows).toBeGreaterThan(0);
    expect(error).toMatchObject(tooLarge);
  });
});
