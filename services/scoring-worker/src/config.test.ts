import { describe, expect, it } from '@jest/globals';
import { ConfigError } from '@weft/runtime';
import { loadScoringWorkerConfig } from './config.ts';

const BACKENDS = { KAFKA_BROKERS: 'k:9092', KAFKA_BROKER_HOST: 'k', WF_CLICKHOUSE_HOST: 'c' };

describe('the configuration of the scoring worker', () => {
  it('is off unless told so, and needs Redis only then', () => {
    expect(loadScoringWorkerConfig(BACKENDS)).toMatchObject({
      WEAVE_ENABLE_ONLINE_EVAL: false,
      WF_SCORING_WORKER_BATCH_SIZE: 100,
      WF_SCORING_WORKER_BATCH_TIMEOUT: 5,
      SCORING_WORKER_KAFKA_CONSUMER_GROUP_ID: 'scoring-worker',
      WF_SCORING_WORKER_DEBOUNCED_SCORING_MAX_SAMPLING_RATE: 1,
      WF_SCORING_WORKER_DEBOUNCED_SCORING_MAX_CALL_HISTORY: 100,
      SCORING_WORKER_PORT: 6348,
    });
    const on = { ...BACKENDS, WEAVE_ENABLE_ONLINE_EVAL: 'true' };
    expect(() => loadScoringWorkerConfig(on)).toThrow('WEAVE_REDIS_URL');
    const { WEAVE_REDIS_URL: url } = loadScoringWorkerConfig({ ...on, WEAVE_REDIS_URL: 'redis://r' });
    expect([url?.reveal(), String(url)]).toEqual(['redis://r', '[secret]']);
  });

  it.each(['1.1', '-0.1', 'half', '1e-1'])('refuses %s as a sampling rate', (rate) => {
    const env = { ...BACKENDS, WF_SCORING_WORKER_DEBOUNCED_SCORING_MAX_SAMPLING_RATE: rate };
    expect(() => loadScoringWorkerConfig(env)).toThrow(ConfigError);
  });

  it.each([
    ['0', 0],
    ['.25', 0.25],
    ['1.0', 1],
  ])('takes %s as a sampling rate', (rate, value) => {
    const env = { ...BACKENDS, WF_SCORING_WORKER_DEBOUNCED_SCORING_MAX_SAMPLING_RATE: rate };
    expect(loadScoringWorkerConfig(env).WF_SCORING_WORKER_DEBOUNCED_SCORING_MAX_SAMPLING_RATE).toBe(value);
  });
});
