import { expect, it } from '@jest/globals';
import { checkKey, checkPrefix, compareKeys, isKey } from './key.ts';

it.each([
  ['a'],
  ['weave/projects/UHJvamVjdA==/files/x-_9'],
  ['a b/ü🧵/+%20&?#=~!*\'"()[]{}<>|^`$@:;,'],
  ['.hidden/..x/a.b'],
  ['x'.repeat(255)],
  [['x'.repeat(255), 'y'.repeat(255), 'z'.repeat(255), 'w'.repeat(255)].join('/')],
])('%s is a key', (key) => {
  expect(() => checkKey(key)).not.toThrow();
  expect(isKey(key)).toBe(true);
});

it.each([
  [''],
  ['/'],
  ['/a'],
  ['a/'],
  ['a//b'],
  ['.'],
  ['..'],
  ['../a'],
  ['a/../b'],
  ['a/..'],
  ['a/./b'],
  ['a./b'],
  ['a\0b'],
  ['a\nb'],
  ['a\x7fb'],
  ['a\\b'],
  ['..\\a'],
  ['\ud800'],
  ['x'.repeat(256)],
  ['ü'.repeat(128)],
  ['abc/'.repeat(256) + 'x'],
])('%j is none', (key) => {
  expect(() => checkKey(key)).toThrow(expect.objectContaining({ code: 'invalid_request' }));
  expect(isKey(key)).toBe(false);
});

it('lets a prefix end anywhere', () => {
  for (const prefix of ['', 'a', 'a/', 'a/b', 'a/b/', 'a/.']) expect(() => checkPrefix(prefix)).not.toThrow();
  for (const prefix of ['/', '/a', 'a//', '../a', 'a/../b', 'a\0', 'a\\b', '\n'])
    expect(() => checkPrefix(prefix)).toThrow('not a prefix');
});

it('orders by bytes', () => {
  const keys = [
    '',
    'B',
    'a',
    'a-',
    'a/',
    'a/b',
    'a0',
    'ab',
    'ü',
    '\ud7ff',
    '\ue000',
    '\uffee',
    '\u{10000}',
    '\u{1f9f5}',
    '\u{1f9f5}a',
  ];
  for (const a of keys)
    for (const b of keys)
      expect([a, b, Math.sign(compareKeys(a, b))]).toEqual([
        a,
        b,
        Buffer.compare(Buffer.from(a), Buffer.from(b)),
      ]);
});
