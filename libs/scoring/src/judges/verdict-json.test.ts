import { describe, expect, it } from '@jest/globals';
import { shown } from './shown.ts';
import { parseVerdict, UnusableAnswer, withoutBlock } from './verdict-json.ts';

describe('the verdict of a text', () => {
  it.each(['1', '"x"', 'null', '[]', '{}', ' {"a": [{"b": 1}, {"b": 2}], "c": {"a": {}}} ', '[[],[{}],""]', '{"a,":"}","b":"{\\"a\\":1}"}'])(
    '%s',
    (text) => expect(parseVerdict(text)).toEqual(JSON.parse(text)),
  ); // prettier-ignore

  it.each(['', '{', '{"a":1,"a":1}', '[{"x":{"a":1,"b":2,"a":3}}]', '{"":1,"":2}', '1 2', 'NaN', `${'{"a":'.repeat(65)}1${'}'.repeat(65)}`])(
    '%s is none',
    (text) => expect(() => parseVerdict(text)).toThrow(UnusableAnswer),
  ); // prettier-ignore

  it('may be one block as a whole, and nothing beside it', () => {
    expect(withoutBlock('```json\n{"a":1}\n```\n')).toBe('{"a":1}');
    expect(withoutBlock('```\n1\n```')).toBe('1');
    for (const text of ['x ```json\n1\n```', '```json\n1\n``` x', '1']) expect(withoutBlock(text)).toBe(text);
  });
});

describe('what is shown of a request', () => {
  it('is all of it where it is small', () => {
    const value = { messages: [{ role: 'user', content: 'x'.repeat(30_000) }], n: null };
    expect(shown(value)).toEqual(value);
  });

  it.each([
    ['a long text', 'é'.repeat(1_000_000)],
    ['many texts', Array.from({ length: 5000 }, () => 'x'.repeat(100))],
    ['many members', Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`k${i}`, i]))],
    ['long names', { ['x'.repeat(1_000_000)]: 1 }],
    ['a deep value', JSON.parse('['.repeat(50_000) + ']'.repeat(50_000))],
  ])('of %s at most 64 KiB', (_, value) => {
    expect(Buffer.byteLength(JSON.stringify(shown(value)))).toBeLessThanOrEqual(64 * 1024);
  });
});
