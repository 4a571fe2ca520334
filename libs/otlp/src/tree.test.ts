import { describe, expect, it } from '@jest/globals';
import { JsonWriter } from './json-writer.ts';
import { KeyValues, type Value } from './span.ts';
import { lookInside, type RawJson, Tree } from './tree.ts';

function nested(pairs: [string, Value][], lists = false): string {
  const tree = new Tree();
  for (const [key, value] of pairs) tree.insert(key, value);
  const out = new JsonWriter();
  tree.write(out, lists);
  return out.copy().toString();
}

describe('Tree', () => {
  it('nests dotted keys, in the order they first came', () => {
    expect(
      nested([
        ['a.b', 1],
        ['c', 'x'],
        ['a.d.e', true],
      ]),
    ).toBe('{"a":{"b":1,"d":{"e":true}},"c":"x"}');
  });

  it('makes lists of 0 to n-1, only where asked and only when complete', () => {
    const pairs: [string, Value][] = [
      ['m.1.x', 'b'],
      ['m.0.x', 'a'],
    ];
    expect(nested(pairs, true)).toBe('{"m":[{"x":"a"},{"x":"b"}]}');
    expect(nested(pairs)).toBe('{"m":{"1":{"x":"b"},"0":{"x":"a"}}}');
    expect(
      nested(
        [
          ['m.99999999.x', 1],
          ['m.0.x', 2],
        ],
        true,
      ),
    ).toBe('{"m":{"99999999":{"x":1},"0":{"x":2}}}');
    expect(
      nested(
        [
          ['m.01', 1],
          ['m.0', 2],
        ],
        true,
      ),
    ).toBe('{"m":{"01":1,"0":2}}');
  });

  it.each<[string, [string, Value][], string]>([
    [
      'value, then keys below it',
      [
        ['p', true],
        ['p.c', 'x'],
      ],
      '{"p":{"":true,"c":"x"}}',
    ],
    [
      'keys, then a value above',
      [
        ['p.c', 'x'],
        ['p', true],
      ],
      '{"p":{"c":"x","":true}}',
    ],
    [
      'JSON and a key below it',
      [
        ['p', '{"a":1,"b":2}'],
        ['p.b', 3],
      ],
      '{"p":{"a":1,"b":3}}',
    ],
    [
      'a key, then JSON above',
      [
        ['p.b', 3],
        ['p', '{"a":1,"b":2}'],
      ],
      '{"p":{"b":3,"a":1}}',
    ],
    [
      'a JSON list by index',
      [
        ['p', '[{"a":1,"b":2}]'],
        ['p.0.b', 3],
      ],
      '{"p":[{"a":1,"b":3}]}',
    ],
    [
      'deep inside JSON',
      [
        ['p', '{"a":{"b":[1,{"c":2}]}}'],
        ['p.a.b.1.c', 9],
      ],
      '{"p":{"a":{"b":[1,{"c":9}]}}}',
    ],
    [
      'what only looks like JSON',
      [
        ['p', '{not json'],
        ['p.c', 1],
      ],
      '{"p":{"":"{not json","c":1}}',
    ],
    [
      'a repeated key',
      [
        ['p', 1],
        ['p', 2],
      ],
      '{"p":2}',
    ],
  ])('never loses a value to a collision: %s', (_name, pairs, json) => {
    expect(nested(pairs)).toBe(json);
  });

  it('takes dots and prototype names as any other', () => {
    expect(
      nested([
        ['trailing.', 1],
        ['.leading', 2],
        ['a..b', 3],
      ]),
    ).toBe('{"trailing":{"":1},"":{"leading":2},"a":{"":{"b":3}}}');
    expect(
      nested([
        ['__proto__.polluted', 'yes'],
        ['constructor.prototype.polluted', 'yes'],
      ]),
    ).toBe('{"__proto__":{"polluted":"yes"},"constructor":{"prototype":{"polluted":"yes"}}}');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('stops nesting at a depth', () => {
    const json = nested([[Array.from({ length: 5000 }, () => 'a').join('.'), 1]]);
    expect(json.match(/\{/g)).toHaveLength(32);
    expect(JSON.parse(json)).toBeDefined();
  });

  it('keeps the text of JSON: numbers too big for a double, order, repeated names', () => {
    expect(nested([['a', '{"n":9007199254740993,"e":1e400,"z":-0,"f":1.0}']])).toBe(
      '{"a":{"n":9007199254740993,"e":1e400,"z":-0,"f":1.0}}',
    );
  });

  it('writes special values as W&B does', () => {
    const list = new KeyValues();
    list.add('k', 1n << 60n);
    list.add('k', 2);
    expect(
      nested([
        ['b', Buffer.from([0, 1, 254])],
        ['n', NaN],
        ['i', -Infinity],
        ['l', [list, null]],
      ]),
    ).toBe('{"b":"AAH+","n":"nan","i":"-inf","l":[{"k":2},null]}');
  });
});

describe('lookInside', () => {
  it.each<[string, string, string | undefined]>([
    ['{"a":{"b":[1,{"c":"x"}]}}', 'a.b.1.c', '"x"'],
    ['{"a":1,"a":2}', 'a', '2'],
    ['{"a":1}', 'a.b', undefined],
    ['[1]', '1', undefined],
    ['{"a":', 'a', undefined],
    ['text', 'a', undefined],
  ])('%s at %s is %s', (text, path, json) => {
    expect((lookInside(text, path) as RawJson | undefined)?.bytes.toString()).toBe(json);
  });
});
