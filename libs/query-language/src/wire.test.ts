import { describe, expect, it } from '@jest/globals';
import { parseQuery } from './parse.ts';
import { resolve } from './testing/rows.ts';
import { readQueryJson } from './wire.ts';

const read = (json: string) => readQueryJson(Buffer.from(json));

describe('readQueryJson', () => {
  it('keeps integers exact and reads everything else as JSON.parse does', () => {
    const json =
      '{"a":[1,-2.5e3,"x\\u00e9\\n",true,false,null,{}],"b":9007199254740993,"c":-12345678901234567890,"d":9007199254740991}';
    expect(read(json)).toEqual({
      a: [1, -2500, 'xé\n', true, false, null, {}],
      b: 9007199254740993n,
      c: -12345678901234567890n,
      d: 9007199254740991,
    });
    expect(Object.getPrototypeOf(read('{"__proto__":{"x":1}}'))).toBeNull();
  });

  it('feeds the parser', () => {
    const tree = parseQuery(
      read('{"$expr":{"$eq":[{"$getField":"doc.a"},{"$literal":9007199254740993}]}}'),
      resolve,
    );
    expect(tree).toMatchObject({ op: 'compare', right: { op: 'literal', value: 9007199254740993n } });
  });

  it.each(['', '{', '{"a":1}x', '['.repeat(300) + ']'.repeat(300)])('refuses %j', (json) => {
    expect(() => read(json)).toThrow(/^query: /);
  });
});
