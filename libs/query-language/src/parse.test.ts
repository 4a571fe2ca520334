import { describe, expect, it } from '@jest/globals';
import { AppError, MAX_INSTANT_US, MIN_INSTANT_US } from '@weft/model';
import { parseFieldPath } from './field-path.ts';
import {
  MAX_IN_MEMBERS,
  MAX_JSON_FIELDS,
  MAX_QUERY_DEPTH,
  MAX_QUERY_NODES,
  MAX_TEXT_BYTES,
  parseQuery,
} from './parse.ts';
import { resolve } from './testing/rows.ts';

const a = { $getField: 'doc.a' };

function problemOf(wire: unknown): [number, string] | undefined {
  try {
    parseQuery(wire, resolve);
    return undefined;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return [error.status, error.message];
  }
}

const nested = (depth: number): unknown => (depth === 0 ? { $eq: [a, 1] } : { $not: [nested(depth - 1)] });

describe('parseQuery', () => {
  it.each<[unknown, number, string]>([
    [undefined, 422, 'query: is no object'],
    [[], 422, 'query: is no object'],
    [{}, 422, 'query: has no "$expr"'],
    [{ $expr: { $eq: [a, 1] }, limit: 1 }, 422, 'query: unknown member "limit"'],
    [{ $expr: {} }, 422, 'query.$expr: has 0 members; an operation has exactly one'],
    [
      { $expr: { $eq: [a, 1], $gt: [a, 1] } },
      422,
      'query.$expr: has 2 members; an operation has exactly one',
    ],
    [{ $expr: { $regex: [a, 1] } }, 422, 'query.$expr: unknown operation "$regex"'],
    [{ $expr: { constructor: [a, 1] } }, 422, 'query.$expr: unknown operation "constructor"'],
    [{ $expr: JSON.parse('{"__proto__":[1,2]}') }, 422, 'query.$expr: unknown operation "__proto__"'],
    [{ $expr: a }, 422, 'query.$expr: is not a condition, such as $eq or $and'],
    [
      { $expr: { $convert: { input: a, to: 'bool' } } },
      422,
      'query.$expr: is not a condition, such as $eq or $and',
    ],
    [{ $expr: 'x' }, 422, 'query.$expr: is not a condition, such as $eq or $and'],
    [{ $expr: { $and: [] } }, 400, 'query.$expr.$and: is empty'],
    [{ $expr: { $or: [] } }, 400, 'query.$expr.$or: is empty'],
    [{ $expr: { $not: [] } }, 422, 'query.$expr.$not: has 0 members instead of 1'],
    [{ $expr: { $eq: [a] } }, 422, 'query.$expr.$eq: has 1 members instead of 2'],
    [{ $expr: { $eq: a } }, 422, 'query.$expr.$eq: is no list'],
    [{ $expr: { $in: [a, 5] } }, 422, 'query.$expr.$in[1]: is no list'],
    [{ $expr: { $contains: { input: a } } }, 422, 'query.$expr.$contains: has no "substr"'],
    [
      { $expr: { $contains: { input: a, substr: 'x', regex: true } } },
      422,
      'query.$expr.$contains: unknown member "regex"',
    ],
    [
      { $expr: { $contains: { input: a, substr: 'x', case_insensitive: 'yes' } } },
      422,
      'query.$expr.$contains.case_insensitive: is neither true nor false',
    ],
    [
      { $expr: { $eq: [{ $convert: { input: a, to: 'date' } }, 1] } },
      422,
      'query.$expr.$eq[0].$convert.to: is none of double, string, int, bool, exists',
    ],
    [
      { $expr: { $and: [{ $eq: [a, 1] }, { $eq: [{ $getField: 'nope.x' }, 1] }] } },
      422,
      'query.$expr.$and[1].$eq[0].$getField: unknown field "nope.x"',
    ],
    [
      { $expr: { $eq: [{ $getField: 'constructor' }, 1] } },
      422,
      'query.$expr.$eq[0].$getField: unknown field "constructor"',
    ],
    [{ $expr: { $eq: [{ $getField: 5 }, 1] } }, 422, 'query.$expr.$eq[0].$getField: is not a text'],
    [
      { $expr: { $eq: [a, { $literal: [1] }] } },
      400,
      'query.$expr.$eq[1].$literal: is a list or an object, which cannot be compared',
    ],
    [
      { $expr: { $eq: [{ $getField: 'at' }, 'yesterday'] } },
      400,
      'query.$expr.$eq[1]: is neither UNIX seconds nor an ISO 8601 date and time',
    ],
    [
      { $expr: { $eq: [{ $getField: 'at' }, '2026-02-29'] } },
      400,
      'query.$expr.$eq[1]: is neither UNIX seconds nor an ISO 8601 date and time',
    ],
    [
      { $expr: { $in: [{ $getField: 'at' }, [1, true]] } },
      400,
      'query.$expr.$in[1][1][1]: is neither UNIX seconds nor an ISO 8601 date and time',
    ],
    [
      { $expr: { $eq: [{ $getField: 'tags' }, 'x'] } },
      400,
      'query.$expr.$eq[0]: is a list: use $contains or $size',
    ],
    [
      { $expr: { $and: [{ $getField: 'at' }, { $eq: [a, 1] }] } },
      400,
      'query.$expr.$and[0]: is no condition',
    ],
    [
      { $expr: { $containsToken: { input: a, substr: a } } },
      400,
      'query.$expr.$containsToken.substr: is not a text',
    ],
    [
      { $expr: nested(MAX_QUERY_DEPTH) },
      400,
      `query.$expr${'.$not[0]'.repeat(MAX_QUERY_DEPTH)}: is nested deeper than ${MAX_QUERY_DEPTH}`,
    ],
    [
      { $expr: { $eq: [a, 'ä'.repeat(MAX_TEXT_BYTES / 2) + 'x'] } },
      400,
      `query.$expr.$eq[1]: is longer than ${MAX_TEXT_BYTES} bytes`,
    ],
    [
      { $expr: { $or: Array(MAX_QUERY_NODES).fill({ $eq: [1, 1] }) } },
      400,
      `query.$expr.$or[${Math.floor((MAX_QUERY_NODES - 1) / 3)}].$eq[0]: the query has over ${MAX_QUERY_NODES} parts`,
    ],
    [
      { $expr: { $or: Array(MAX_JSON_FIELDS + 1).fill({ $eq: [a, 1] }) } },
      400,
      `query.$expr.$or[${MAX_JSON_FIELDS}].$eq[0].$getField: the query names over ${MAX_JSON_FIELDS} fields of JSON values`,
    ],
    [
      { $expr: { $in: [a, Array(MAX_IN_MEMBERS + 1).fill(1)] } },
      400,
      `query.$expr.$in[1]: has over ${MAX_IN_MEMBERS} members`,
    ],
    [
      { $expr: { $in: [a, Array(40).fill('x'.repeat(MAX_TEXT_BYTES))] } },
      400,
      "query.$expr.$in[1][31]: the query's texts are longer than 1048576 bytes",
    ],
  ])('refuses %j', (wire, status, message) => {
    expect(problemOf(wire)).toEqual([status, message]);
  });

  it.each<[string, unknown]>([
    ['the deepest', nested(MAX_QUERY_DEPTH - 2)],
    ['many members', { $in: [a, Array(MAX_IN_MEMBERS).fill(1)] }],
    ['explicit nulls', { $contains: { input: a, substr: 'x', case_insensitive: null } }],
    ['one operand', { $and: [{ $eq: [a, 1] }] }],
  ])('takes %s', (_, $expr) => {
    expect(problemOf({ $expr })).toBeUndefined();
    expect(problemOf({ expr_: $expr })).toBeUndefined();
  });

  it.each([
    ['2999-01-01T00:00:00.000000Z', MAX_INSTANT_US],
    ['2025-03-01 00:00:00 UTC', Date.UTC(2025, 2) * 1000],
    ['9999-12-31', MAX_INSTANT_US],
    ['0001-01-01T00:00:00', MIN_INSTANT_US],
  ])('takes %s for a time, another century for before or after everything', (text, us) => {
    const query = { $expr: { $gte: [{ $getField: 'at' }, { $literal: text }] } };
    expect(parseQuery(query, resolve)).toMatchObject({ right: { op: 'instant', us } });
  });

  it('takes every operation by both names', () => {
    const aliases = {
      $and: [
        { $or: [{ $not: [{ $eq: [a, { $literal: 1 }] }] }] },
        { $gt: [a, 1] },
        { $gte: [a, 1] },
        { $lt: [a, 1] },
        { $lte: [a, 1] },
        { $in: [a, [1]] },
        { $contains: { input: a, substr: 'x' } },
        { $containsToken: { input: a, substr: 'x' } },
        { $eq: [{ $size: { $convert: { input: a, to: 'string' } } }, 1] },
      ],
    };
    const names = JSON.parse(
      JSON.stringify(aliases)
        .replaceAll('"$getField"', '"get_field_"')
        .replaceAll('"$containsToken"', '"contains_token_"')
        .replace(/"\$(\w+)"/g, '"$1_"'),
    ) as unknown;
    expect(parseQuery({ expr_: names }, resolve)).toEqual(parseQuery({ $expr: aliases }, resolve));
  });
});

describe('parseFieldPath', () => {
  it.each<[string, (string | number)[]]>([
    ['a.b', ['a', 'b']],
    ['a\\.b.c', ['a.b', 'c']],
    ['a.0.10', ['a', 0, 10]],
    ['a.01.-1.1e2', ['a', '01', '-1', '1e2']],
    ['a\\b.c\\', ['a\\b', 'c\\']],
    ['', ['']],
    ['.', ['', '']],
    ['99999999999', ['99999999999']],
  ])('%j', (text, parts) => {
    expect(parseFieldPath(text).map(({ key, index }) => index ?? key)).toEqual(parts);
  });
});
