import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { newId, nowUs, type CallPart } from '@weft/model';
import { openTraceReader } from '../reader.ts';
import {
  batch,
  contentOfLogs,
  endOf,
  json,
  logOf,
  logsOf,
  openTestStore,
  renameOf,
  spanOf,
  startOf,
  type TestStore,
} from '../testing/store.ts';
import type { StoredCall, TraceWriter } from '../trace-store.ts';
import { openTraceWriter } from '../writer.ts';

/** A database of its own: what another test stores would decide what a new writer takes for new. */
let store: TestStore;

beforeAll(async () => {
  store = await openTestStore();
}, 60_000);

afterAll(async () => {
  await store?.close();
}, 60_000);

const open = (more = {}): TraceWriter => openTraceWriter({ ...store.writer, contentOfLogs, ...more });

/** As a process that lives for one batch. */
async function write(call: CallPart): Promise<void> {
  const writer = open();
  expect(await writer.write(batch({ calls: [call] }))).toEqual([]);
  await writer.close();
}

async function read(projectId: string): Promise<StoredCall[]> {
  const reader = openTraceReader(store.reader);
  const calls: StoredCall[] = [];
  for await (const page of reader.streamCalls({ projectId, filter: {}, sort: [], payloads: ['inputs'] }))
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

const said = (calls: readonly StoredCall[]) => calls.map((call) => Buffer.from(call.inputs).toString());
const NO_INPUTS = { inputs: json('{}') };
const LOG = logOf('inputs', 'hello');
const HELLO = '{"said":["hello"]}';

it.each([
  ['before', 'began long before the restart', -3_600_000_000],
  ['before', 'began just before it', -1],
  ['before', 'begins after all that is stored', 0],
  ['after', 'began long before the restart', -3_600_000_000],
  ['after', 'begins after all that is stored', 0],
])('log records that come %s a span that %s, and before a restart, are of it', async (order, _, agoUs) => {
  const p = `e/${newId()}`;
  const restartedAtUs = nowUs();
  const log = logsOf(p, 'ta', 'span', LOG);
  if (order === 'before') await write(log);
  const writer = open();
  // It learns what is stored with its first batch, and takes spans that begin later for new.
  expect(await writer.write(batch({ calls: [startOf('e/other', newId())] }))).toEqual([]);
  const startedAtUs = agoUs === 0 ? nowUs() : restartedAtUs + agoUs;
  expect(
    await writer.write(
      batch({
        calls: [spanOf(p, 'ta', 'span', { startedAtUs, ...NO_INPUTS }, { endedAtUs: startedAtUs + 9 })],
      }),
    ),
  ).toEqual([]);
  await writer.close();
  if (order === 'after') await write(log);
  expect(said(await read(p))).toEqual([HELLO]);
});

it('log records that the writer has forgotten are of a span that begins after them', async () => {
  const p = `e/${newId()}`;
  const writer = open({ cacheEntries: 3 });
  const put = async (...calls: CallPart[]) => expect(await writer.write(batch({ calls }))).toEqual([]);
  await put(logsOf(p, 'ta', 'span', LOG));
  for (let i = 0; i < 9; i++) await put(startOf('e/other', newId()));
  // As of a clock that is ahead, or of a log record that overtook the writer's own clock.
  const startedAtUs = nowUs();
  await put(spanOf(p, 'ta', 'span', { startedAtUs, ...NO_INPUTS }, { endedAtUs: startedAtUs + 9 }));
  await writer.close();
  expect(said(await read(p))).toEqual([HELLO]);
});
