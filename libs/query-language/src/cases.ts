import type { TestRow } from './testing/rows.ts';

/**
 * What filters mean, one line each: a row (a text is its `doc`), an expression, whether it matches. The evaluator and
 * ClickHouse both have to say so.
 */
export interface Case {
  readonly says: string;
  readonly row: TestRow;
  readonly expr: unknown;
  readonly matches: boolean;
}

type Line = readonly [says: string, row: string | Omit<TestRow, 'doc'>, expr: unknown, matches: boolean];

const a = { $getField: 'doc.a' };
const b = { $getField: 'doc.b' };
const field = (path: string) => ({ $getField: path });
const lit = (value: unknown) => ({ $literal: value });
const eq = (left: unknown, right: unknown) => ({ $eq: [left, lit(right)] });
const not = (expr: unknown) => ({ $not: [expr] });
const contains = (substr: string, input: unknown = a, insensitive = false) => ({
  $contains: { input, substr: lit(substr), case_insensitive: insensitive },
});
const convert = (to: string, input: unknown = a) => ({ $convert: { input, to } });
const size = (input: unknown = a) => ({ $size: input });
const at = (iso: string) => Date.parse(iso) * 1000;

const numbers: Line[] = [
  ['1.0 is 1', '{"a":1.0}', eq(a, 1), true],
  ['1 is 1.0 within a larger double', '{"a":1}', { $lt: [a, lit(1.5)] }, true],
  ['1.5 is more than 1', '{"a":1.5}', { $gt: [a, lit(1)] }, true],
  ['1e2 is 100', '{"a":1e2}', eq(a, 100), true],
  ['-0 is 0', '{"a":-0}', eq(a, 0), true],
  ['-0.0 is among zeros', '{"a":-0.0}', { $in: [a, [lit(0)]] }, true],
  ['-0.0 is not below 0', '{"a":-0.0}', { $lt: [a, lit(0)] }, false],
  ['negative literals', '{"a":-5}', eq(a, -5), true],
  ['2^53 + 1 is not 2^53', '{"a":9007199254740993}', eq(a, 9007199254740992), false],
  ['2^53 + 1 is itself', '{"a":9007199254740993}', eq(a, 9007199254740993n), true],
  ['2^53 + 1 is more than 2^53', '{"a":9007199254740993}', { $gt: [a, lit(9007199254740992)] }, true],
  ['2^53 + 1 among others', '{"a":9007199254740993}', { $in: [a, [lit(1), lit(9007199254740993n)]] }, true],
  ['-2^53 - 1 is less than -2^53', '{"a":-9007199254740993}', { $lt: [a, lit(-9007199254740992)] }, true],
  ['2^64 - 1 is exact', '{"a":18446744073709551615}', eq(a, 18446744073709551614n), false],
  ['beyond 64 bits the nearest double', '{"a":18446744073709551617}', eq(a, 18446744073709551616), true],
  ['1e400 is more than 1e308', '{"a":1e400}', { $gt: [a, lit(1e308)] }, true],
  ['-1e400 is less than -1e308', '{"a":-1e400}', { $lt: [a, lit(-1e308)] }, true],
  ['1e400 beside what is looked at', '{"b":1e400,"a":"x"}', eq(a, 'x'), true],
  [
    'a huge integer beside it',
    '{"b":[123456789012345678901234567890],"a":9223372036854775807}',
    eq(a, 9223372036854775807n),
    true,
  ],
  ['1e-400 is 0', '{"a":1e-400}', eq(a, 0), true],
  ['a text of digits is a number to a number', '{"a":"5"}', eq(a, 5), true],
  ['a number is its text to a text', '{"a":5}', eq(a, '5'), true],
  ['1.50 has the text 1.5', '{"a":1.50}', eq(a, '1.5'), true],
  ['1.0 has the text 1', '{"a":1.0}', eq(a, '1'), true],
  ['1E+21 has the text 1e21', '{"a":1E+21}', eq(a, '1e21'), true],
  ['a text with blanks is no number', '{"a":" 5"}', eq(a, 5), false],
  ['NaN is no number', '{"a":"NaN"}', { $gte: [a, lit(-1e308)] }, false],
  ['a list is no number', '{"a":[5]}', eq(a, 5), false],
  ['true is not 1', '{"a":true}', eq(a, 1), false],
  ['texts compare as texts', '{"a":"10"}', { $lt: [a, lit('9')] }, true],
  ['two paths with numbers compare as numbers', '{"a":10,"b":9}', { $gt: [a, b] }, true],
  ['a number and a text compare as texts', '{"a":10,"b":"x"}', { $lt: [a, b] }, true],
  ['mixed lists compare one by one', '{"a":1.5}', { $in: [a, [lit('x'), lit(1.5), lit(true)]] }, true],
  ['literal on the left', '{"a":5}', { $lt: [lit(3), a] }, true],
  ['literals alone: true', '{}', { $eq: [lit(1), lit(1)] }, true],
  ['literals alone: false', '{}', { $eq: [lit(1), lit(2)] }, false],
  ['literals alone: 1 and "1"', '{}', { $eq: [lit(1), lit('1')] }, true],
];

