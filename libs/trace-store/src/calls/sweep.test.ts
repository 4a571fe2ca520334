import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '@weft/model';
import { openClickHouse, type ClickHouse } from '../clickhouse.ts';
import { openTraceReader } from '../reader.ts';
import {
  batch,
  completeOf,
  endOf,
  openTestStore,
  renameOf,
  startOf,
  T0,
  type TestStore,
} from '../testing/store.ts';
import type { TraceReader, TraceWriter } from '../trace-store.ts';
import { openTraceWriter } from '../writer.ts';
import { Sweeper } from './sweep.ts';

let store: TestStore;
let db: ClickHouse;
let writer: TraceWriter;
let reader: TraceReader;

beforeAll(async () => {
  store = await openTestStore();
  db = openClickHouse(store.writer);
  writer = openTraceWriter(store.writer);
  reader = openTraceReader(store.reader);
}, 60_000);

afterAll(async () => {
  await reader?.close();
  await writer?.close();
  await db?.close();
  await store?.close();
}, 60_000);

const total = async (table: string, projectId: string) =>
  Number((await store.query(`SELECT toString(count()) FROM ${table} WHERE project_id = '${projectId}'`))[0]);
const count = async (projectId: string) => (await reader.countCalls({ projectId, filter: {} })).count;

/** One renamed call, one whose start was contradicted: merges remove the old row of the first only. */
async function writeSuperseded(projectId: string): Promise<void> {
  const [renamed, moved] = [newId(), newId()];
  await writer.write(batch({ calls: [completeOf(projectId, renamed), startOf(projectId, moved)] }));
  await writer.write(
    batch({ calls: [renameOf(projectId, renamed, 'n'), startOf(projectId, moved, { startedAtUs: T0 + 7 })] }),
  );
}

describe('Sweeper', () => {
  it('drops a mark only after two sweeps found its row gone, and never shows the row', async () => {
    await writeSuperseded('e/merged');
    await store.command('OPTIMIZE TABLE calls FINAL');
    expect(await total('calls', 'e/merged')).toBe(3);
    const sweeper = new Sweeper(db, { minAgeMs: 0, maxRowsLeft: 100 });
    await sweeper.sweep();
    expect(await total('calls_superseded', 'e/merged')).toBe(2);
    await sweeper.sweep();
    expect(await total('calls_superseded', 'e/merged')).toBe(1);
    expect(await count('e/merged')).toBe(2);
  });

  it('deletes rows that merges leave, when they are many', async () => {
    await writeSuperseded('e/left');
    const sweeper = new Sweeper(db, { minAgeMs: 0, maxRowsLeft: 0 });
    await sweeper.sweep();
    expect(await total('calls', 'e/left')).toBe(2);
    expect(await count('e/left')).toBe(2);
    await sweeper.sweep();
    await sweeper.sweep();
    expect(await total('calls_superseded', 'e/left')).toBe(0);
    expect(await count('e/left')).toBe(2);
  });

  it('leaves young marks alone', async () => {
    await writeSuperseded('e/young');
    const sweeper = new Sweeper(db, { minAgeMs: 60_000, maxRowsLeft: 0 });
    for (let i = 0; i < 3; i++) await sweeper.sweep();
    expect(await total('calls_superseded', 'e/young')).toBe(2);
    expect(await count('e/young')).toBe(2);
  });
});

describe('a row whose start does not come', () => {
  it('goes 30 days after it was stored, however long ago its call ended', async () => {
    const p = 'e/orphans';
    const [waiting, forgotten, whole] = [newId(), newId(), newId()];
    const calls = [endOf(p, waiting), endOf(p, forgotten), completeOf(p, whole, { startedAtUs: T0 - 9e13 })];
    await writer.write(batch({ calls }));
    await store.command(
      `ALTER TABLE calls UPDATE stored_at = now() - INTERVAL 31 DAY WHERE id != '${waiting}' SETTINGS mutations_sync = 1`,
    );
    await store.command('OPTIMIZE TABLE calls FINAL');
    expect((await store.query(`SELECT id FROM calls WHERE project_id = '${p}'`)).sort()).toEqual(
      [waiting, whole].sort(),
    );
    await writer.write(batch({ calls: [startOf(p, waiting)] }));
    expect(await count(p)).toBe(2);
  });
});
