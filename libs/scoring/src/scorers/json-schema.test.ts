import { describe, expect, it } from '@jest/globals';
import { loadScorer, outputOf, verdictOf } from '../testing/local.ts';

const SCHEMA = {
  type: 'object',
  properties: { answer: { type: 'string', minLength: 1 }, code: { pattern: '^[A-Z]{2}$' }, nested: { $ref: '#/$defs/n' }, pattern: { type: 'number' } },
  required: ['answer'],
  additionalProperties: false,
  $defs: { n: { anyOf: [{ type: 'integer' }, { type: 'null' }] } },
}; // prettier-ignore

describe('JSONSchemaScorer', () => {
  it.each<[unknown, boolean, string?]>([
    [{ answer: 'x' }, true],
    ['{"answer":"x","code":"DE","nested":null,"pattern":3}', true],
    [{ choices: [{ message: { role: 'assistant', content: '{"answer":"x"}' } }] }, true],
    [{ answer: '' }, false, '#/answer: '],
    [{}, false, '"answer"'],
    [{ answer: 'x', code: 'de' }, false, '#/code: '],
    [{ answer: 'x', nested: 'y' }, false, '#/nested: '],
    [{ answer: 'x', pattern: 'y' }, false, '#/pattern: '],
    [{ answer: 'x', more: 1 }, false, 'more'],
    ['hello', false, '#: is not valid JSON'],
    [null, false, '#: is not valid JSON'],
  ])('%j: %j', async (output, passed, error = '') => {
    const said = (await verdictOf('JSONSchemaScorer', { schema: SCHEMA }, { output })).output as { passed: boolean; errors: string[] };
    expect([said.passed, said.errors.length === 0]).toEqual([passed, passed]);
    expect(said.errors.join('\n')).toContain(error);
  }); // prettier-ignore

  it('takes a schema as text', async () =>
    expect(await outputOf('JSONSchemaScorer', { schema: JSON.stringify(SCHEMA) }, { output: {} })).toMatchObject({ passed: false })); // prettier-ignore

  it.each<[unknown, string]>([
    ['{', 'schema: '],
    [7, 'schema: '],
    [{ patternProperties: { '(a+)+$': {} } }, 'patternProperties'],
    [{ pattern: '(?=x)' }, '"(?=x)"'],
    [Array.from({ length: 200 }).reduce<object>((inner) => ({ not: inner }), {}), 'nested deeper'],
    [{ title: 'x'.repeat(300_000) }, 'larger than'],
  ])('refuses %#', async (schema, message) => {
    await expect(loadScorer('JSONSchemaScorer', { schema })).rejects.toMatchObject({ kind: 'unscorable', message: expect.stringContaining(message) }); // prettier-ignore
  });

  it('gives up where a schema leads nowhere or takes too long', async () => {
    const refuses = (schema: object, output: unknown) =>
      expect(outputOf('JSONSchemaScorer', { schema }, { output })).rejects.toMatchObject({ kind: 'unscorable' });
    await refuses({ $ref: '#/$defs/nope' }, 1);
    await refuses({ $ref: '#' }, 1);
    const wide = { anyOf: Array.from({ length: 10 }, () => ({ $ref: '#/$defs/a' })) };
    const $defs = { a: { items: { allOf: [wide, wide, wide] }, type: 'array' } };
    await refuses({ $defs, ...wide }, Array.from({ length: 12 }).reduce<unknown>((inner) => [inner], 'x'));
  }); // prettier-ignore

  it('forgets the patterns of one schema before the next', async () => {
    await outputOf('JSONSchemaScorer', { schema: { pattern: 'a' } }, { output: '"a"' });
    expect(await outputOf('JSONSchemaScorer', { schema: { format: 'pattern 0' } }, { output: '"b"' })).toMatchObject({ passed: true });
  }); // prettier-ignore
});

describe('PydanticScorer', () => {
  it.each<[unknown, boolean]>([
    ['{"a": 1}', true],
    [{ a: 1 }, true],
    ['{"a": "x"}', false],
    ['{}', false],
    ['no', false],
  ])('%j: %j', async (output, expected) => {
    const model = {
      properties: { a: { title: 'A', type: 'integer' } },
      required: ['a'],
      title: 'Ans',
      type: 'object',
    };
    expect(await outputOf('PydanticScorer', { model }, { output })).toEqual({ valid_pydantic: expected });
  });
});
