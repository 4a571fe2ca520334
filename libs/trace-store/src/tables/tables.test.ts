import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CHUNK_ROWS, cutTable } from '@weft/model';
import { batch, json, openTestStore, T0, type TestStore } from '../testing/store.ts';
import type { TraceReader, TraceWriter } from '../trace-store.ts';
import type { StoredTableRow, TableQuery } from './types.ts';

let store: TestStore;
let reader: TraceReader;
let writer: TraceWriter;
const P = 'e/p';

beforeAll(async () => {
  store = await openTestStore();
  await store.command('SYSTEM STOP MERGES');
  ({ reader, writer } = store.open());
}, 60_000);

afterAll(() => store?.close(), 60_000);

const row = (digest: string, val = `{"${digest}":1}`) => ({
  projectId: P,
  digest,
  val: json(val),
  createdAtUs: T0,
});

/** As the writer stores it. */
async function publish(digest: string, rowDigests: readonly string[]): Promise<void> {
  const { order, chunks } = cutTable(rowDigests, (part) => `${part.length}${part[0]}${part.at(-1)}`);
  await writer.write(
    batch({
      tables: [{ projectId: P, digest, createdAtUs: T0, ...order }],
      tableChunks: chunks.map((chunk) => ({ projectId: P, createdAtUs: T0, ...chunk })),
    }),
  );
}

async function rowsOf(query: Omit<TableQuery, 'projectId'>): Promise<StoredTableRow[]> {
  const rows: StoredTableRow[] = [];
  for await (const page of reader.streamTableRows({ projectId: P, ...query })) rows.push(...page);
  return rows;
}
const indexesOf = async (query: Omit<TableQuery, 'projectId'>) =>
  (await rowsOf(query)).map((found) => found.originalIndex);

describe('a short table', () => {
  beforeAll(async () => {
    const tableRows = [row('a'), row('b'), row('c')];
    await writer.write(batch({ tableRows }));
    await publish('t', ['b', 'a', 'b', 'c']);
    await writer.write(batch({ tableRows }));
    await publish('t', ['b', 'a', 'b', 'c']);
  });

  it('keeps its order and its repeated rows', async () => {
    expect(
      (await rowsOf({ digest: 't' })).map(({ digest, val, originalIndex }) => [
        digest,
        Buffer.from(val).toString(),
        originalIndex,
      ]),
    ).toEqual([
      ['b', '{"b":1}', 0],
      ['a', '{"a":1}', 1],
      ['b', '{"b":1}', 2],
      ['c', '{"c":1}', 3],
    ]);
  });

  it.each([
    [{ offset: 1, limit: 2 }, [1, 2]],
    [{ offset: 3 }, [3]],
    [{ offset: 4 }, []],
    [{ limit: 0 }, []],
    [{ limit: 2 }, [0, 1]],
    [{ rowDigests: ['b', 'x'] }, [0, 2]],
    [{ rowDigests: ['b'], offset: 1 }, [2]],
    [{ rowDigests: ['b'], limit: 1 }, [0]],
    [{ rowDigests: [] }, [0, 1, 2, 3]],
    [{ rowDigests: ['x'] }, []],
  ])('is read in part: %j', async (part, indexes) => {
    expect(await indexesOf({ digest: 't', ...part })).toEqual(indexes);
  });

  it('is counted and measured, repeated rows as often as they are there', async () => {
    const stats = { digest: 't', count: 4, storageSizeBytes: null };
    expect(await reader.tableStats(P, ['none', 't', 't'])).toEqual([stats]);
    expect(await reader.tableStats(P, ['t'], { storageSize: true })).toEqual([
      { ...stats, storageSizeBytes: 28 },
    ]);
    expect(await reader.tableStats('e/q', ['t'])).toEqual([]);
  });

  it('is of its project only', async () => {
    const rows = [];
    for await (const page of reader.streamTableRows({ projectId: 'e/q', digest: 't' })) rows.push(...page);
    expect(rows).toEqual([]);
    expect(await reader.tableOrder('e/q', 't')).toBeNull();
    expect((await reader.tableRows('e/q', ['a'])).size).toBe(0);
    expect([...(await reader.tableRows(P, ['a', 'x'])).keys()]).toEqual(['a']);
  });
});

it('the empty table is a table, an unknown one is none', async () => {
  await publish('empty', []);
  expect(await reader.tableStats(P, ['none', 'empty'], { storageSize: true })).toEqual([
    { digest: 'empty', count: 0, storageSizeBytes: 0 },
  ]);
  expect(await rowsOf({ digest: 'empty' })).toEqual([]);
  expect(await reader.tableOrder(P, 'empty')).toEqual([
    { digest: null, rowCount: 0, text: expect.objectContaining({ length: 0 }) },
  ]);
  expect(await reader.tableOrder(P, 'none')).toBeNull();
  expect(await rowsOf({ digest: 'none' })).toEqual([]);
});

