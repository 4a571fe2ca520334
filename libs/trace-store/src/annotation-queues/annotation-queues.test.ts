import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '@weft/model';
import { batch, openTestStore, T0, type TestStore } from '../testing/store.ts';
import type { TraceReader, TraceWriter } from '../trace-store.ts';
import type { ProgressWrite, QueueItemsQuery, QueueItemWrite, QueuesQuery, QueueWrite } from './types.ts';

let store: TestStore;
let reader: TraceReader;
let writer: TraceWriter;
let project: string;

beforeAll(async () => {
  store = await openTestStore();
  ({ reader, writer } = store.open());
  project = `e/${newId()}`;
});
afterAll(() => store?.close());

const queue = (projectId: string, id: string, fields: Partial<QueueWrite> = {}): QueueWrite => ({
  projectId, id, version: 1n, name: `Queue ${id}`, description: 'd', scorerRefs: ['r1', 'r2'], createdBy: 'ann', createdAtUs: T0, updatedAtUs: T0,
  deletedAtUs: null, ...fields,
}); // prettier-ignore

const item = (queueId: string, id: string, fields: Partial<QueueItemWrite> = {}): QueueItemWrite => ({
  projectId: project, queueId, id, version: 1n, callId: `call-${id}`, callOpName: 'op', callTraceId: 'trace', callStartedAtUs: T0,
  callEndedAtUs: null, displayFields: ['inputs.x'], addedBy: 'ann', createdAtUs: T0, ...fields,
}); // prettier-ignore

const progress = (
  queueId: string,
  itemId: string,
  annotator: string,
  state: ProgressWrite['state'],
  version: bigint,
): ProgressWrite => ({
  projectId: project, queueId, itemId, annotator, state, version, updatedAtUs: T0 + Number(version),
}); // prettier-ignore

async function all<T>(pages: AsyncIterable<readonly T[]>): Promise<T[]> {
  const rows: T[] = [];
  for await (const page of pages) rows.push(...page);
  return rows;
}
const queueIds = async (query: QueuesQuery) => (await all(reader.streamQueues(query))).map(({ id }) => id);
const items = (queueId: string, query: Partial<QueueItemsQuery> = {}) =>
  all(reader.streamQueueItems({ projectId: project, queueId, ...query }));

describe('queues', () => {
  it('are what was saved last, whatever came last', async () => {
    const p = `e/${newId()}`;
    const first = queue(p, 'q', { version: 5n });
    const renamed = queue(p, 'q', { version: 6n, name: 'New', updatedAtUs: T0 + 9 });
    await writer.write(batch({ queues: [renamed] }));
    await writer.write(batch({ queues: [first, first] }));
    const { version, ...stored } = renamed;
    expect(version).toBe(6n);
    expect(await reader.readQueue(p, 'q')).toEqual(stored);
    expect(await all(reader.streamQueues({ projectId: p }))).toEqual([stored]);
    await writer.write(batch({ queues: [queue(p, 'q', { version: 7n, deletedAtUs: T0 })] }));
    expect(await reader.readQueue(p, 'q')).toBeNull();
    expect(await queueIds({ projectId: p })).toEqual([]);
    expect(await reader.readQueue(p, 'none')).toBeNull();
    expect(await reader.readQueue('e/other', 'q')).toBeNull();
  });

  it('are found by a part of their name, newest first, in pages', async () => {
    const p = `e/${newId()}`;
    const queues = ['Error Review', 'Prüfung', '100%', 'error_2'].map((name, i) =>
      queue(p, `q${i}`, { name, createdAtUs: T0 + i }),
    );
    await writer.write(batch({ queues }));
    expect(await queueIds({ projectId: p })).toEqual(['q3', 'q2', 'q1', 'q0']);
    expect(await queueIds({ projectId: p, name: 'ERROR' })).toEqual(['q3', 'q0']);
    expect(await queueIds({ projectId: p, name: 'PRÜF' })).toEqual(['q1']);
    expect(await queueIds({ projectId: p, name: '%' })).toEqual(['q2']);
    expect(await queueIds({ projectId: p, name: '_' })).toEqual(['q3']);
    expect(await queueIds({ projectId: p, sort: [{ field: 'name', direction: 'asc' }] })).toEqual([
      'q2',
      'q0',
      'q1',
      'q3',
    ]);
    expect(await queueIds({ projectId: p, limit: 2, offset: 1 })).toEqual(['q2', 'q1']);
    expect(await queueIds({ projectId: p, limit: 0 })).toEqual([]);
  });
});

