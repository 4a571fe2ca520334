import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId, type CallPart } from '@weft/model';
import { clickHouseFaultProxy, type ClickHouseFaultProxy } from '@weft/testkit';
import type { StoreOptions } from './clickhouse.ts';
import { migrate } from './migrate.ts';
import { openTraceReader } from './reader.ts';
import { feedbackRow } from './testing/feedback.ts';
import { batch, completeOf, json, openTestStore, T0, type TestStore } from './testing/store.ts';
import type { TraceReader, TraceWriter } from './trace-store.ts';
import { openTraceWriter } from './writer.ts';

/** Every line of the table of error classes, provoked on the real engine where it can be, else by what stands before it. */
let store: TestStore;
let options: StoreOptions;
let writer: TraceWriter;
let reader: TraceReader;
let proxy: ClickHouseFaultProxy;
let proxied: TraceWriter;
let projects = 0;
const newProject = () => `e/f${++projects}`;

beforeAll(async () => {
  store = await openTestStore();
  options = store.writer;
  writer = openTraceWriter(options);
  reader = openTraceReader(store.reader);
  proxy = await clickHouseFaultProxy(options.url);
  proxied = openTraceWriter({ ...options, url: proxy.url });
}, 60_000);

afterAll(async () => {
  await proxied?.close();
  await proxy?.stop();
  await reader?.close();
  await writer?.close();
  await store?.close();
}, 60_000);

const guard = { isHeld: () => true };
const count = async (projectId: string) => (await reader.countCalls({ projectId, filter: {} })).count;
const rows = async (table: string, projectId: string) =>
  Number((await store.query(`SELECT toString(count()) FROM ${table} WHERE project_id = '${projectId}'`))[0]);
const storeCalls = (calls: readonly CallPart[], to = writer) => to.write(batch({ calls }), guard);
const unavailable = (message: string) => ({
  code: 'store_unavailable',
  message: expect.stringContaining(message),
});

const feedback = (projectId: string, feedbackType: string) =>
  feedbackRow(projectId, {
    id: newId(),
    createdAtUs: T0,
    weaveRef: 'ref',
    feedbackType,
    payload: json('{}'),
  });

/** A database of its own, for what concerns all of its tables. */
async function newDatabase(name: string): Promise<StoreOptions> {
  const own = { ...options, database: name };
  await migrate(own);
  return own;
}

describe('what passes by itself', () => {
  it.each([
    [159, 'TIMEOUT_EXCEEDED', ''],
    [202, 'TOO_MANY_SIMULTANEOUS_QUERIES', ''],
    [203, 'NO_FREE_CONNECTION', ''],
    [204, 'CANNOT_FSYNC', ''],
    [209, 'SOCKET_TIMEOUT', ''],
    [210, 'NETWORK_ERROR', ''],
    [242, 'TABLE_IS_READ_ONLY', ''],
    [243, 'NOT_ENOUGH_SPACE', ''],
    [252, 'TOO_MANY_PARTS', 'Too many parts (300 with average size of 1 MiB)'],
    [241, 'MEMORY_LIMIT_EXCEEDED', '(total) memory limit exceeded'],
    [241, 'MEMORY_LIMIT_EXCEEDED', 'User memory limit exceeded'],
    [285, 'TOO_FEW_LIVE_REPLICAS', ''],
    [286, 'UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE', ''],
    [745, 'SERVER_OVERLOADED', ''],
    [999, 'KEEPER_EXCEPTION', ''],
  ])('%d %s %s: nothing is refused, the batch comes again', async (code, name, message) => {
    const p = newProject();
    const calls = [completeOf(p, newId()), completeOf(p, newId())];
    const fault = proxy.inject({
      matches: (sql) => sql.startsWith('INSERT INTO calls '),
      times: 1,
      answer: { code, name, message },
    });
    await expect(storeCalls(calls, proxied)).rejects.toMatchObject(unavailable(`code ${code}`));
    expect(fault.hits).toBe(1);
    expect(await storeCalls(calls, proxied)).toEqual([]);
    expect(await count(p)).toBe(2);
  });

  it('252, too many parts of a table whose merges do not keep up', async () => {
    const own = await newDatabase('parts');
    const to = openTraceWriter(own);
    await store.command('SYSTEM STOP MERGES parts.calls');
    await store.command(
      'ALTER TABLE parts.calls MODIFY SETTING parts_to_throw_insert = 2, parts_to_delay_insert = 0',
    );
    const calls = () => [completeOf('e/p', newId())];
    await storeCalls(calls(), to);
    await storeCalls(calls(), to);
    const waiting = calls();
    await expect(storeCalls(waiting, to)).rejects.toMatchObject(unavailable('code 252'));
    await store.command('ALTER TABLE parts.calls RESET SETTING parts_to_throw_insert');
    expect(await storeCalls(waiting, to)).toEqual([]);
    expect(await store.query('SELECT toString(count()) FROM parts.calls')).toEqual(['3']);
    await to.close();
  });

  it('159, an insert that takes too long', async () => {
    const own = { ...(await newDatabase('slow')), maxExecutionTimeMs: 500 };
    const to = openTraceWriter(own);
    await store.command('CREATE TABLE slow.copy (id String, nap UInt8) ENGINE = MergeTree ORDER BY id');
    await store.command('CREATE MATERIALIZED VIEW slow.nap TO slow.copy AS SELECT id, sleepEachRow(0.4) AS nap FROM slow.feedback'); // prettier-ignore
    const given = [feedback('e/p', 'a'), feedback('e/p', 'b'), feedback('e/p', 'c')];
    await expect(to.write(batch({ feedback: given }), guard)).rejects.toMatchObject(unavailable('code 159'));
    await store.command('DROP VIEW slow.nap');
    expect(await to.write(batch({ feedback: given }), guard)).toEqual([]);
    expect(await store.query('SELECT toString(uniqExact(id)) FROM slow.feedback')).toEqual(['3']);
    await to.close();
  });

  it('a store that is away', async () => {
    const nowhere = openTraceWriter({ ...options, url: 'http://127.0.0.1:9' });
    await expect(storeCalls([completeOf('e/p', newId())], nowhere)).rejects.toMatchObject(
      unavailable('the store is not available'),
    );
    await nowhere.close();
  });
});

