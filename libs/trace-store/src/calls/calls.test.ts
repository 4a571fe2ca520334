import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId, type CallPart } from '@weft/model';
import { mulberry32 } from '@weft/testkit';
import {
  batch,
  completeOf,
  endOf,
  json,
  openTestStore,
  renameOf,
  shuffled,
  startOf,
  T0,
  type TestStore,
} from '../testing/store.ts';
import {
  newTally,
  type CallsQuery,
  type StoredCall,
  type TraceReader,
  type TraceWriter,
} from '../trace-store.ts';
import { openTraceWriter } from '../writer.ts';
import { foldParts } from './fold.ts';

let store: TestStore;
let reader: TraceReader;
let writer: TraceWriter;
let projects = 0;
const newProject = () => `e/p${++projects}`;

beforeAll(async () => {
  store = await openTestStore();
  // Everything has to hold with every superseded row still on disk.
  await store.command('SYSTEM STOP MERGES calls');
  ({ reader, writer } = store.open());
}, 60_000);

afterAll(() => store?.close(), 60_000);

const write = async (calls: readonly CallPart[], to = writer) =>
  expect(await to.write(batch({ calls }))).toEqual([]);

async function descendants(projectId: string, ids: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for await (const page of reader.descendants(projectId, ids)) found.push(...page);
  return found;
}

async function read(projectId: string, query: Partial<CallsQuery> = {}): Promise<StoredCall[]> {
  const rows: StoredCall[] = [];
  const all: CallsQuery = {
    projectId,
    filter: {},
    sort: [],
    payloads: ['attributes', 'inputs', 'output', 'summary'],
    ...query,
  };
  for await (const page of reader.streamCalls(all)) rows.push(...page);
  return rows;
}

const ids = async (projectId: string, query: Partial<CallsQuery> = {}) =>
  (await read(projectId, { payloads: [], ...query })).map((c) => c.id);
const count = async (projectId: string, filter = {}) =>
  (await reader.countCalls({ projectId, filter })).count;
const rowsOnDisk = async (projectId: string) =>
  Number((await store.query(`SELECT toString(count()) FROM calls WHERE project_id = '${projectId}'`))[0]);

/** What a reader should see of the parts. */
function expected(parts: readonly CallPart[]): object[] {
  const { start, end, rename } = foldParts(parts);
  if (start === undefined) return [];
  return [
    {
      startedAtUs: start.startedAtUs,
      inputs: Buffer.from(start.inputs).toString(),
      endedAtUs: end?.endedAtUs ?? null,
      output: end === undefined ? '' : Buffer.from(end.output).toString(),
      displayName: rename === undefined ? start.displayName : rename.displayName || null,
    },
  ];
}

function seen(calls: readonly StoredCall[]): object[] {
  return calls.map((call) => ({
    startedAtUs: call.startedAtUs,
    inputs: Buffer.from(call.inputs).toString(),
    endedAtUs: call.endedAtUs,
    output: Buffer.from(call.output).toString(),
    displayName: call.displayName,
  }));
}