const bools: Line[] = [
  ['true is true', '{"a":true}', eq(a, true), true],
  ['false is false', '{"a":false}', eq(a, false), true],
  ['"true" is true', '{"a":"true"}', eq(a, true), true],
  ['1 is true', '{"a":1}', eq(a, true), true],
  ['2 is not true', '{"a":2}', eq(a, true), false],
  ['true has the text true', '{"a":true}', eq(a, 'true'), true],
  ['missing is neither true', '{}', eq(a, true), false],
  ['… nor not true', '{}', not(eq(a, true)), false],
  ['a path where a condition is wanted', '{"a":true}', { $and: [a, eq(a, true)] }, true],
  ['a condition is a bool', '{"a":5}', { $eq: [{ $gt: [a, lit(1)] }, lit(true)] }, true],
];

const nothing: Line[] = [
  ['missing is null', '{"b":1}', eq(a, null), true],
  ['JSON null is null', '{"a":null}', eq(a, null), true],
  ['"" is not null', '{"a":""}', eq(a, null), false],
  ['"null" is not null', '{"a":"null"}', eq(a, null), false],
  ['0 is not null', '{"a":0}', eq(a, null), false],
  ['not null', '{"a":0}', not(eq(a, null)), true],
  ['null on the left', '{"b":1}', { $eq: [lit(null), a] }, true],
  ['null in a list', '{"a":null}', { $in: [a, [lit('x'), lit(null)]] }, true],
  ['nothing is more than null', '{"a":5}', { $gt: [a, lit(null)] }, false],
  ['the text of missing is empty', '{"b":1}', eq(a, ''), true],
  ['the text of null is empty', '{"a":null}', eq(a, ''), true],
  ['the text of "null" is not', '{"a":"null"}', eq(a, ''), false],
  ['the text of {} is not', '{"a":{}}', eq(a, ''), false],
  ['missing is not "x"', '{}', not(eq(a, 'x')), true],
  ['missing does not contain "x"', '{}', not(contains('x')), true],
  ['missing is not above 5', '{}', { $gt: [a, lit(5)] }, false],
  ['… nor below it: unknown', '{}', not({ $gt: [a, lit(5)] }), false],
  ['unknown or true', '{"b":1}', { $or: [{ $gt: [a, lit(5)] }, eq(b, 1)] }, true],
  ['not (unknown and false)', '{"b":1}', not({ $and: [{ $gt: [a, lit(5)] }, eq(b, 2)] }), true],
  ['missing does not exist', '{"b":1}', eq(convert('exists'), true), false],
  ['null does not exist', '{"a":null}', eq(convert('exists'), true), false],
  ['"" exists', '{"a":""}', eq(convert('exists'), true), true],
  ['missing: exists is false', '{}', eq(convert('exists'), false), true],
  ['in an empty list', '{"a":1}', { $in: [a, []] }, false],
  ['not in an empty list', '{"a":1}', not({ $in: [a, []] }), true],
  ['an empty text has nothing', '', eq(a, null), true],
];

