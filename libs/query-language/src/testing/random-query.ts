import type { TestRow } from './rows.ts';

/** Raw JSON texts and queries that meet often: few names, few values, every odd spelling of them. */
export interface Draw {
  (): number;
}

const pick = <T>(random: Draw, from: readonly T[]): T => from[Math.floor(random() * from.length)]!;

const KEYS = ['a', 'b', 'ключ', 'x.y', '0', ''];
export const TEXTS = [
  '', 'a', 'A', 'abc', 'ABC def', 'true', 'false', 'null', '5', '05', '-1', '1.5', '1e2', '100', '1e400', ' 5', '5\n',
  '9007199254740993', '9007199254740992', '18446744073709551616', 'Straße', 'STRASSE', 'ΑΣ', 'ας', 'ÄÖ', 'äö', 'İi', 'Kk',
  '😀', '😀\u0000x', 'שלום', 'ｱ', '\ud800', 'x\udc00y', '"', '\\', '\\u0041', '/', '<b>&', '\u001f', '\u000b', '\u2028', '\n\t',
  '%', '_', "'", '{"a":1}', '[1,2]', '[100]', 'x,y', 'a b-c', '中文 token', '2024-03-01T00:00:00Z', 'NaN', 'inf', '0x10', '+5', '.5', '5.', '-0', '007',
]; // prettier-ignore
const NUMBERS = [
  '0', '-0', '0.0', '-0.0', '1', '1.0', '1.50', '-1', '5', '100', '1e2', '1E+2', '0.1', '1e-7', '1e21', '123456789012345680000',
  '9007199254740991', '9007199254740992', '9007199254740993', '-9007199254740993', '9223372036854775807', '9223372036854775808',
  '-9223372036854775808', '-9223372036854775809', '18446744073709551615', '18446744073709551616', '123456789012345678901234567890',
  '1e400', '-1e400', '1e-400', '5e-324', '1.7976931348623157e308', '1152921504606846976', '1152921504606846976.0', '0.30000000000000004',
  '3.14159265358979312345678901234567890', '1709251200', '1e99999999999', '1e-99999999999',
]; // prettier-ignore

const hex = (unit: number) => unit.toString(16).padStart(4, '0');

/** Each UTF-16 unit by itself; surrogates stay together where `unit` leaves them. */
function byUnit(text: string, write: (c: string) => string): string {
  return `"${text.split('').map(write).join('')}"`;
}

const inside = (c: string) => JSON.stringify(c).slice(1, -1);
const isAscii = (c: string) => c >= ' ' && c <= '~';

/** Ways to write a string: raw UTF-8, like json.dumps, with `\/`, with capital digits, with escapes that nobody needs. */
export const spellings = {
  utf8: (text: string) => JSON.stringify(text),
  ascii: (text: string) =>
    byUnit(text, (c) => (isAscii(c) || c < ' ' ? inside(c) : `\\u${hex(c.charCodeAt(0))}`)),
  slashes: (text: string) => JSON.stringify(text).replaceAll('/', '\\/'),
  capitals: (text: string) =>
    byUnit(text, (c) => (isAscii(c) ? inside(c) : `\\u${hex(c.charCodeAt(0)).toUpperCase()}`)),
  odd: (text: string, random: Draw) =>
    byUnit(text, (c) =>
      random() < 0.5 || /[\ud800-\udfff]/.test(c) ? `\\u${hex(c.charCodeAt(0))}` : inside(c),
    ),
} satisfies Record<string, (text: string, random: Draw) => string>;
export type Spelling = keyof typeof spellings;

function value(random: Draw, depth: number, spelling: Spelling): string {
  const blank = random() < 0.2 ? ' ' : '';
  const kind = random();
  if (depth > 0 && kind < 0.25) {
    const members = Array.from({ length: Math.floor(random() * 4) }, () => {
      const key = spellings[spelling](pick(random, KEYS), random);
      return `${blank}${key}:${blank}${value(random, depth - 1, spelling)}`;
    });
    return `{${members.join(',')}${blank}}`;
  }
  if (depth > 0 && kind < 0.4) {
    const elements = Array.from({ length: Math.floor(random() * 4) }, () =>
      value(random, depth - 1, spelling),
    );
    return `[${elements.join(`,${blank}`)}]`;
  }
  if (kind < 0.5) return pick(random, ['true', 'false', 'null']);
  if (kind < 0.72) return pick(random, NUMBERS);
  return spellings[spelling](pick(random, TEXTS), random);
}

function document(random: Draw): string {
  const kind = random();
  const spelling = pick(random, Object.keys(spellings) as Spelling[]);
  if (kind < 0.03) return '';
  if (kind < 0.13) return value(random, 2, spelling);
  const names = KEYS.filter(() => random() < 0.6);
  if (random() < 0.1) names.push(pick(random, KEYS));
  const blank = random() < 0.2 ? '\n  ' : '';
  return `{${names.map((name) => `${blank}${spellings[spelling](name, random)}:${blank}${value(random, 3, spelling)}`).join(',')}${blank}}`;
}

