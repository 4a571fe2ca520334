import { describe, expect, it } from '@jest/globals';
import { createMetrics } from './metrics.ts';

describe('createMetrics', () => {
  it('renders what was declared, with the prefix', async () => {
    const metrics = createMetrics('t_', { processMetrics: false });
    metrics.counter({ name: 'rows_total', help: 'Rows.', labels: ['table'] }).inc({ table: 'calls' }, 3);
    metrics.histogram({ name: 'wait_seconds', help: 'Wait.', buckets: [0.1, 1] }).observe(0.5);
    metrics.gauge({ name: 'lag', help: 'Lag.', collect: (gauge) => gauge.set(7) });
    const { contentType, body } = await metrics.render();
    expect(contentType).toContain('text/plain');
    expect(body).toContain('t_rows_total{table="calls"} 3');
    expect(body).toContain('t_wait_seconds_bucket{le="0.1"} 0');
    expect(body).toContain('t_wait_seconds_bucket{le="1"} 1');
    expect(body).toContain('t_lag 7');
  });

  it('keeps registries apart and adds process metrics', async () => {
    const [a, b] = [createMetrics('a_'), createMetrics('b_', { processMetrics: false })];
    a.counter({ name: 'x_total', help: 'X.' }).inc();
    expect((await a.render()).body).toContain('a_process_cpu_seconds_total');
    expect((await b.render()).body.trim()).toBe('');
  });

  it('tells what is declared', () => {
    const metrics = createMetrics('t_', { processMetrics: false });
    metrics.histogram({ name: 'wait_seconds', help: 'Wait.', labels: ['route'] });
    metrics.counter({ name: 'rows_total', help: 'Rows.' });
    metrics.gauge({ name: 'lag', help: 'Lag.' });
    expect(metrics.describe()).toEqual([
      { name: 't_lag', type: 'gauge', labels: [], help: 'Lag.' },
      { name: 't_rows_total', type: 'counter', labels: [], help: 'Rows.' },
      { name: 't_wait_seconds', type: 'histogram', labels: ['route'], help: 'Wait.' },
    ]);
    expect(
      createMetrics('p_')
        .describe()
        .map(({ name }) => name),
    ).toContain('p_nodejs_eventloop_lag_seconds');
  });

  it('refuses to declare a metric twice', () => {
    const metrics = createMetrics('t_', { processMetrics: false });
    metrics.counter({ name: 'x_total', help: 'X.' });
    expect(() => metrics.counter({ name: 'x_total', help: 'X.' })).toThrow('already been registered');
  });
});