const texts: Line[] = [
  ['quotes', '{"a":"say \\"hi\\""}', eq(a, 'say "hi"'), true],
  ['backslashes', '{"a":"C:\\\\x"}', contains('C:\\x'), true],
  ['an escaped slash', '{"a":"a\\/b"}', eq(a, 'a/b'), true],
  ['escaped beyond ASCII', '{"a":"\\u00e9"}', eq(a, 'é'), true],
  ['raw beyond ASCII', '{"a":"é"}', eq(a, 'é'), true],
  ['a surrogate pair is one character', '{"a":"\\ud83d\\ude00"}', eq(a, '😀'), true],
  ['escaped ASCII', '{"\\u0061":"\\u0041"}', eq(a, 'A'), true],
  ['NUL', '{"a":"x\\u0000y"}', contains('\u0000y'), true],
  ['a lone surrogate is U+FFFD', '{"a":"x\\ud800y"}', eq(a, 'x\ufffdy'), true],
  ['a lone surrogate elsewhere', '{"b":"\\udc00","a":"x"}', eq(a, 'x'), true],
  ['a lone surrogate of the query', '{"a":"\\ud800"}', eq(a, '\ud800'), true],
  ['an escaped backslash before u', '{"b":"\\ud800","a":"\\\\ud800"}', eq(a, '\\ud800'), true],
  ['% and _ are themselves', '{"a":"100 percent"}', contains('100%'), false],
  ['astral characters sort behind U+FFxx', '{"a":"😀"}', { $gt: [a, lit('ｱ')] }, true],
  ['right to left', '{"a":"שלום עולם"}', contains('עולם'), true],
  ['composed and decomposed differ', '{"a":"e\\u0301"}', eq(a, 'é'), false],
  ['contains is by position', '{"a":"abc"}', contains('bc'), true],
  ['contains is exact about case', '{"a":"abc"}', contains('B'), false],
  ['… unless told', '{"a":"abc"}', contains('B', a, true), true],
  ['beyond ASCII too', '{"a":"GRÜSSE"}', contains('grüsse', a, true), true],
  ['ß is not ss', '{"a":"STRASSE"}', contains('straße', a, true), false],
  ['sigmas are one', '{"a":"ΟΔΟΣ"}', contains('οδος', a, true), true],
  ['a sigma within', '{"a":"ΟΔΟΣ"}', contains('Σ', a, true), true],
  ['the Kelvin sign is no k', '{"a":"\u212a"}', contains('k', a, true), false],
  ['every text contains the empty one', '{}', contains(''), true],
  ['contains in a number', '{"a":12345}', contains('234'), true],
  ['contains in a list', '{"a":["x y","z"]}', contains('x y'), true],
  ['contains in an object, keys too', '{"a":{"role":"user"}}', contains('"role":"user"'), true],
  [
    'the JSON of an object is compact',
    '{"a":{"role": "user", "n": 1.0}}',
    contains('{"role":"user","n":1}'),
    true,
  ],
  ['the whole document', '{"a":{"b":"needle"}}', contains('needle', field('doc')), true],
  ['a document that is a text', '"plain"', eq(field('doc'), 'plain'), true],
  ['contains a path', '{"a":"haystack","b":"stack"}', { $contains: { input: a, substr: b } }, true],
  ['bare literals', '{"a":"x"}', { $eq: [a, 'x'] }, true],
  ['bare numbers', '{"a":2}', { $gt: [a, 1] }, true],
  ['Python names', '{"a":"x"}', { eq_: [{ get_field_: 'doc.a' }, { literal_: 'x' }] }, true],
  ['a token', '{"a":"the quick-brown fox"}', { $containsToken: { input: a, substr: 'brown' } }, true],
  ['half a token', '{"a":"the quick-brown fox"}', { $containsToken: { input: a, substr: 'bro' } }, false],
  ['tokens, any order', '{"a":"the quick fox"}', { $containsToken: { input: a, substr: 'fox the' } }, true],
  [
    'a token in any case',
    '{"a":"Straße ÖL"}',
    { $containsToken: { input: a, substr: 'öl', case_insensitive: true } },
    true,
  ],
  [
    'letters beyond ASCII are of a token',
    '{"a":"größe"}',
    { $containsToken: { input: a, substr: 'gr' } },
    false,
  ],
  ['a very long text', `{"a":"${'x'.repeat(300_000)}y"}`, contains('xy'), true],
  ['behind a very long text', `{"b":"${'x'.repeat(300_000)}","a":"z"}`, eq(a, 'z'), true],
];

const deep = (depth: number, value: string) => `${'{"k":'.repeat(depth)}${value}${'}'.repeat(depth)}`;

