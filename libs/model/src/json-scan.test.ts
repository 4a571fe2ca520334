import { describe, expect, it } from '@jest/globals';
import { JsonScanner, JsonSyntaxError, MAX_JSON_DEPTH } from './json-scan.ts';
import { randomJson, seeded, type Random } from './testing/random-json.ts';

/** What the scanner says: null = not one JSON value, else how far it got. */
function scan(bytes: Uint8Array): number | null {
  const scanner = new JsonScanner(bytes);
  try {
    const end = scanner.skip(scanner.ws(0));
    scanner.finish(end);
    return end;
  } catch (error) {
    if (error instanceof JsonSyntaxError) return null;
    throw error;
  }
}

function oracle(bytes: Uint8Array): boolean {
  try {
    // Latin-1 keeps bytes apart, so that broken UTF-8 (made by mutations) is judged as structure only.
    JSON.parse(Buffer.from(bytes).toString('latin1'));
    return true;
  } catch {
    return false;
  }
}

function expectAgreement(bytes: Uint8Array): void {
  const valid = oracle(bytes);
  if ((scan(bytes) !== null) !== valid)
    throw new Error(`JSON.parse says ${valid} of ${JSON.stringify(Buffer.from(bytes).toString('latin1'))}`);
}

function mutate(random: Random, text: Buffer): Buffer {
  const bytes = Buffer.from(text);
  const at = random(bytes.length);
  const other = Buffer.from('{}[]",:\\/ \n\t\x00\x1fu0e+-.1tfn9')[random(30)]!;
  switch (random(4)) {
    case 0:
      bytes[at] = other;
      return bytes;
    case 1:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]);
    case 2:
      return Buffer.concat([bytes.subarray(0, at), Buffer.from([other]), bytes.subarray(at)]);
    default:
      return bytes.subarray(0, at);
  }
}

describe('JsonScanner.skip', () => {
  it.each([
    '0',
    '-0',
    '1.0',
    '1e400',
    '-1E+5',
    '9007199254740993',
    '""',
    '"\\u00e9\\ud800"',
    '"é😀\u2028\x7f"',
    'true',
    'false',
    'null',
    '[]',
    '{}',
    ' [ 1 , { "a" : [ ] } ] ',
    '{"a":1,"a":2}',
    '[[[[]]]]',
    '\r\n\t "x" \n',
    '{"":""}',
    '"\\"\\\\\\/\\b\\f\\n\\r\\t"',
  ])('accepts %s', (text) => {
    expectAgreement(Buffer.from(text));
    expect(scan(Buffer.from(text))).not.toBeNull();
  });

  it.each([
    '',
    ' ',
    '01',
    '-',
    '+1',
    '.5',
    '1.',
    '1e',
    '1e+',
    '0x1',
    'NaN',
    'Infinity',
    'tru',
    'nul',
    'True',
    '"',
    '"a',
    '"\\',
    '"\\"',
    '"\\x"',
    '"\\u12"',
    '"\\u12g4"',
    '"\n"',
    '"\x00"',
    '"a\x1fb"',
    '[',
    ']',
    '[1',
    '[1,',
    '[1,]',
    '[,1]',
    '[1 2]',
    '{',
    '{"a"',
    '{"a":',
    '{"a":1',
    '{"a":1,',
    '{"a":1,}',
    '{,}',
    '{a:1}',
    '{"a" 1}',
    '{"a":1 "b":2}',
    '{1:2}',
    '[}',
    '{]',
    '[1}',
    '1 2',
    '{} {}',
    'a',
    '\x0b1',
    '\ufeff1',
    '[1]]',
    '"a"b',
    '{"a"::1}',
    '[tru]',
    "'a'",
  ])('refuses %j', (text) => {
    expectAgreement(Buffer.from(text));
    expect(scan(Buffer.from(text))).toBeNull();
  });

  it('agrees with JSON.parse on random values and on mutations of them', () => {
    const random = seeded(7);
    for (let i = 0; i < 1_500; i++) {
      const text = Buffer.from(randomJson(random));
      expect(scan(text)).not.toBeNull();
      expectAgreement(text);
      for (let j = 0; j < 5; j++) expectAgreement(mutate(random, text));
    }
  });

  it('agrees with JSON.parse on random bytes of JSON letters', () => {
    const random = seeded(11);
    const letters = Buffer.from('{}[]",:\\u01e-.tfn \n\x01');
    for (let i = 0; i < 20_000; i++)
      expectAgreement(Buffer.from(Array.from({ length: random(9) }, () => letters[random(letters.length)]!)));
  });

  it.each([
    ['[', ']'],
    ['{"a":', '}'],
  ])('takes 512 levels of %s and not 513', (open, close) => {
    const nested = (depth: number) =>
      Buffer.from(open.repeat(depth - 1) + (open === '[' ? '[]' : '{}') + close.repeat(depth - 1));
    expect(MAX_JSON_DEPTH).toBe(512);
    expect(scan(nested(512))).toBe(nested(512).length);
    expect(() => new JsonScanner(nested(513)).skip(0)).toThrow('nested deeper than 512');
    const told: number[] = [];
    const deep = nested(600);
    expect(new JsonScanner(deep, undefined, () => told.push(1)).skip(0)).toBe(deep.length);
    expect(told).toHaveLength(88);
    expect(() => new JsonScanner(nested(100_001), undefined, () => {}).skip(0)).toThrow('nested deeper');
  });

  it('does not recurse: a hundred thousand open brackets are refused, not a crash', () => {
    expect(scan(Buffer.from('['.repeat(100_000)))).toBeNull();
  });

  it('reads a body of 8 MiB of text with escapes', () => {
    const value = {
      messages: Array.from({ length: 64 }, (_, i) => ({
        role: 'user',
        content: `line ${i}\n"quoted" \\ é😀 `.repeat(5_000),
      })),
    };
    const text = Buffer.from(JSON.stringify(value));
    expect(text.length).toBeGreaterThan(8 * 1024 * 1024);
    expect(scan(text)).toBe(text.length);
  });

  it('goes over a text of escapes once, not once per escape', () => {
    const text = Buffer.from(`"${'\\n'.repeat(4_000_000)}"`);
    expect(scan(text)).toBe(text.length);
    const sparse = Buffer.from(`"${`\\n${'x'.repeat(100)}`.repeat(80_000)}"`);
    expect(scan(sparse)).toBe(sparse.length);
  });

  it('sees control characters wherever they stand in long and unaligned text', () => {
    for (let shift = 0; shift < 4; shift++) {
      for (const at of [0, 1, 47, 48, 49, 50, 51, 200, 201, 202, 203, 999]) {
        const text = Buffer.alloc(shift + 1002, 'é');
        text[shift] = text[shift + 1001] = 0x22;
        expect(scan(text.subarray(shift))).toBe(1002);
        text[shift + 1 + at] = 0x1f;
        expect(scan(text.subarray(shift))).toBeNull();
      }
    }
  });

  it('works on any view of memory', () => {
    const view = new Uint8Array(Buffer.from('xx{"a":[1]}yy')).subarray(2, -2);
    expect(scan(view)).toBe(9);
  });
});