describe('folding into the store', () => {
  const projectId = newProject();
  const id = () => newId();

  it.each<[string, (id: string) => CallPart[][]]>([
    ['start, then end', (i) => [[startOf(projectId, i)], [endOf(projectId, i)]]],
    ['end, then start', (i) => [[endOf(projectId, i)], [startOf(projectId, i)]]],
    ['start only', (i) => [[startOf(projectId, i)]]],
    ['end only', (i) => [[endOf(projectId, i)]]],
    [
      'everything twice',
      (i) => [[startOf(projectId, i)], [startOf(projectId, i), endOf(projectId, i)], [endOf(projectId, i)]],
    ],
    [
      'two starts, the later first',
      (i) => [
        [startOf(projectId, i, { startedAtUs: T0 + 9 })],
        [startOf(projectId, i)],
        [endOf(projectId, i)],
      ],
    ],
    [
      'two starts, the earlier first',
      (i) => [[startOf(projectId, i)], [startOf(projectId, i, { startedAtUs: T0 + 9 })]],
    ],
    [
      'two starts years apart',
      (i) => [
        [startOf(projectId, i, { startedAtUs: T0 - 9e13 })],
        [startOf(projectId, i)],
        [endOf(projectId, i)],
      ],
    ],
    [
      'two starts at once',
      (i) => [[startOf(projectId, i, { salt: 'a' })], [startOf(projectId, i, { salt: 'b' })]],
    ],
    [
      'two ends',
      (i) => [[completeOf(projectId, i)], [endOf(projectId, i, { endedAtUs: T0 + 2_000_000, salt: 'b' })]],
    ],
    [
      'complete after an older start and end',
      (i) => [[startOf(projectId, i)], [endOf(projectId, i)], [completeOf(projectId, i)]],
    ],
    ['a late start after complete', (i) => [[completeOf(projectId, i)], [startOf(projectId, i)]]],
    [
      'rename before start',
      (i) => [[renameOf(projectId, i, 'n')], [startOf(projectId, i, { displayName: 'own' })]],
    ],
    [
      'rename, then cleared',
      (i) => [
        [startOf(projectId, i, { displayName: 'own' })],
        [renameOf(projectId, i, 'n')],
        [renameOf(projectId, i, '', T0 + 5)],
      ],
    ],
    [
      'rename between start and end',
      (i) => [[startOf(projectId, i)], [renameOf(projectId, i, 'n')], [endOf(projectId, i)]],
    ],
    [
      'rename with the end',
      (i) => [[startOf(projectId, i)], [renameOf(projectId, i, 'n'), endOf(projectId, i)]],
    ],
    [
      'start at the first instant',
      (i) => [[startOf(projectId, i, { startedAtUs: Date.UTC(1900, 0, 1) * 1000 + 1 })]],
    ],
    [
      'start before 1970',
      (i) => [[startOf(projectId, i, { startedAtUs: -5_000_001 })], [endOf(projectId, i, { endedAtUs: -4 })]],
    ],
  ])('%s', async (_, parts) => {
    for (const forgetful of [false, true]) {
      const callId = id();
      for (const calls of parts(callId)) {
        if (forgetful) writer.forget();
        await write(calls);
      }
      const found = await read(projectId, { filter: { callIds: [callId] } });
      const should = expected(parts(callId).flat());
      expect(seen(found)).toEqual(should);
      expect(await count(projectId, { callIds: [callId] })).toBe(should.length);
    }
  });

  it('reads the same for every order, repetition, cut, lost memory and change of writer', async () => {
    const random = mulberry32(3);
    const project = newProject();
    const pick = () => Math.floor(random() * 3);
    // Half of the ids are not time-ordered, like those of OTel spans: found by their key only.
    const calls = Array.from({ length: 60 }, (_, i) => (i % 2 === 0 ? newId() : `span${i}`));
    const parts = new Map<string, CallPart[]>();
    for (const callId of calls) {
      const some: CallPart[] = [];
      // Contradicting starts keep their instant where the id does not tell where else to look.
      const startAt = () => T0 + (callId.startsWith('span') ? 0 : pick());
      if (random() < 0.9) some.push(startOf(project, callId, { startedAtUs: startAt(), salt: `${pick()}` }));
      if (random() < 0.7) some.push(endOf(project, callId, { endedAtUs: T0 + pick(), salt: `${pick()}` }));
      if (random() < 0.3) some.push(renameOf(project, callId, `n${pick()}`, T0 + pick()));
      if (random() < 0.3)
        some.push(
          completeOf(
            project,
            callId,
            { startedAtUs: startAt(), salt: 'c' },
            { endedAtUs: T0 + pick(), salt: 'c' },
          ),
        );
      parts.set(callId, some);
    }
    const all = [...parts.values()].flat();
    const stream = shuffled([...all, ...all.filter(() => random() < 0.5)], random);
    let other = openTraceWriter(store.writer);
    for (let at = 0; at < stream.length;) {
      const size = 1 + Math.floor(random() * 25);
      const calls = stream.slice(at, at + size);
      // A batch that was stored but not committed comes again.
      at += random() < 0.2 ? Math.floor(size / 2) : size;
      await write(calls, other);
      if (random() < 0.3) other.forget();
      if (random() < 0.2) {
        await other.close();
        other = openTraceWriter(store.writer);
      }
    }
    await other.close();
    const visible = calls.filter((callId) => expected(parts.get(callId)!).length > 0);
    for (const sort of [
      [],
      [{ field: 'started_at', direction: 'desc' }],
      [{ field: 'ended_at', direction: 'asc' }],
    ] as const) {
      const found = await read(project, { sort, limit: 1000 });
      const byId = new Map(found.map((call) => [call.id, call]));
      expect([...byId.keys()].sort()).toEqual([...visible].sort());
      expect(found).toHaveLength(visible.length);
      for (const callId of visible) expect(seen([byId.get(callId)!])).toEqual(expected(parts.get(callId)!));
    }
    expect(await count(project)).toBe(visible.length);
    expect((await read(project)).map((c) => c.id).sort()).toEqual([...visible].sort());
  });

  it('writes a redelivered batch no second time, whether it remembers it or not', async () => {
    const project = newProject();
    const calls = [
      completeOf(project, newId()),
      completeOf(project, 'span'),
      startOf(project, newId()),
      endOf(project, newId()),
    ];
    await write(calls);
    const before = await rowsOnDisk(project);
    await write(calls);
    writer.forget();
    await write(calls);
    expect(await rowsOnDisk(project)).toBe(before);
    expect(before).toBe(4);
  });

  it('tells what a write did: rows written, rows replaced, parts that said nothing new', async () => {
    const projectId = newProject();
    const did = async (calls: readonly CallPart[], to = writer) => {
      const tally = newTally();
      expect(await to.write(batch({ calls }), undefined, tally)).toEqual([]);
      return [tally.callRows, tally.supersededRows, tally.unchangedCalls];
    };
    const id = newId();
    const [start, end] = [startOf(projectId, id), endOf(projectId, id)];
    const whole = completeOf(projectId, newId());
    expect(await did([start, whole])).toEqual([2, 0, []]);
    // The end of a running call takes its place at the same key: no mark. The others are known.
    expect(await did([whole, start, end])).toEqual([1, 0, [0]]);
    expect(await did([start, whole, end])).toEqual([0, 0, [0, 2, 1]]);
    expect(await did([renameOf(projectId, id, 'new name')])).toEqual([1, 1, []]);
    const other = openTraceWriter(store.writer);
    expect(await did([whole, end], other)).toEqual([0, 0, [0, 1]]);
    await other.close();
  });

  it('heals what a crash between a row and its mark left', async () => {
    const project = newProject();
    const callId = newId();
    await write([completeOf(project, callId)]);
    await write([renameOf(project, callId, 'new')]);
    await store.command(`DELETE FROM calls_superseded WHERE project_id = '${project}'`);
    expect(await count(project)).toBe(2);
    expect((await read(project)).map((c) => c.displayName)).toEqual(['new']);
    writer.forget();
    await write([renameOf(project, callId, 'new')]);
    expect(await count(project)).toBe(1);
  });

  it('keeps every byte of a payload', async () => {
    const project = newProject();
    const text = '{"n":9007199254740993,"big":1e400,"zero":-0,"one":1.0,"lone":"\\ud800","raw":"ä\u2028😀"}';
    const invalid = Buffer.concat([json('{"x":"'), Buffer.from([0xff, 0x00, 0xfe]), json('"}')]);
    await write([
      completeOf(
        project,
        newId(),
        { inputs: json(text), attributes: invalid, otelDump: json(text) },
        { output: json(text), summary: json(text) },
      ),
    ]);
    const [call] = await read(project);
    for (const payload of [call!.inputs, call!.output, call!.summary, call!.otelDump])
      expect(Buffer.from(payload).toString()).toBe(text);
    expect(Buffer.from(call!.attributes)).toEqual(invalid);
  });

  it('keeps a deleted call deleted, whatever comes later', async () => {
    const project = newProject();
    const callId = newId();
    await write([startOf(project, callId)]);
    await writer.write(batch({ deletedCalls: [{ projectId: project, id: callId, deletedAtUs: T0 }] }));
    await write([endOf(project, callId), completeOf(project, callId, { startedAtUs: T0 + 9 })]);
    expect(await read(project)).toEqual([]);
    expect(await count(project)).toBe(0);
    expect(await descendants(project, [callId])).toEqual([]);
  });

  it('does not mix calls of the same id in two projects', async () => {
    const [a, b] = [newProject(), newProject()];
    const callId = newId();
    await write([startOf(a, callId, { opName: 'a' }), startOf(b, callId, { opName: 'b' })]);
    await write([endOf(a, callId)]);
    expect((await read(a)).map((c) => [c.opName, c.endedAtUs !== null])).toEqual([['a', true]]);
    expect((await read(b)).map((c) => [c.opName, c.endedAtUs !== null])).toEqual([['b', false]]);
  });

  it('stays within the bounds of its memory', async () => {
    const project = newProject();
    const small = openTraceWriter({ ...store.writer, cacheEntries: 3, cacheBytes: 5000 });
    const calls = Array.from({ length: 20 }, () => newId());
    await write(
      calls.map((callId) => startOf(project, callId)),
      small,
    );
    for (const callId of calls) await write([endOf(project, callId), startOf(project, callId)], small);
    await small.close();
    expect(await count(project)).toBe(20);
    expect((await read(project)).every((c) => c.endedAtUs !== null)).toBe(true);
    expect(await rowsOnDisk(project)).toBe(40);
  });
});