const paths: Line[] = [
  ['a list element', '{"a":["x","y"]}', eq(field('doc.a.1'), 'y'), true],
  ['behind the end', '{"a":["x"]}', eq(field('doc.a.1'), null), true],
  ['within an element', '{"a":[{"b":"x"}]}', eq(field('doc.a.0.b'), 'x'), true],
  ['lists of lists', '{"a":[[1,2],[3,4]]}', eq(field('doc.a.1.0'), 3), true],
  ['digits are no member', '{"a":{"0":"x"}}', eq(field('doc.a.0'), null), true],
  ['a member is no element', '{"a":["x"]}', eq(field('doc.a.b'), null), true],
  ['negative indexes are members', '{"a":{"-1":"x"}}', eq(field('doc.a.-1'), 'x'), true],
  ['leading zeros are members', '{"a":{"01":"x"}}', eq(field('doc.a.01'), 'x'), true],
  ['a dot in a name', '{"a.b":"x","a":{"b":"y"}}', eq(field('doc.a\\.b'), 'x'), true],
  ['a quote in a name', '{"a\\"b":"x"}', eq(field('doc.a"b'), 'x'), true],
  ['an empty name', '{"":"x"}', eq(field('doc.'), 'x'), true],
  ['names beyond ASCII', '{"\\u043a\\u043b\\u044e\\u0447":"x"}', eq(field('doc.ключ'), 'x'), true],
  ['names are exact', '{"A":1}', eq(a, null), true],
  ['$ is a name', '{"$":1}', eq(field('doc.$'), 1), true],
  ['the first of duplicates', '{"a":1,"a":2}', eq(a, 1), true],
  ['blanks', ' { "a" :\n [ 1 ,\t2 ] } ', eq(field('doc.a.1'), 2), true],
  ['a path into a text', '{"a":"{\\"b\\":1}"}', eq(field('doc.a.b'), null), true],
  ['500 deep', deep(500, '{"v":5}'), contains('"v":5', field('doc')), true],
  ['40 steps', deep(40, '5'), eq(field(`doc.${Array(40).fill('k').join('.')}`), 5), true],
  ['a big number in a list', '{"a":[1e20]}', eq(field('doc.a.0'), 1e20), true],
];

const conversions: Line[] = [
  ['text to double', '{"a":"1.5"}', { $gt: [convert('double'), lit(1.2)] }, true],
  ['no number to double', '{"a":"x"}', eq(convert('double'), null), true],
  ['true to double', '{"a":true}', eq(convert('double'), null), true],
  ['1.5 is no int', '{"a":1.5}', eq(convert('int'), null), true],
  ['5.0 is an int', '{"a":5.0}', eq(convert('int'), 5), true],
  ['number to string', '{"a":5}', eq(convert('string'), '5'), true],
  ['missing to string', '{}', eq(convert('string'), ''), true],
  ['text to bool', '{"a":"true"}', eq(convert('bool'), true), true],
  ['0 to bool', '{"a":0}', eq(convert('bool'), false), true],
  ['2 to bool', '{"a":2}', eq(convert('bool'), true), true],
  ['a word to bool', '{"a":"yes"}', eq(convert('bool'), null), true],
  ['size of a text: characters', '{"a":"a😀é"}', eq(size(), 3), true],
  ['size of a list', '{"a":[1,[2,3],{}]}', eq(size(), 3), true],
  ['size of an object', '{"a":{"x":1,"y":2}}', eq(size(), 2), true],
  ['size of missing', '{}', eq(size(), 0), true],
  ['size of a number: of its text', '{"a":1.50}', eq(size(), 3), true],
];

