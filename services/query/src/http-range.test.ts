import { describe, expect, it } from '@jest/globals';
import { attachment, isKnown, rangeOf } from './http-range.ts';

const ETAG = '"abc"';

describe('rangeOf', () => {
  it.each([
    ['bytes=0-0', { start: 0, end: 1 }],
    ['bytes=0-', { start: 0, end: 10 }],
    ['Bytes=2-4', { start: 2, end: 5 }],
    ['bytes=9-99', { start: 9, end: 10 }],
    ['bytes=-3', { start: 7, end: 10 }],
    ['bytes=-30', { start: 0, end: 10 }],
    ['bytes=10-', 'unsatisfiable'],
    ['bytes=10-12', 'unsatisfiable'],
    ['bytes=-0', 'unsatisfiable'],
    ['bytes=0-1,4-5', undefined],
    ['bytes=5-4', undefined],
    ['bytes=-', undefined],
    ['bytes=a-b', undefined],
    ['bytes=1-2; x', undefined],
    ['bytes=9999999999999999999999-', undefined],
    ['items=0-1', undefined],
    [undefined, undefined],
  ])('%s of 10 bytes', (range, expected) => {
    expect(rangeOf({ range }, ETAG, 10)).toEqual(expected);
  });

  it('finds nothing in an empty file', () => {
    expect(rangeOf({ range: 'bytes=0-' }, ETAG, 0)).toBe('unsatisfiable');
    expect(rangeOf({ range: 'bytes=-1' }, ETAG, 0)).toBe('unsatisfiable');
  });

  it('is all of it unless If-Range names these bytes', () => {
    const headers = { range: 'bytes=1-2' };
    expect(rangeOf({ ...headers, 'if-range': ETAG }, ETAG, 10)).toEqual({ start: 1, end: 3 });
    for (const other of ['"other"', `W/${ETAG}`, 'Wed, 21 Oct 2015 07:28:00 GMT'])
      expect(rangeOf({ ...headers, 'if-range': other }, ETAG, 10)).toBeUndefined();
  });
});

it.each([
  [undefined, false],
  ['"abc"', true],
  ['W/"abc"', true],
  ['"x", "abc"', true],
  ['*', true],
  ['"x"', false],
  ['abc', false],
])('isKnown with If-None-Match %s: %s', (header, expected) => {
  expect(isKnown({ 'if-none-match': header }, ETAG)).toBe(expected);
});

it.each([
  ['a b.txt', `attachment; filename="a b.txt"; filename*=UTF-8''a%20b.txt`],
  ['öß.png', `attachment; filename="__.png"; filename*=UTF-8''%C3%B6%C3%9F.png`],
  ['../../etc/passwd', `attachment; filename="__.._etc_passwd"; filename*=UTF-8''__.._etc_passwd`],
  ['a"\r\nSet-Cookie: x', `attachment; filename="a_Set-Cookie: x"; filename*=UTF-8''a%22Set-Cookie%3A%20x`],
  ["it's (1).js", `attachment; filename="it's (1).js"; filename*=UTF-8''it%27s%20%281%29.js`],
  ['exe\u202egpj.\ud800', `attachment; filename="exegpj."; filename*=UTF-8''exegpj.`],
  ['', `attachment; filename="file"; filename*=UTF-8''file`],
])('attachment(%j)', (name, header) => {
  expect(attachment(name)).toBe(header);
});

it('keeps long names within what a header may be', () => {
  expect(attachment('语'.repeat(5000)).length).toBeLessThan(3000);
});
