import { describe, expect, it } from '@jest/globals';
import { parseAlert } from './alert.ts';

const about = { projectId: 'e/p', name: 'slow', ref: 'weave:///e/p/object/slow:d' };
const parse = (spec: object, more: object = {}) =>
  parseAlert(
    Buffer.from(JSON.stringify({ ...more, spec: { webhook_url: 'https://hooks.test/x', ...spec } })),
    about,
  );

describe('an AlertSpec', () => {
  it('as the SDK publishes it is understood, with the defaults of W&B', () => {
    const op_scope = ['weave:///e/p/op/answer:*'];
    const spec = { metric_path: 'output.score', window_size: null, op_str: '', unknown: 1 };
    expect(parse(spec, { _type: 'AlertSpec', op_scope })).toEqual({
      ...about,
      isActive: true,
      webhookUrl: 'https://hooks.test/x',
      series: {
        kind: 'calls',
        opNames: op_scope,
        spansOnly: false,
        value: { payload: 'output', path: ['score'] },
      },
      opNames: op_scope,
      aggregation: 'mean',
      match: undefined,
      comparison: 'GREATER_THAN',
      threshold: 0,
      windowSeconds: 60,
      looksBack: true,
      newest: 100_000,
      about: expect.objectContaining({ metric_path: 'output.score', source_type: 'calls' }),
    });
  });

  it.each([
    ['latency_ms', 'latency_ms'],
    ['summary.weave.latency_ms', 'latency_ms'],
    ['tokens', 'tokens'],
    ['error_rate', 'is_error'],
    ['inputs.a.b', { payload: 'inputs', path: ['a', 'b'] }],
  ])('looks at %s of calls', (metric_path, value) =>
    expect(parse({ metric_path, source_type: 'spans' }).series).toMatchObject({ value, spansOnly: true }),
  );

  it('looks at cost, and at what scorers said of any version', () => {
    expect(parse({ metric_path: 'cost' }).series).toBeNull();
    const monitor_ref = 'weave:///e/p/object/mon:v1';
    expect(
      parse({ metric_path: 'output.score', monitor_ref, scorer_ref: 'weave:///e/p/object/judge:v1' }).series,
    ).toEqual({
      kind: 'scores',
      triggerRef: 'weave:///e/p/object/mon:*',
      runnableRef: 'weave:///e/p/object/judge:*',
      path: ['output', 'score'],
    });
    expect(parse({ monitor_ref }).series).toMatchObject({ path: ['output'] });
  });

  it.each([['2', 'error'], ['ERROR', 'error'], ['1', 'success'], ['descendant_error', 'descendant_error']])(
    'counts the status %s',
    (status_match_value, match) =>
      expect(parse({ aggregation_function: 'percentage', status_match_value })).toMatchObject({ match, series: { value: 'status' } }),
  ); // prettier-ignore

  it('has a window by duration or by number', () => {
    expect(parse({ metric_path: 'latency_ms', window_duration: 300 })).toMatchObject({
      windowSeconds: 300,
      looksBack: false,
    });
    expect(parse({ metric_path: 'latency_ms', window_size: 20 })).toMatchObject({
      windowSeconds: 60,
      looksBack: true,
      newest: 20,
    });
    expect(parse({ metric_path: 'latency_ms', window_duration: 300, window_size: 20 })).toMatchObject({
      looksBack: false,
      newest: 20,
    });
  });

  it.each([
    [{ alert_condition: 'CHANGE' }],
    [{ metric_path: 'nonsense' }],
    [{ metric_path: '' }],
    [{ metric_path: 'latency_ms', window_duration: 9 }],
    [{ metric_path: 'latency_ms', window_size: 0 }],
    [{ metric_path: 'latency_ms', threshold: '1' }],
    [{ metric_path: 'latency_ms', webhook_url: null }],
    [{ metric_path: 'cost', aggregation_function: 'max' }],
    [{ monitor_ref: 'weave:///other/p/object/mon:v1' }],
    [{ monitor_ref: 'weave:///e/p/call/1' }],
    [{ monitor_ref: 'mon' }],
  ])('%j cannot be run', (spec) => expect(() => parse(spec)).toThrow());
});
