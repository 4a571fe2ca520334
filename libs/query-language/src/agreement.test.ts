import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AppError } from '@weft/model';
import { isPromised, mulberry32 } from '@weft/testkit';
import { compileQuery } from './compile.ts';
import { evaluate } from './evaluate.ts';
import type { Expr } from './expr.ts';
import { parseQuery } from './parse.ts';
import { inlined, openEngine, type Engine } from './testing/engine.ts';
import { condition, randomRow } from './testing/random-query.ts';
import { createTable, dialect, resolve, rowOf } from './testing/rows.ts';

const BATCH = 200;
/** All of them where time is given (CI), a sample at a desk: ClickHouse takes about 3 ms to understand one. */
const TREES = isPromised('clickhouse') ? 20_000 : 3_000;

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine();
}, 60_000);
afterAll(() => engine?.close(), 60_000);

/** Random trees; those that a client may not send (a date that is none) are drawn again. */
function randomTree(random: () => number, depth: number): { wire: unknown; expr: Expr } {
  for (;;) {
    const wire = { $expr: condition(random, depth) };
    try {
      return { wire, expr: parseQuery(wire, resolve) };
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
    }
  }
}

const print = (value: unknown) =>
  JSON.stringify(value, (_, v: unknown) => (typeof v === 'bigint' ? `${v}n` : v));

describe('the evaluator and the compiled SQL', () => {
  it.each([
    { trees: TREES, depth: 2, rowsEach: 25, tame: true },
    { trees: 300, depth: 3, rowsEach: 60, tame: false },
  ])(
    'agree on $trees random trees, rows as ClickHouse reads them: $tame',
    async ({ trees, depth, rowsEach, tame }) => {
      const random = mulberry32(7);
      let matches = 0;
      for (let done = 0; done < trees; done += BATCH) {
        const rows = Array.from({ length: rowsEach }, () => randomRow(random, tame));
        await createTable(engine, 'drawn', rows);
        const drawn = Array.from({ length: BATCH }, () => randomTree(random, depth));
        const columns = drawn.map(({ expr }) => {
          const { sql, params } = compileQuery(expr, dialect(tame));
          return inlined(`toUInt8(ifNull(${sql}, 0))`, params);
        });
        const found = await engine.query(
          `SELECT [${columns.join(',\n')}] FROM drawn ORDER BY n FORMAT JSONCompactEachRow`,
        );
        await engine.query('DROP TABLE drawn');
        rows.forEach((row, n) => {
          const inSql = found[n]![0] as number[];
          drawn.forEach(({ wire, expr }, i) => {
            const inMemory = evaluate(expr, rowOf(row));
            if (inMemory !== (inSql[i] === 1))
              throw new Error(`SQL ${inSql[i]}, memory ${inMemory}: ${print(wire)} over ${print(row)}`);
            matches += Number(inMemory);
          });
        });
      }
      // A draw of which nearly nothing or nearly all matches would say little.
      expect(matches / (trees * rowsEach)).toBeGreaterThan(0.15);
      expect(matches / (trees * rowsEach)).toBeLessThan(0.6);
    },
    900_000,
  );
});
