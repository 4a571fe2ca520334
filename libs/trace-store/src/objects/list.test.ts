import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mulberry32 } from '@weft/testkit';
import { deletedObject, publishedObject } from '../testing/objects.ts';
import { batch, json, openTestStore, T0, type TestStore } from '../testing/store.ts';
import type { ObjectWrite, TraceReader, TraceWriter } from '../trace-store.ts';
import type { ObjectsFilter, ObjectsQuery, StoredObject } from './types.ts';

let store: TestStore;
let reader: TraceReader;
let writer: TraceWriter;
const P = 'e/list';

beforeAll(async () => {
  store = await openTestStore();
  await store.command('SYSTEM STOP MERGES');
  ({ reader, writer } = store.open());
}, 60_000);

afterAll(() => store?.close(), 60_000);

async function list(query: Partial<ObjectsQuery> = {}): Promise<StoredObject[]> {
  const found = [];
  const all = { projectId: P, filter: {}, sort: [], vals: false, labels: false };
  for await (const page of reader.streamObjects({ ...all, ...query })) found.push(...page);
  return found;
}
const names = (objects: readonly StoredObject[]) => objects.map((o) => `${o.objectId}:${o.digest}`);

describe('the list of objects', () => {
  beforeAll(async () => {
    const model = { baseObjectClass: 'Model', leafObjectClass: 'Mine' };
    const objects = [
      publishedObject(P, 'a', '1', T0),
      publishedObject(P, 'a', '2', T0 + 5),
      publishedObject(P, 'b', '1', T0 + 1, model),
      publishedObject(P, 'b', '2', T0 + 2, model),
      deletedObject(P, 'b', '2', T0 + 9, model),
      publishedObject(P, 'c', '1', T0 + 3, { baseObjectClass: 'Dataset', leafObjectClass: 'Dataset' }),
      publishedObject(P, 'op', '1', T0 + 4, { kind: 'op' }),
      publishedObject(P, 'gone', '1', T0 + 4),
      deletedObject(P, 'gone', '1', T0 + 5),
      deletedObject(P, 'never', '1', T0 + 5),
      publishedObject(P, 'a', '1', T0 + 6),
      // A name may be used for both kinds.
      publishedObject(P, 'c', 'o', T0 + 7, { kind: 'op' }),
      publishedObject('e/other', 'a', '9', T0),
    ];
    for (const object of objects) await writer.write(batch({ objects: [object] }));
    const about = { projectId: P, userId: 'u', atUs: T0 + 20 };
    await writer.write(
      batch({
        tags: [
          { ...about, objectId: 'a', digest: '2', tag: 't', isSet: true },
          { ...about, objectId: 'c', digest: '1', tag: 'u', isSet: true },
          { ...about, objectId: 'b', digest: '2', tag: 't', isSet: true },
        ],
        aliases: [
          { ...about, objectId: 'a', alias: 'prod', digest: '2' },
          { ...about, objectId: 'b', alias: 'prod', digest: '1' },
        ],
      }),
    );
  });

  it('has what is not deleted, by last publication', async () => {
    const all = await list();
    expect(names(all)).toEqual(['b:1', 'c:1', 'op:1', 'a:2', 'a:1', 'c:o']);
    expect(all.map((o) => [o.versionIndex, o.isLatest])).toEqual([[0, true], [0, true], [0, true], [1, false], [0, true], [0, true]]); // prettier-ignore
    expect(all.map((o) => o.createdAtUs - T0)).toEqual([1, 3, 4, 5, 6, 7]);
    expect(all[0]).toMatchObject({ baseObjectClass: 'Model', leafObjectClass: 'Mine', userId: 'u', sizeBytes: 14, tags: null, aliases: null }); // prettier-ignore
    expect(all.every((o) => o.val.length === 0)).toBe(true);
  });

  it.each<[ObjectsFilter, string[]]>([
    [{ objectIds: ['a', 'gone', 'x'] }, ['a:2', 'a:1']],
    [{ objectIds: [] }, []],
    [{ isOp: true }, ['op:1', 'c:o']],
    [{ isOp: false }, ['b:1', 'c:1', 'a:2', 'a:1']],
    [{ latestOnly: true }, ['b:1', 'c:1', 'op:1', 'a:1', 'c:o']],
    [{ latestOnly: true, objectIds: ['a'] }, ['a:1']],
    [{ latestOnly: true, isOp: true }, ['op:1', 'c:o']],
    [{ baseObjectClasses: ['Model', 'Dataset'] }, ['b:1', 'c:1']],
    [{ excludeBaseObjectClasses: ['Model'] }, ['c:1', 'op:1', 'a:2', 'a:1', 'c:o']],
    [{ leafObjectClasses: ['Mine'] }, ['b:1']],
    [{ leafObjectClasses: ['Mine'], latestOnly: true }, ['b:1']],
    [{ baseObjectClasses: ['Dataset'], latestOnly: true }, ['c:1']],
    [{ baseObjectClasses: ['Model'], leafObjectClasses: ['Dataset'] }, []],
    [{ tags: ['t', 'none'] }, ['a:2']],
    [{ tags: ['t', 'u'] }, ['c:1', 'a:2']],
    [{ tags: ['t'], latestOnly: true }, []],
    [{ aliases: ['prod'] }, ['b:1', 'a:2']],
    [{ aliases: ['prod'], tags: ['t'] }, ['a:2']],
    [{ aliases: ['latest'], objectIds: ['a'] }, ['a:1']],
    [{ aliases: ['latest', 'prod'], objectIds: ['a'] }, ['a:2', 'a:1']],
  ])('filtered by %j', async (filter, expected) => {
    expect(names(await list({ filter }))).toEqual(expected);
    // With a limit the latest versions are found another way.
    expect(names(await list({ filter, limit: 100 }))).toEqual(expected);
    expect(names(await list({ filter, limit: 2, offset: 1 }))).toEqual(expected.slice(1, 3));
    expect(names(await list({ filter, offset: 1 }))).toEqual(expected.slice(1));
    expect(await list({ filter, limit: 0 })).toEqual([]);
  });

  it('is sorted as asked', async () => {
    const sorted = async (sort: ObjectsQuery['sort'], filter: ObjectsFilter = {}) =>
      names(await list({ sort, filter, limit: 10 }));
    expect(await sorted([{ field: 'created_at', direction: 'desc' }])).toEqual(['c:o', 'a:1', 'a:2', 'op:1', 'c:1', 'b:1']); // prettier-ignore
    expect(await sorted([{ field: 'object_id', direction: 'desc' }, { field: 'created_at', direction: 'desc' }])).toEqual(['op:1', 'c:o', 'c:1', 'b:1', 'a:1', 'a:2']); // prettier-ignore
    expect(await sorted([{ field: 'object_id', direction: 'asc' }])).toEqual(['a:1', 'a:2', 'b:1', 'c:1', 'c:o', 'op:1']); // prettier-ignore
    expect(await sorted([{ field: 'object_id', direction: 'desc' }], { latestOnly: true })).toEqual(['op:1', 'c:1', 'c:o', 'b:1', 'a:1']); // prettier-ignore
  });

  it('comes with values and labels where they are asked for', async () => {
    const all = await list({ vals: true, labels: true });
    expect(all.map((o) => Buffer.from(o.val).toString())).toEqual(all.map((o) => `{"digest":"${o.digest}"}`));
    expect(all.map((o) => [o.tags, o.aliases])).toEqual([
      [[], ['latest', 'prod']],
      [['u'], ['latest']],
      [[], ['latest']],
      [['t'], ['prod']],
      [[], ['latest']],
      [[], ['latest']],
    ]);
  });
});

