import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CallPart } from '@weft/model';
import {
  batch,
  completeOf,
  endOf,
  json,
  openTestStore,
  renameOf,
  spanOf,
  startOf,
  T0,
  type TestStore,
} from '../testing/store.ts';
import type { CallsQuery, StoredCall, TraceReader, TraceWriter } from '../trace-store.ts';

let store: TestStore;
let reader: TraceReader;
let writer: TraceWriter;
let projects = 0;
const newProject = () => `e/s${++projects}`;

beforeAll(async () => {
  store = await openTestStore();
  ({ reader, writer } = store.open());
}, 60_000);

afterAll(() => store?.close(), 60_000);

const write = async (...calls: CallPart[]) => expect(await writer.write(batch({ calls }))).toEqual([]);

async function read(projectId: string, query: Partial<CallsQuery> = {}): Promise<StoredCall[]> {
  const rows: StoredCall[] = [];
  const all: CallsQuery = { projectId, filter: {}, sort: [], payloads: ['inputs'], ...query };
  for await (const page of reader.streamCalls(all)) rows.push(...page);
  return rows;
}
const traces = async (projectId: string, query: Partial<CallsQuery> = {}) =>
  (await read(projectId, query)).map((call) => call.traceId);
const count = async (projectId: string, filter = {}) =>
  (await reader.countCalls({ projectId, filter })).count;

const SPAN = '00f067aa0ba902b7';
const DESC = [{ field: 'started_at', direction: 'desc' }] as const;
const BY_OP = [{ field: 'op_name', direction: 'asc' }] as const;

describe('spans of one id in two traces', () => {
  it.each([
    ['starting at once', T0],
    ['starting apart', T0 + 7],
  ])('%s are two calls', async (_, secondAt) => {
    const p = newProject();
    const [a, b] = [spanOf(p, 'ta', SPAN), spanOf(p, 'tb', SPAN, { startedAtUs: secondAt })];
    await write(a, b);
    await write(b);
    writer.forget();
    await write(b, a);
    await store.command('OPTIMIZE TABLE calls FINAL');
    for (const query of [{}, { limit: 2 }, { limit: 9 }])
      expect(await traces(p, query)).toEqual(['ta', 'tb']);
    expect(await traces(p, { sort: DESC })).toEqual(['tb', 'ta']);
    expect(await traces(p, { sort: BY_OP })).toEqual(['tb', 'ta']);
    for (const sort of [[], DESC, BY_OP] as const) {
      const whole = await traces(p, { sort });
      expect(await traces(p, { sort, limit: 1 })).toEqual(whole.slice(0, 1));
      expect(await traces(p, { sort, limit: 1, offset: 1 })).toEqual(whole.slice(1));
      expect(await traces(p, { sort, limit: 5, offset: 2 })).toEqual([]);
    }
    expect(await count(p)).toBe(2);
    expect(await traces(p, { filter: { callIds: [SPAN] } })).toEqual(['ta', 'tb']);
    expect(await traces(p, { filter: { traceIds: ['tb'] } })).toEqual(['tb']);
    expect((await read(p)).map((call) => JSON.parse(Buffer.from(call.inputs).toString()))).toEqual([
      { salt: 'ta' },
      { salt: 'tb' },
    ]);
  });

  it('stay two when each is written a second time with other content', async () => {
    const p = newProject();
    await write(spanOf(p, 'ta', SPAN), spanOf(p, 'tb', SPAN));
    await write(spanOf(p, 'ta', SPAN, { salt: '2' }, { endedAtUs: T0 + 9e6 }));
    expect(await traces(p)).toEqual(['ta', 'tb']);
    expect(await traces(p, { sort: BY_OP })).toEqual(['tb', 'ta']);
    expect(await count(p)).toBe(2);
    expect((await read(p)).map((call) => call.endedAtUs)).toEqual([T0 + 9e6, T0 + 1e6]);
  });

  it('sum up their own sizes only', async () => {
    const p = newProject();
    await write(
      spanOf(p, 'ta', SPAN),
      spanOf(p, 'tb', SPAN, { inputs: json('{"longer":"than the other"}') }),
    );
    const calls = await read(p, { storageSize: true, totalStorageSize: true });
    expect(calls.map((call) => call.totalStorageSizeBytes)).toEqual(
      calls.map((call) => call.storageSizeBytes),
    );
    expect(calls[0]!.storageSizeBytes).not.toBe(calls[1]!.storageSizeBytes);
  });

  it('are deleted together, by their id', async () => {
    const p = newProject();
    await write(spanOf(p, 'ta', SPAN), spanOf(p, 'tb', SPAN));
    await writer.write(batch({ deletedCalls: [{ projectId: p, id: SPAN, deletedAtUs: T0 }] }));
    expect(await read(p)).toEqual([]);
    expect(await count(p)).toBe(0);
  });

  it('page without gap or repetition where many share an instant and an id', async () => {
    const p = newProject();
    const many = Array.from({ length: 60 }, (_, i) => `t${String(i).padStart(2, '0')}`);
    await write(...many.map((t) => spanOf(p, t, SPAN)));
    await write(...many.map((t) => spanOf(p, t, SPAN, { salt: '2' }, { endedAtUs: T0 + 9e6 })));
    expect(await traces(p)).toEqual(many);
    expect(await traces(p, { limit: 45 })).toEqual(many.slice(0, 45));
    expect(await traces(p, { sort: DESC, limit: 45 })).toEqual([...many].reverse().slice(0, 45));
    expect(await traces(p, { sort: BY_OP, limit: 45, offset: 5 })).toEqual([...many].reverse().slice(5, 50));
  });
});

