import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newProject, openStack, type Stack } from './stack.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await openStack();
});
afterAll(() => stack.stop());

function project() {
  const project_id = newProject('refs');
  const base = `weave:///${project_id}`;
  return {
    project_id,
    base,
    publish: async (object_id: string, val: unknown) => {
      const { digest } = await stack.post<{ digest: string }>('/obj/create', {
        obj: { project_id, object_id, val },
      });
      return `${base}/object/${object_id}:${digest}`;
    },
    table: (rows: object[]) =>
      stack.post<{ digest: string; row_digests: string[] }>('/table/create', { table: { project_id, rows } }),
    remove: (object_id: string) => stack.post('/obj/delete', { project_id, object_id }),
  };
}

const read = async (...refs: string[]) =>
  (await stack.post<{ vals: unknown[] }>('/refs/read_batch', { refs })).vals;
async function refused(...refs: string[]) {
  const res = await stack.send('/refs/read_batch', { refs });
  return { status: res.status, body: await res.json() };
}

describe('/refs/read_batch', () => {
  it('reads values and what is in them, in the order of the refs', async () => {
    const p = project();
    const [one, two] = [
      await p.publish('one', { a: [1, { b: 'x' }], 'é/ä': 5 }),
      await p.publish('two', 'text'),
    ];
    expect(await read()).toEqual([]);
    expect(await read(two, one, two)).toEqual(['text', { a: [1, { b: 'x' }], 'é/ä': 5 }, 'text']);
    expect(
      await read(
        `${one}/attr/a/index/1/key/b`,
        `${one}/key/%C3%A9%2F%C3%A4`,
        `${one}/attr/a/index/2`,
        `${one}/attr/nope/attr/x`,
        `${two}/attr/x`,
        `${one}/index/0`,
      ),
    ).toEqual(['x', 5, null, null, null, null]);
    // An op is read as an object and the other way round: the digest says which it is.
    expect(await read(one.replace('/object/', '/op/'))).toEqual([{ a: [1, { b: 'x' }], 'é/ä': 5 }]);
  });

  it('gives values as they were sent', async () => {
    const p = project();
    const val = '{"x":[9007199254740993,1.0,1e400],"x":[-0,9007199254740993,1.0]}';
    const made = await stack.send(
      '/obj/create',
      `{"obj":{"project_id":"${p.project_id}","object_id":"o","val":${val}}}`,
    );
    const { digest } = (await made.json()) as { digest: string };
    const refs = ['', '/attr/x', '/attr/x/index/1'].map((path) => `${p.base}/object/o:${digest}${path}`);
    const res = await stack.send('/refs/read_batch', { refs });
    expect(await res.text()).toBe(`{"vals":[${val},[-0,9007199254740993,1.0],9007199254740993]}`);
  });

  it('follows refs on the way, not at the end', async () => {
    const p = project();
    const inner = await p.publish('inner', { list: [{ k: 1 }, { k: 2 }], self: { deep: true } });
    const middle = await p.publish('middle', { inner, part: `${inner}/attr/list` });
    const outer = await p.publish('outer', {
      middle,
      call: `${p.base}/call/x`,
      dangling: `${p.base}/object/no:x`,
      latest: `${p.base}/object/inner:latest`,
      artifact: 'wandb-artifact:///e/p/x',
    });
    expect(await read(`${outer}/attr/middle`)).toEqual([middle]);
    expect(await read(`${outer}/attr/middle/attr/inner`)).toEqual([inner]);
    expect(
      await read(
        `${outer}/attr/middle/attr/inner/attr/list/index/1/attr/k`,
        `${outer}/attr/middle/key/part/index/0`,
        `${outer}/attr/middle/attr/part/index/9`,
        `${inner}/attr/self`,
      ),
    ).toEqual([2, { k: 1 }, null, { deep: true }]);
    // What a value names need not exist.
    expect(
      await read(...['call', 'dangling', 'latest', 'artifact'].map((name) => `${outer}/attr/${name}/attr/x`)),
    ).toEqual([null, null, null, null]);
    expect(await read(`${outer}/attr/dangling`)).toEqual([`${p.base}/object/no:x`]);
  });

  it('reads rows of tables', async () => {
    const p = project();
    const inner = await p.publish('inner', { v: 1 });
    const table = await p.table([
      { x: 1, n: 'a' },
      { x: 2, ref: inner },
    ]);
    const dataset = await p.publish('dataset', { rows: `${p.base}/table/${table.digest}` });
    const row = (i: number) => `${dataset}/attr/rows/id/${table.row_digests[i]}`;
    expect(
      await read(row(1), `${row(0)}/key/n`, `${row(1)}/attr/ref/attr/v`, `${dataset}/attr/rows`),
    ).toEqual([{ x: 2, ref: inner }, 'a', 1, `${p.base}/table/${table.digest}`]);
    expect(await refused(`${dataset}/attr/rows/id/nope`)).toMatchObject({
      status: 404,
      body: { reason: 'Row digest nope not found' },
    });
    expect(await refused(`${dataset}/attr/rows/index/0`)).toMatchObject({
      status: 400,
      body: { reason: 'Table refs must have id extra' },
    });
  });

  it('has null for what is deleted, and says which objects never were', async () => {
    const p = project();
    const [kept, gone] = [await p.publish('kept', { gone: 1 }), await p.publish('gone', { x: 1 })];
    const holder = await p.publish('holder', { gone });
    await p.remove('gone');
    expect(
      await read(gone, kept, `${gone}/attr/x`, `${holder}/attr/gone/attr/x`, `${holder}/attr/gone`),
    ).toEqual([null, { gone: 1 }, null, null, gone]);
    const missing = await refused(
      kept,
      `${p.base}/object/kept:zzz`,
      `${p.base}/op/nope:aaa/attr/x`,
      `${p.base}/object/kept:zzz/attr/y`,
    );
    expect(missing).toEqual({
      status: 404,
      body: {
        reason: "Ref read contains 3 digests, but found 1 objects. Diff digests: ['aaa', 'zzz']",
        missing_object_digests: ['aaa', 'zzz'],
        error_type: 'RefObjectsNotFoundError',
      },
    });
  });

  it('reads several projects, each on its own', async () => {
    const [p, q] = [project(), project()];
    const [here, there] = [await p.publish('o', { v: 'here' }), await q.publish('o', { v: 'there' })];
    const crossing = await p.publish('crossing', { there });
    expect(await read(there, here)).toEqual([{ v: 'there' }, { v: 'here' }]);
    expect(await read(`${crossing}/attr/there`, `${crossing}/attr/there/attr/v`)).toEqual([there, null]);
  });

  it('answers for a thousand refs into the same objects, and for values that do not fit in memory together', async () => {
    const p = project();
    const list = await p.publish(
      'list',
      Array.from({ length: 1000 }, (_, i) => ({ i })),
    );
    const refs = Array.from({ length: 1000 }, (_, i) => `${list}/index/${999 - i}/attr/i`);
    expect(await read(...refs)).toEqual(Array.from({ length: 1000 }, (_, i) => 999 - i));
    const large = [];
    for (let i = 0; i < 6; i++)
      large.push(await p.publish(`large${i}`, { text: `${i}`.repeat(5 * 1024 * 1024) }));
    const vals = (await read(...large, `${large[0]}/attr/nope`)) as ({ text: string } | null)[];
    expect(vals.map((val) => val && [val.text[0], val.text.length])).toEqual([
      ...large.map((_, i) => [`${i}`, 5 * 1024 * 1024]),
      null,
    ]);
  });

  it.each<[string, (base: string) => string, string | undefined]>([
    ['calls', (base) => `${base}/call/x`, 'Call refs not supported in batch read, use calls_query_stream'],
    ['tables', (base) => `${base}/table/x`, 'Table refs not supported'],
    ['rows of tables alone', (base) => `${base}/table/x/id/y`, 'Table refs not supported'],
    [
      'the latest version',
      (base) => `${base}/object/o:latest`,
      'Reading refs with `latest` is not supported',
    ],
    [
      'internal refs',
      () => 'weave-trace-internal:///x/object/o:d',
      'Encountered unexpected internal ref format.',
    ],
    ['too short refs', () => 'weave:///x', undefined],
    ['no version', (base) => `${base}/object/o`, undefined],
    ['unknown edges', (base) => `${base}/object/o:d/row/1`, undefined],
    ['half a step', (base) => `${base}/object/o:d/attr`, undefined],
    ['what is no ref', () => 'nope', undefined],
  ])('refuses %s', async (_, ref, reason) => {
    const answer = await refused(ref(project().base));
    expect(answer.status).toBe(400);
    if (reason !== undefined) expect(answer.body).toMatchObject({ reason });
  });

  it('refuses requests that are none', async () => {
    const many = Array.from({ length: 1001 }, () => 'weave:///e/p/object/o:d');
    expect(await refused(...many)).toMatchObject({ status: 400, body: { reason: 'Too many refs' } });
    for (const body of [{}, { refs: null }, { refs: [1] }, { refs: 'x' }])
      expect((await stack.send('/refs/read_batch', body)).status).toBe(422);
  });
});
