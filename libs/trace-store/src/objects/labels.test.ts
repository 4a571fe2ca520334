import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mulberry32 } from '@weft/testkit';
import { deletedObject, publishedObject } from '../testing/objects.ts';
import { batch, openTestStore, shuffled, T0, type TestStore } from '../testing/store.ts';
import type { TraceReader, TraceWriter, WriteBatch } from '../trace-store.ts';

let store: TestStore;
let reader: TraceReader;
let writer: TraceWriter;

beforeAll(async () => {
  store = await openTestStore();
  await store.command('SYSTEM STOP MERGES');
  ({ reader, writer } = store.open());
}, 60_000);

afterAll(() => store?.close(), 60_000);

type Rows = Partial<WriteBatch>;

let projects = 0;
function project() {
  const projectId = `e/labels${projects++}`;
  const about = { projectId, objectId: 'o', userId: 'u' };
  const label =
    (isSet: boolean) =>
    (tag: string, digest: string, at: number): Rows => ({
      tags: [{ ...about, tag, digest, isSet, atUs: T0 + at }],
    });
  return {
    projectId,
    publish: (digest: string, at: number): Rows => ({
      objects: [publishedObject(projectId, 'o', digest, T0 + at)],
    }),
    remove: (digest: string, at: number): Rows => ({
      objects: [deletedObject(projectId, 'o', digest, T0 + at)],
    }),
    tag: label(true),
    untag: label(false),
    alias: (alias: string, digest: string | null, at: number): Rows => ({
      aliases: [{ ...about, alias, digest, atUs: T0 + at }],
    }),
    write: async (rows: readonly Rows[]) => {
      for (const each of rows) await writer.write(batch(each));
    },
    /** Everything that tells of labels. */
    read: async () => {
      const labels: Record<string, unknown> = {};
      const query = { projectId, filter: {}, sort: [], vals: false, labels: true };
      for await (const page of reader.streamObjects(query))
        for (const { digest, tags, aliases } of page) labels[digest] = [tags, aliases];
      const [tags, aliases] = [await reader.listTags(projectId), await reader.listAliases(projectId)];
      const having = async (filter: { tags: string[] } | { aliases: string[] }) => {
        const found = [];
        for await (const page of reader.streamObjects({ ...query, filter }))
          found.push(...page.map((o) => o.digest));
        return found.sort();
      };
      const tagged = await Promise.all(tags.map(async (tag) => [tag, await having({ tags: [tag] })]));
      const aliased = await Promise.all(
        aliases.map(async (alias) => [alias, await having({ aliases: [alias] })]),
      );
      return { labels, tagged, aliased };
    },
    find: async (name: string) => (await reader.readObject(projectId, 'o', name))?.digest,
  };
}

describe('tags and aliases', () => {
  it('are those that were set last, and a name leads where its alias does', async () => {
    const p = project();
    await p.write([p.publish('a', 0), p.publish('b', 1), p.tag('x', 'a', 2), p.tag('w', 'a', 2), p.tag('x', 'b', 3), p.untag('x', 'a', 4)]); // prettier-ignore
    await p.write([p.alias('prod', 'a', 2), p.alias('prod', 'b', 5), p.alias('old', 'a', 3), p.alias('gone', 'a', 3), p.alias('gone', null, 4)]); // prettier-ignore
    expect(await p.read()).toEqual({
      labels: { a: [['w'], ['old']], b: [['x'], ['latest', 'prod']] },
      tagged: [['w', ['a']], ['x', ['b']]],
      aliased: [['old', ['a']], ['prod', ['b']]],
    }); // prettier-ignore
    expect(await p.find('prod')).toBe('b');
    expect(await p.find('old')).toBe('a');
    expect(await p.find('gone')).toBeUndefined();
    expect(await p.find('Prod')).toBeUndefined();
    const found = await reader.findVersions(p.projectId, 'o', ['prod', 'latest', 'v0', 'a', 'gone']);
    expect([...found].map(([name, object]) => [name, object.digest])).toEqual(
      expect.arrayContaining([['prod', 'b'], ['latest', 'b'], ['v0', 'a'], ['a', 'a']]),
    ); // prettier-ignore
    expect(found.size).toBe(4);
  });

  it('go with their version, and do not come back with it', async () => {
    const p = project();
    await p.write([p.publish('a', 0), p.publish('b', 1), p.tag('x', 'a', 2), p.alias('prod', 'b', 3), p.alias('prod', 'a', 4)]); // prettier-ignore
    await p.write([p.remove('a', 5)]);
    // The alias does not fall back to where it led before.
    const without = { labels: { b: [[], ['latest']] }, tagged: [], aliased: [] };
    expect(await p.read()).toEqual(without);
    expect(await p.find('prod')).toBeUndefined();
    await p.write([p.publish('a', 6)]);
    expect(await p.read()).toEqual({ ...without, labels: { a: [[], ['latest']], b: [[], []] } });
    await p.write([p.tag('x', 'a', 7), p.alias('prod', 'a', 7)]);
    expect(await p.read()).toEqual({
      labels: { a: [['x'], ['latest', 'prod']], b: [[], []] },
      tagged: [['x', ['a']]],
      aliased: [['prod', ['a']]],
    });
  });

  it('read the same whatever the order and number of their events', async () => {
    const random = mulberry32(3);
    const pick = <T>(values: readonly T[]) => values[Math.floor(random() * values.length)]!;
    for (let round = 0; round < 5; round++) {
      const [p, q] = [project(), project()];
      // Some share their instant.
      const plan = Array.from({ length: 25 }, () => [pick([0, 1, 2, 3, 4, 5]), pick(['a', 'b']), pick(['x', 'y']), Math.floor(random() * 20)] as const); // prettier-ignore
      const events = (on: ReturnType<typeof project>) =>
        plan.map(([what, digest, name, at]) =>
          [
            () => on.publish(digest, at),
            () => on.remove(digest, at),
            () => on.tag(name, digest, at),
            () => on.untag(name, digest, at),
            () => on.alias(name, digest, at),
            () => on.alias(name, null, at),
          ][what]!(),
        );
      await p.write(events(p));
      await q.write(shuffled([...events(q), ...events(q).slice(0, 9)], random));
      expect(await q.read()).toEqual(await p.read());
    }
  });
});
