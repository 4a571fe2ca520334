import { request } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openClickHouse, type ClickHouse } from './clickhouse.ts';
import { insertBefore, MAX_TAKE_WITHIN_MS, ServerClock, TAKE_WITHIN_MS } from './deadline.ts';
import { column, encodeBlock } from './native.ts';
import { openTestStore, type TestStore } from './testing/store.ts';

let store: TestStore;
let db: ClickHouse;

beforeAll(async () => {
  store = await openTestStore();
  db = openClickHouse(store.writer);
  await store.command('CREATE TABLE late (text String) ENGINE = MergeTree ORDER BY text');
}, 60_000);

afterAll(async () => {
  await db?.close();
  await store?.close();
}, 60_000);

const COLUMNS = [column.text<string>('text', (text) => text)];
const serverSeconds = async () => Number((await store.query('SELECT toString(toUnixTimestamp(now()))'))[0]);
const stored = async () => Number((await store.query('SELECT toString(count()) FROM late'))[0]);

/** Sends the second half of the body once `until` resolves. */
async function insertInHalves(sql: string, body: Buffer, until: () => Promise<void>): Promise<string> {
  const { url, username, password, database } = store.writer;
  const params = new URLSearchParams({ query: sql, user: username, password, database });
  const sending = request(`${url}/?${params}`, { method: 'POST' });
  const answer = new Promise<string>((resolve, reject) => {
    sending.on('error', reject);
    sending.on('response', (response) => {
      response.resume();
      response.on('end', () => resolve(String(response.headers['x-clickhouse-exception-code'] ?? 'stored')));
    });
  });
  sending.write(body.subarray(0, body.length >> 1));
  await until();
  sending.end(body.subarray(body.length >> 1));
  return answer;
}

describe('an insert with a deadline', () => {
  it.each([
    // The server reads so much before it starts a query.
    ['within 256 KiB', 20],
    ['of more', 5000],
  ])('is refused when its sender stopped in the middle: a body %s', async (_, count) => {
    const body = await encodeBlock(
      COLUMNS,
      Array.from({ length: count }, (_, i) => `${i}`.padStart(200, 'x')),
    );
    const deadline = (await serverSeconds()) + 1;
    const code = await insertInHalves(insertBefore(deadline, 'late', COLUMNS), body, async () => {
      while ((await serverSeconds()) <= deadline) await wait(100);
    });
    expect(code).toBe('395');
    expect(await stored()).toBe(0);
  });

  it('is stored as one part when it comes in time', async () => {
    const rows = Array.from({ length: 30_000 }, (_, i) => `${i}`);
    await db.guardedBy({ isHeld: () => true }).insert('late', COLUMNS, rows, 1 << 20);
    expect(await stored()).toBe(30_000);
    expect(
      await store.query("SELECT toString(count()) FROM system.parts WHERE active AND table = 'late'"),
    ).toEqual(['1']);
  });
});

describe('ServerClock', () => {
  it('counts from the time of the server, which it asks for once, and gives a slow one longer', async () => {
    let asked = 0;
    const clock = new ServerClock(() => Promise.resolve((asked++, 1_000_000)));
    await clock.measure();
    await clock.measure();
    expect(asked).toBe(1);
    const within = (ms: number): void => {
      expect(clock.deadline()).toBeGreaterThanOrEqual((1_000_000 + ms) / 1000);
      expect(clock.deadline()).toBeLessThan((1_000_000 + ms) / 1000 + 4);
    };
    within(TAKE_WITHIN_MS);
    clock.cameTooLate();
    await clock.measure();
    expect(asked).toBe(2);
    within(2 * TAKE_WITHIN_MS);
    for (let i = 0; i < 9; i++) clock.cameTooLate();
    await clock.measure();
    within(MAX_TAKE_WITHIN_MS);
  });
});