describe('JsonScanner.members and elements', () => {
  it('give the members in order, duplicates included, with names unescaped', () => {
    const text = Buffer.from(' {"a" : 1.0 , "\\u0061":[2,{"a":3}],"é":"\\n" } ');
    const seen: [string, string][] = [];
    const scanner = new JsonScanner(text);
    const end = scanner.members(1, (key, from, to) => seen.push([key, text.toString('utf8', from, to)]));
    expect(seen).toEqual([
      ['a', '1.0'],
      ['a', '[2,{"a":3}]'],
      ['é', '"\\n"'],
    ]);
    expect(end).toBe(text.length - 1);
  });

  it('give the elements in order', () => {
    const text = Buffer.from('[ 1 ,"a,]" , [] ]');
    const seen: string[] = [];
    new JsonScanner(text).elements(0, (from, to) => seen.push(text.toString('utf8', from, to)));
    expect(seen).toEqual(['1', '"a,]"', '[]']);
  });

  it('decode strings as JSON.parse does', () => {
    const random = seeded(3);
    for (let i = 0; i < 3_000; i++) {
      const text = Buffer.from(randomJson(random, 0));
      if (text[0] !== 0x22) continue;
      expect(new JsonScanner(text).stringValue(0, text.length)).toBe(JSON.parse(text.toString('utf8')));
    }
  });

  it('say which member names were crossed, at every depth', () => {
    const text = Buffer.from('{"a":{"b":[{"c":"d"}]},"e":1}');
    const names: string[] = [];
    new JsonScanner(text, (from, to) => names.push(text.toString('utf8', from, to))).skip(0);
    expect(names).toEqual(['"a"', '"b"', '"c"', '"e"']);
  });

  it('notice a control character after a string without one, and an escape after a string without one', () => {
    expect(scan(Buffer.from('["a","b\nc"]'))).toBeNull();
    expect(scan(Buffer.from('[\n"a",\n"b"\n,"c\\n"]'))).not.toBeNull();
    expect(scan(Buffer.from('["a","\\n","\\q"]'))).toBeNull();
  });
});
