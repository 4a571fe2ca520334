import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mulberry32 } from '@weft/testkit';
import { compareValues, compileSortKeys, sortValue, type SortDirection } from './sort.ts';
import { inlined, openEngine, type Engine } from './testing/engine.ts';
import { randomRow } from './testing/random-query.ts';
import { createTable, dialect, resolve, rowOf, type TestRow } from './testing/rows.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine();
}, 60_000);
afterAll(() => engine?.close(), 60_000);

let tables = 0;

/** Row numbers as ClickHouse and as memory order them, ties by number. */
async function orders(rows: readonly TestRow[], path: string, direction: SortDirection) {
  const table = `s${tables++}`;
  await createTable(engine, table, rows);
  const field = resolve(path)!;
  const { sql, params } = compileSortKeys(field, direction, dialect());
  const found = await engine.query(
    inlined(`SELECT n FROM ${table} ORDER BY ${sql}, n FORMAT JSONCompactEachRow`, params),
  );
  const values = rows.map((row) => sortValue(field, rowOf(row)));
  const inMemory = [...rows.keys()].sort((x, y) => compareValues(values[x]!, values[y]!, direction) || x - y);
  return { engine: found.map(([n]) => n as number), inMemory };
}

describe('sorting', () => {
  it.each<[SortDirection, string[]]>([
    [
      'asc',
      ['-1', '5', '9007199254740992', '9007199254740993', '1e400', '', '[1]', 'true', 'zeta', 'ｱ', '😀'],
    ],
    [
      'desc',
      ['1e400', '9007199254740993', '9007199254740992', '5', '-1', '😀', 'ｱ', 'zeta', 'true', '[1]', ''],
    ],
  ])('puts numbers before texts and rows without a value last, %s', async (direction, expected) => {
    const docs = ['{}', '{"a":"zeta"}', '{"a":9007199254740993}', '{"a":"😀"}', '{"a":null}', '{"a":"5"}', '{"a":-1}',
      '{"a":true}', '{"a":1e400}', '{"a":[1]}', '{"a":"ｱ"}', '{"a":9007199254740992}', '{"a":""}', '']; // prettier-ignore
    const rows = docs.map((doc) => ({ doc }));
    const { engine: found, inMemory } = await orders(rows, 'doc.a', direction);
    expect(inMemory).toEqual(found);
    const texts = found.map((n) => /^\{"a":(.*)\}$/.exec(docs[n]!)?.[1]?.replaceAll('"', ''));
    expect(texts.slice(0, expected.length)).toEqual(expected);
    expect(found.slice(expected.length).sort((x, y) => x - y)).toEqual([0, 4, 13]);
  });

  it.each(['doc.a', 'checked.b', 'doc.a.0', 'notes.a', 'doc', 'str', 'int', 'float', 'at'])(
    'by %s agrees with memory',
    async (path) => {
      const random = mulberry32(path.length);
      const rows = Array.from({ length: 400 }, () => randomRow(random));
      for (const direction of ['asc', 'desc'] as const) {
        const { engine: found, inMemory } = await orders(rows, path, direction);
        expect(inMemory).toEqual(found);
      }
    },
  );

  it('looks at the beginning of long texts only', async () => {
    const long = (end: string) => ({ doc: JSON.stringify({ a: 'ä'.repeat(256) + end }) });
    const { engine: found, inMemory } = await orders([long('z'), long('a')], 'doc.a', 'asc');
    expect([found, inMemory]).toEqual([
      [0, 1],
      [0, 1],
    ]);
  });
});
