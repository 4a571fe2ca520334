import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newProject, openStack, type Stack } from './stack.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await openStack();
});
afterAll(() => stack.stop());

interface ReadObject {
  readonly project_id: string;
  readonly object_id: string;
  readonly digest: string;
  readonly created_at: string;
  readonly version_index: number;
  readonly is_latest: number;
  readonly kind: string;
  readonly base_object_class: string | null;
  readonly leaf_object_class: string | null;
  readonly val: unknown;
  readonly wb_user_id: string | null;
  readonly size_bytes: number | null;
  readonly tags: string[] | null;
  readonly aliases: string[] | null;
}

const MODEL = { _type: 'Mine', _class_name: 'Mine', _bases: ['Model', 'Object', 'BaseModel'] };
const OP = { _type: 'CustomWeaveType', weave_type: { type: 'Op' }, files: {} };

function objects(project_id: string) {
  const error = async (path: string, body: object) => {
    const res = await stack.send(path, { project_id, ...body });
    return { status: res.status, body: (await res.json()) as Record<string, unknown> };
  };
  return {
    publish: async (object_id: string, val: unknown) =>
      (await stack.post<{ digest: string }>('/obj/create', { obj: { project_id, object_id, val } })).digest,
    query: async (body: object = {}) =>
      (await stack.post<{ objs: ReadObject[] }>('/objs/query', { project_id, ...body })).objs,
    read: async (object_id: string, digest: string, more: object = {}) =>
      (await stack.post<{ obj: ReadObject }>('/obj/read', { project_id, object_id, digest, ...more })).obj,
    remove: (object_id: string, digests?: string[] | null) =>
      stack.post<{ num_deleted: number; deleted_versions: { digest: string }[] }>('/obj/delete', {
        project_id,
        object_id,
        digests,
      }),
    error,
  };
}
const names = (found: readonly ReadObject[]) => found.map((o) => `${o.object_id}:v${o.version_index}`);

