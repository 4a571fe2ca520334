import { describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { canonicalJson } from './canonical-json.ts';
import { createDigests } from './digest.ts';
import { internalProjectId } from './refs.ts';
import { cpython } from './testing/cpython.ts';
import { randomJson, seeded } from './testing/random-json.ts';

const digests = createDigests((data) => createHash('sha256').update(data).digest());
const json = (text: string) => digests.json(Buffer.from(text));

describe('digests', () => {
  it.each([
    ['{"b":1,"a":[1.0,2,"é",null,true]}', 'PiOFMa14M6EzqYaUG9ui7NRBoJaytDVH91YTvkrHjLA'],
    ['{"a":1,"b":{"d":1e21,"c":0.1}}', 'AOiOZ721QQhYOvEhcADVWO9wClMUfx2BXcRYPl7wRUM'],
    ['"hello"', 'WqdirjgYu3J688ejbUlApbjECpiUUtIwT8lYYz81Tno'],
    ['{"a":1e16,"b":-0.0,"c":1e-7}', 'hac18HBbq86uXumGJ6dUbDBgUYT1X708isGwn1V2pAE'],
    ['{"10":1,"9":2,"k":"\u2028😀/"}', '7SQIaY0uqOcYdv6tLjaeaW7PkDOwm9mT7O1budEDOtU'],
    ['{"a":1}', 'XdhgKMbg1k4iUYb5astpM4ssWXZN95FiEH9cS7NNExA'],
    ['{"a":2}', '5anVsDAOD1DTcuWp3fokIIqsmpQM6aNvJHOHIhriBf4'],
  ])('of %s is the one CPython computes', (text, digest) => {
    expect(json(text)).toBe(digest);
  });

  it('of files and tables are the published ones', () => {
    expect(digests.bytes('hello')).toBe('LPJNulXwow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ');
    expect(digests.bytes(Buffer.from('hello'))).toBe('LPJNulXwow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ');
    expect(digests.table([json('{"a":1}'), json('{"a":2}')])).toBe(
      '1c95cdc46a75d6e7e971986a80adfcd676dd22f2222a3405c7743f3db8df6785',
    );
    expect(digests.table([])).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  });

  it('see external refs as internal ones, in values but not in member names', () => {
    const internal = `weave-trace-internal:///${internalProjectId('e/p')}/object/x:1`;
    const sent = Buffer.from(
      '{"weave:///e/p/object/x:1":["weave:///e/p/object/x:1"," weave:///e/p/object/x:1"]}',
    );
    const seen = `{"weave:///e/p/object/x:1": ["${internal}", " weave:///e/p/object/x:1"]}`;
    expect(digests.json(sent)).toBe(digests.bytes(seen));
    expect(json('["\\u0077eave:///e/p/object/x:1"]')).toBe(digests.bytes(`["${internal}"]`));
  });

  it('refuse refs that a request must not hold', () => {
    expect(() => json('["weave-trace-internal:///abc/object/x:1"]')).toThrow('internal ref');
    expect(() => json('["weave:///e/p"]')).toThrow('bad ref');
  });
});

describe('canonicalJson', () => {
  it.each([
    ['-0', '0'],
    ['-0.0', '-0.0'],
    ['1.0', '1.0'],
    ['1e400', 'Infinity'],
    ['-1e400', '-Infinity'],
    ['1e-400', '0.0'],
    ['1E5', '100000.0'],
    ['123456789012345680.0', '1.2345678901234568e+17'],
    ['9007199254740993', '9007199254740993'],
    ['0.0001', '0.0001'],
    ['0.00001', '1e-05'],
    ['{"b":1,"a":2,"b":3}', '{"a": 2, "b": 3}'],
    ['"\\ud83d\\u007f\\/\\u00e9"', '"\\ud83d\\u007f/\\u00e9"'],
    ['{"\\ud83d\\ude00":1,"\\uffff":2,"\\ud83d":3}', '{"\\ud83d": 3, "\\uffff": 2, "\\ud83d\\ude00": 1}'],
    [' [ ] ', '[]'],
    ['{"a" : { } }', '{"a": {}}'],
    ['{"__proto__":1}', '{"__proto__": 1}'],
  ])('%s is %s', (text, canonical) => {
    expect(canonicalJson(Buffer.from(text))).toBe(canonical);
  });

  it('refuses what is not one JSON value', () => {
    expect(() => canonicalJson(Buffer.from('{"a":1} 2'))).toThrow('text after the value');
    expect(() => canonicalJson(Buffer.from('['))).toThrow();
  });

  it('is what CPython makes of random values', () => {
    const random = seeded(20_251);
    const texts = Array.from({ length: 3_000 }, () => randomJson(random));
    const expected = cpython(
      'import json,sys\nfor line in sys.stdin.buffer.read().split(b"\\x00"):\n  sys.stdout.write(json.dumps(json.loads(line), sort_keys=True) + "\\x00")',
      texts.join('\x00'),
    );
    if (expected === null) return;
    const lines = expected.split('\x00');
    texts.forEach((text, i) => expect([text, canonicalJson(Buffer.from(text))]).toEqual([text, lines[i]]));
  });
});