describe('what nobody knows the outcome of', () => {
  it.each([
    ['319, and it was stored', { code: 319, name: 'UNKNOWN_STATUS_OF_INSERT' }, true],
    ['319, and it was not stored', { code: 319, name: 'UNKNOWN_STATUS_OF_INSERT' }, false],
    ['a reset, and it was stored', 'reset', true],
    ['a reset, and it was not stored', 'reset', false],
  ] as const)('%s: once, when it comes again', async (_, answer, isExecuted) => {
    const p = newProject();
    const matches = (sql: string) => sql.startsWith('INSERT INTO');
    const calls = [completeOf(p, newId()), completeOf(p, newId())];
    const fault = proxy.inject({ matches, times: 1, answer, isExecuted });
    await expect(storeCalls(calls, proxied)).rejects.toMatchObject({ code: 'store_unavailable' });
    expect(fault.hits).toBe(1);
    expect(await rows('calls', p)).toBe(isExecuted ? 2 : 0);
    expect(await storeCalls(calls, proxied)).toEqual([]);
    expect(await rows('calls', p)).toBe(2);
  });
});

describe('what is too large at once', () => {
  it('241, more memory than a query may take: in pieces', async () => {
    const p = newProject();
    const to = openTraceWriter({ ...options, maxMemoryUsageBytes: 48 << 20 });
    const calls = Array.from({ length: 64 }, (_, i) =>
      completeOf(p, newId(), { inputs: json(`{"text":"${String(i).padEnd(1_000_000, 'x')}"}`) }),
    );
    expect(await storeCalls(calls, to)).toEqual([]);
    expect(await count(p)).toBe(64);
    await to.close();
  });

  it('241, one row that no memory limit lets in: refused, its neighbours are stored', async () => {
    const p = newProject();
    const to = openTraceWriter({ ...options, maxMemoryUsageBytes: 48 << 20 });
    const calls = [1, 2, 40_000_000, 3].map((size) =>
      completeOf(p, newId(), { inputs: json(`{"text":"${'x'.repeat(size)}"}`) }),
    );
    expect(await storeCalls(calls, to)).toMatchObject([
      { table: 'calls', index: 2, reason: expect.stringContaining('memory limit exceeded') },
    ]);
    expect(await count(p)).toBe(3);
    await to.close();
  });

  it('241, a limit that is too low for any row: refuses none', async () => {
    const to = openTraceWriter({ ...options, maxMemoryUsageBytes: 10 << 20 });
    const calls = [completeOf('e/p', newId()), completeOf('e/p', newId())];
    await expect(storeCalls(calls, to)).rejects.toMatchObject(unavailable('WF_CLICKHOUSE_MAX_MEMORY_USAGE'));
    await to.close();
  });

  it('252, too many partitions for one insert: in pieces', async () => {
    const p = newProject();
    const message = 'Too many partitions for single INSERT block (more than 100)';
    proxy.inject({ matches: (sql) => sql.startsWith('INSERT INTO calls '), times: 1, answer: { code: 252, name: 'TOO_MANY_PARTS', message } }); // prettier-ignore
    expect(await storeCalls([completeOf(p, newId()), completeOf(p, newId())], proxied)).toEqual([]);
    expect(await count(p)).toBe(2);
  });

  it('takes calls of 150 months at once', async () => {
    const p = newProject();
    const calls = Array.from({ length: 150 }, (_, i) =>
      completeOf(p, newId(), { startedAtUs: T0 - i * 31 * 86_400_000_000 }),
    );
    expect(await storeCalls(calls)).toEqual([]);
    expect(await count(p)).toBe(150);
  });
});