it('rows that are not stored do not come, and are counted', async () => {
  await publish('holes', ['nowhere', 'a', 'nowhere']);
  expect(await indexesOf({ digest: 'holes' })).toEqual([1]);
  expect(await indexesOf({ digest: 'holes', sort: [{ field: 'a', direction: 'asc' }] })).toEqual([1]);
  expect((await reader.tableStats(P, ['holes']))[0]!.count).toBe(3);
});

describe('a long table', () => {
  const distinct = 2 * CHUNK_ROWS + 500;
  const name = (i: number) => `row${String(i).padStart(5, '0')}`;
  /** Its first chunk is there twice. */
  const order = [
    ...Array.from({ length: distinct }, (_, i) => name(i)).slice(0, 2 * CHUNK_ROWS),
    ...Array.from({ length: CHUNK_ROWS }, (_, i) => name(i)),
    ...Array.from({ length: 500 }, (_, i) => name(2 * CHUNK_ROWS + i)),
  ];
  beforeAll(async () => {
    const tableRows = Array.from({ length: distinct }, (_, i) =>
      row(name(i), `{"n":${i % 1000},"i":${i},"deep":{"text":"t${String(distinct - i).padStart(5, '0')}"}}`),
    );
    await writer.write(batch({ tableRows }));
    await publish('long', order);
    await publish('long', order);
  });

  it('is read in order, across its chunks', async () => {
    const rows = await rowsOf({ digest: 'long' });
    expect(rows.map(({ digest }) => digest)).toEqual(order);
    expect(rows.map(({ originalIndex }) => originalIndex)).toEqual(order.map((_, i) => i));
    expect(Buffer.from(rows.at(-1)!.val).toString()).toContain(`"i":${distinct - 1}`);
  });

  it.each([
    [0, 3],
    [CHUNK_ROWS - 1, 2],
    [CHUNK_ROWS, CHUNK_ROWS],
    [2 * CHUNK_ROWS - 5, CHUNK_ROWS + 10],
    [order.length - 1, 10],
    [order.length, 10],
    [5, undefined],
  ])('is read from %d, %d rows', async (offset, limit) => {
    expect((await rowsOf({ digest: 'long', offset, limit })).map(({ digest }) => digest)).toEqual(
      order.slice(offset, limit === undefined ? undefined : offset + limit),
    );
  });

  it('gives all places of some rows', async () => {
    expect(await indexesOf({ digest: 'long', rowDigests: [name(7), name(CHUNK_ROWS), 'x'] })).toEqual([
      7,
      CHUNK_ROWS,
      2 * CHUNK_ROWS + 7,
    ]);
  });

  it('gives its order and its size', async () => {
    const chunks = (await reader.tableOrder(P, 'long'))!;
    expect(chunks.flatMap(({ text }) => Buffer.from(text).toString().split('\n'))).toEqual(order);
    expect(chunks.map(({ rowCount }) => rowCount)).toEqual([CHUNK_ROWS, CHUNK_ROWS, CHUNK_ROWS, 500]);
    expect(chunks.every(({ digest }) => digest !== null)).toBe(true);
    const sizes = new Map((await rowsOf({ digest: 'long' })).map(({ digest, val }) => [digest, val.length]));
    expect(await reader.tableStats(P, ['long'], { storageSize: true })).toEqual([
      {
        digest: 'long',
        count: order.length,
        storageSizeBytes: order.reduce((sum, digest) => sum + sizes.get(digest)!, 0),
      },
    ]);
  });

  it('is sorted by values inside of the rows, equal ones in table order', async () => {
    const byN = (a: number, b: number) =>
      (Number(order[a]!.slice(3)) % 1000) - (Number(order[b]!.slice(3)) % 1000);
    const places = order.map((_, i) => i);
    const sort = [{ field: 'n', direction: 'desc' as const }];
    expect(await indexesOf({ digest: 'long', sort })).toEqual([...places].sort((a, b) => byN(b, a) || a - b));
    expect(await indexesOf({ digest: 'long', sort, limit: 3, offset: 4 })).toEqual(
      [...places].sort((a, b) => byN(b, a) || a - b).slice(4, 7),
    );
    const deep = [{ field: 'deep.text', direction: 'asc' as const }];
    expect(await indexesOf({ digest: 'long', sort: deep, limit: 2 })).toEqual([
      order.length - 1,
      order.length - 2,
    ]);
    expect(
      await indexesOf({
        digest: 'long',
        sort: [...sort, { field: 'i', direction: 'asc' }],
        rowDigests: [name(1999), name(999)],
      }),
    ).toEqual([999, 2 * CHUNK_ROWS + 999, 1999, 2 * CHUNK_ROWS + 1999]);
  });

  it('is never told without a piece of it', async () => {
    await writer.write(
      batch({
        tables: [
          {
            projectId: P,
            digest: 'torn',
            rowDigests: [],
            chunks: [{ digest: 'lost', rowCount: 5 }],
            createdAtUs: T0,
          },
        ],
      }),
    );
    await expect(rowsOf({ digest: 'torn' })).rejects.toMatchObject({ code: 'store_unavailable' });
    await expect(reader.tableOrder(P, 'torn')).rejects.toMatchObject({ code: 'store_unavailable' });
  });
});

