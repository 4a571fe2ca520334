import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { deletedObject, publishedObject } from '../testing/objects.ts';
import { batch, json, openTestStore, T0, type TestStore } from '../testing/store.ts';
import type { TraceReader, TraceWriter } from '../trace-store.ts';
import type { ObjectKey, ObjectValue } from './types.ts';

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

async function read(keys: readonly ObjectKey[]): Promise<ObjectValue[]> {
  const found = [];
  for await (const page of reader.readValues(P, keys)) found.push(...page);
  return found.sort((a, b) => (a.objectId + a.digest < b.objectId + b.digest ? -1 : 1));
}

describe('values', () => {
  it('come once for each version that exists, deleted ones without', async () => {
    const versions = [
      publishedObject(P, 'a', 'one', T0),
      publishedObject(P, 'a', 'two', T0, { kind: 'op' }),
      publishedObject(P, 'b', 'one', T0),
      publishedObject(P, 'b', 'gone', T0),
      deletedObject(P, 'b', 'gone', T0 + 1),
      publishedObject(P, 'b', 'back', T0),
      deletedObject(P, 'b', 'back', T0 + 1),
      publishedObject(P, 'b', 'back', T0 + 2),
      deletedObject(P, 'b', 'only deleted', T0 + 1),
      publishedObject('e/other', 'c', 'one', T0),
    ];
    for (const version of [...versions, ...versions.toReversed()])
      await writer.write(batch({ objects: [version] }));
    const keys = [
      ...versions.map(({ objectId, digest }) => ({ objectId, digest })),
      { objectId: 'a', digest: 'latest' },
      { objectId: `quote's \\ `, digest: 'one' },
      // Each half exists, but not together.
      { objectId: 'a', digest: 'gone' },
    ];
    const found = await read(keys);
    expect(found.map(({ objectId, digest, kind, deletedAtUs, val }) => [objectId, digest, kind, deletedAtUs, Buffer.from(val).toString()])).toEqual([
      ['a', 'one', 'object', null, '{"digest":"one"}'],
      ['a', 'two', 'op', null, '{"digest":"two"}'],
      ['b', 'back', 'object', null, '{"digest":"back"}'],
      ['b', 'gone', 'object', T0 + 1, ''],
      ['b', 'one', 'object', null, '{"digest":"one"}'],
    ]); // prettier-ignore
    expect(await read([])).toEqual([]);
  });

  it('of more versions than one query takes all come, as they were', async () => {
    const val = (i: number) => json(`{"i":${i}.0,"text":"${'x'.repeat(i)}"}`);
    const versions = Array.from({ length: 2300 }, (_, i) =>
      publishedObject(P, `many ${i % 7}`, `d${i}`, T0, { val: val(i) }),
    );
    await writer.write(batch({ objects: versions }));
    const found = new Map<string, string>();
    for await (const page of reader.readValues(P, versions))
      for (const value of page) found.set(value.digest, Buffer.from(value.val).toString());
    expect(found.size).toBe(2300);
    for (const i of [0, 1, 999, 1000, 2299]) expect(found.get(`d${i}`)).toBe(Buffer.from(val(i)).toString());
  });
});
