import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { newId, nowUs, type CallPart } from '@weft/model';
import { eventually } from '@weft/testkit';
import { openClickHouse, type ClickHouse } from '../clickhouse.ts';
import { openTraceReader } from '../reader.ts';
import { openGate, type Gate } from '../testing/gate.ts';
import {
  batch,
  completeOf,
  endOf,
  openTestStore,
  renameOf,
  spanOf,
  startOf,
  T0,
  type TestStore,
} from '../testing/store.ts';
import type { CallsQuery, StoredCall, TraceReader, TraceWriter } from '../trace-store.ts';
import { openTraceWriter } from '../writer.ts';
import { CallCache } from './cache.ts';
import { reconcile } from './reconcile.ts';
import { RECONCILE } from './reconciler.ts';
import { writeCalls } from './write.ts';

/** Two writers of one database. `stale` writes through a gate: what it sends can be held back. */
let store: TestStore;
let db: ClickHouse;
let reader: TraceReader;
let gate: Gate;
let stale: TraceWriter;
let owner: TraceWriter;
let projects = 0;
let p: string;

beforeAll(async () => {
  store = await openTestStore();
  // Everything has to hold with every superseded row still on disk.
  await store.command('SYSTEM STOP MERGES calls');
  db = openClickHouse(store.writer);
  reader = openTraceReader(store.reader);
}, 60_000);

afterAll(async () => {
  await reader?.close();
  await db?.close();
  await store?.close();
}, 60_000);

beforeEach(async () => {
  p = `e/w${++projects}`;
  gate = await openGate(store.writer.url);
  stale = openTraceWriter({ ...store.writer, url: gate.url });
  owner = openTraceWriter(store.writer);
});

afterEach(async () => {
  gate.open();
  await stale.close();
  await owner.close();
  await gate.stop();
});

const isCallInsert = (sql: string) => sql.startsWith('INSERT INTO calls ');
const write = async (to: TraceWriter, ...calls: CallPart[]) =>
  expect(await to.write(batch({ calls }))).toEqual([]);

async function read(query: Partial<CallsQuery> = {}): Promise<StoredCall[]> {
  const rows: StoredCall[] = [];
  for await (const page of reader.streamCalls({
    projectId: p,
    filter: {},
    sort: [],
    payloads: ['inputs', 'output'],
    ...query,
  }))
    rows.push(...page);
  return rows;
}
const count = async (filter = {}) => (await reader.countCalls({ projectId: p, filter })).count;
const marks = async () =>
  Number((await store.query(`SELECT toString(count()) FROM calls_superseded WHERE project_id = '${p}'`))[0]);

/** As a writer does some time after it took over. @returns the calls it looked at. */
async function repair(): Promise<number> {
  const cache = new CallCache(1000, 1 << 20);
  let seen = 0;
  await reconcile(
    db,
    async (parts) => {
      seen += parts.length;
      await writeCalls(db, cache, parts, { isAnew: true });
    },
    600_000,
  );
  return seen;
}

/** What `stale` was told is stored only after `owner` has taken over and stored `later`. */
async function writeLate(late: CallPart[], later: CallPart[]): Promise<void> {
  gate.close(isCallInsert);
  const landing = write(stale, ...late);
  await gate.holds(1);
  owner.forget();
  await write(owner, ...later);
  gate.open();
  await landing;
}

