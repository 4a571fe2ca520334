import { describe, expect, it } from '@jest/globals';
import type { Trial } from '../../api/evaluations.ts';
import { BigNumber } from '../../api/request.ts';
import { compareRuns, inWords, meanOf, metricsOf, sumOf, valueOf, type Example } from './metrics.ts';

const trial = (scores: Record<string, unknown>, more: Partial<Trial> = {}): Trial => ({
  predict_and_score_call_id: 'p',
  predict_call_id: null,
  model_output: null,
  scores,
  model_latency_seconds: null,
  total_tokens: null,
  total_cost: null,
  scorer_call_ids: {},
  error: null,
  running: false,
  ...more,
});
const example = (digest: string, runs: Record<string, Trial[]>): Example => ({
  digest,
  data: {},
  trials: new Map(Object.entries(runs)),
});

describe('metrics', () => {
  const deep = JSON.parse('{"__proto__":{"x":1},"list":[1],"constructor":true}') as Record<string, unknown>;
  const examples = [
    example('a', { one: [trial({ ok: true, style: { length: 3, note: 'n' }, big: new BigNumber('9007199254740993') })] }),
    example('b', { one: [trial(deep, { model_latency_seconds: 0.5 }), trial({ ok: false })] }),
  ]; // prettier-ignore

  it('are the leaves of scores, and what is known of models', () => {
    expect(metricsOf(examples).map(({ key, kind }) => [key, kind])).toEqual([
      ['ok', 'yes-no'],
      ['style.length', 'number'],
      ['style.note', 'text'],
      ['big', 'number'],
      ['__proto__.x', 'number'],
      ['constructor', 'yes-no'],
      [':latency', 'seconds'],
    ]);
    const odd = { key: 'toString', path: ['toString'], kind: 'number' } as const;
    expect(valueOf(trial({}), odd)).toBeUndefined();
  });

  it('of trials are summed, and those that failed have not passed', () => {
    const ok = { key: 'ok', path: ['ok'], kind: 'yes-no' } as const;
    expect(sumOf(examples, 'one', ok)).toEqual({ n: 2, mean: 0.5, yes: 1 });
    expect(meanOf(examples[1]!, 'one', ok)).toBe(0);
    expect(valueOf(trial({}, { error: 'no' }), ok)).toBe(0);
    expect(valueOf(trial({}, { error: 'no', running: true }), ok)).toBeUndefined();
    expect(valueOf(trial({}, { error: 'no' }), { key: 'size', path: ['size'], kind: 'number' })).toBeUndefined();
  }); // prettier-ignore

  it('are compared in plain words', () => {
    const ok = { key: 'ok', path: ['ok'], kind: 'yes-no' } as const;
    const many = Array.from({ length: 30 }, (_, i) =>
      example(String(i), {
        one: [trial({ ok: i !== 5 })],
        two: [i < 9 && i !== 5 ? trial({ ok: false }) : i === 20 ? trial({}, { error: 'x' }) : trial({ ok: true })],
      }),
    ); // prettier-ignore
    const comparison = compareRuns(many, 'one', 'two', ok);
    expect(comparison).toMatchObject({ n: 30, lower: 9, higher: 1 });
    expect(inWords(comparison, ok, false)).toEqual({
      word: 'worse',
      text: expect.stringMatching(
        /^worse: −26\.7 points \(95 % interval −[\d.]+…−[\d.]+, 30 shared examples\)$/,
      ),
    });
    expect(inWords(comparison, ok, true).word).toBe('better');
    const few = compareRuns(many.slice(0, 8), 'one', 'two', ok);
    expect(inWords(few, ok, false).text).toContain('only 8 shared examples: too few to tell');
    expect(inWords(compareRuns(many, 'one', 'three', ok), ok, false).text).toBe('no shared examples');
  });
});
