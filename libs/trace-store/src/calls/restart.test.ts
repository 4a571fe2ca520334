import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { newId, nowUs, type CallPart } from '@weft/model';
import { openTraceReader } from '../reader.ts';
import { batch, endOf, openTestStore, renameOf, startOf, type TestStore } from '../testing/store.ts';
import type { StoredCall } from '../trace-store.ts';
import { openTraceWriter } from '../writer.ts';

/** A database of its own: what another test stores would decide what a new writer takes for new. */
let store: TestStore;

beforeAll(async () => {
  store = await openTestStore();
}, 60_000);

afterAll(async () => {
  await store?.close();
}, 60_000);

/** As a process that lives for one batch. */
async function write(call: CallPart): Promise<void> {
  const writer = openTraceWriter(store.writer);
  expect(await writer.write(batch({ calls: [call] }))).toEqual([]);
  await writer.close();
}

async function read(projectId: string): Promise<StoredCall[]> {
  const reader = openTraceReader(store.reader);
  const calls: StoredCall[] = [];
  for await (const page of reader.streamCalls({ projectId, filter: {}, sort: [], payloads: [] }))
    calls.push(...page);
  await reader.close();
  return calls;
}

it('a start finds the end and the name that came before it, and before a restart', async () => {
  const id = newId();
  const startedAtUs = nowUs();
  await write(endOf('e/p', id, { endedAtUs: startedAtUs + 5 }));
  await write(renameOf('e/p', id, 'named'));
  await write(startOf('e/p', id, { startedAtUs }));
  expect(await read('e/p')).toMatchObject([{ id, endedAtUs: startedAtUs + 5, displayName: 'named' }]);
});