describe('a row that lands after that of the next writer', () => {
  it('leaves a call that has ended as it is, at once', async () => {
    const id = newId();
    const start = startOf(p, id);
    await writeLate([start], [start, endOf(p, id)]);
    expect(await read()).toMatchObject([{ id, endedAtUs: T0 + 1e6 }]);
    expect(await read({ sort: [{ field: 'op_name', direction: 'asc' }] })).toHaveLength(1);
    expect(await count()).toBe(1);
  });

  it('is the older of two ends: marked by the repair', async () => {
    const id = newId();
    const [whole, end] = [completeOf(p, id), endOf(p, id, { endedAtUs: T0 + 2e6, outputRefs: ['ref'] })];
    await writeLate([whole], [whole, end]);
    expect(await read()).toMatchObject([{ id, endedAtUs: T0 + 2e6 }]);
    expect(await count()).toBe(2);
    await repair();
    expect(await count()).toBe(1);
    expect(await count({ outputRefs: ['ref'] })).toBe(1);
    expect(await marks()).toBe(1);
  });

  it('is at another start: two calls until the repair', async () => {
    const id = newId();
    const [first, second] = [startOf(p, id), startOf(p, id, { startedAtUs: T0 + 7 })];
    await writeLate([first], [first, second]);
    expect(await read()).toHaveLength(2);
    await repair();
    expect(await read()).toMatchObject([{ id, startedAtUs: T0 + 7 }]);
    expect(await count()).toBe(1);
  });

  it('has the name that was replaced: not found by it after the repair', async () => {
    const id = newId();
    const [whole, rename, again] = [completeOf(p, id), renameOf(p, id, 'a'), renameOf(p, id, 'b', T0 + 5)];
    await writeLate([whole, rename], [whole, rename, again]);
    await repair();
    expect((await read({ sort: [{ field: 'display_name', direction: 'asc' }] })).map((c) => c.displayName)).toEqual(['b']); // prettier-ignore
    expect(await count()).toBe(1);
  });

  it('is repaired once, by however many', async () => {
    const ids = Array.from({ length: 30 }, () => newId());
    const first = ids.map((id) => startOf(p, id));
    const second = ids.map((id) => startOf(p, id, { startedAtUs: T0 + 7 }));
    await writeLate(first, [...first, ...second]);
    await Promise.all([repair(), repair(), repair()]);
    expect(await count()).toBe(30);
    const left = await marks();
    await repair();
    expect(await marks()).toBe(left);
    expect(await read()).toHaveLength(30);
  });

  it('is found by the writer itself, some time after it took over', async () => {
    const id = newId();
    const [first, second] = [startOf(p, id), startOf(p, id, { startedAtUs: T0 + 7 })];
    gate.close(isCallInsert);
    const landing = write(stale, first);
    await gate.holds(1);
    const takeOverPassesMs = Array.from({ length: 50 }, (_, i) => i * 500);
    const next = openTraceWriter({ ...store.writer, reconcile: { ...RECONCILE, takeOverPassesMs } });
    next.forget();
    await write(next, first, second);
    gate.open();
    await landing;
    await eventually(async () => (await count()) === 1);
    expect(await read()).toMatchObject([{ startedAtUs: T0 + 7 }]);
    await next.close();
  });
});

describe('the repair', () => {
  it('finds nothing to write where nothing is wrong', async () => {
    const [running, ended, renamed] = [newId(), newId(), newId()];
    await write(owner, startOf(p, running), startOf(p, ended), completeOf(p, renamed));
    await write(owner, endOf(p, ended), renameOf(p, renamed, 'n'));
    await repair();
    const before = await store.query(
      `SELECT toString(ver) FROM calls WHERE project_id = '${p}' ORDER BY ver`,
    );
    const marked = await marks();
    await repair();
    expect(
      await store.query(`SELECT toString(ver) FROM calls WHERE project_id = '${p}' ORDER BY ver`),
    ).toEqual(before);
    expect(await marks()).toBe(marked);
    expect(await count()).toBe(3);
  });

  it('puts together what no single row knows', async () => {
    const id = newId();
    // Both ask before either has stored.
    gate.close(isCallInsert);
    const landing = write(stale, startOf(p, id));
    await gate.holds(1);
    await write(owner, endOf(p, id));
    gate.open();
    await landing;
    expect(await read()).toMatchObject([{ id, endedAtUs: null }]);
    await repair();
    expect(await read()).toMatchObject([{ id, endedAtUs: T0 + 1e6 }]);
    expect(await count()).toBe(1);
  });
});