describe('a long list', () => {
  const L = 'e/long';
  const OBJECTS = 700;
  beforeAll(async () => {
    const random = mulberry32(9);
    const objects: ObjectWrite[] = Array.from({ length: 2500 }, (_, i) => {
      const version = publishedObject(L, `o${Math.floor(random() * OBJECTS)}`, `d${i}`, T0 + i, {
        baseObjectClass: random() < 0.5 ? 'Model' : null,
        val: json(`"${'x'.repeat(i % 100)}"`),
      });
      return version;
    });
    const gone = objects
      .filter(() => random() < 0.1)
      .map((o, i) => deletedObject(L, o.objectId, o.digest, T0 + 5000 + i));
    await writer.write(batch({ objects: [...objects, ...gone] }));
  });

  it('comes in pages whose values are those of their versions', async () => {
    const all = await list({ projectId: L, vals: true });
    expect(all.length).toBeGreaterThan(2000);
    expect(new Set(names(all)).size).toBe(all.length);
    for (const object of all) expect(object.val.length).toBe((Number(object.digest.slice(1)) % 100) + 2);
  });

  it.each([{}, { baseObjectClasses: ['Model'] }, { excludeBaseObjectClasses: ['Model'] }, { isOp: false }])(
    'of the latest of %j is the same in one and in many pieces',
    async (some) => {
      const filter = { ...some, latestOnly: true };
      for (const field of ['created_at', 'object_id'] as const) {
        const sort = [{ field, direction: 'desc' as const }];
        const whole = await list({ projectId: L, filter, sort });
        expect(whole.every((o) => o.isLatest)).toBe(true);
        const pieces = [];
        for (let offset = 0; offset < OBJECTS; offset += 300)
          pieces.push(...(await list({ projectId: L, filter, sort, limit: 300, offset })));
        expect(pieces).toEqual(whole);
      }
    },
  );

  it('with values that do not fit in memory together is streamed', async () => {
    const val = json(`"${'y'.repeat(3 * 1024 * 1024)}"`);
    const objects = Array.from({ length: 8 }, (_, i) =>
      publishedObject('e/large', 'o', `d${i}`, T0 + i, { val }),
    );
    for (const object of objects) await writer.write(batch({ objects: [object] }));
    const sizes = [];
    const query = { projectId: 'e/large', filter: {}, sort: [], vals: true, labels: false };
    for await (const page of reader.streamObjects(query)) sizes.push(page.length);
    expect(sizes).toEqual([2, 2, 2, 2]);
  });
});
