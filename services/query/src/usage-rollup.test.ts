import { describe, expect, it } from '@jest/globals';
import { readUsage } from '@weft/model';
import { rollUp, type UsageCall } from './usage-rollup.ts';

interface Counts {
  readonly [name: string]: number;
}
const call = (id: string, parentId: string | null, usage: Readonly<Record<string, Counts>>, endedAtUs: number | null = 1): UsageCall => ({
  id, isSpan: false, traceId: 't', parentId, endedAtUs, usage: readUsage(Buffer.from(JSON.stringify({ usage }))),
}); // prettier-ignore
const tokens = (calls: readonly UsageCall[]) =>
  Object.fromEntries(
    [...rollUp(calls)].map(([id, totals]) => [
      id,
      Object.fromEntries([...totals].map(([model, t]) => [model, [t.promptTokens, t.completionTokens, t.totalTokens, t.requests]])),
    ]),
  ); // prettier-ignore

describe('rollUp', () => {
  it('adds what is below to what a call used itself', () => {
    expect(
      tokens([
        call('root', null, { a: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15, requests: 1 } }),
        call('child', 'root', { a: { input_tokens: 2, output_tokens: 3 } }),
        call('other', 'root', { b: { prompt_tokens: 7, total_tokens: 7, requests: 1 } }),
        call('leaf', 'child', {
          a: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2, requests: 1 },
        }),
      ]),
    ).toEqual({
      root: { a: [13, 9, 22, 2], b: [7, 0, 7, 1] },
      child: { a: [3, 4, 7, 1] },
      other: { b: [7, 0, 7, 1] },
      leaf: { a: [1, 1, 2, 1] },
    });
  });

  it('counts once what parents repeat of their children', () => {
    const leaf = { prompt_tokens: 3, completion_tokens: 1, total_tokens: 4, requests: 1 };
    const twice = { prompt_tokens: 6, completion_tokens: 2, total_tokens: 8, requests: 2 };
    expect(
      tokens([
        call('root', null, { a: twice }),
        call('middle', 'root', { a: twice }),
        call('one', 'middle', { a: leaf }),
        call('two', 'middle', { a: leaf }),
      ]),
    ).toMatchObject({ root: { a: [6, 2, 8, 2] }, middle: { a: [6, 2, 8, 2] }, one: { a: [3, 1, 4, 1] } });
  });

  it('knows repetition by other names of the counts, and across models', () => {
    expect(
      tokens([
        call('root', null, { a: { prompt_tokens: 5, input_tokens: 7 }, b: { prompt_tokens: 1 } }),
        call('one', 'root', { a: { prompt_tokens: 5 } }),
        call('two', 'root', { a: { input_tokens: 7 }, b: { prompt_tokens: 1 } }),
      ]).root,
    ).toEqual({ a: [12, 0, 12, 0], b: [1, 0, 1, 0] });
  });

  it('adds a child that ended after its parent had added up', () => {
    expect(
      tokens([
        call('root', null, { a: { prompt_tokens: 5 } }, 10),
        call('before', 'root', { a: { prompt_tokens: 5 } }, 9),
        call('after', 'root', { a: { prompt_tokens: 2 } }, 20),
        call('running', 'root', {}, null),
      ]).root,
    ).toEqual({ a: [7, 0, 7, 0] });
  });

  it('survives circles, deep chains and parents that are elsewhere', () => {
    const used = { a: { prompt_tokens: 1 } };
    expect(tokens([call('a', 'b', used), call('b', 'a', used), call('self', 'self', used), call('x', 'gone', used)])).toEqual({
      a: { a: [1, 0, 1, 0] }, b: { a: [1, 0, 1, 0] }, self: { a: [1, 0, 1, 0] }, x: { a: [1, 0, 1, 0] },
    }); // prettier-ignore
    const chain = Array.from({ length: 20_000 }, (_, i) =>
      call(`c${i}`, i === 0 ? null : `c${i - 1}`, i === 19_999 ? used : {}),
    );
    expect(tokens(chain).c0).toEqual({ a: [1, 0, 1, 0] });
  });

  it('adds up costs', () => {
    const cost = { prompt: 1, completion: 2, cacheRead: 0.5, cacheCreation: 0 };
    const calls = [
      call('root', null, { a: { prompt_tokens: 2 } }),
      call('child', 'root', { a: { prompt_tokens: 1 }, none: { prompt_tokens: 1 } }),
    ];
    const root = rollUp(calls, (_, usage) => (usage.model === 'a' ? cost : undefined)).get('root');
    expect(root?.get('a')).toMatchObject({
      promptCost: 2,
      completionCost: 4,
      cacheReadCost: 1,
      promptTokens: 3,
    });
    expect(root?.get('none')).toMatchObject({ promptCost: 0, promptTokens: 1 });
  });

  describe('of spans', () => {
    const span = (...given: Parameters<typeof call>): UsageCall => ({ ...call(...given), isSpan: true });
    const used = (prompt: number, completion: number) => ({
      a: { input_tokens: prompt, output_tokens: completion },
    });

    it('leaves out what spans below tell, whatever lies between and in whatever numbers', () => {
      const calls = [
        span('agent', null, used(86, 34)),
        span('step', 'agent', {}),
        span('request', 'step', used(43, 17)),
        span('inner agent', 'step', used(40, 16)),
        span('inner request', 'inner agent', { b: { input_tokens: 41, output_tokens: 17 } }),
      ];
      const expected = {
        agent: { a: [43, 17, 60, 0], b: [41, 17, 58, 0] },
        'inner agent': { b: [41, 17, 58, 0] },
      };
      expect(tokens(calls)).toMatchObject(expected);
      expect(tokens(calls.toReversed())).toMatchObject(expected);
    });

    it('counts usage that only the agent tells', () =>
      expect(
        tokens([span('agent', null, used(43, 17)), span('request', 'agent', { a: { output_tokens: 0 } })])
          .agent,
      ).toEqual({
        a: [43, 17, 60, 0],
      }));

    it('counts texts beside embeddings, and embeddings once', () => {
      const embedded = { e: { input_tokens: 8 } };
      expect(tokens([span('agent', null, used(43, 17)), span('embed', 'agent', embedded)]).agent).toEqual({
        a: [43, 17, 60, 0],
        e: [8, 0, 8, 0],
      });
      expect(tokens([span('embed', null, embedded), span('request', 'embed', embedded)]).embed).toEqual({
        e: [8, 0, 8, 0],
      });
    });

    it('counts a span whose own are not asked for, and leaves calls of other traces alone', () => {
      const elsewhere = { ...span('request', 'agent', used(43, 17)), traceId: 'other' };
      expect(tokens([span('agent', null, used(43, 17)), elsewhere]).agent).toEqual({ a: [43, 17, 60, 0] });
    });
  });

  it('leaves out models without counts', () =>
    expect(tokens([call('a', null, { a: {} })])).toEqual({ a: {} }));
});
