import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { deletedObject, publishedObject } from '../testing/objects.ts';
import { batch, openTestStore, shuffled, T0, type TestStore } from '../testing/store.ts';
import type { ObjectWrite, TraceReader, TraceWriter } from '../trace-store.ts';
import { mulberry32 } from '@weft/testkit';

let store: TestStore;
let reader: TraceReader;
let writer: TraceWriter;

beforeAll(async () => {
  store = await openTestStore();
  await store.command('SYSTEM STOP MERGES');
  ({ reader, writer } = store.open());
}, 60_000);

afterAll(() => store?.close(), 60_000);

type Event = readonly [what: '+' | '-', digest: string, at: number, fields?: Partial<ObjectWrite>];

let projects = 0;
/** Writes the events of the object `o`, and tells what names mean. */
async function given(events: readonly Event[]) {
  const projectId = `e/versions${projects++}`;
  const objects = events.map(([what, digest, at, fields]) =>
    (what === '+' ? publishedObject : deletedObject)(projectId, 'o', digest, T0 + at, fields),
  );
  await writer.write(batch({ objects }));
  return async (name: string) => {
    const object = await reader.readObject(projectId, 'o', name);
    if (object === null) return null;
    const { digest, versionIndex, isLatest, deletedAtUs, createdAtUs } = object;
    return [
      digest,
      versionIndex,
      isLatest ? 'latest' : deletedAtUs === null ? '' : `deleted ${deletedAtUs - T0}`,
      createdAtUs - T0,
    ];
  };
}

describe('versions of an object', () => {
  it('are numbered by first publication, deleted ones included', async () => {
    const read = await given([['+', 'c', 30], ['+', 'a', 10], ['+', 'b', 20], ['-', 'b', 25]]); // prettier-ignore
    expect(await read('v0')).toEqual(['a', 0, '', 10]);
    expect(await read('v1')).toEqual(['b', 1, 'deleted 25', 20]);
    expect(await read('c')).toEqual(['c', 2, 'latest', 30]);
    for (const name of ['v3', 'v-1', 'v', 'v1.0', 'vx', '1', '', 'Latest'])
      expect(await read(name)).toBeNull();
  });

  it('keep their number and become the latest when published again', async () => {
    const read = await given([['+', 'a', 10], ['+', 'b', 20], ['+', 'a', 40]]); // prettier-ignore
    expect(await read('latest')).toEqual(['a', 0, 'latest', 40]);
    expect(await read('b')).toEqual(['b', 1, '', 20]);
  });

  it('come back to life when published after their deletion', async () => {
    const read = await given([['+', 'a', 10], ['-', 'a', 20], ['+', 'a', 30]]); // prettier-ignore
    expect(await read('a')).toEqual(['a', 0, 'latest', 30]);
    const sameInstant = await given([['+', 'a', 10], ['-', 'a', 10]]); // prettier-ignore
    expect(await sameInstant('a')).toEqual(['a', 0, 'deleted 10', 10]);
  });

  it('with all of them deleted, the latest is the last of them', async () => {
    const read = await given([['+', 'a', 10], ['+', 'b', 20], ['-', 'a', 50], ['-', 'b', 40]]); // prettier-ignore
    expect(await read('latest')).toEqual(['b', 1, 'deleted 40', 20]);
  });

  it('that were only ever deleted do not exist', async () => {
    const read = await given([['-', 'a', 50]]);
    for (const name of ['latest', 'a', 'v0']) expect(await read(name)).toBeNull();
  });

  it('are numbered per kind, and a digest that looks like a number is a digest', async () => {
    const op = { kind: 'op' } as const;
    const read = await given([['+', 'a', 10], ['+', 'v0', 20], ['+', 'o1', 5, op], ['+', 'o2', 50, op]]); // prettier-ignore
    expect(await read('v0')).toEqual(['v0', 1, 'latest', 20]);
    expect(await read('o1')).toEqual(['o1', 0, '', 5]);
    // Of both kinds the newest.
    expect(await read('latest')).toEqual(['o2', 1, 'latest', 50]);
    expect(await read('v1')).toEqual(['o2', 1, 'latest', 50]);
  });

  it('are the same whatever the order and number of their events, and as counted by hand', async () => {
    const random = mulberry32(5);
    for (let round = 0; round < 12; round++) {
      const digests = ['a', 'b', 'c', 'd'];
      const events = Array.from({ length: 10 }, (_, i): Event => {
        const digest = digests[Math.floor(random() * digests.length)]!;
        return [random() < 0.7 ? '+' : '-', digest, i + 1];
      });
      const read = await given(shuffled([...events, ...events.slice(0, 4)], random));
      const expected = byHand(events);
      for (const digest of digests) expect(await read(digest)).toEqual(expected.get(digest) ?? null);
    }
  });
});

/** The events one after the other. */
function byHand(events: readonly Event[]) {
  const states = new Map<string, { created: number; deleted: number }>();
  for (const [what, digest, at] of events) {
    const state = states.get(digest) ?? { created: 0, deleted: 0 };
    states.set(digest, what === '+' ? { ...state, created: at } : { ...state, deleted: at });
  }
  const order = [...new Set(events.filter(([what]) => what === '+').map(([, digest]) => digest))];
  const alive = order.filter((digest) => states.get(digest)!.created > states.get(digest)!.deleted);
  const latest = alive.sort((a, b) => states.get(b)!.created - states.get(a)!.created)[0];
  return new Map(
    order.map((digest, index) => {
      const { created, deleted } = states.get(digest)!;
      return [
        digest,
        [
          digest,
          index,
          digest === latest ? 'latest' : created > deleted ? '' : `deleted ${deleted}`,
          created,
        ],
      ];
    }),
  );
}
