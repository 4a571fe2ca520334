import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mulberry32 } from '@weft/testkit';
import { evaluate } from './evaluate.ts';
import { parseQuery } from './parse.ts';
import { compileTextFilter, isWrittenOddly, mayMatch, supersetOf, type TextFilter } from './superset.ts';
import { inlined, openEngine, type Engine } from './testing/engine.ts';
import { TEXTS, spellings, type Spelling } from './testing/random-query.ts';
import { createTable, resolve, rowOf } from './testing/rows.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine();
}, 60_000);
afterAll(() => engine?.close(), 60_000);

const a = { $getField: 'doc.a' };
const eq = (text: string) => ({ $eq: [a, text] });
const contains = (substr: string, insensitive = false) => ({
  $contains: { input: a, substr, case_insensitive: insensitive },
});

function filterOf(expr: unknown): TextFilter | undefined {
  return supersetOf(parseQuery({ $expr: expr }, resolve));
}

const brief = (filter: TextFilter | undefined): unknown =>
  filter?.kind === 'text'
    ? [filter.column, filter.needles, filter.caseInsensitive]
    : filter && { [filter.kind]: filter.of.map(brief) };

describe('needles', () => {
  it.each<[string, unknown, unknown]>([
    ['a plain text', eq('hello world'), ['doc', ['hello world'], false]],
    ['the longest first', eq('ab"cdef'), ['doc', ['cdef', 'ab'], false]],
    [
      'what writers may escape is left out',
      eq('a/bc <d>ef\\gh\u00e9ij\nkl'),
      ['doc', ['bc ', 'ef', 'gh', 'ij', 'kl'], false],
    ],
    ['a text of digits may be a number', eq('12345'), undefined],
    ['nothing to look for', eq('é"'), undefined],
    ['an empty text is missing as well', eq(''), undefined],
    ['digits of a part may be of a number', contains('12345'), undefined],
    ['… unless the rest says otherwise', contains('order 12345'), ['doc', ['order 12345'], false]],
    ['punctuation of JSON may have blanks', contains('role":"user'), ['doc', ['role', 'user'], false]],
    ['… between words as well', contains('{false:true,1e5}'), ['doc', ['false', 'true'], false]],
    ['any case', contains('Needle', true), ['doc', ['Needle'], true]],
    ['tokens', { $containsToken: { input: a, substr: 'brown-fox 12' } }, ['doc', ['brown', 'fox'], false]],
    [
      'a list',
      { $in: [a, ['one', 'two']] },
      {
        any: [
          ['doc', ['one'], false],
          ['doc', ['two'], false],
        ],
      },
    ],
    ['a list with a number', { $in: [a, ['one', 2]] }, undefined],
    ['and keeps what it has', { $and: [eq('one'), { $gt: [a, 5] }] }, ['doc', ['one'], false]],
    ['or needs all', { $or: [eq('one'), { $gt: [a, 5] }] }, undefined],
    ['not says nothing', { $not: [eq('one')] }, undefined],
    ['a literal on the left', { $eq: ['one', a] }, ['doc', ['one'], false]],
    [
      'through a conversion',
      { $eq: [{ $convert: { input: a, to: 'string' } }, 'one'] },
      ['doc', ['one'], false],
    ],
    ['columns have indexes of their own', { $eq: [{ $getField: 'str' }, 'one'] }, undefined],
    ['more than text is compared', { $gt: [a, 'one'] }, undefined],
  ])('%s', (_, expr, expected) => {
    expect(brief(filterOf(expr))).toEqual(expected);
  });

  it.each<[string, boolean]>([
    ['{"a":"plain \\u00e9 \\ud83d\\ude00 \\u003c\\u0026\\u0027\\u0022\\u002f \\n"}', false],
    ['{"\\u0061":1}', true],
    ['{"a":"\\u004A"}', true],
    ['{"a":"\\u004a"}', true],
    ['{"a":"\\u000a"}', true],
    ['{"a":"\u2028"}', true],
  ])('%s is written oddly: %s', async (doc, odd) => {
    expect(isWrittenOddly(Buffer.from(doc))).toBe(odd);
    const filter: TextFilter = {
      kind: 'text',
      field: resolve('doc.a') as never,
      column: 'doc',
      needles: ['qqq'],
      caseInsensitive: false,
    };
    const { sql, params } = compileTextFilter(filter, () => 'd');
    const found = await engine.query(
      `SELECT toUInt8(${sql}) FROM (SELECT unhex('${Buffer.from(doc).toString('hex')}') AS d) FORMAT JSONCompactEachRow`,
      params,
    );
    expect(found).toEqual([[Number(odd)]]);
  });
});

