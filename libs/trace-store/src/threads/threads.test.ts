import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId, type CallPart } from '@weft/model';
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
import type { StoredThread, ThreadsQuery } from './types.ts';

let store: TestStore;
let reader: TraceReader;
let writer: TraceWriter;
let projects = 0;
const newProject = () => `e/threads${++projects}`;

beforeAll(async () => {
  store = await openTestStore();
  await store.command('SYSTEM STOP MERGES calls');
  ({ reader, writer } = store.open());
}, 60_000);

afterAll(() => store?.close(), 60_000);

const write = async (calls: readonly CallPart[]) => expect(await writer.write(batch({ calls }))).toEqual([]);
const S = 1_000_000;
const turn = (p: string, threadId: string, fromS: number, seconds: number, id = newId()): CallPart =>
  completeOf(
    p,
    id,
    { startedAtUs: T0 + fromS * S, threadId, turnId: id },
    { endedAtUs: T0 + (fromS + seconds) * S },
  );

async function threads(projectId: string, query: Partial<ThreadsQuery> = {}): Promise<StoredThread[]> {
  const rows: StoredThread[] = [];
  for await (const page of reader.streamThreads({ projectId, sort: [], ...query })) rows.push(...page);
  return rows;
}
const idsOf = (rows: readonly StoredThread[]) => rows.map(({ threadId }) => threadId);

describe('threads', () => {
  it('are told by their turns alone', async () => {
    const p = newProject();
    const [first, second, nested] = [newId(), newId(), newId()];
    await write([
      turn(p, 'a', 0, 1, first),
      turn(p, 'a', 10, 3, second),
      completeOf(p, nested, { startedAtUs: T0 + 11 * S, threadId: 'a', turnId: second }, { endedAtUs: T0 + 100 * S }),
      completeOf(p, newId(), { threadId: 'no turns', turnId: null }),
      completeOf(p, newId(), { threadId: null, turnId: null }),
    ]);
    expect(await threads(p)).toEqual([
      { threadId: 'a', turnCount: 2, startUs: T0, lastUpdatedUs: T0 + 13 * S, firstTurnId: first, lastTurnId: second, p50TurnMs: 2000, p99TurnMs: 2980 },
    ]);
  }); // prettier-ignore

  it('whose turns run are there, without durations until one ends', async () => {
    const p = newProject();
    const [one, two] = [newId(), newId()];
    const started = (id: string, at: number) => startOf(p, id, { startedAtUs: at, threadId: 'a', turnId: id });
    await write([started(one, T0)]);
    expect(await threads(p)).toMatchObject([{ turnCount: 1, lastUpdatedUs: T0, lastTurnId: one, p50TurnMs: null, p99TurnMs: null }]);
    await write([endOf(p, one, { endedAtUs: T0 + S }), started(two, T0 + 5 * S)]);
    expect(await threads(p)).toMatchObject([{ turnCount: 2, lastUpdatedUs: T0 + S, firstTurnId: one, lastTurnId: one, p50TurnMs: 1000 }]);
  }); // prettier-ignore

  it('count a turn once, with every row it ever had on disk, and none that is deleted', async () => {
    const p = newProject();
    const [renamed, deleted, copied] = [newId(), newId(), newId()];
    await write([turn(p, 'a', 0, 1, renamed), turn(p, 'a', 1, 1, deleted), turn(p, 'a', 2, 1, copied)]);
    await write([renameOf(p, renamed, 'x')]);
    await writer.write(batch({ deletedCalls: [{ projectId: p, id: deleted, deletedAtUs: T0 }] }));
    await store.command(
      `INSERT INTO calls SELECT * FROM calls WHERE project_id = '${p}' AND id = '${copied}'`,
    );
    expect(await threads(p)).toMatchObject([{ turnCount: 2, firstTurnId: renamed, lastTurnId: copied }]);
  });

  it('are filtered, sorted and cut', async () => {
    const p = newProject();
    await write([turn(p, 'a', 0, 5), turn(p, 'b', 10, 1), turn(p, 'b', 12, 9), turn(p, 'c', 1, 1)]);
    expect(idsOf(await threads(p))).toEqual(['b', 'a', 'c']);
    expect(idsOf(await threads(p, { threadIds: ['a', 'c', 'none'] }))).toEqual(['a', 'c']);
    expect(idsOf(await threads(p, { threadIds: [] }))).toHaveLength(3);
    expect(idsOf(await threads(p, { afterUs: T0 }))).toEqual(['b', 'c']);
    expect(await threads(p, { beforeUs: T0 + 12 * S, threadIds: ['b'] })).toMatchObject([{ turnCount: 1 }]);
    const by = (field: ThreadsQuery['sort'][number]['field'], direction: 'asc' | 'desc') =>
      threads(p, { sort: [{ field, direction }] }).then(idsOf);
    expect(await by('thread_id', 'desc')).toEqual(['c', 'b', 'a']);
    expect(await by('turn_count', 'asc')).toEqual(['a', 'c', 'b']);
    expect(await by('start_time', 'asc')).toEqual(['a', 'c', 'b']);
    expect(await by('p99_turn_duration_ms', 'desc')).toEqual(['b', 'a', 'c']);
    expect(idsOf(await threads(p, { limit: 1, offset: 1 }))).toEqual(['a']);
  });
});