it('values come first, numbers before texts, whatever the direction', async () => {
  const vals = [
    '{"n":3}',
    '{"n":"x"}',
    '{"n":null}',
    '{}',
    '{"n":10}',
    '{"n":2.5}',
    '{"n":"a"}',
    '{"n":-1e3}',
  ];
  await writer.write(batch({ tableRows: vals.map((val, i) => row(`mixed${i}`, val)) }));
  await publish(
    'mixed',
    vals.map((_, i) => `mixed${i}`),
  );
  const sorted = (direction: 'asc' | 'desc') =>
    indexesOf({ digest: 'mixed', sort: [{ field: 'n', direction }] });
  expect(await sorted('asc')).toEqual([7, 5, 0, 4, 6, 1, 2, 3]);
  expect(await sorted('desc')).toEqual([4, 0, 5, 7, 1, 6, 2, 3]);
});

it('what was stored before there were chunks is read, sorted and measured', async () => {
  const many = Array.from({ length: CHUNK_ROWS + 3 }, (_, i) => `old${i % 10}`);
  for (let i = 0; i < 10; i++)
    await store.command(`INSERT INTO table_rows VALUES ('${P}', 'old${i}', '{"i":${9 - i}}', now64(6))`);
  await writer.write(batch({ tables: [{ projectId: P, digest: 'old', rowDigests: many, createdAtUs: T0 }] }));
  expect((await rowsOf({ digest: 'old' })).map(({ digest }) => digest)).toEqual(many);
  expect(await indexesOf({ digest: 'old', offset: CHUNK_ROWS, limit: 2 })).toEqual([
    CHUNK_ROWS,
    CHUNK_ROWS + 1,
  ]);
  expect(await indexesOf({ digest: 'old', sort: [{ field: 'i', direction: 'asc' }], limit: 2 })).toEqual([
    9, 19,
  ]);
  expect((await reader.tableStats(P, ['old'], { storageSize: true }))[0]).toMatchObject({
    count: many.length,
    storageSizeBytes: many.length * 7,
  });
  expect(await indexesOf({ digest: 'old', rowDigests: ['old3'], limit: 2 })).toEqual([3, 13]);
});

describe('long values', () => {
  const long = (i: number) => `{"i":${i},"text":"${'x'.repeat(5 * 1024 * 1024)}"}`;

  it('among short ones come in their places, a few at a time', async () => {
    const vals = Array.from({ length: 30 }, (_, i) => (i % 4 === 1 ? long(i) : `{"i":${i}}`));
    await writer.write(batch({ tableRows: vals.map((val, i) => row(`value${i}`, val)) }));
    const order = [...vals.map((_, i) => `value${i}`), 'value1', 'value0'];
    await publish('values', order);
    const seen: number[] = [];
    for await (const page of reader.streamTableRows({ projectId: P, digest: 'values' })) {
      expect(page.reduce((sum, { val }) => sum + val.length, 0)).toBeLessThan(17 * 1024 * 1024);
      for (const { digest, val, originalIndex } of page) {
        expect(digest).toBe(order[originalIndex]);
        expect(Buffer.from(val).equals(Buffer.from(vals[Number(digest.slice(5))]!))).toBe(true);
        seen.push(originalIndex);
      }
    }
    expect(seen).toEqual(order.map((_, i) => i));
  });
});

describe('a table of many chunks', () => {
  it('is read in look-ups of several chunks', async () => {
    const count = 12 * CHUNK_ROWS;
    const name = (i: number) => `many${i}`;
    const order = Array.from({ length: count }, (_, i) => name(i));
    for (let from = 0; from < count; from += 8192)
      await writer.write(
        batch({
          tableRows: order.slice(from, from + 8192).map((digest, i) => row(digest, `{"i":${from + i}}`)),
        }),
      );
    await publish('many', order);
    const rows = await rowsOf({ digest: 'many', offset: 3, limit: count - 5 });
    expect(rows).toHaveLength(count - 5);
    expect(
      rows.every(({ val, originalIndex }) => Buffer.from(val).toString() === `{"i":${originalIndex}}`),
    ).toBe(true);
    expect(rows.every(({ originalIndex }, i) => originalIndex === i + 3)).toBe(true);
  });
});
