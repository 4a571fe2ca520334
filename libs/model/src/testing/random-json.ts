import { mulberry32 } from '@weft/testkit';

export type Random = (below: number) => number;

/** Reproducible integers in [0, below). */
export function seeded(seed: number): Random {
  const random = mulberry32(seed);
  return (below) => Math.floor(random() * below);
}

const pick = <T>(random: Random, from: readonly T[]): T => from[random(from.length)]!;

/** Text of a random JSON value, with everything writers disagree about: spaces, escapes, number forms, duplicate names. */
export function randomJson(random: Random, depth = 4): string {
  const space = () => pick(random, ['', '', '', ' ', '\n', '\t ', '\r\n']);
  const kind = random(depth > 0 ? 10 : 6);
  if (kind < 2) return randomNumber(random);
  if (kind < 5) return randomString(random);
  if (kind < 6) return pick(random, ['true', 'false', 'null']);
  const items = Array.from({ length: random(5) }, () => {
    const value = `${space()}${randomJson(random, depth - 1)}${space()}`;
    return kind < 8 ? value : `${space()}${randomString(random)}${space()}:${value}`;
  });
  const inner = items.length === 0 ? space() : items.join(',');
  return kind < 8 ? `[${inner}]` : `{${inner}}`;
}

export function randomNumber(random: Random): string {
  const digits = (most: number) => Array.from({ length: 1 + random(most) }, () => random(10)).join('');
  const whole = pick(random, [
    '0',
    `${1 + random(9)}${digits(pick(random, [1, 3, 17, 30]))}`,
    String(random(100)),
  ]);
  const fraction = random(2) === 0 ? '' : `.${digits(pick(random, [1, 4, 20]))}`;
  const exponent =
    random(3) > 0
      ? ''
      : `${pick(random, ['e', 'E'])}${pick(random, ['', '+', '-'])}${random(pick(random, [5, 25, 330]))}`;
  return `${random(4) === 0 ? '-' : ''}${whole}${fraction}${exponent}`;
}

const CHARACTERS = [
  'a',
  'b',
  'K',
  '0',
  ' ',
  '/',
  '~',
  '\x7f',
  'é',
  '\u2028',
  '\ufeff',
  '\uffff',
  '😀',
  '{',
  '}',
  '[',
  ']',
  ':',
  ',',
];
const ESCAPES = [
  '\\"',
  '\\\\',
  '\\/',
  '\\b',
  '\\f',
  '\\n',
  '\\r',
  '\\t',
  '\\u0000',
  '\\u0061',
  '\\uD83D',
  '\\ude00',
  '\\ud83d\\ude00',
];

/** A JSON string literal; short ones often repeat, so that names collide. */
export function randomString(random: Random): string {
  const length = random(pick(random, [2, 2, 6, 12]));
  let text = '';
  for (let i = 0; i < length; i++) text += pick(random, random(3) === 0 ? ESCAPES : CHARACTERS);
  return `"${text}"`;
}