describe('a span beside a call of the same id', () => {
  it('leaves a call running that has not ended', async () => {
    const p = newProject();
    await write(startOf(p, SPAN), spanOf(p, 'ta', SPAN));
    expect((await read(p)).map((call) => call.endedAtUs === null)).toEqual([true, false]);
    expect((await read(p, { sort: BY_OP })).map((call) => call.endedAtUs === null)).toEqual([false, true]);
    expect(await count(p)).toBe(2);
    writer.forget();
    await write(endOf(p, SPAN));
    expect((await read(p)).map((call) => call.endedAtUs === null)).toEqual([false, false]);
    expect(await count(p)).toBe(2);
  });

  it('does not mix with it', async () => {
    const p = newProject();
    await write(completeOf(p, SPAN, { traceId: 'ta' }));
    await write(spanOf(p, 'ta', SPAN));
    expect(await traces(p)).toEqual(['ta', 'ta']);
  });
});

describe('a rename, which names an id only', () => {
  const [rename, a, b] = [
    (p: string) => renameOf(p, SPAN, 'new'),
    (p: string) => spanOf(p, 'ta', SPAN),
    (p: string) => spanOf(p, 'tb', SPAN, { startedAtUs: T0 + 7 }),
  ];
  it.each<[string, ((p: string) => CallPart)[][]]>([
    ['after both', [[a, b], [rename]]],
    ['before both', [[rename], [a], [b]]],
    ['between them', [[a], [rename], [b]]],
    ['with one', [[a], [b, rename]]],
    ['with both', [[rename, a, b]]],
    ['twice', [[a, b], [rename], [rename, a]]],
  ])('%s reaches every span of that id', async (_, batches) => {
    for (const forgetful of [false, true]) {
      const p = newProject();
      for (const parts of batches) {
        if (forgetful) writer.forget();
        await write(...parts.map((part) => part(p)));
      }
      const found = (await read(p)).map((call) => [call.traceId, call.displayName]);
      expect(found).toEqual([
        ['ta', 'new'],
        ['tb', 'new'],
      ]);
      expect(await count(p)).toBe(2);
    }
  });
});

describe('an exception without a text', () => {
  it('is told from none, also after the row was folded again', async () => {
    const p = newProject();
    await write(
      spanOf(p, 'ta', 'a', {}, { exception: '' }),
      spanOf(p, 'ta', 'b', {}, { exception: null }),
      spanOf(p, 'ta', 'c', {}, { exception: 'boom' }),
    );
    const exceptions = async () => (await read(p)).map((call) => call.exception);
    expect(await exceptions()).toEqual(['', null, 'boom']);
    writer.forget();
    await write(...['a', 'b', 'c'].map((id) => renameOf(p, id, 'new')));
    expect(await exceptions()).toEqual(['', null, 'boom']);
    const sorted = async (field: 'exception' | 'summary.weave.status') =>
      (await read(p, { sort: [{ field, direction: 'asc' }] })).map((call) => call.id);
    expect(await sorted('exception')).toEqual(['a', 'c', 'b']);
    expect(await sorted('summary.weave.status')).toEqual(['c', 'a', 'b']);
  });
});
