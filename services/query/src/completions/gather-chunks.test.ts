import { describe, expect, it } from '@jest/globals';
import { ChunkGatherer } from './gather-chunks.ts';

const gather = (...chunks: object[]) => {
  const gatherer = new ChunkGatherer();
  for (const chunk of chunks) gatherer.add(chunk as Record<string, unknown>);
  return gatherer.gathered('asked');
};
const chunk = (delta: object, more = {}) => ({
  id: 'c',
  model: 'm',
  choices: [{ index: 0, delta, ...more }],
});

describe('ChunkGatherer', () => {
  it('puts texts, reasoning, tool calls and choices together', () => {
    const call = (index: number, arguments_: string, more = {}) => ({ tool_calls: [{ index, function: { arguments: arguments_ }, ...more }] });
    expect(
      gather(
        chunk({ role: 'assistant', content: 'he' }),
        chunk({ content: 'llo', reasoning_content: 'hm' }),
        { id: 'c', choices: [{ index: 1, delta: { content: 'other' }, finish_reason: 'length' }] },
        chunk({ tool_calls: [{ index: 0, id: 't', function: { name: 'f', arguments: '' } }] }),
        chunk(call(0, '{"a"')),
        chunk(call(0, ':1}')),
        chunk({}, { finish_reason: 'tool_calls' }),
        { choices: [], usage: { total_tokens: 3 } },
      ),
    ).toEqual({
      object: 'chat.completion',
      id: 'c',
      model: 'm',
      usage: { total_tokens: 3 },
      choices: [
        {
          index: 0,
          finish_reason: 'tool_calls',
          message: {
            role: 'assistant',
            content: 'hello',
            reasoning_content: 'hm',
            tool_calls: [{ id: 't', type: 'function', function: { name: 'f', arguments: '{"a":1}' } }],
          },
        },
        { index: 1, finish_reason: 'length', message: { role: 'assistant', content: 'other' } },
      ],
    });
  }); // prettier-ignore

  it('is nothing where nothing came, and takes what is no chunk for none', () => {
    expect(gather()).toBeNull();
    expect(gather({ choices: 'x' }, { error: 'y' })).toBeNull();
    expect(gather({ choices: [{ delta: { content: 5, tool_calls: [null] } }] })).toMatchObject({ model: 'asked', choices: [{ message: { content: null } }] });
  }); // prettier-ignore
});
