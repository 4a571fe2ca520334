import { describe, expect, it } from '@jest/globals';
import { parseRows } from './parse-rows.ts';

describe('parseRows', () => {
  it('reads JSON, one object and objects per line', () => {
    expect(parseRows('[{"a":1},{"b":[2]}]')).toEqual([{ a: 1 }, { b: [2] }]);
    expect(parseRows('{"a":1}\n\n{"a":2}\r\n')).toEqual([{ a: 1 }, { a: 2 }]);
    expect(parseRows('{\n  "a": 1\n}')).toEqual([{ a: 1 }]);
    expect(parseRows(' ')).toEqual([]);
  });

  it('reads CSV with quotes, line ends, semicolons and tabs', () => {
    expect(parseRows('\uFEFFa,b\r\n"x, ""y""","1\n2"\r\n')).toEqual([{ a: 'x, "y"', b: '1\n2' }]);
    expect(parseRows('a;b\n1,5;x')).toEqual([{ a: '1,5', b: 'x' }]);
    expect(parseRows('a\t\n1\t2')).toEqual([{ a: 1, 'column 2': 2 }]);
    expect(parseRows('a,b\n1')).toEqual([{ a: 1, b: '' }]);
  });

  it('takes a column for numbers only where all of it is', () => {
    expect(parseRows('n,code,ok\n1,007,true\n,8,FALSE\n-2.5e3,9,')).toEqual([
      { n: 1, code: '007', ok: true },
      { n: null, code: '8', ok: false },
      { n: expect.anything(), code: '9', ok: null },
    ]);
  });

  it.each([
    ['[1]', 'Item 1'],
    ['{"a":1}\n{', 'Line 2'],
    ['a,a\n1,2', 'twice'],
    ['a,b\n1,2,3', 'Row 1 has 3 values'],
    ['a\n"open', 'never closed'],
  ])('says what is wrong with %j', (text, said) => expect(() => parseRows(text)).toThrow(said));
});