describe('/objs/query', () => {
  it('finds versions by what they are, in order, in pages', async () => {
    const o = objects(newProject('objs'));
    await o.publish('plain', { i: 1 });
    await o.publish('plain', { i: 2 });
    await o.publish('model', { ...MODEL, x: 1.0 });
    await o.publish('an_op', OP);
    expect(names(await o.query())).toEqual(['plain:v0', 'plain:v1', 'model:v0', 'an_op:v0']);
    const cases: [object, string[]][] = [
      [{ filter: { object_ids: ['plain'], latest_only: true } }, ['plain:v1']],
      [{ filter: { is_op: true } }, ['an_op:v0']],
      [{ filter: { is_op: false, latest_only: true } }, ['plain:v1', 'model:v0']],
      [{ filter: { base_object_classes: ['Model'] } }, ['model:v0']],
      [{ filter: { leaf_object_classes: ['Mine'] } }, ['model:v0']],
      [{ filter: { exclude_base_object_classes: ['Model'] } }, ['plain:v0', 'plain:v1', 'an_op:v0']],
      [{ filter: { object_ids: [], tags: [], base_object_classes: null } }, ['plain:v0', 'plain:v1', 'model:v0', 'an_op:v0']],
      [{ sort_by: [{ field: 'created_at', direction: 'desc' }], limit: 2 }, ['an_op:v0', 'model:v0']],
      [{ sort_by: [{ field: 'object_id', direction: 'asc' }], offset: 2 }, ['plain:v0', 'plain:v1']],
      [{ filter: { latest_only: true }, sort_by: [{ field: 'object_id', direction: 'desc' }], limit: 1, offset: 1 }, ['model:v0']],
      [{ limit: 0 }, []],
    ]; // prettier-ignore
    for (const [body, expected] of cases) expect(names(await o.query(body))).toEqual(expected);
  });

  it('gives what is asked for of each', async () => {
    const project_id = newProject('objs');
    const o = objects(project_id);
    const digest = await o.publish('model', { ...MODEL, x: 1 });
    const [bare] = await o.query({ metadata_only: true });
    expect(bare).toEqual({
      project_id,
      object_id: 'model',
      created_at: expect.stringMatching(/^20.*Z$/),
      deleted_at: null,
      digest,
      version_index: 0,
      is_latest: 1,
      kind: 'object',
      base_object_class: 'Model',
      leaf_object_class: 'Mine',
      val: {},
      // The key's user, if it has one.
      wb_user_id: bare!.wb_user_id,
      size_bytes: null,
      tags: null,
      aliases: null,
    });
    const [full] = await o.query({ include_storage_size: true, include_tags_and_aliases: true });
    expect(full).toMatchObject({ val: { x: 1 }, tags: [], aliases: ['latest'] });
    expect(full!.size_bytes).toBe(JSON.stringify({ ...MODEL, x: 1 }).length);
  });

  it('gives values as they were sent', async () => {
    const project_id = newProject('objs');
    const val = '{"big":9007199254740993,"f":1.0,"e":1e400,"z":-0,"d":1,"d":2}';
    await stack.send('/obj/create', `{"obj":{"project_id":"${project_id}","object_id":"o","val":${val}}}`);
    for (const path of ['/objs/query', '/obj/read']) {
      const body = { project_id, object_id: 'o', digest: 'latest' };
      expect(await (await stack.send(path, body)).text()).toContain(`"val":${val}`);
    }
  });

  it('refuses what it cannot do', async () => {
    const o = objects(newProject('objs'));
    const status = async (body: object) => (await o.error('/objs/query', body)).status;
    expect(await status({ sort_by: [{ field: 'kind', direction: 'asc' }] })).toBe(422);
    expect(await status({ sort_by: [{ field: 'created_at', direction: 'up' }] })).toBe(422);
    expect(await status({ filter: { object_ids: 'a' } })).toBe(422);
    expect(await o.error('/objs/query', { limit: -1 })).toMatchObject({ status: 400, body: { reason: 'Limit must be a positive integer' } }); // prettier-ignore
    expect(await o.error('/objs/query', { offset: -1 })).toMatchObject({ status: 400, body: { reason: 'Offset must be a positive integer' } }); // prettier-ignore
  });

  it('streams thousands of versions', async () => {
    const o = objects(newProject('objs'));
    const publishing = Array.from({ length: 40 }, async (_, lane) => {
      for (let i = 0; i < 50; i++) await o.publish(`o${lane % 8}`, { lane, i, text: 'x'.repeat(2000) });
    });
    await Promise.all(publishing);
    const found = await o.query();
    expect(found).toHaveLength(2000);
    expect(new Set(names(found)).size).toBe(2000);
    expect(await o.query({ filter: { latest_only: true }, limit: 5, offset: 5 })).toHaveLength(3);
  }, 120_000);
});

describe('versions', () => {
  it('keep their number when they are published again, and become the latest', async () => {
    const o = objects(newProject('versions'));
    const first = await o.publish('o', { i: 1 });
    const second = await o.publish('o', { i: 2 });
    const before = await o.read('o', first);
    expect(await o.publish('o', { i: 1 })).toBe(first);
    const again = await o.read('o', 'latest');
    expect(again).toMatchObject({ digest: first, version_index: 0, is_latest: 1 });
    expect(again.created_at > before.created_at).toBe(true);
    expect(await o.read('o', 'v1')).toMatchObject({ digest: second, is_latest: 0 });
  });

  it('published at the same time are one each, with numbers without gaps that stay', async () => {
    const o = objects(newProject('versions'));
    // Each content by several publishers at once.
    const digests = await Promise.all(Array.from({ length: 60 }, (_, i) => o.publish('o', { i: i % 12 })));
    expect(new Set(digests).size).toBe(12);
    const found = await o.query({ sort_by: [{ field: 'object_id', direction: 'asc' }] });
    expect(found.map((v) => v.version_index)).toEqual([...Array(12).keys()]);
    expect(found.filter((v) => v.is_latest === 1)).toHaveLength(1);
    await o.publish('o', { i: 'later' });
    const numbers = new Map(found.map((v) => [v.digest, v.version_index]));
    for (const version of await o.query())
      expect(version.version_index).toBe(numbers.get(version.digest) ?? 12);
    expect((await o.read('o', 'latest')).version_index).toBe(12);
  });
});

