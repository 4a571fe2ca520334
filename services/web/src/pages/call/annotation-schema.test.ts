import { describe, expect, it } from '@jest/globals';
import { fieldOf, readAnswer } from './annotation-schema.ts';

describe('the form of an annotation', () => {
  it.each([
    [{ type: 'boolean' }, 'true', true],
    [{ type: 'boolean' }, 'maybe', undefined],
    [{ type: 'integer', minimum: 1 }, ' 4 ', 4],
    [{ type: 'number' }, '0.5', 0.5],
    [{ type: 'number' }, 'many', undefined],
    [{ type: ['string', 'null'] }, ' as typed ', ' as typed '],
    [{ type: 'string', enum: ['kind', 'rude'] }, '1', 'rude'],
    [{ enum: [1, null, { a: 1 }] }, '2', { a: 1 }],
    [{ enum: ['a'] }, '7', undefined],
    [{ type: 'object' }, '{"a":1}', { a: 1 }],
    [{ type: 'object' }, '{', undefined],
    [null, '[1]', [1]],
    [{ __proto__: { type: 'boolean' } }, '1', 1],
    [{ type: 'string' }, '  ', undefined],
  ])('of %j reads %j', (schema, typed, value) => {
    expect(readAnswer(fieldOf(schema), typed)).toEqual(value);
  });
});