describe('a rename of a span that another writer stores at the same time', () => {
  const SPAN = '00f067aa0ba902b7';
  /** The other writer's insert has landed by then, on a busy machine too: it is looked for once. */
  const LONG_ENOUGH_MS = 3_000;

  it('reaches it soon after', async () => {
    const soon = openTraceWriter({
      ...store.writer,
      reconcile: { ...RECONCILE, lookAgainAfterMs: LONG_ENOUGH_MS },
    });
    gate.close(isCallInsert);
    const landing = write(stale, spanOf(p, 'ta', SPAN));
    await gate.holds(1);
    await write(soon, renameOf(p, SPAN, 'new'));
    gate.open();
    await landing;
    expect(await read()).toMatchObject([{ displayName: null }]);
    await eventually(async () => (await read())[0]!.displayName !== null);
    expect(await read()).toMatchObject([{ traceId: 'ta', displayName: 'new' }]);
    expect(await count()).toBe(1);
    await soon.close();
  });

  it('reaches it with a sweep, also when its writer died', async () => {
    await write(stale, renameOf(p, SPAN, 'new'));
    await stale.close();
    // Began after everything that was stored when this writer looked: it is not asked for.
    await write(owner, completeOf(p, newId()));
    await write(owner, spanOf(p, 'ta', SPAN, { startedAtUs: nowUs() }));
    expect((await read()).map((call) => call.displayName)).toEqual([null, null]);
    await repair();
    expect((await read()).map((call) => call.displayName)).toEqual([null, 'new']);
    expect(await count()).toBe(2);
  });

  it('is looked for by a span that comes long after', async () => {
    await write(stale, renameOf(p, SPAN, 'new'));
    const startedAtUs = nowUs();
    await write(owner, completeOf(p, newId()));
    const now = jest.spyOn(Date, 'now').mockReturnValue(startedAtUs / 1000 + 3_600_000);
    await write(owner, spanOf(p, 'ta', SPAN, { startedAtUs }));
    now.mockRestore();
    expect((await read()).map((call) => call.displayName)).toEqual([null, 'new']);
  });

  it('stays when its owner stores the span anew, not knowing the name', async () => {
    await write(owner, spanOf(p, 'ta', SPAN));
    await write(stale, renameOf(p, SPAN, 'new'));
    await write(owner, spanOf(p, 'ta', SPAN, { salt: '2' }, { endedAtUs: T0 + 9e6 }));
    expect(await read()).toMatchObject([{ displayName: 'new', endedAtUs: T0 + 9e6 }]);
    expect(await count()).toBe(1);
  });

  it('and that is stored anew at the same moment, in either order, loses neither', async () => {
    const soon = { ...RECONCILE, lookAgainAfterMs: LONG_ENOUGH_MS };
    for (const first of ['span', 'rename']) {
      p = `e/w${++projects}`;
      const held = openTraceWriter({ ...store.writer, url: gate.url, reconcile: soon });
      const quick = openTraceWriter({ ...store.writer, reconcile: soon });
      const [rename, anew] = [
        renameOf(p, SPAN, 'new'),
        spanOf(p, 'ta', SPAN, { salt: '2' }, { endedAtUs: T0 + 9e6 }),
      ];
      await write(first === 'span' ? quick : held, spanOf(p, 'ta', SPAN));
      gate.close(isCallInsert);
      const landing = write(held, first === 'span' ? rename : anew);
      await gate.holds(1);
      await write(quick, first === 'span' ? anew : rename);
      gate.open();
      await landing;
      const isWhole = async () =>
        JSON.stringify((await read()).map((c) => [c.displayName, c.endedAtUs])) === `[["new",${T0 + 9e6}]]`;
      await eventually(isWhole);
      await held.close();
      await quick.close();
    }
  });
});
