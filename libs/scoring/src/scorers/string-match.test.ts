import { describe, expect, it } from '@jest/globals';
import { outputOf } from '../testing/local.ts';

describe('StringMatchScorer', () => {
  const map = { column_map: { target: 'expected' } };
  it.each<[object, object, unknown, boolean]>([
    [map, { expected: 'It is Paris.' }, 'paris', true],
    [map, { expected: 'It is Paris.' }, 'London', false],
    [{}, { target: 'abc' }, 'B', true],
    [{}, { target: 'abc' }, '', true],
    [{ column_map: { target: 'messages.1.content' } }, { messages: [{}, { content: 'deep' }] }, 'EE', true],
  ])('%j of %j: %j is found: %j', async (members, inputs, output, expected) =>
    expect(await outputOf('StringMatchScorer', members, { inputs, output })).toEqual({ string_in_input: expected })); // prettier-ignore

  it('says what it lacks', async () => {
    await expect(outputOf('StringMatchScorer', {}, { output: 'x' })).rejects.toMatchObject({
      kind: 'unscorable',
      message: expect.stringContaining('target: the call has no input of that name'),
    });
    await expect(outputOf('StringMatchScorer', map, { inputs: { a: 1 }, output: 'x' })).rejects.toMatchObject(
      {
        kind: 'unscorable',
        message: expect.stringContaining('"target" is to come from "expected"'),
      },
    );
  });
});