const INSTANTS = [0, 1709251200_000000, 1709251200_123456, -86_400_000_001, 1893456000_000000];

/** Texts that ClickHouse reads as they are: no lone surrogates, no numbers beyond its types. */
function isTame(json: string): boolean {
  if (json === '') return false;
  const pairless = json.replace(/\\u[dD][89abAB]..\\u[dD][c-fC-F]../g, '');
  return !/\\u[dD][89a-fA-F]/.test(pairless) && !/[\d.]{19}|[eE][-+]?\d{3}/.test(json);
}

/** @param tame no JSON text in it has to be repaired for ClickHouse. */
export function randomRow(random: Draw, tame = false): TestRow {
  const drawn = () => {
    for (;;) {
      const json = document(random);
      if (!tame || isTame(json)) return json;
    }
  };
  const orNull = <T>(make: () => T): T | null => (random() < 0.25 ? null : make());
  return {
    doc: drawn(),
    other: drawn(),
    notes: Array.from({ length: Math.floor(random() * 4) }, drawn),
    str: orNull(() => pick(random, TEXTS).replace(/\p{Surrogate}/gu, '?')),
    int: orNull(() => pick(random, [0, 1, -1, 5, 100, 9007199254740991])),
    float: orNull(() => pick(random, [0, 1, 1.5, 0.1, 1e21, 1e-7, 9007199254740992, -1e300])),
    flag: orNull(() => random() < 0.5),
    at: orNull(() => pick(random, INSTANTS)),
    tags: Array.from({ length: Math.floor(random() * 3) }, () => pick(random, ['a', 'A', 'ÄÖ', 'abc', ''])),
  };
}

type Wire = unknown;

const PATHS = [
  'a', 'b', 'ключ', 'x\\.y', 'a.a', 'a.b', 'b.a', 'a.0', 'a.1', 'b.0', 'a.0.a', 'a.b.0', 'b.0.1', 'a.x\\.y', '0', '', 'missing', 'a.a.a',
]; // prettier-ignore

function jsonField(random: Draw): Wire {
  const column = pick(random, ['doc', 'doc', 'doc', 'checked', 'other', 'notes']);
  return { $getField: random() < 0.1 ? column : `${column}.${pick(random, PATHS)}` };
}

function literal(random: Draw): Wire {
  const kind = random();
  if (kind < 0.5) return { $literal: pick(random, TEXTS) };
  if (kind < 0.85) {
    const text = pick(random, NUMBERS);
    return { $literal: /^-?\d{16,38}$/.test(text) ? BigInt(text) : Number(text) };
  }
  return { $literal: pick(random, [true, false, null]) };
}

function operand(random: Draw, depth: number): Wire {
  const kind = random();
  if (kind < 0.5) return jsonField(random);
  if (kind < 0.65) return { $getField: pick(random, ['str', 'int', 'float', 'flag', 'at']) };
  if (kind < 0.75) return literal(random);
  if (kind < 0.8) return { $size: random() < 0.2 ? { $getField: 'tags' } : jsonField(random) };
  if (kind < 0.95 || depth === 0)
    return {
      $convert: {
        input: random() < 0.8 ? jsonField(random) : operand(random, Math.max(depth - 1, 0)),
        to: pick(random, ['double', 'string', 'int', 'bool', 'exists']),
      },
    };
  return condition(random, depth - 1);
}

function part(random: Draw): string {
  const text = pick(random, TEXTS);
  const from = Math.floor(random() * text.length);
  return random() < 0.5 ? text : text.slice(from, from + 1 + Math.floor(random() * 3));
}

export function condition(random: Draw, depth: number): Wire {
  const kind = random();
  const some = (least: number) =>
    Array.from({ length: least + Math.floor(random() * 2) }, () => condition(random, depth - 1));
  if (depth > 0 && kind < 0.15) return { $and: some(1) };
  if (depth > 0 && kind < 0.3) return { $or: some(1) };
  if (depth > 0 && kind < 0.42) return { $not: [condition(random, depth - 1)] };
  const input = operand(random, depth);
  if (kind < 0.55)
    return {
      $contains: {
        input: random() < 0.1 ? { $getField: 'tags' } : input,
        substr: random() < 0.9 ? { $literal: part(random) } : jsonField(random),
        case_insensitive: random() < 0.5,
      },
    };
  if (kind < 0.6)
    return {
      $containsToken: { input, substr: { $literal: part(random) }, case_insensitive: random() < 0.5 },
    };
  if (kind < 0.7)
    return { $in: [input, Array.from({ length: Math.floor(random() * 5) }, () => literal(random))] };
  const right = random() < 0.75 ? literal(random) : operand(random, depth);
  const sides = random() < 0.9 ? [input, right] : [right, input];
  return { [pick(random, ['$eq', '$eq', '$eq', '$gt', '$gte', '$lt', '$lte'])]: sides };
}