describe('/obj/delete', () => {
  it('deletes versions by digest, number, latest and alias, and leaves numbers as they are', async () => {
    const project_id = newProject('delete');
    const o = objects(project_id);
    const digests = [];
    for (let i = 0; i < 6; i++) digests.push(await o.publish('o', { i }));
    expect(await o.remove('o', [digests[1]!])).toEqual({
      num_deleted: 1,
      deleted_versions: [{ digest: digests[1], base_object_class: null, leaf_object_class: null }],
    });
    expect((await o.query()).map((v) => v.version_index)).toEqual([0, 2, 3, 4, 5]);
    expect((await o.remove('o', ['latest'])).deleted_versions).toMatchObject([{ digest: digests[5] }]);
    // One version by two names is one.
    expect((await o.remove('o', ['v3', digests[3]!, 'v3'])).num_deleted).toBe(1);
    expect(await o.read('o', 'latest')).toMatchObject({ digest: digests[4], version_index: 4 });
    expect((await o.remove('o')).num_deleted).toBe(3);
    expect(await o.query()).toEqual([]);
  });

  it('deletes nothing where one of the names leads nowhere', async () => {
    const o = objects(newProject('delete'));
    const digest = await o.publish('o', { i: 1 });
    const refused = await o.error('/obj/delete', { object_id: 'o', digests: [digest, 'nope'] });
    expect(refused).toMatchObject({
      status: 404,
      body: {
        reason: "Delete request contains 2 digests, but found 1 objects to delete. Diff digests: {'nope'}",
      },
    });
    expect(await o.query()).toHaveLength(1);
    expect((await o.error('/obj/delete', { object_id: 'other' })).status).toBe(404);
    expect((await o.error('/obj/delete', { object_id: 'o', digests: ['v1'] })).status).toBe(404);
    await o.remove('o', null);
    expect((await o.error('/obj/delete', { object_id: 'o', digests: [digest] })).status).toBe(404);
    expect((await o.error('/obj/delete', { object_id: 'o' })).status).toBe(404);
    const many = Array.from({ length: 101 }, (_, i) => `d${i}`);
    expect(await o.error('/obj/delete', { object_id: 'o', digests: many })).toMatchObject({
      status: 400,
      body: { reason: expect.stringContaining('Please delete 100 or fewer objects at a time') },
    });
  });

  it('is told from what never was, and undone by publishing again', async () => {
    const o = objects(newProject('delete'));
    const digest = await o.publish('o', { i: 1 });
    await o.publish('o', { i: 2 });
    await o.remove('o');
    for (const name of [digest, 'v0', 'latest']) {
      expect(await o.error('/obj/read', { object_id: 'o', digest: name })).toMatchObject({
        status: 404,
        body: {
          deleted_at: expect.stringMatching(/^20.*Z$/),
          reason: expect.stringContaining('was deleted at'),
        },
      });
    }
    const never = await o.error('/obj/read', { object_id: 'o', digest: 'v2' });
    expect(never).toMatchObject({ status: 404, body: { reason: 'Obj o:v2 not found' } });
    expect(never.body).not.toHaveProperty('deleted_at');
    await o.publish('o', { i: 1 });
    expect(await o.query({ filter: { latest_only: true } })).toMatchObject([
      { digest, version_index: 0, is_latest: 1, val: { i: 1 } },
    ]);
    expect((await o.error('/obj/read', { object_id: 'o', digest: 'v1' })).body).toHaveProperty('deleted_at');
  });
});
