import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CASES } from './cases.ts';
import { compileQuery } from './compile.ts';
import { evaluate } from './evaluate.ts';
import { parseQuery } from './parse.ts';
import { mayMatch, supersetOf } from './superset.ts';
import { openEngine, type Engine } from './testing/engine.ts';
import { createTable, dialect, resolve, rowOf } from './testing/rows.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine();
  await createTable(
    engine,
    'cases',
    CASES.map(({ row }) => row),
  );
}, 60_000);
afterAll(() => engine?.close(), 60_000);

describe('what filters mean', () => {
  it.each(CASES.map((each, n) => [each.says, n, each] as const))(
    '%s',
    async (_, n, { row, expr, matches }) => {
      const tree = parseQuery({ $expr: expr }, resolve);
      const { sql, params } = compileQuery(tree, dialect());
      const found = await engine.query(
        `SELECT n FROM cases WHERE n = ${n} AND ${sql} FORMAT JSONCompactEachRow`,
        params,
      );
      expect({ memory: evaluate(tree, rowOf(row)), sql: found.length === 1 }).toEqual({
        memory: matches,
        sql: matches,
      });
      const filter = supersetOf(tree);
      if (matches && filter !== undefined)
        expect(mayMatch(filter, (field) => rowOf(row).json(field) as Uint8Array)).toBe(true);
    },
  );
});
