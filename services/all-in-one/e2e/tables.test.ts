import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { requireBackend } from '@weft/testkit';
import { runProgram } from './program.ts';
import { newProject, openStack, type Stack } from './stack.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await openStack();
});
afterAll(() => stack.stop());

interface Table {
  readonly digest: string;
  readonly row_digests: readonly string[];
}
interface Row {
  readonly digest: string;
  readonly val: Record<string, unknown>;
  readonly original_index: number;
}

const create = (project: string, rows: readonly object[] | string) =>
  stack.post<Table>('/table/create', { table: { project_id: project, rows } });
const query = async (project: string, digest: string, more: object = {}) =>
  (await stack.post<{ rows: Row[] }>('/table/query', { project_id: project, digest, ...more })).rows;
const update = (project: string, base: string, updates: readonly object[]) =>
  stack.post<{ digest: string; updated_row_digests: string[] }>('/table/update', {
    project_id: project,
    base_digest: base,
    updates,
  });
const append = (row: object) => ({ append: { row } });
const status = async (path: string, body: object | string) => {
  const res = await stack.send(path, body);
  return [res.status, ((await res.json()) as { reason?: string }).reason];
};

describe('/table/create_from_digests', () => {
  it('makes the table that one request with all rows would have made', async () => {
    const project = newProject('tables');
    const whole = await create(project, [{ n: 1 }, { n: 2 }, { n: 1 }, { n: 3 }]);
    const other = newProject('tables');
    const parts = [await create(other, [{ n: 1 }, { n: 2 }]), await create(other, [{ n: 1 }, { n: 3 }])];
    const row_digests = parts.flatMap((part) => part.row_digests);
    expect(
      await stack.post('/table/create_from_digests', {
        project_id: other,
        row_digests,
        expected_digest: whole.digest,
      }),
    ).toEqual({ digest: whole.digest });
    expect(await query(other, whole.digest)).toEqual(await query(project, whole.digest));
    expect((await query(other, whole.digest)).map(({ val }) => val)).toEqual([
      { n: 1 },
      { n: 2 },
      { n: 1 },
      { n: 3 },
    ]);
  });

  it('refuses another digest than it was told', async () => {
    const body = { project_id: newProject('tables'), row_digests: ['a'], expected_digest: 'b' };
    expect((await status('/table/create_from_digests', body))[0]).toBe(409);
  });
});

describe('/table/update', () => {
  it('applies its edits in order to a table that stays', async () => {
    const project = newProject('tables');
    const base = await create(project, [{ n: 0 }, { n: 1 }, { n: 2 }]);
    const edited = await update(project, base.digest, [
      { pop: { index: 1 } },
      append({ n: 3 }),
      { insert: { index: 0, row: { n: -1 } } },
      { pop: { index: 3 } },
    ]);
    expect((await query(project, edited.digest)).map(({ val }) => val.n)).toEqual([-1, 0, 2]);
    expect((await query(project, base.digest)).map(({ val }) => val.n)).toEqual([0, 1, 2]);
    const [popped, appended, inserted, again] = edited.updated_row_digests;
    expect(popped).toBe(base.row_digests[1]);
    expect(again).toBe(appended);
    const digests = [inserted, base.row_digests[0], base.row_digests[2]];
    expect(edited.digest).toBe(createHash('sha256').update(digests.join('')).digest('hex'));
  });

  it('makes a table out of nothing, piece by piece, each on what came before', async () => {
    const project = newProject('tables');
    let { digest } = await create(project, []);
    for (let part = 0; part < 5; part++)
      ({ digest } = await update(
        project,
        digest,
        Array.from({ length: 1000 }, (_, i) => append({ n: part * 1000 + i })),
      ));
    const rows = Array.from({ length: 5000 }, (_, n) => ({ n }));
    expect((await query(project, digest)).map(({ val }) => val)).toEqual(rows);
    expect(digest).toBe((await create(newProject('tables'), rows)).digest);
    const { digest: shorter } = await update(project, digest, [
      { pop: { index: 2500 } },
      { pop: { index: 0 } },
    ]);
    expect((await query(project, shorter, { offset: 2498, limit: 2 })).map(({ val }) => val.n)).toEqual([
      2499, 2501,
    ]);
    const { digest: back } = await update(project, shorter, [
      { insert: { index: 0, row: { n: 0 } } },
      { insert: { index: 2500, row: { n: 2500 } } },
    ]);
    expect(back).toBe(digest);
  });

  it('keeps the bytes of rows', async () => {
    const project = newProject('tables');
    const { digest: base } = await create(project, []);
    const row = '{"big": 9007199254740993, "one":1.0,"huge":1e400 ,"minus":-0, "a":1,"a":2}';
    const res = await stack.send(
      '/table/update',
      `{"project_id":"${project}","base_digest":"${base}","updates":[{"append":{"row":${row}}}]}`,
    );
    const { digest } = (await res.json()) as Table;
    const read = await stack.send('/table/query', { project_id: project, digest });
    expect(await read.text()).toContain(row);
  });

  it.each([
    [[{ pop: { index: 2 } }], 400, 'Index out of range'],
    [[{ pop: { index: -1 } }], 400, 'Index out of range'],
    [[{ insert: { index: 3, row: {} } }], 400, 'Index out of range'],
    [[append({}), { insert: { index: -1, row: {} } }], 400, 'Index out of range'],
    [[append({}), append([])], 422, 'updates[1]'],
    [[{ what: 1 }], 422, 'updates[0]'],
    [[5], 422, 'updates[0]'],
    [{}, 400, 'updates'],
  ])('refuses %j', async (updates, code, reason) => {
    const project = newProject('tables');
    const { digest } = await create(project, [{ n: 1 }, { n: 2 }]);
    const answer = await status('/table/update', { project_id: project, base_digest: digest, updates });
    expect(answer).toEqual([code, expect.stringContaining(reason)]);
  });

  it('needs its base', async () => {
    const project = newProject('tables');
    const body = { project_id: project, base_digest: 'none', updates: [] };
    expect(await status('/table/update', body)).toEqual([404, `Table ${project}:none not found`]);
  });
});