const columns: Line[] = [
  ['a text column', { str: 'x' }, eq(field('str'), 'x'), true],
  ['null column is null', { str: null }, eq(field('str'), null), true],
  ['null column is not ""', { str: null }, eq(field('str'), ''), false],
  ['"" column is not null', { str: '' }, eq(field('str'), null), false],
  ['null column: not equal is unknown', { str: null }, not(eq(field('str'), 'x')), false],
  ['null column in a list with null', { str: null }, { $in: [field('str'), [lit(null)]] }, true],
  ['null column does not exist', { str: null }, eq(convert('exists', field('str')), false), true],
  ['text column beside a number', { str: '5' }, { $lt: [field('str'), lit(10)] }, true],
  ['number column beside a text', { int: 5 }, eq(field('int'), '5'), true],
  ['number column beside a word', { int: 5 }, eq(field('int'), 'five'), false],
  ['number column beside a double', { int: 5 }, { $gt: [field('int'), lit(4.5)] }, true],
  ['number column in a list', { int: -1 }, { $in: [field('int'), [lit(-1), lit(2.5)]] }, true],
  ['number column beside a path', '{"a":5}', { $eq: [field('int'), a] }, false],
  ['bool column', { flag: false }, eq(field('flag'), false), true],
  ['an instant beside seconds', { at: at('2024-03-01T00:00:00Z') }, eq(field('at'), 1709251200), true],
  [
    'fractions of seconds',
    { at: at('2024-03-01T00:00:00Z') + 123456 },
    { $lte: [field('at'), lit(1709251200.123456)] },
    true,
  ],
  [
    '… to the microsecond',
    { at: at('2024-03-01T00:00:00Z') + 123456 },
    { $lt: [field('at'), lit(1709251200.123456)] },
    false,
  ],
  [
    'an instant beside ISO',
    { at: at('2024-03-01T00:00:00Z') },
    { $gte: [field('at'), lit('2024-03-01T01:00:00+01:00')] },
    true,
  ],
  ['a date is its midnight, UTC', { at: at('2024-03-01T00:00:00Z') }, eq(field('at'), '2024-03-01'), true],
  ['before 1970', { at: -86_400_000_001 }, { $lt: [field('at'), lit(-86_400)] }, true],
  ['seconds beyond the calendar', { at: 0 }, { $gt: [field('at'), lit(1e15)] }, false],
  ['no instant', { at: null }, { $lt: [field('at'), lit(1e15)] }, false],
  ['no instant is null', { at: null }, eq(field('at'), null), true],
  [
    'the text of an instant',
    { at: 123456 },
    contains('1970-01-01T00:00:00.123456Z', convert('string', field('at'))),
    true,
  ],
  ['the number of an instant', { at: 1_500_000 }, eq(convert('double', field('at')), 1.5), true],
  ['a list column contains', { tags: ['a', 'b'] }, contains('b', field('tags')), true],
  ['… whole members only', { tags: ['abc'] }, contains('b', field('tags')), false],
  ['… in any case', { tags: ['Ä'] }, contains('ä', field('tags'), true), true],
  ['size of a list column', { tags: ['a', 'b'] }, eq(size(field('tags')), 2), true],
  ['an empty list column is null', { tags: [] }, eq(field('tags'), null), true],
];

const many: Line[] = [
  ['one of many', { notes: ['{"a":"x"}', '{"a":"y"}'] }, eq(field('notes.a'), 'y'), true],
  ['none of many', { notes: ['{"a":"x"}'] }, eq(field('notes.a'), 'y'), false],
  ['none at all', { notes: [] }, eq(field('notes.a'), 'y'), false],
  ['not one of many', { notes: [] }, not(eq(field('notes.a'), 'y')), true],
  ['not: unknown of many is false', { notes: ['{}'] }, not({ $gt: [field('notes.a'), lit(1)] }), true],
  ['null: none has a value', { notes: ['{"a":null}', '{}'] }, eq(field('notes.a'), null), true],
  ['null: one has', { notes: ['{"a":null}', '{"a":0}'] }, eq(field('notes.a'), null), false],
  ['contains in one', { notes: ['{"a":"x"}', '{"a":"yz"}'] }, contains('z', field('notes.a')), true],
  ['both in one comparison', { notes: ['{"a":1}', '{"a":5}'] }, { $in: [field('notes.a'), [lit(5)]] }, true],
  ['an odd text among many', { notes: ['{"b":"\\ud800","a":"x"}'] }, eq(field('notes.a'), 'x'), true],
];

export const CASES: readonly Case[] = Object.entries({
  numbers,
  bools,
  nothing,
  texts,
  paths,
  conversions,
  columns,
  many,
}).flatMap(([group, lines]) =>
  lines.map(([says, row, expr, matches]) => ({
    says: `${group}: ${says}`,
    row: typeof row === 'string' ? { doc: row } : { doc: '{}', ...row },
    expr,
    matches,
  })),
);
