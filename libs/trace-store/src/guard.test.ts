import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId, nowUs } from '@weft/model';
import { openTraceReader } from './reader.ts';
import { batch, completeOf, endOf, openTestStore, startOf, T0, type TestStore } from './testing/store.ts';
import type { TraceReader, TraceWriter, WriteGuard } from './trace-store.ts';
import { openTraceWriter } from './writer.ts';

let store: TestStore;
let writer: TraceWriter;
let reader: TraceReader;

beforeAll(async () => {
  store = await openTestStore();
  writer = openTraceWriter(store.writer);
  reader = openTraceReader(store.reader);
}, 60_000);

afterAll(async () => {
  await reader?.close();
  await writer?.close();
  await store?.close();
}, 60_000);

const rows = async (table: string, projectId: string) =>
  Number((await store.query(`SELECT toString(count()) FROM ${table} WHERE project_id = '${projectId}'`))[0]);

/** Is held for the first `times` statements. */
function heldFor(times: number): WriteGuard {
  let asked = 0;
  return { isHeld: () => asked++ < times };
}

describe('a writer whose calls were taken over', () => {
  it('sends nothing', async () => {
    const table = { projectId: 'e/none', digest: 'd', rowDigests: [], createdAtUs: T0 };
    const some = batch({ calls: [completeOf('e/none', newId())], tables: [table] });
    await expect(writer.write(some, heldFor(0))).rejects.toMatchObject({ code: 'store_unavailable' });
    expect([await rows('calls', 'e/none'), await rows('tables', 'e/none')]).toEqual([0, 0]);
  });

  it('stops between the row and the mark', async () => {
    const p = 'e/between';
    const id = newId();
    const [old, moved] = [startOf(p, id), startOf(p, id, { startedAtUs: T0 + 7 })];
    expect(await writer.write(batch({ calls: [old] }), heldFor(1))).toEqual([]);
    await expect(writer.write(batch({ calls: [moved] }), heldFor(1))).rejects.toMatchObject({
      code: 'store_unavailable',
    });
    expect([await rows('calls', p), await rows('calls_superseded', p)]).toEqual([2, 0]);
    expect(await writer.write(batch({ calls: [moved] }), heldFor(1))).toEqual([]);
    expect((await reader.countCalls({ projectId: p, filter: {} })).count).toBe(1);
  });

  it('forgets what it knew of the calls, whatever it was about to write', async () => {
    const p = 'e/forgets';
    const id = newId();
    const startedAtUs = nowUs();
    await writer.write(batch({ calls: [startOf(p, id, { startedAtUs })] }));
    const table = { projectId: p, digest: 'd', rowDigests: [], createdAtUs: T0 };
    await expect(writer.write(batch({ tables: [table] }), heldFor(0))).rejects.toMatchObject({
      message: expect.stringContaining('another writer'),
    });
    const other = openTraceWriter(store.writer);
    await other.write(batch({ calls: [startOf(p, id, { startedAtUs: startedAtUs + 5 })] }));
    await other.close();
    await writer.write(batch({ calls: [endOf(p, id, { endedAtUs: startedAtUs + 9 })] }));
    const calls = [];
    for await (const page of reader.streamCalls({ projectId: p, filter: {}, sort: [], payloads: [] }))
      calls.push(...page);
    expect(calls).toMatchObject([{ id, startedAtUs: startedAtUs + 5, endedAtUs: startedAtUs + 9 }]);
  });
});