describe('items', () => {
  it('come with the state of the annotator who changed it last', async () => {
    const q = newId();
    await writer.write(
      batch({ queueItems: ['a', 'b', 'c'].map((id, i) => item(q, id, { createdAtUs: T0 + i })) }),
    );
    await writer.write(
      batch({
        queueProgress: [
          progress(q, 'a', 'bob', 'completed', 30n),
          progress(q, 'a', 'ann', 'in_progress', 40n),
          progress(q, 'b', 'ann', 'skipped', 20n),
        ],
      }),
    );
    // An older one that comes late changes nothing.
    await writer.write(batch({ queueProgress: [progress(q, 'b', 'ann', 'in_progress', 10n)] }));
    const found = await items(q);
    expect(found.map(({ id, state, annotator, position }) => [id, state, annotator, position])).toEqual([
      ['a', 'in_progress', 'ann', 1],
      ['b', 'skipped', 'ann', 2],
      ['c', 'unstarted', '', 3],
    ]);
    const { version, ...stored } = item(q, 'c', { createdAtUs: T0 + 2 });
    expect(version).toBe(1n);
    expect(found[2]).toEqual({
      ...stored,
      state: 'unstarted',
      annotator: '',
      updatedAtUs: T0 + 2,
      position: 3,
    });
    expect(found[0]).toMatchObject({ createdAtUs: T0, updatedAtUs: T0 + 40 });
    expect(await reader.readProgress(project, q, 'a', 'bob')).toEqual({
      state: 'completed',
      updatedAtUs: T0 + 30,
    });
    expect(await reader.readProgress(project, q, 'b', 'ann')).toEqual({
      state: 'skipped',
      updatedAtUs: T0 + 20,
    });
    expect(await reader.readProgress(project, q, 'c', 'ann')).toBeNull();
    expect(await reader.queueStats(project, [q, 'none', q])).toEqual([
      { queueId: q, items: 3, completed: 2 },
      { queueId: 'none', items: 0, completed: 0 },
      { queueId: q, items: 3, completed: 2 },
    ]);
    expect(await reader.queueStats(project, [])).toEqual([]);
    expect(await reader.existingQueueItems(project, q, ['a', 'x'])).toEqual(new Set(['a']));
    expect(await reader.existingQueueItems(project, 'none', ['a'])).toEqual(new Set());
  });

  it('are filtered, sorted and paged, and keep their place in the queue', async () => {
    const q = newId();
    await writer.write(
      batch({
        queueItems: [
          item(q, 'a', { callStartedAtUs: T0 + 5, callOpName: 'x' }),
          item(q, 'b', { callStartedAtUs: T0 + 9, callTraceId: 'other', callEndedAtUs: T0 + 10 }),
          item(q, 'c', { callStartedAtUs: T0 + 1, addedBy: 'bob' }),
        ],
        queueProgress: [progress(q, 'b', 'ann', 'completed', 20n)],
      }),
    );
    const ids = async (query: Partial<QueueItemsQuery>) =>
      (await items(q, query)).map(({ id, position }) => `${id}${position}`);
    expect(await ids({})).toEqual(['a1', 'b2', 'c3']);
    expect(await ids({ sort: [{ field: 'call_started_at', direction: 'desc' }] })).toEqual([
      'b1',
      'a2',
      'c3',
    ]);
    expect(await ids({ sort: [{ field: 'updated_at', direction: 'desc' }] })).toEqual(['b1', 'a2', 'c3']);
    expect(await ids({ id: 'b' })).toEqual(['b2']);
    expect(await ids({ callIds: ['call-c', 'call-a'] })).toEqual(['a1', 'c3']);
    expect(await ids({ callOpName: 'x' })).toEqual(['a1']);
    expect(await ids({ callTraceId: 'other' })).toEqual(['b2']);
    expect(await ids({ addedBy: 'bob' })).toEqual(['c3']);
    expect(await ids({ states: ['unstarted'] })).toEqual(['a1', 'c3']);
    expect(await ids({ states: ['completed', 'skipped'] })).toEqual(['b2']);
    expect(await ids({ states: [] })).toEqual(['a1', 'b2', 'c3']);
    expect(await ids({ limit: 1, offset: 1 })).toEqual(['b2']);
    expect((await items(q, { id: 'b' }))[0]).toMatchObject({ callEndedAtUs: T0 + 10 });
    expect(await items('none')).toEqual([]);
  });
});
