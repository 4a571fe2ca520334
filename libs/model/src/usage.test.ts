import { describe, expect, it } from '@jest/globals';
import { readUsage } from './usage.ts';

const read = (summary: unknown) =>
  readUsage(Buffer.from(typeof summary === 'string' ? summary : JSON.stringify(summary)));

describe('readUsage', () => {
  it('reads the counts of each model, whatever they are called', () => {
    const usage = read({
      usage: {
        a: { prompt_tokens: 10, completion_tokens: 2, total_tokens: 12, requests: 1 },
        b: { input_tokens: 7, output_tokens: 3, cache_read_input_tokens: 4, cache_creation_input_tokens: 1 },
      },
    });
    expect(usage).toMatchObject([
      { model: 'a', requests: 1, promptTokens: 10, completionTokens: 2, totalTokens: 12, cacheReadTokens: 0 },
      { model: 'b', requests: 0, promptTokens: 7, completionTokens: 3, totalTokens: 0, cacheReadTokens: 4, cacheCreationTokens: 1 },
    ]); // prettier-ignore
  });

  it('counts once what has two names, and adds what several calls called differently', () => {
    expect(read({ usage: { a: { prompt_tokens: 10, input_tokens: 10, completion_tokens: 2, output_tokens: 2 } } }))
      .toMatchObject([{ promptTokens: 10, completionTokens: 2 }]); // prettier-ignore
    expect(read({ usage: { a: { prompt_tokens: 10, input_tokens: 5 } } })).toMatchObject([
      { promptTokens: 15 },
    ]);
  });

  it('takes the gross count where a client gives it', () => {
    expect(read({ usage: { a: { input_tokens: 10, gross_input_tokens: 130 } } })).toMatchObject([
      { promptTokens: 130 },
    ]);
  });

  it.each([
    ['{}', []],
    ['', []],
    ['{"usage":7}', []],
    ['{"usage":{"a":"x","b":null,"c":[]}}', []],
    ['{"usage":{"a":{"prompt_tokens":"12","completion_tokens":1.9,"requests":-3,"total_tokens":null}}}', [['a', 12, 1, 0, 0]]],
    ['{"usage":{"a":{"prompt_tokens":1e400,"completion_tokens":{}}}}', [['a', Number.MAX_SAFE_INTEGER, 0, 0, 0]]],
    ['{"usage":{"__proto__":{"prompt_tokens":1}}}', [['__proto__', 1, 0, 0, 0]]],
    ['{"usage":{"a":{"prompt_tokens":1},"a":{"prompt_tokens":2}}}', [['a', 2, 0, 0, 0]]],
    ['{"usage":{"a":{"prompt_tokens":1}},"usage":{"b":{}}}', [['b', 0, 0, 0, 0]]],
    ['{"nested":{"usage":{"a":{"prompt_tokens":1}}}}', []],
    ['{"usage":{"a":{"prompt_tokens":1}}', []],
  ])('reads odd shapes without failing: %s', (json, expected) => {
    expect(read(json).map((u) => [u.model, u.promptTokens, u.completionTokens, u.requests, u.totalTokens])).toEqual(expected);
  }); // prettier-ignore

  it('is bounded', () => {
    const usage = Object.fromEntries(
      Array.from({ length: 500 }, (_, i) => [`m${i}${'x'.repeat(300)}`, { requests: 1 }]),
    );
    const models = read({ usage });
    expect(models).toHaveLength(200);
    expect(models[0]!.model).toHaveLength(256);
  });
});