describe('reading tables', () => {
  it('gives rows in order, by page, filtered and sorted', async () => {
    const project = newProject('tables');
    const rows = [
      { n: 3, in: { s: 'b' } },
      { n: 1 },
      { n: 3, in: { s: 'b' } },
      { n: null },
      { n: 'x' },
      { n: 10, in: { s: 'a' } },
    ];
    const { digest, row_digests } = await create(project, rows);
    const indexes = async (more: object) =>
      (await query(project, digest, more)).map((row) => row.original_index);
    expect(await query(project, digest)).toEqual(
      rows.map((val, i) => ({ digest: row_digests[i], val, original_index: i })),
    );
    expect(await indexes({ offset: 1, limit: 2 })).toEqual([1, 2]);
    expect(await indexes({ limit: 0 })).toEqual([]);
    expect(await indexes({ filter: { row_digests: [row_digests[0]] } })).toEqual([0, 2]);
    expect(await indexes({ filter: { row_digests: [] }, limit: 1 })).toEqual([0]);
    expect(await indexes({ sort_by: [{ field: 'n', direction: 'asc' }] })).toEqual([1, 0, 2, 5, 4, 3]);
    expect(await indexes({ sort_by: [{ field: 'n', direction: 'desc' }], limit: 2, offset: 1 })).toEqual([
      0, 2,
    ]);
    expect(await indexes({ sort_by: [{ field: 'in.s', direction: 'asc' }] })).toEqual([5, 0, 2, 1, 3, 4]);
    const body = { project_id: project, digest, limit: 2, offset: 4 };
    expect(await stack.lines<Row>('/table/query_stream', body)).toEqual(
      await query(project, digest, { limit: 2, offset: 4 }),
    );
    expect(await query(project, 'unknown')).toEqual([]);
    expect(await stack.lines('/table/query_stream', { project_id: project, digest: 'unknown' })).toEqual([]);
  });

  it.each(['', '  ', '.a', 'a.', 'a..b', 'a. .b'])('refuses to sort by %j', async (field) => {
    const project = newProject('tables');
    const { digest } = await create(project, [{ a: 1 }]);
    const sort_by = [{ field, direction: 'asc' }];
    const [code, reason] = await status('/table/query', { project_id: project, digest, sort_by });
    expect([code, reason]).toEqual([400, expect.stringMatching(/ort field/)]);
  });

  it('counts and measures', async () => {
    const project = newProject('tables');
    const table = await create(project, [{ a: 1 }, { a: 1 }, { b: 22 }]);
    const empty = await create(project, []);
    const stats = (digest: string) => stack.post('/table/query_stats', { project_id: project, digest });
    expect(await stats(table.digest)).toEqual({ count: 3 });
    expect(await stats(empty.digest)).toEqual({ count: 0 });
    expect(await stats('unknown')).toEqual({ count: 0 });
    const digests = [table.digest, 'unknown', empty.digest, table.digest];
    expect(await stack.post('/table/query_stats_batch', { project_id: project, digests })).toEqual({
      tables: [
        { count: 3, digest: table.digest, storage_size_bytes: null },
        { count: 0, digest: empty.digest, storage_size_bytes: null },
      ],
    });
    expect(
      await stack.post('/table/query_stats_batch', {
        project_id: project,
        digests: [table.digest],
        include_storage_size: true,
      }),
    ).toEqual({ tables: [{ count: 3, digest: table.digest, storage_size_bytes: 7 + 7 + 8 }] });
    expect(await stack.post('/table/query_stats_batch', { project_id: project })).toEqual({ tables: [] });
  });

  it('keeps tables of projects apart', async () => {
    const project = newProject('tables');
    const { digest } = await create(project, [{ a: 1 }]);
    expect(await query(newProject('tables'), digest)).toEqual([]);
  });
});

interface Datasets {
  readonly length: number;
  readonly rows: readonly object[];
  readonly edited: readonly object[];
  readonly first: readonly object[];
}

requireBackend('python', describe)('Python datasets', () => {
  it('are published in parts, read, sliced, appended to and edited', async () => {
    const out = await runProgram<Datasets>(stack, 'datasets.py', newProject('py-data'), '2500');
    const rows = Array.from({ length: 2500 }, (_, i) => ({ n: i, text: `row ${i}` }));
    expect(out.length).toBe(2500);
    expect(out.rows).toEqual(rows);
    expect(out.first).toEqual(rows.slice(0, 3));
    expect(out.edited).toEqual([...rows, { n: -1, text: 'added' }, { n: -2, text: 'and one' }]);
  }, 120_000);
});
