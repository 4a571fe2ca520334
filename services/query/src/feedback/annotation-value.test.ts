import { describe, expect, it } from '@jest/globals';
import { isValueOfSpec } from './annotation-value.ts';

const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));
const check = (field_schema: unknown, value: unknown) =>
  isValueOfSpec(bytes({ name: 'n', field_schema }), bytes(value));

/** As pydantic writes a model with a list of another one. */
const PERSON = {
  $defs: {
    Address: {
      properties: { zip: { pattern: '^\\d{5}$', type: 'string' } },
      required: ['zip'],
      type: 'object',
    },
  },
  properties: {
    age: { minimum: 0, maximum: 120, type: 'integer' },
    addresses: { items: { $ref: '#/$defs/Address' }, minItems: 1, maxItems: 2, type: 'array' },
    note: { anyOf: [{ type: 'string' }, { type: 'null' }], default: null },
    format: { type: 'string' },
  },
  required: ['age', 'addresses'],
  type: 'object',
};

describe('isValueOfSpec', () => {
  it.each([
    [{ type: 'integer' }, 1, true],
    [{ type: 'integer' }, 1.5, false],
    [{ type: 'integer' }, '1', false],
    [{ type: 'number', minimum: 1, maximum: 5 }, 5, true],
    [{ type: 'number', minimum: 1, maximum: 5 }, 6, false],
    [{ type: 'boolean' }, false, true],
    [{ type: 'boolean' }, null, false],
    [{ type: 'string', maxLength: 2 }, '😀😀', true],
    [{ type: 'string', maxLength: 2 }, 'abc', false],
    [{ type: 'string', enum: ['a', 'b'] }, 'b', true],
    [{ type: 'string', enum: ['a', 'b'] }, 'c', false],
    [{ type: 'string', format: 'date-time' }, 'yesterday', true],
    [{}, { any: 'thing' }, true],
    [undefined, 5, true],
    [null, 5, true],
    [PERSON, { age: 3, addresses: [{ zip: '12345' }], note: null, format: 'x' }, true],
    [PERSON, { age: 3, addresses: [{ zip: '123' }] }, false],
    [PERSON, { age: 3, addresses: [] }, false],
    [PERSON, { age: 121, addresses: [{ zip: '12345' }] }, false],
    [PERSON, { age: 3, addresses: [{ zip: '12345' }], note: 5 }, false],
  ])('%j allows %j: %j', (schema, value, allowed) => {
    expect(check(schema, value)).toBe(allowed);
  });

  const refused = expect.objectContaining({ code: 'invalid_request' });
  it.each([['text'], [[]], [5], [{ pattern: '(' }], [{ $ref: '#/nowhere' }], [{ $ref: '#' }]])(
    'refuses the schema %j',
    (schema) => {
      expect(() => check(schema, 'value')).toThrow(refused);
    },
  );

  it('gives up on a pattern that takes forever', () => {
    expect(() => check({ pattern: '^(a+)+$' }, `${'a'.repeat(64)}!`)).toThrow(
      expect.objectContaining({ code: 'invalid_request', message: expect.stringContaining('too long') }),
    );
  });

  it.each(['5', 'null', '"x"', '[]'])('refuses %s, which is no spec', (spec) => {
    expect(() => isValueOfSpec(Buffer.from(spec), bytes(1))).toThrow(refused);
  });
});