describe('the superset', () => {
  it('never loses a row, however it is spelled, in memory and in SQL', async () => {
    const random = mulberry32(5);
    const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
    const text = () => pick(TEXTS) + pick(['', ' ', '-', '"', '/']) + pick(TEXTS);
    let [kept, pruned] = [0, 0];
    for (let round = 0; round < 12; round++) {
      const rows = Array.from({ length: 200 }, () => {
        const spell = (value: string) => spellings[pick(Object.keys(spellings) as Spelling[])](value, random);
        const value = pick([
          () => spell(text()),
          () =>
            `{${spell(text())}: ${spell(text())}, ${spell('n')} :[${pick(['1e2', '100', '1.50', 'true'])} ,null]}`,
          () => pick(['100', '1e2', '1.0', 'true', 'null', '123456789012345678901234567890', '1e400']),
        ])();
        return { doc: `{"b":"filler", ${spell('a')}:${value}}` };
      });
      await createTable(engine, `f${round}`, rows);
      // What is looked for is there more often than chance would have it.
      const part = () => {
        const whole = JSON.stringify({ [text()]: text(), n: [100, 1.5, true] }).slice(1, -1);
        const from = Math.floor(random() * whole.length);
        return pick([
          text(),
          whole.slice(from, from + 1 + Math.floor(random() * 8)),
          pick(TEXTS).slice(0, 3),
        ]);
      };
      const exprs = Array.from({ length: 60 }, () => {
        const one = () =>
          pick([
            () => eq(part()),
            () => contains(part()),
            () => contains(part(), true),
            () => ({ $in: [a, [part(), part()]] }),
            () => ({ $containsToken: { input: a, substr: part() } }),
          ])();
        const expr = pick([
          one,
          one,
          () => ({ $and: [one(), one()] }),
          () => ({ $or: [one(), one()] }),
          () => ({ $and: [one(), { $not: [one()] }] }),
        ])();
        return parseQuery({ $expr: expr }, resolve);
      });
      const filters = exprs.map(supersetOf);
      const columns = filters.map((filter) => {
        if (filter === undefined) return '1';
        const { sql, params } = compileTextFilter(filter, (field) => field.column);
        return inlined(sql, params);
      });
      const found = await engine.query(
        `SELECT [${columns.join(',')}] FROM f${round} ORDER BY n FORMAT JSONCompactEachRow`,
      );
      rows.forEach((row, n) =>
        exprs.forEach((expr, i) => {
          const filter = filters[i];
          const may =
            filter === undefined || mayMatch(filter, (field) => rowOf(row).json(field) as Uint8Array);
          const sqlMay = (found[n]![0] as number[])[i] === 1;
          const matches = evaluate(expr, rowOf(row));
          if (may !== sqlMay || (matches && !may))
            throw new Error(
              `matches ${matches}, memory ${may}, SQL ${sqlMay}: ${JSON.stringify([expr, filter, row])}`,
            );
          kept += Number(matches);
          pruned += Number(!may);
        }),
      );
    }
    // The draw says something: many rows match, and many are left out.
    expect(kept).toBeGreaterThan(5_000);
    expect(pruned).toBeGreaterThan(20_000);
  }, 120_000);
});
