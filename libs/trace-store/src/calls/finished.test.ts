import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { newId, type CallPart, type StoredCallFacts } from '@weft/model';
import {
  batch,
  completeOf,
  contentOfLogs,
  endOf,
  json,
  logOf,
  logsOf,
  openTestStore,
  renameOf,
  spanOf,
  startOf,
  T0,
  type TestStore,
} from '../testing/store.ts';
import { newTally, type TraceWriter } from '../trace-store.ts';
import { openTraceWriter } from '../writer.ts';

let store: TestStore;
let writer: TraceWriter;
let projects = 0;
let p: string;

beforeAll(async () => {
  store = await openTestStore();
  writer = openTraceWriter({ ...store.writer, contentOfLogs });
}, 60_000);
afterAll(async () => {
  await writer?.close();
  await store?.close();
}, 60_000);
beforeEach(() => {
  p = `e/f${++projects}`;
});

async function finished(...calls: CallPart[]): Promise<[string, StoredCallFacts][]> {
  const tally = newTally({ withFinished: true });
  await writer.write(batch({ calls }), undefined, tally);
  return tally.finishedCalls!.map(({ projectId, id, facts }) => {
    expect(projectId).toBe(p);
    return [id, facts];
  });
}
const ids = async (...calls: CallPart[]) => (await finished(...calls)).map(([id]) => id);

const FACTS: StoredCallFacts = {
  traceId: 'trace',
  parentId: null,
  threadId: null,
  opName: 'op',
  isSpan: false,
  isScore: false,
  endedAtUs: T0 + 1_000_000,
};
const UNKNOWN: StoredCallFacts = { ...FACTS, traceId: '', opName: '', endedAtUs: 0 };

describe('finished calls', () => {
  it('are not asked for by everybody', async () => {
    const tally = newTally();
    await writer.write(batch({ calls: [completeOf(p, newId())] }), undefined, tally);
    expect(tally).toMatchObject({ callRows: 1, finishedCalls: undefined });
  });

  it('are told with what their start and end say, whichever came first and in whichever batch', async () => {
    const [a, b, c, d] = [newId(), newId(), newId(), newId()];
    const fields = { opName: 'weave:///e/p/op/x:1', traceId: 't', parentId: 'up', threadId: 'th' };
    const facts = { ...FACTS, ...fields };
    expect(await finished(completeOf(p, a, fields))).toEqual([[a, facts]]);
    expect(await finished(endOf(p, b), startOf(p, b, fields))).toEqual([[b, facts]]);
    expect(await finished(startOf(p, c, fields), endOf(p, d))).toEqual([]);
    expect(await finished(endOf(p, c), startOf(p, d, fields))).toEqual([
      [c, facts],
      [d, facts],
    ]);
  });

  it('are told by a writer that has to ask the store for the other part', async () => {
    const [a, b] = [newId(), newId()];
    await finished(startOf(p, a), endOf(p, b));
    writer.forget();
    expect(await finished(endOf(p, a), startOf(p, b))).toEqual([
      [a, FACTS],
      [b, FACTS],
    ]);
  });

  it('are told again when they come again, after a crash too', async () => {
    const [a, b] = [newId(), newId()];
    const parts = [completeOf(p, a), startOf(p, b), endOf(p, b)];
    for (let i = 0; i < 2; i++) expect(await ids(...parts)).toEqual([a, b]);
    writer.forget();
    expect(await finished(...parts)).toEqual([
      [a, FACTS],
      [b, FACTS],
    ]);
    // The other half is not at hand: it is not read for this.
    expect(await finished(startOf(p, b))).toEqual([[b, UNKNOWN]]);
    expect(await finished(endOf(p, b))).toEqual([[b, UNKNOWN]]);
  });

  it('have the facts that are stored, not those of an older start', async () => {
    const id = newId();
    const older = startOf(p, id, { startedAtUs: T0 - 5, opName: 'older' });
    await finished(startOf(p, id), endOf(p, id));
    expect(await finished(older, endOf(p, id))).toEqual([[id, UNKNOWN]]);
    const newer = startOf(p, id, { startedAtUs: T0 + 5, opName: 'newer' });
    expect(await finished(newer)).toEqual([[id, { ...FACTS, opName: 'newer' }]]);
  });

  it('are not those that are only renamed', async () => {
    const id = newId();
    await finished(completeOf(p, id));
    expect(await ids(renameOf(p, id, 'x'))).toEqual([]);
    expect(await ids(renameOf(p, id, 'y', T0 + 1), completeOf(p, id))).toEqual([id]);
    const span = spanOf(p, 'a'.repeat(32), '00f067aa0ba902b7');
    await finished(span);
    expect(await ids(renameOf(p, span.id, 'z'))).toEqual([]);
  });

  it('are spans of one id apart, and spans whose log records come later', async () => {
    const [ta, tb] = ['a'.repeat(32), 'b'.repeat(32)];
    const spans = [ta, tb].map((traceId) => spanOf(p, traceId, '00f067aa0ba902b7'));
    const of = (traceId: string) => ({ ...FACTS, traceId, isSpan: true });
    expect(await finished(...spans)).toEqual([
      ['00f067aa0ba902b7', of(ta)],
      ['00f067aa0ba902b7', of(tb)],
    ]);
    const early = logsOf(p, ta, 'b7ad6b7169203331', logOf('inputs', 'hello'));
    expect(await finished(early)).toEqual([]);
    expect(await ids(spanOf(p, ta, 'b7ad6b7169203331'))).toEqual(['b7ad6b7169203331']);
    expect(await finished(logsOf(p, ta, '00f067aa0ba902b7', logOf('output', 'hi')))).toEqual([
      ['00f067aa0ba902b7', of(ta)],
    ]);
  });

  it('say which of them scorers made', async () => {
    const id = newId();
    const attributes = json('{"weft":{"score":{"call_ref":"weave:///e/p/call/1"}}}');
    expect(await finished(completeOf(p, id, { attributes }))).toEqual([[id, { ...FACTS, isScore: true }]]);
  });

  it('are not those that the store refuses', async () => {
    const to = openTraceWriter({ ...store.writer, maxMemoryUsageBytes: 48 << 20 });
    const [good, bad] = [newId(), newId()];
    const tooLarge = completeOf(p, bad, { inputs: json(`{"text":"${'x'.repeat(40_000_000)}"}`) });
    const tally = newTally({ withFinished: true });
    const refused = await to.write(batch({ calls: [tooLarge, completeOf(p, good)] }), undefined, tally);
    expect(refused).toHaveLength(1);
    expect(tally.finishedCalls!.map(({ id }) => id)).toEqual([good]);
    await to.close();
  });
});