describe('a store that is not what we need', () => {
  it('60, no table: says what to run, keeps the data', async () => {
    const own = await newDatabase('tables');
    const to = openTraceWriter(own);
    const given = batch({ feedback: [feedback('e/p', 'a')] });
    await store.command('RENAME TABLE tables.feedback TO tables.away');
    await expect(to.write(given, guard)).rejects.toMatchObject(unavailable('weft migrate up'));
    await store.command('RENAME TABLE tables.away TO tables.feedback');
    expect(await to.write(given, guard)).toEqual([]);
    await to.close();
  });

  it('16, no column', async () => {
    const own = await newDatabase('columns');
    const to = openTraceWriter(own);
    const given = batch({ feedback: [feedback('e/p', 'a')] });
    await store.command('ALTER TABLE columns.feedback DROP COLUMN trigger_ref');
    for (const by of [guard, undefined])
      await expect(to.write(given, by)).rejects.toMatchObject(unavailable('weft migrate up'));
    await store.command('ALTER TABLE columns.feedback ADD COLUMN trigger_ref String');
    expect(await to.write(given, guard)).toEqual([]);
    await to.close();
  });

  it('47, no column to look calls up by', async () => {
    const own = await newDatabase('identifiers');
    const to = openTraceWriter(own);
    await store.command('ALTER TABLE identifiers.calls_superseded RENAME COLUMN id TO other');
    await store.command('ALTER TABLE identifiers.calls RENAME COLUMN rename_ver TO other');
    await expect(storeCalls([completeOf('e/p', newId())], to)).rejects.toMatchObject(
      unavailable('weft migrate up'),
    );
    await to.close();
  });

  it('81, no database', async () => {
    const to = openTraceWriter({ ...options, database: 'nowhere' });
    await expect(storeCalls([completeOf('e/p', newId())], to)).rejects.toMatchObject(
      unavailable('weft migrate up'),
    );
    await to.close();
  });

  it('497, a user without rights', async () => {
    const to = openTraceWriter(store.reader);
    const given = batch({ feedback: [feedback('e/p', 'a')] });
    await expect(to.write(given)).rejects.toMatchObject(unavailable('lacks rights'));
    await to.close();
  });

  it('516, a wrong password', async () => {
    const to = openTraceWriter({ ...options, password: 'wrong' });
    const given = batch({ feedback: [feedback('e/p', 'a')] });
    await expect(to.write(given)).rejects.toMatchObject(unavailable('WF_CLICKHOUSE_PASS'));
    await to.close();
  });
});

describe('an error that no class fits', () => {
  const POISON = 'poison';
  const constrain = (database: string, type: string) =>
    store.command(
      `ALTER TABLE ${database}.feedback ADD CONSTRAINT c_${type} CHECK feedback_type NOT LIKE '${type}%'`,
    );

  it('passes ten times, then the rows are found that cause it', async () => {
    const own = await newDatabase('unknown');
    await constrain('unknown', POISON);
    const to = openTraceWriter(own);
    const good = Array.from({ length: 20 }, (_, i) => feedback('e/p', `good${i}`));
    const given = [...good.slice(0, 7), feedback('e/p', POISON), ...good.slice(7)];
    for (let i = 0; i < 10; i++)
      await expect(to.write(batch({ feedback: given }), guard)).rejects.toMatchObject(
        unavailable('code 469'),
      );
    expect(await to.write(batch({ feedback: given }), guard)).toMatchObject([
      { table: 'feedback', index: 7, reason: expect.stringContaining('onstraint') },
    ]);
    expect(await store.query('SELECT toString(count()) FROM unknown.feedback')).toEqual(['20']);
    // It is counted from the beginning again.
    await expect(to.write(batch({ feedback: given }), guard)).rejects.toMatchObject(unavailable('code 469'));
    await to.close();
  });

  it('is not the rows, when none is taken: nothing is refused, however often', async () => {
    const own = await newDatabase('broken');
    await constrain('broken', 'any');
    const to = openTraceWriter(own);
    const given = Array.from({ length: 300 }, (_, i) => feedback('e/p', `any${i}`));
    for (let i = 0; i < 13; i++)
      await expect(to.write(batch({ feedback: given }), guard)).rejects.toMatchObject(
        unavailable('code 469'),
      );
    await store.command('ALTER TABLE broken.feedback DROP CONSTRAINT c_any');
    expect(await to.write(batch({ feedback: given }), guard)).toEqual([]);
    await to.close();
  });
});