describe('reading calls', () => {
  const project = newProject();
  const ref = (version: string) => `weave:///${project}/op/predict:${version}`;

  beforeAll(async () => {
    await write([
      completeOf(
        project,
        'a',
        {
          startedAtUs: T0,
          traceId: 't1',
          opName: ref('v1'),
          userId: 'u1',
          inputRefs: ['weave:///x:1', 'weave:///x:2'],
        },
        { endedAtUs: T0 + 5_000 },
      ),
      completeOf(
        project,
        'b',
        {
          startedAtUs: T0 + 1,
          traceId: 't1',
          parentId: 'a',
          opName: ref('v2'),
          threadId: 'th',
          turnId: 'tu',
        },
        { endedAtUs: T0 + 2_001, exception: 'no', outputRefs: ['weave:///y:1'] },
      ),
      completeOf(
        project,
        'c',
        {
          startedAtUs: T0 + 2,
          traceId: 't1',
          parentId: 'b',
          opName: 'free',
          displayName: 'zed',
          runId: 'r',
          runStep: 0,
        },
        { endedAtUs: T0 + 9_002, summary: json('{"status_counts":{"error":1}}'), runStepEnd: 3 },
      ),
      startOf(project, 'd', { startedAtUs: T0 + 3, traceId: 't2', opName: 'free:*', runId: `${project}/s` }),
      endOf(project, 'ghost'),
    ]);
  }, 60_000);

  it.each<[string, CallsQuery['filter'], string[]]>([
    ['nothing', {}, ['a', 'b', 'c', 'd']],
    ['op names', { opNames: [ref('v1'), 'free'] }, ['a', 'c']],
    ['all versions of an op', { opNames: [ref('*')] }, ['a', 'b']],
    ['input refs', { inputRefs: ['weave:///x:2'] }, ['a']],
    ['all versions of a ref', { inputRefs: ['weave:///x:*'], outputRefs: [] }, ['a']],
    ['output refs', { outputRefs: ['weave:///y:1', 'weave:///z:*'] }, ['b']],
    ['parents', { parentIds: ['a', 'b'] }, ['b', 'c']],
    ['traces', { traceIds: ['t2'] }, ['d']],
    ['ids', { callIds: ['c', 'ghost', 'nobody'] }, ['c']],
    ['threads', { threadIds: ['th'] }, ['b']],
    ['no threads', { threadIds: [] }, []],
    ['turns', { turnIds: ['tu'] }, ['b']],
    ['users', { userIds: ['u1'] }, ['a']],
    ['runs', { runIds: ['r'] }, ['c']],
    ['runs of the project', { runIds: ['s', 'r'] }, ['c', 'd']],
    ['runs of another project', { runIds: ['other/project/s'] }, []],
    ['roots', { traceRootsOnly: true }, ['a', 'd']],
    ['other empty lists', { opNames: [], traceIds: [], callIds: [] }, ['a', 'b', 'c', 'd']],
    ['several fields', { traceIds: ['t1'], traceRootsOnly: true, userIds: ['u1', "'"] }, ['a']],
    ['hostile text', { opNames: ["') OR 1=1 --", '\\', '\u0000', '\n\t'] }, []],
  ])('filters by %s', async (_, filter, expectedIds) => {
    expect(await ids(project, { filter })).toEqual(expectedIds);
    expect(await count(project, filter)).toBe(expectedIds.length);
  });

  it.each<[CallsQuery['sort'][number]['field'], 'asc' | 'desc', string[]]>([
    ['started_at', 'desc', ['d', 'c', 'b', 'a']],
    ['ended_at', 'asc', ['b', 'a', 'c', 'd']],
    ['summary.weave.latency_ms', 'desc', ['c', 'a', 'b', 'd']],
    ['summary.weave.status', 'asc', ['c', 'b', 'd', 'a']],
    ['summary.weave.trace_name', 'asc', ['d', 'b', 'a', 'c']],
    ['display_name', 'asc', ['c', 'd', 'b', 'a']],
    ['wb_run_step', 'asc', ['c', 'd', 'b', 'a']],
    ['parent_id', 'desc', ['c', 'b', 'd', 'a']],
    ['op_name', 'asc', ['c', 'd', 'a', 'b']],
    ['id', 'asc', ['a', 'b', 'c', 'd']],
  ])('sorts by %s %s', async (field, direction, expectedIds) => {
    expect(await ids(project, { sort: [{ field, direction }] })).toEqual(expectedIds);
    expect(await ids(project, { sort: [{ field, direction }], limit: 2, offset: 1 })).toEqual(
      expectedIds.slice(1, 3),
    );
  });

  it('maps every field', async () => {
    const [call] = await read(project, {
      filter: { callIds: ['c'] },
      storageSize: true,
      payloads: ['summary'],
    });
    expect({ ...call, summary: Buffer.from(call!.summary).toString() }).toMatchObject({
      projectId: project,
      id: 'c',
      traceId: 't1',
      parentId: 'b',
      threadId: null,
      turnId: null,
      opName: 'free',
      displayName: 'zed',
      startedAtUs: T0 + 2,
      endedAtUs: T0 + 9_002,
      exception: null,
      userId: null,
      runId: 'r',
      runStep: 0,
      runStepEnd: 3,
      summary: '{"status_counts":{"error":1}}',
      storageSizeBytes: '{}{"salt":""}""{"status_counts":{"error":1}}'.length,
      totalStorageSizeBytes: null,
    });
    expect(call!.inputs).toHaveLength(0);
  });

  it('sums sizes over the trace for roots only', async () => {
    const calls = await read(project, { storageSize: true, totalStorageSize: true });
    const size = (id: string) => calls.find((call) => call.id === id)!.storageSizeBytes!;
    const totals = calls.map((call) => call.totalStorageSizeBytes);
    expect(totals).toEqual([size('a') + size('b') + size('c'), null, null, size('d')]);
    const all = await reader.countCalls({ projectId: project, filter: {}, totalStorageSize: true });
    expect(all).toEqual({ count: 4, totalStorageSizeBytes: totals[0]! + totals[3]! });
    expect(await reader.countCalls({ projectId: project, filter: {}, limit: 3 })).toEqual({
      count: 3,
      totalStorageSizeBytes: null,
    });
  });

  it('finds descendants through any depth, and survives a circle', async () => {
    expect((await descendants(project, ['b', 'nobody'])).sort()).toEqual(['b', 'c']);
    expect((await descendants(project, ['a'])).sort()).toEqual(['a', 'b', 'c']);
    const circle = newProject();
    await write([startOf(circle, 'x', { parentId: 'y' }), startOf(circle, 'y', { parentId: 'x' })]);
    expect((await descendants(circle, ['x'])).sort()).toEqual(['x', 'y']);
  });

  it('pages without gap or repetition while every call has a superseded row', async () => {
    const paged = newProject();
    const calls = Array.from({ length: 130 }, (_, i) => [newId(), T0 + (i >> 2)] as const);
    await write(calls.map(([id, startedAtUs]) => startOf(paged, id, { startedAtUs })));
    await write(calls.map(([id]) => endOf(paged, id)));
    for (const sort of [
      [],
      [{ field: 'started_at', direction: 'desc' }],
      [{ field: 'op_name', direction: 'asc' }],
    ] as const) {
      const whole = await ids(paged, { sort });
      expect(new Set(whole).size).toBe(130);
      const pages = [];
      for (let offset = 0; offset < 130; offset += 40)
        pages.push(...(await ids(paged, { sort, offset, limit: 40 })));
      expect(pages).toEqual(whole);
      for (const limit of [1, 40, 129, 130, 131])
        expect(await ids(paged, { sort, limit })).toEqual(whole.slice(0, limit));
    }
    expect(await count(paged)).toBe(130);
    const limited = { projectId: paged, filter: {}, totalStorageSize: true, limit: 1000 };
    expect(await reader.countCalls({ ...limited, limit: undefined })).toEqual(
      await reader.countCalls(limited),
    );
    expect((await read(paged, { limit: 50 })).every((call) => call.endedAtUs !== null)).toBe(true);
  });

  it('takes more and longer ids than fit one field of a request', async () => {
    const long = newProject();
    const many = Array.from({ length: 2500 }, (_, i) => `${'ü'.repeat(60)}${String(i).padStart(5, '0')}`);
    const calls = many.map((id) => completeOf(long, id));
    await write(calls);
    writer.forget();
    await write(calls);
    expect(await rowsOnDisk(long)).toBe(2500);
    expect(await ids(long, { filter: { callIds: many } })).toEqual(many);
    expect(await count(long, { callIds: many, opNames: ['op'] })).toBe(2500);
  });

  it('gets past any number of copies of one row', async () => {
    const copied = newProject();
    await write([completeOf(copied, 'a'), completeOf(copied, 'b', { startedAtUs: T0 + 1 })]);
    await store.command(
      `INSERT INTO calls SETTINGS optimize_on_insert = 0
SELECT c.* FROM calls AS c CROSS JOIN numbers(500) AS n WHERE c.project_id = '${copied}'`,
    );
    expect(await rowsOnDisk(copied)).toBe(1002);
    expect(await ids(copied, { limit: 1 })).toEqual(['a']);
    expect(await ids(copied, { limit: 2 })).toEqual(['a', 'b']);
    expect(await ids(copied)).toEqual(['a', 'b']);
    expect(await ids(copied, { sort: [{ field: 'op_name', direction: 'asc' }] })).toEqual(['b', 'a']);
  });

  it('fills a page behind more deleted and renamed calls than it asks for', async () => {
    const thinned = newProject();
    const calls = Array.from({ length: 200 }, (_, i) => [newId(), T0 + i] as const);
    await write(calls.map(([id, startedAtUs]) => completeOf(thinned, id, { startedAtUs })));
    await write(calls.slice(50, 120).map(([id]) => renameOf(thinned, id, 'new name')));
    const deleted = calls.slice(120).map(([id]) => ({ projectId: thinned, id, deletedAtUs: T0 }));
    await writer.write(batch({ deletedCalls: deleted }));
    const left = calls
      .slice(0, 120)
      .map(([id]) => id)
      .reverse();
    const sort = [{ field: 'started_at', direction: 'desc' }] as const;
    for (const [offset, limit] of [
      [0, 3],
      [0, 100],
      [2, 3],
      [60, 40],
      [119, 5],
      [120, 5],
    ] as const)
      expect(await ids(thinned, { sort, offset, limit })).toEqual(left.slice(offset, offset + limit));
    const names = (await read(thinned, { sort, limit: 71 })).map((call) => call.displayName);
    expect(names).toEqual([...Array.from({ length: 70 }, () => 'new name'), null]);
  });

  it('answers a limit of nothing with nothing', async () => {
    expect(await read(project, { limit: 0 })).toEqual([]);
  });
});
